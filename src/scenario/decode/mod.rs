//! From text to a scenario, or to every problem of the text.
//!
//! The parser recovers from errors. Then the document is held against the schema, and
//! every problem is reported. Only sections without problems are deserialized; the
//! schema has been made of the same structs, so that this cannot fail. At last the
//! sections are compared with each other.

mod brackets;
mod check;
pub(crate) mod item;
pub(super) mod json;
pub(crate) mod problems;
pub(crate) mod section;
mod walk;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rehearsal_agents::sections::{Contradiction, Path, Sections, Shared};
use rehearsal_agents::spec::AnySpec;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use self::brackets::Unclosed;
use self::check::Coded;
use self::problems::Problems;
use self::section::Section;
use self::walk::{Limits, Walk};
use self::words::list;
use super::code::Code;
use super::diagnostic::{Diagnostic, Span};
use super::edit::{self, CutError, Edit, Edited, NewValue};
use super::kind::{Kind, Kinds};
use super::schema::SYSTEM;
use super::sections::SharedFile;
use super::source::{FileKind, Source};
use super::{Candidate, Expect, Scenario, discover, format_1, reductions};
use crate::console::Shown;
use crate::scenario::EffectCounts;
use crate::system::SystemRef;

/// The version of the format that this tool reads.
const FORMAT: u64 = 1;

/// Reads a scenario, with some values set to others.
///
/// # Errors
///
/// Every problem, in the order of the file; at least one.
pub(super) fn decode(
    source: &Arc<Source>,
    set: &[Edit],
    kinds: &Kinds,
) -> Result<Scenario, Vec<Diagnostic>> {
    let mut problems = Problems::new(source);
    let closed;
    let (mut document, mut errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() && !errors.iter().any(is_too_deep) {
        closed = brackets::close(source.text());
        report_unclosed(&closed.unclosed, &mut problems);
        (document, errors) = DeTable::parse_recoverable(&closed.text);
    }
    let document = document.into_inner();
    if document.is_empty() && errors.is_empty() {
        return Err(vec![empty(source)]);
    }
    if is_repro(&document) {
        return Err(vec![not_a_scenario(source)]);
    }
    report_syntax(&errors, &mut problems);
    let root = kind_of(&document, kinds).map(Kind::root);
    let mut changed = Edited::new(document, source.text().len());
    let mut effective = Vec::new();
    for change in set {
        let field = root.and_then(|root| root.find(&change.path));
        let default = field.and_then(|field| field.default());
        if change.changes_nothing(changed.value(), default) {
            continue;
        }
        effective.push(change.clone());
        if let Err(no_place) = changed.make(change) {
            let message = format!("`{}` cannot be set", change.path);
            let help = "name a place of the file, as in `agents.0.count=1`";
            problems.report(Code::NoPlace, no_place.span, message, no_place.reason, help);
        }
    }
    changed.settle();
    problems.set_texts(changed.texts());
    let read = read(&changed, Limits::File, source, kinds, &mut problems);
    match read {
        Some(read) if problems.none() => {
            let scenario = read.scenario(source, effective);
            Ok(scenario.expect("sections without problems are complete"))
        }
        _ => Err(problems.into_sorted()),
    }
}

/// The specification of a scenario that has been changed, and then reduced.
pub(super) struct Reduced {
    pub(super) spec: AnySpec,
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
    kind: &'static Kind,
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
    let document = json::plain(changed.value());
    let reductions = format_1::translated(cuts, &document, kind.system().sections())?;
    for reduction in &reductions {
        less(&changed, reduction, kind).map_err(|reason| refused(reduction, reason))?;
        let made = changed.make(reduction);
        made.map_err(|no_place| refused(reduction, &no_place.reason))?;
    }
    changed.settle();
    let mut problems = Problems::new(source);
    problems.set_texts(changed.texts());
    let read = read_sections(&changed, kind, Limits::Reduced, source, &mut problems);
    if let Some(problem) = problems.into_sorted().first() {
        return Err(refused(last, &problem.message));
    }
    let spec = read.spec();
    let spec = spec.expect("sections without problems are complete");
    let actors = spec.settings.actors();
    if actors.count == 0 {
        return Err(refused(last, &format!("no {} is left", actors.noun)));
    }
    Ok(Reduced { spec, reductions })
}

/// For each value of a scenario that can be reduced further, its candidates, the deepest
/// first.
pub(super) fn families(
    source: &Arc<Source>,
    kind: &'static Kind,
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
    reductions::families(kind.root(), &json::plain(changed.value()), made)
}

/// Checks that a change lowers something.
fn less(changed: &Edited<'_>, change: &Edit, kind: &'static Kind) -> Result<(), &'static str> {
    let NewValue::Toml(text) = &change.value else {
        return Ok(());
    };
    let Some(field) = kind.root().find(&change.path) else {
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

/// The kind of system that the document names. Where there is only one, it is that one,
/// so that the rest of the document can be checked.
fn kind_of(document: &DeTable<'_>, kinds: &Kinds) -> Option<&'static Kind> {
    let named = document.get(SYSTEM).and_then(|system| {
        let kind = system.get_ref().get("kind")?;
        kind.get_ref().as_str()
    });
    named
        .and_then(|name| kinds.find(name))
        .or_else(|| kinds.only())
}

/// The sections of a document.
struct Read {
    kind: &'static Kind,
    shared: SharedFile,
    /// None if a section has problems, and the system has no use for the others alone.
    own: Option<Box<dyn Sections>>,
    /// The name of the seeded bug.
    defect: Option<String>,
    options: BTreeMap<String, String>,
}

/// Reads every section. `None` if little can be said of them: the file is written in
/// another version of the format, or for an unknown system.
fn read(
    changed: &Edited<'_>,
    limits: Limits,
    source: &Arc<Source>,
    kinds: &Kinds,
    problems: &mut Problems,
) -> Option<Read> {
    let document = changed.table();
    if !format_is_known(document, problems) {
        return None;
    }
    let Some(kind) = kind_of(document, kinds) else {
        unknown_kind(document, kinds, problems);
        shared_sections(document, kinds, limits, source, problems);
        return None;
    };
    Some(read_sections(changed, kind, limits, source, problems))
}

/// Reads every section of a file of that kind.
fn read_sections(
    changed: &Edited<'_>,
    kind: &'static Kind,
    limits: Limits,
    source: &Arc<Source>,
    problems: &mut Problems,
) -> Read {
    let document = changed.table();
    let mut section = Section::new("the scenario", Span::default(), document);
    let root = kind.root();
    let stem = discover::name_of(source.path());
    let mut faulty = BTreeSet::new();
    let mut walk = Walk {
        problems: &mut *problems,
        limits,
        stem: &stem,
    };
    for (key, field) in root.fields() {
        if !walk.field(key, field, root, &mut section) {
            faulty.insert(key);
        }
    }
    let all_known = section.finish(problems);
    let mut shared = Map::new();
    let mut own = Map::new();
    let mut system = Value::Null;
    for (key, field) in root.fields() {
        let value = match document.get(key) {
            _ if faulty.contains(key) => Value::Null,
            Some(value) => json::written_out(json::plain(value.get_ref()), field),
            None if root.requires(key) => Value::Null,
            None => continue,
        };
        match key {
            SYSTEM => system = value,
            _ if kind.schema().is_own(key) => drop(own.insert(key.to_owned(), value)),
            _ => drop(shared.insert(key.to_owned(), value)),
        }
    }
    let defect = system.get("defect").and_then(Value::as_str);
    let defect = defect.map(str::to_owned);
    let options = options(kind, &system);
    if !kind.schema().options().is_empty() {
        own.insert(SYSTEM.to_owned(), without_shared(system));
    }
    // The schema was made of this struct: what matches it can be deserialized.
    let shared: SharedFile =
        serde_json::from_value(Value::Object(shared)).expect("shared sections match the schema");
    let read = Read {
        own: read_own(kind, own, source, problems),
        kind,
        shared,
        defect,
        options,
    };
    if limits == Limits::File {
        report(check::texts(&read.shared, source.path()), changed, problems);
    }
    if all_known && problems.complete() {
        report(read.contradictions(changed, limits), changed, problems);
    }
    read
}

/// Reads the sections that only this kind of system has.
fn read_own(
    kind: &Kind,
    sections: Map<String, Value>,
    source: &Arc<Source>,
    problems: &mut Problems,
) -> Option<Box<dyn Sections>> {
    match kind.system().sections().read(Value::Object(sections)) {
        Ok(own) => Some(own),
        // It takes no section that has problems.
        Err(_) if !problems.none() => None,
        Err(error) => {
            let name = kind.name();
            let message = format!("the system `{name}` does not read sections of its own schema");
            let problem = Diagnostic::new(Code::SchemaMismatch, source, message);
            problems.push(problem.help(format!("correct its struct: {error}")));
            None
        }
    }
}

/// The values of the keys of `system` that only this kind has, with defaults.
fn options(kind: &'static Kind, system: &Value) -> BTreeMap<String, String> {
    let root = kind.root();
    let keys = kind.schema().options().iter();
    keys.filter_map(|key| {
        let place = Path::of(SYSTEM).key(key);
        let default = || root.find(&place)?.default();
        let value = system.get(key).or_else(default)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some((key.clone(), text))
    })
    .collect()
}

/// The section `system` without the keys that every system has.
fn without_shared(system: Value) -> Value {
    match system {
        Value::Object(mut keys) => {
            keys.remove("kind");
            keys.remove("defect");
            Value::Object(keys)
        }
        other => other,
    }
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

/// Reports every problem of the sections that files of every kind have. Other keys are
/// not looked at: some kind may have them.
fn shared_sections(
    document: &DeTable<'_>,
    kinds: &Kinds,
    limits: Limits,
    source: &Arc<Source>,
    problems: &mut Problems,
) {
    let mut section = Section::new("the scenario", Span::default(), document);
    let stem = discover::name_of(source.path());
    let mut walk = Walk {
        problems,
        limits,
        stem: &stem,
    };
    let shared = kinds.shared();
    for (key, field) in shared.fields() {
        walk.field(key, field, shared, &mut section);
    }
}

/// Reports a document of which it cannot be said for which kind of system it is.
fn unknown_kind(document: &DeTable<'_>, kinds: &Kinds, problems: &mut Problems) {
    let names = kinds.iter().map(|kind| kind.name());
    let names: Vec<(&str, ())> = names.map(|name| (name, ())).collect();
    let mut root = Section::new("the scenario", Span::default(), document);
    let kinds: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let kinds = list(kinds);
    let example = "`system`, with the `kind` of system";
    let Some(item) = root.need(SYSTEM, example, problems) else {
        return;
    };
    if item.value.as_str().is_some() {
        let help = format!("write `system = {{ kind = \"…\" }}`; the kinds are {kinds}");
        let _: Option<()> = item.wrong_type_with("a table", help, problems);
        return;
    }
    let Some(mut section) = item.section("`system`", problems) else {
        return;
    };
    let example = format!("`kind = \"…\"`; the kinds are {kinds}");
    if let Some(kind) = section.need("kind", &example, problems) {
        kind.one_of("kind of system", &names, problems);
    }
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
        let (shared, info) = (&self.shared, self.kind.info());
        let mut found = Vec::new();
        let has_faults = changed.table().contains_key("faults");
        let plan = shared.faults.sound();
        if let Some(plan) = plan.filter(|_| has_faults) {
            found.extend(check::faults(plan, info));
        }
        let virtual_time = shared.budget.sound().map(|budget| budget.virtual_time);
        if let Some(limit) = virtual_time {
            found.extend(check::times(shared, limit));
        }
        let expect = shared.expect.sound().filter(|_| limits == Limits::File);
        if let Some(expect) = expect {
            found.extend(check::unreachable(expect, plan, info));
            found.extend(check::unrecorded(expect, info));
            found.extend(check::unlimited(expect, info));
            if changed.table().contains_key(SYSTEM) {
                found.extend(check::verdict(self.defect.as_deref(), expect));
            }
        }
        let Some(own) = &self.own else { return found };
        let faults = plan.map(|plan| plan.every_fault(info));
        let oracles = expect.map(|expect| expect.oracles()).unwrap_or_default();
        let oracles: Vec<&str> = oracles.iter().map(|oracle| oracle.name()).collect();
        let goals = expect.map(|expect| check::goals(expect, info));
        let goals = goals.unwrap_or_default();
        let shared = Shared {
            defect: self.defect.as_deref(),
            // A scenario keeps its network where it is run without one.
            has_network: limits == Limits::File && changed.table().contains_key("network"),
            faults: faults.as_deref(),
            virtual_time,
            oracles: &oracles,
            goals: &goals,
        };
        let own: Vec<Contradiction> = own.contradictions(&shared);
        found.extend(
            own.into_iter()
                .map(|problem| problem.map_rule(check::code_of)),
        );
        found
    }

    fn spec(self) -> Option<AnySpec> {
        let info = self.kind.info();
        let defect = match &self.defect {
            Some(name) => Some(info.defect(name)?),
            None => None,
        };
        Some(AnySpec {
            settings: self.own?.settings()?,
            network: self.shared.network.into_sound()?.settings(),
            faults: self.shared.faults.into_sound()?.plan(info),
            defect,
        })
    }

    fn scenario(self, source: &Arc<Source>, set: Vec<Edit>) -> Option<Scenario> {
        let (shared, info) = (&self.shared, self.kind.info());
        let expect = shared.expect.sound()?;
        let expect = Expect {
            oracles: expect.oracles(),
            settings: expect.settings(),
            reached: expect.reached(info),
            sometimes: expect.sometimes(info),
            verdict: expect.verdict.0,
        };
        Some(Scenario {
            name: shared.name.sound()?.clone(),
            kind: self.kind,
            options: self.options.clone(),
            file: source.path().to_owned(),
            hash: source.hash(),
            claim: shared.claim.sound()?.clone(),
            system: SystemRef::Reference,
            regressions: None,
            seeds: *shared.seeds.sound()?,
            budget: *shared.budget.sound()?,
            interleave: shared.schedule.sound()?.interleave(),
            expect,
            effects: EffectCounts::default(),
            source: Arc::clone(source),
            set,
            variant: Vec::new(),
            reductions: Vec::new(),
            spec: self.spec()?,
        })
    }
}

fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new(Code::FileEmpty, source, "the scenario file is empty")
        .help("`rehearsal new NAME` writes one that is complete")
}

/// Returns `true` for a repro, which is TOML too: its main keys are there, and none of a
/// scenario.
fn is_repro(document: &DeTable<'_>) -> bool {
    let has = |key: &&str| document.contains_key(*key);
    ["run", "expected"].iter().any(has) && !["claim", "system", "expect"].iter().any(has)
}

fn not_a_scenario(source: &Arc<Source>) -> Diagnostic {
    let path = source.path().shown();
    let message = format!("`{path}` is no scenario but a repro: one failing run");
    Diagnostic::new(Code::NotAScenario, source, message)
        .help(format!("replay it with `rehearsal replay {path}`"))
}

/// Reports brackets that are not closed.
fn report_unclosed(unclosed: &[Unclosed], problems: &mut Problems) {
    for bracket in unclosed {
        let (noun, missing) = (bracket.noun(), bracket.missing());
        let problem = problems
            .problem(Code::Syntax, format!("not TOML: a {noun} is not closed"))
            .at(bracket.span, format!("the {noun} begins here"))
            .help(format!("add `{missing}` behind its last entry"));
        problems.push_syntax(problem);
    }
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
    /// Messages of other slips, with the remedy.
    slips: Vec<(String, &'static str)>,
}

/// Texts that are wrong in a way that is common, with the remedy. Of two texts that the parser
/// says the same of, the first counts.
const SLIPS: [(&str, &str); 11] = [
    ("a = b", "put a text in quotes: `key = \"text\"`"),
    (
        "a = \"b\nc = 1",
        "end the text with a quote on its own line",
    ),
    ("a = 'b\nc = 1", "end the text with a quote on its own line"),
    ("a\nb = 1", "write a value behind it: `key = value`"),
    ("a =\nb = 1", "write a value behind the `=`"),
    ("a = = 1", "write a single `=` between key and value"),
    ("a = 1 b = 2", "write each key on a line of its own"),
    ("a = [1 2]", "put a comma between two entries"),
    ("a = { b = 1 c = 2 }", "put a comma between two entries"),
    (
        "[a\nb = 1",
        "end the name of a table with a bracket: `[name]`",
    ),
    (
        "[[a]\nb = 1",
        "end the name of a list's element with two brackets: `[[name]]`",
    ),
];

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
            slips: SLIPS
                .iter()
                .filter_map(|(text, remedy)| {
                    let error = DeTable::parse(text).err()?;
                    Some((error.message().to_owned(), *remedy))
                })
                .collect(),
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

/// Returns the remedy for a syntax error.
fn remedy(error: &toml::de::Error) -> &'static str {
    let mut slips = specimens().slips.iter();
    let known = slips.find(|(message, _)| message == error.message());
    known.map_or(
        "write `key = value`, each on a line of its own, with texts in quotes; see https://toml.io",
        |(_, remedy)| remedy,
    )
}

fn syntax_problem(error: &toml::de::Error, problems: &Problems) -> Diagnostic {
    let message = error.message();
    let span: Option<Span> = error.span().map(Span::from);
    let problem = if is_duplicate_key(error) {
        problems
            .problem(Code::DuplicateKey, "a key is set twice")
            .help(match problems.kind() {
                FileKind::Scenario => {
                    "remove one of the two; elements of a list are written `[[…]]`"
                }
                FileKind::Repro | FileKind::Baseline | FileKind::Results => "remove one of the two",
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
            .help(remedy(error))
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
        assert_eq!(specimens.slips.len(), SLIPS.len());
        let others = ["a = = 1", "a = \"", "[", "a = 1979-99-99", "\u{1}"];
        for text in others {
            let error = DeTable::parse(text).expect_err("it is no TOML");
            assert!(!is_too_deep(&error) && !is_duplicate_key(&error), "{text}");
        }
    }
}
