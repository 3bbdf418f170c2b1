//! From text to a scenario, or to every problem of the text.
//!
//! The parser recovers from errors. Then the document is held against the schema, and
//! every problem is reported. Only sections without problems are deserialized; the
//! schema has been made of the same structs, so that this cannot fail. At last the
//! sections are compared with each other.

mod check;
pub(crate) mod item;
pub(super) mod json;
pub(crate) mod problems;
pub(crate) mod section;
mod walk;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rehearsal_agents::sections::{Contradiction, Named, Path, SYSTEMS, Sections, Shared};
use rehearsal_agents::bridge::{BridgeSpec, Transport};
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use self::check::Coded;
use self::problems::Problems;
use self::section::Section;
use self::walk::{Limits, Walk};
use super::code::Code;
use super::diagnostic::{Diagnostic, Span};
use super::edit::{self, CutError, Edit, Edited, NewValue};
use super::sections::SharedFile;
use super::source::{FileKind, Source};
use super::{Candidate, Expect, Goal, Scenario, discover, format_1, reductions, schema};
use crate::system::SystemChoice;

/// The version of the format that this tool reads.
const FORMAT: u64 = 1;

/// Reads a scenario, with some values set to others.
///
/// # Errors
///
/// Every problem, in the order of the file; at least one.
pub(super) fn decode(source: &Arc<Source>, set: &[Edit]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    let (document, errors) = DeTable::parse_recoverable(source.text());
    let document = document.into_inner();
    if document.is_empty() && errors.is_empty() {
        return Err(vec![empty(source)]);
    }
    if is_repro(&document) {
        return Err(vec![not_a_scenario(source)]);
    }
    report_syntax(&errors, &mut problems);
    let declared_transport = transport(&document);
    let mut changed = Edited::new(document, source.text().len());
    for change in set {
        if let Err(no_place) = changed.make(change) {
            let message = format!("`{}` cannot be set", change.path);
            let help = "name a place of the file, as in `agents.0.count=1`";
            problems.report(Code::NoPlace, no_place.span, message, no_place.reason, help);
        }
    }
    changed.settle();
    problems.set_texts(changed.texts());
    let read = read(&changed, Limits::File, source, &mut problems);
    match read {
        Some(read) if problems.none() => {
            let scenario = read.scenario(source, declared_transport);
            Ok(scenario.expect("sections without problems are complete"))
        }
        _ => Err(problems.into_sorted()),
    }
}

/// The specification of a scenario that has been changed, and then reduced.
pub(super) struct Reduced {
    pub(super) spec: BridgeSpec,
    /// The reductions as they are made today.
    pub(super) reductions: Vec<Edit>,
}

/// Reads a scenario that was sound, with some values changed, and then reduced. Goals
/// and expectations are not looked at: a scenario that is reduced may well miss them.
///
/// # Errors
///
/// If a reduction has no place, does not make the scenario smaller, or leaves none that
/// can be run.
pub(super) fn reduce(
    source: &Arc<Source>,
    changes: &[Edit],
    cuts: &[Edit],
) -> Result<Reduced, CutError> {
    let refused = |cut: &Edit, reason: &str| CutError {
        cut: cut.clone(),
        reason: reason.to_owned(),
    };
    let Some(last) = cuts.last() else {
        unreachable!("a scenario without reductions is not read anew");
    };
    let (document, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return Err(refused(last, "the scenario's file is no longer TOML"));
    }
    let mut changed = Edited::new(document.into_inner(), source.text().len());
    for change in changes {
        let made = changed.make(change);
        made.map_err(|no_place| refused(last, &no_place.reason))?;
    }
    let system = system_of(changed.table());
    let Some(system) = system else {
        return Err(refused(last, "the scenario is of no known system"));
    };
    let reductions = format_1::translated(cuts, &json::plain(changed.value()), SYSTEMS[system])?;
    for reduction in &reductions {
        less(&changed, reduction, system).map_err(|reason| refused(reduction, reason))?;
        let made = changed.make(reduction);
        made.map_err(|no_place| refused(reduction, &no_place.reason))?;
    }
    changed.settle();
    let mut problems = Problems::new(source);
    problems.set_texts(changed.texts());
    let read = read(&changed, Limits::Reduced, source, &mut problems);
    if let Some(problem) = problems.into_sorted().first() {
        return Err(refused(last, &problem.message));
    }
    let spec = read.and_then(Read::spec);
    let spec = spec.expect("sections without problems are complete");
    if spec.agents.is_empty() {
        return Err(refused(last, "no agent is left"));
    }
    Ok(Reduced { spec, reductions })
}

/// For each value of a scenario that can be reduced further, its candidates, the deepest
/// first.
pub(super) fn families(
    source: &Arc<Source>,
    changes: &[Edit],
    made: &[Edit],
) -> Vec<Vec<Candidate>> {
    let (document, _) = DeTable::parse_recoverable(source.text());
    let mut changed = Edited::new(document.into_inner(), source.text().len());
    for change in changes.iter().chain(made) {
        // The scenario was read with them, so that each has its place.
        if changed.make(change).is_err() {
            return Vec::new();
        }
    }
    let Some(system) = system_of(changed.table()) else {
        return Vec::new();
    };
    let root = schema::of_system(system);
    reductions::families(root, &json::plain(changed.value()), made)
}

/// Checks that a change lowers something.
fn less(changed: &Edited<'_>, change: &Edit, system: usize) -> Result<(), &'static str> {
    let NewValue::Toml(text) = &change.value else {
        return Ok(());
    };
    let Some(field) = schema::of_system(system).find(&change.path) else {
        return Err("there is no such value in a scenario");
    };
    let parent = change.path.parent().unwrap_or_default();
    if edit::find(changed.value(), parent.steps()).is_none() {
        return Err("there is no such place in the scenario");
    }
    let before = edit::find(changed.value(), change.path.steps()).map(json::plain);
    let before = before.or_else(|| field.default().cloned());
    let after = DeValue::parse(text).map(|value| json::plain(value.get_ref()));
    let (Some(before), Ok(after)) = (before, after) else {
        return Err("there is no such value in the scenario");
    };
    let lower = match (before.as_u64(), after.as_u64()) {
        (Some(before), Some(after)) => after < before,
        _ => after != before,
    };
    if lower {
        Ok(())
    } else {
        Err("that is not less than in the scenario")
    }
}

/// The transport that the file asks for.
fn transport(document: &DeTable<'_>) -> Transport {
    let named = document
        .get("system")
        .and_then(|system| system.get_ref().get("transport")?.get_ref().as_str());
    let names = Transport::names().into_iter();
    let known = names
        .into_iter()
        .find(|(name, _)| Some(name.as_ref()) == named);
    known.map_or(Transport::WebSocket, |(_, transport)| transport)
}

/// The number of the system that the document describes. Where there is only one, it is
/// that one, so that the rest of the document can be checked.
fn system_of(document: &DeTable<'_>) -> Option<usize> {
    let kind = document.get("system").and_then(|system| {
        let kind = system.get_ref().get("kind")?;
        kind.get_ref().as_str()
    });
    let known = SYSTEMS
        .iter()
        .position(|system| Some(system.name()) == kind);
    known.or((SYSTEMS.len() == 1).then_some(0))
}

/// The sections of a document.
struct Read {
    shared: SharedFile,
    own: Box<dyn Sections>,
}

/// Reads every section. `None` if nothing can be said of them: the file is written in
/// another version of the format, or for an unknown system.
fn read(
    changed: &Edited<'_>,
    limits: Limits,
    source: &Arc<Source>,
    problems: &mut Problems,
) -> Option<Read> {
    let document = changed.table();
    if !format_is_known(document, problems) {
        return None;
    }
    let system = system_of(document).or_else(|| unknown_system(document, problems))?;
    let mut section = Section::new("the scenario", Span::default(), document);
    let node = schema::of_system(system);
    let stem = discover::name_of(source.path());
    let mut faulty = BTreeSet::new();
    let mut walk = Walk {
        problems: &mut *problems,
        limits,
        stem: &stem,
    };
    for (key, field) in node.fields() {
        if !walk.field(key, field, node, &mut section) {
            faulty.insert(key);
        }
    }
    let all_known = section.finish(problems);
    let mut shared = Map::new();
    let mut own = Map::new();
    for (key, field) in node.fields() {
        let value = match document.get(key) {
            _ if faulty.contains(key) => Value::Null,
            Some(value) => json::written_out(json::plain(value.get_ref()), field),
            None if node.requires(key) => Value::Null,
            None => continue,
        };
        let half = if schema::is_own(system, key) {
            &mut own
        } else {
            &mut shared
        };
        half.insert(key.to_owned(), value);
    }
    // The schema was made of these structs: what matches it can be deserialized.
    let shared: SharedFile =
        serde_json::from_value(Value::Object(shared)).expect("shared sections match the schema");
    let own = SYSTEMS[system].read(Value::Object(own));
    let own = own.expect("a system's sections match its schema");
    let read = Read { shared, own };
    if limits == Limits::File {
        report(check::texts(&read.shared, source.path()), changed, problems);
    }
    if all_known && problems.complete() {
        report(read.contradictions(changed, limits), changed, problems);
    }
    Some(read)
}

fn format_is_known(document: &DeTable<'_>, problems: &mut Problems) -> bool {
    let Some(format) = document.get("format") else {
        return true;
    };
    let number = match format.get_ref() {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    match number {
        None | Some(FORMAT) => true,
        Some(number) => {
            problems.report(
                Code::UnknownFormat,
                format.span().into(),
                format!("unknown format {number}"),
                "this tool reads format 1",
                "write `format = 1`, or use the tool that the file was written for",
            );
            false
        }
    }
}

/// Reports a document of which it cannot be said for which system it is.
fn unknown_system(document: &DeTable<'_>, problems: &mut Problems) -> Option<usize> {
    let names = SYSTEMS.iter().map(|system| system.name());
    let names: Vec<(&str, ())> = names.map(|name| (name, ())).collect();
    let mut root = Section::new("the scenario", Span::default(), document);
    let example = "`system`, with the `kind` of system";
    let item = root.need("system", example, problems)?;
    let mut section = item.section("`system`", problems)?;
    let kind = section.need("kind", "the kind of system", problems)?;
    kind.one_of("kind of system", &names, problems);
    None
}

/// Reports contradictions, each at the first of its places that is in the document.
fn report(contradictions: Vec<Coded>, changed: &Edited<'_>, problems: &mut Problems) {
    for found in contradictions {
        let span = |path: &Path| edit::span_of(changed.value(), path);
        let mut problem = problems.problem(found.rule, found.message).help(found.help);
        if let Some(place) = found.places.iter().find_map(span) {
            problem = problem.at(place, found.label);
            for (path, label) in &found.others {
                if let Some(other) = span(path).filter(|other| *other != place) {
                    problem = problem.also(other, label);
                }
            }
        }
        problems.push(problem);
    }
}

impl Read {
    fn contradictions(&self, changed: &Edited<'_>, limits: Limits) -> Vec<Coded> {
        let shared = &self.shared;
        let mut found = Vec::new();
        let has_faults = changed.table().contains_key("faults");
        let plan = shared.faults.sound();
        if let Some(plan) = plan.filter(|_| has_faults) {
            found.extend(check::faults(plan));
        }
        let virtual_time = shared.budget.sound().map(|budget| budget.virtual_time);
        if let Some(limit) = virtual_time {
            found.extend(check::times(shared, limit));
        }
        let expect = shared.expect.sound().filter(|_| limits == Limits::File);
        if let Some(expect) = expect {
            found.extend(check::unreachable(expect, plan));
            if let Some(system) = changed.table().get("system") {
                let defect = system.get_ref().get("defect");
                let defect = defect.and_then(|defect| defect.get_ref().as_str());
                found.extend(check::verdict(defect, expect));
            }
        }
        let faults = plan.map(|plan| plan.kinds());
        let oracles = expect.map(|expect| expect.oracles()).unwrap_or_default();
        let oracles: Vec<&str> = oracles.iter().map(|oracle| oracle.name()).collect();
        let goals = expect.map(check::goals).unwrap_or_default();
        let goals: Vec<_> = goals
            .into_iter()
            .filter_map(|(place, goal)| match goal {
                Goal::Mark(mark) => Some((place, mark)),
                Goal::LockContended => None,
            })
            .collect();
        let shared = Shared {
            // A scenario keeps its network where it is run without one.
            has_network: limits == Limits::File && changed.table().contains_key("network"),
            faults: faults.as_deref(),
            virtual_time,
            oracles: &oracles,
            goals: &goals,
        };
        let own: Vec<Contradiction> = self.own.contradictions(&shared);
        found.extend(
            own.into_iter()
                .map(|problem| problem.map_rule(check::code_of)),
        );
        found
    }

    fn spec(self) -> Option<BridgeSpec> {
        let network = self.shared.network.into_sound()?.settings();
        self.own
            .spec(network, self.shared.faults.into_sound()?.plan())
    }

    fn scenario(self, source: &Arc<Source>, declared_transport: Transport) -> Option<Scenario> {
        let shared = &self.shared;
        let expect = shared.expect.sound()?;
        let expect = Expect {
            oracles: expect.oracles(),
            settings: expect.settings(),
            reached: expect.reached(),
            sometimes: expect.sometimes(),
            verdict: expect.verdict.0,
        };
        Some(Scenario {
            name: shared.name.sound()?.clone(),
            file: source.path().to_owned(),
            hash: source.hash(),
            claim: shared.claim.sound()?.clone(),
            system: SystemChoice::Reference,
            declared_transport,
            seeds: *shared.seeds.sound()?,
            budget: *shared.budget.sound()?,
            expect,
            source: Arc::clone(source),
            set: Vec::new(),
            variant: Vec::new(),
            reductions: Vec::new(),
            spec: self.spec()?,
        })
    }
}

fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new(Code::FileEmpty, source, "the scenario file is empty")
        .help("it needs at least `format`, `name`, `claim`, `system`, `[[agents]]` and `[expect]`")
}

/// Returns `true` for a repro, which is TOML too: its main keys are there, and none of a
/// scenario.
fn is_repro(document: &DeTable<'_>) -> bool {
    let has = |key: &&str| document.contains_key(*key);
    ["run", "expected"].iter().any(has) && !["claim", "system", "agents", "expect"].iter().any(has)
}

fn not_a_scenario(source: &Arc<Source>) -> Diagnostic {
    let path = source.path().display();
    let message = format!("`{path}` is no scenario but a repro: one failing run");
    Diagnostic::new(Code::NotAScenario, source, message)
        .help(format!("play it with `rehearsal replay {path}`"))
}

/// Reports syntax errors, those that explain others first.
pub(crate) fn report_syntax(errors: &[toml::de::Error], problems: &mut Problems) {
    let mut found: Vec<Diagnostic> = errors
        .iter()
        .map(|error| syntax_problem(error, problems))
        .collect();
    found.sort_by_key(|problem| {
        let deep = [Code::TooDeep, Code::ReproTooDeep].contains(&problem.code);
        (!deep, problem.span())
    });
    for problem in found {
        problems.push_syntax(problem);
    }
}

/// Messages of the parser about texts that are wrong in a known way.
///
/// The parser's errors have no code, only a message. Its wording may change with any
/// version, so it is not read: it is compared with what the same parser says of a
/// specimen.
struct Specimens {
    duplicate_key: Vec<String>,
    too_deep: Vec<String>,
}

fn specimens() -> &'static Specimens {
    static SPECIMENS: OnceLock<Specimens> = OnceLock::new();
    SPECIMENS.get_or_init(|| {
        const DEEP: usize = 1_000;
        let messages = |texts: &[String]| -> Vec<String> {
            let errors = texts.iter().filter_map(|text| DeTable::parse(text).err());
            errors.map(|error| error.message().to_owned()).collect()
        };
        Specimens {
            duplicate_key: messages(&[
                "a = 1\na = 1".to_owned(),
                "[a]\n[a]".to_owned(),
                "a = { b = 1, b = 1 }".to_owned(),
            ]),
            too_deep: messages(&[
                format!("a = {}", "[".repeat(DEEP)),
                format!("a = {}", "{ a = ".repeat(DEEP)),
                format!("{}a = 1", "a.".repeat(DEEP)),
            ]),
        }
    })
}

/// Returns `true` if the parser refused to follow the nesting any deeper.
pub(crate) fn is_too_deep(error: &toml::de::Error) -> bool {
    specimens()
        .too_deep
        .iter()
        .any(|message| message == error.message())
}

fn is_duplicate_key(error: &toml::de::Error) -> bool {
    let messages = &specimens().duplicate_key;
    messages.iter().any(|message| message == error.message())
}

fn syntax_problem(error: &toml::de::Error, problems: &Problems) -> Diagnostic {
    let message = error.message();
    let span: Option<Span> = error.span().map(Span::from);
    let problem = if is_duplicate_key(error) {
        problems
            .problem(Code::DuplicateKey, "a key is set twice")
            .help(match problems.kind() {
                FileKind::Scenario => {
                    "remove one of the two; several groups are written `[[agents]]`"
                }
                FileKind::Repro => "remove one of the two",
            })
    } else if is_too_deep(error) {
        problems
            .problem(Code::TooDeep, "nested too deep")
            .help(format!(
                "no {} needs more than a handful of levels",
                problems.kind().noun()
            ))
    } else {
        problems
            .problem(Code::Syntax, format!("not TOML: {message}"))
            .help("see https://toml.io for the syntax")
    };
    match span {
        Some(span) => problem.at(span, ""),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specimens_are_told_apart_from_other_errors() {
        let specimens = specimens();
        assert_eq!(specimens.duplicate_key.len(), 3);
        assert_eq!(specimens.too_deep.len(), 3);
        let others = ["a = = 1", "a = \"", "[", "a = 1979-99-99", "\u{1}"];
        for text in others {
            let error = DeTable::parse(text).expect_err("it is no TOML");
            assert!(!is_too_deep(&error) && !is_duplicate_key(&error), "{text}");
        }
    }
}
