//! Reading a repro file. Files are edited, cut off and sent about, so nothing in
//! one is believed, and one pass reports everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_agents::sections::Path as Place;
use rehearsal_sim::{Deviation, Fingerprint, Interleave, Schedule, Site};
use toml::de::{DeTable, DeValue};

use super::drawn::{self, Drawn};
use super::site::{self, Format};
use super::size;
use super::{Expected, FORMAT, OLDEST_FORMAT, Origin, Repro, ScenarioRef, Shrunk, TestRef};
use crate::console::Shown;
use crate::oracle::OracleRef;
use crate::run::signature::{REACHED, Signature};
use crate::run::{Detector, RunVerdict, StrategyName};
use crate::scenario::decode::item::Item;
use crate::scenario::decode::problems::Problems;
use crate::scenario::decode::section::Section;
use crate::scenario::decode::words::quote;
use crate::scenario::decode::{self, report_syntax};
use crate::scenario::{
    Code, Cut, Diagnostic, Edit, FileKind, Kinds, MAX_BYTES, Source, Span, discover,
    knows_format_1, schema,
};
use crate::system::check_name;

impl Repro {
    /// Reads and checks a repro file. Remarks are comments, so they do not come
    /// back.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in the order of the file; at least one
    /// problem.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        decode(&Source::read(FileKind::Repro, path)?)
    }

    /// Checks a text as if it stood in `path`, which is not read.
    ///
    /// # Errors
    ///
    /// As [`Repro::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, Vec<Diagnostic>> {
        decode(&Source::of(FileKind::Repro, path, text))
    }
}

/// Reads a repro from a text.
pub(crate) fn decode(source: &Arc<Source>) -> Result<Repro, Vec<Diagnostic>> {
    if size::has_too_many_parts(source.text()) {
        return Err(vec![too_many_parts(source)]);
    }
    let (document, errors) = parse(source.text());
    if document.is_empty() && errors.is_empty() {
        return Err(vec![empty(source)]);
    }
    if let Some(problem) = of_the_future(source, &document) {
        return Err(vec![problem]);
    }
    if is_scenario(&document) {
        return Err(vec![not_a_repro(source)]);
    }
    let mut problems = Problems::new(source);
    let (at_end, within): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|error| is_at_end(error, source.text()));
    if !at_end.is_empty() && !within.iter().any(decode::is_too_deep) {
        let problem = cut_off(source, &problems);
        problems.push_syntax(problem);
    }
    report_syntax(&within, &mut problems);
    let root = Section::new("the repro", Span::default(), &document);
    match read(root, &mut problems) {
        Some(repro) if problems.none() => Ok(repro),
        _ => Err(problems.into_sorted()),
    }
}

/// Parses a text, and what follows an error too. Of a large text that is no TOML
/// the first error is all: there may be millions.
fn parse(text: &str) -> (DeTable<'_>, Vec<toml::de::Error>) {
    if text.len() > MAX_BYTES
        && let Err(error) = DeTable::parse(text)
    {
        return (DeTable::default(), vec![error]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    (document.into_inner(), errors)
}

fn too_many_parts(source: &Arc<Source>) -> Diagnostic {
    let message = format!(
        "the repro has more than {} tables, or values enough for as many",
        size::TABLES_MAX
    );
    Diagnostic::new(Code::ReproTooLarge, source, message)
        .help("no run has so many deviations: run the seed again to have a new repro")
}

fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new(Code::FileEmpty, source, "the repro file is empty")
        .help("run the seed again with `rehearsal run`, which writes a new one")
}

/// A file of a later format: whatever else it holds may mean something there.
fn of_the_future(source: &Arc<Source>, document: &DeTable<'_>) -> Option<Diagnostic> {
    let format = document.get("format")?;
    let DeValue::Integer(number) = format.get_ref() else {
        return None;
    };
    let digits = number.as_str();
    // What does not fit is larger than what is known.
    let later = match u64::from_str_radix(digits, number.radix()) {
        Ok(number) => number > u64::from(FORMAT),
        Err(_) => !digits.starts_with('-'),
    };
    let tool = document
        .get("tool")
        .and_then(|tool| tool.get_ref().as_str());
    let tool = tool.map_or_else(
        || "that newer version of the tool".to_owned(),
        |tool| format!("`{}`, which wrote it,", quote(tool)),
    );
    later.then(|| {
        let message = format!("a newer tool wrote this repro, in format {}", quote(digits));
        Diagnostic::new(Code::UnknownFormat, source, message)
            .at(
                format.span().into(),
                format!("this tool reads formats {OLDEST_FORMAT} to {FORMAT}"),
            )
            .help(format!("replay it with {tool} or a later one"))
    })
}

/// Returns `true` for a scenario, which is TOML too.
fn is_scenario(document: &DeTable<'_>) -> bool {
    let has = |key: &&str| document.contains_key(*key);
    ["claim", "system", "agents", "expect"].iter().any(has) && !["run", "expected"].iter().any(has)
}

fn not_a_repro(source: &Arc<Source>) -> Diagnostic {
    let path = source.path().shown();
    let message = format!("`{path}` is no repro but a scenario");
    Diagnostic::new(Code::NotARepro, source, message).help(format!(
        "`rehearsal run {path}` runs it, and writes a repro for each failing seed"
    ))
}

/// Returns `true` if the parser missed something after which only comments follow.
fn is_at_end(error: &toml::de::Error, text: &str) -> bool {
    let rest = error.span().and_then(|span| text.get(span.end..));
    rest.is_some_and(|rest| {
        let mut lines = rest.lines().map(str::trim);
        lines.all(|line| line.is_empty() || line.starts_with('#'))
    })
}

fn cut_off(source: &Arc<Source>, problems: &Problems) -> Diagnostic {
    let end = source.text().trim_end().len();
    let start = source.text()[..end]
        .char_indices()
        .next_back()
        .map_or(end, |(at, _)| at);
    problems
        .problem(Code::ReproTruncated, "the file ends too early")
        .at(Span::new(start, end), "something is unfinished here")
        .help("it was cut off: copy it again, or run the seed again to have a new one")
}

/// Reads every part, the later ones also if an earlier one is wrong.
fn read(mut root: Section<'_>, problems: &mut Problems) -> Option<Repro> {
    let format = root
        .need(
            "format",
            &format!("the version of the format: `format = {FORMAT}`"),
            problems,
        )
        .and_then(|item| item.small(OLDEST_FORMAT..=FORMAT, problems))
        .and_then(|number| Format::of(number.value));
    // Who wrote it matters only to the reader of a message.
    let tool = root.get("tool").map(|item| item.short_text(problems));
    let origin = origin(&mut root, problems);
    let run = run(&mut root, format, problems);
    let expected = expected(&mut root, problems);
    let shrunk = match root.get("shrunk") {
        Some(item) => shrunk(&item, problems).map(Some),
        None => Some(None),
    };
    root.finish(problems);
    format?;
    if tool.is_some_and(|tool| tool.is_none()) {
        return None;
    }
    let (origin, cuts) = origin?;
    let run = run?;
    Some(Repro {
        origin,
        cuts,
        seed: run.seed,
        strategy: run.strategy,
        interleave: run.interleave,
        schedule: run.schedule,
        drawn: run.drawn,
        remarks: Vec::new(),
        expected: expected?,
        shrunk: shrunk?,
    })
}

/// Reads `[test]` or `[scenario]`, whichever there is, and the cuts.
fn origin(root: &mut Section<'_>, problems: &mut Problems) -> Option<(Origin, Vec<Cut>)> {
    if let Some(item) = root.get("test") {
        return Some((Origin::Test(test(&item, problems)?), Vec::new()));
    }
    let example = "`[scenario]` or `[test]`, the target";
    let item = root.need("scenario", example, problems)?;
    let (scenario, cuts) = scenario(&item, problems)?;
    Some((Origin::Scenario(scenario), cuts))
}

/// Reads `[test]`.
fn test(item: &Item<'_>, problems: &mut Problems) -> Option<TestRef> {
    let mut section = item.section("`[test]`", problems)?;
    let mut text = |key, example: &str, problems: &mut Problems| {
        let text = section.need(key, example, problems)?.short_text(problems)?;
        Some(text.value.to_owned())
    };
    let example = "the package that the test is in: `package = \"…\"`";
    let package = text("package", example, problems);
    let example = "the test's path: `name = \"crate::module::name\"`";
    let name = text("name", example, problems);
    let example = "the test's source file: `file = \"tests/….rs\"`";
    let file = text("file", example, problems);
    section.finish(problems);
    Some(TestRef {
        package: package?,
        name: name?,
        file: file?.into(),
    })
}

/// Reads `[scenario]`.
fn scenario(item: &Item<'_>, problems: &mut Problems) -> Option<(ScenarioRef, Vec<Cut>)> {
    let mut section = item.section("`[scenario]`", problems)?;
    let example = "the scenario's name: `name = \"…\"`";
    let name = section.need("name", example, problems);
    let example = "the scenario's file: `file = \"scenarios/….toml\"`";
    let file = section.need("file", example, problems);
    let named = scenario_file(name, file, problems);
    let hash = hexadecimal("hash", &mut section, problems);
    let system = match section.get("system") {
        Some(item) => system(&item, problems).map(Some),
        None => Some(None),
    };
    let kind = match section.get("kind") {
        Some(item) => item
            .short_text(problems)
            .map(|kind| Some(kind.value.to_owned())),
        None => Some(None),
    };
    let transport = match section.get("transport") {
        Some(item) => transport(&item, problems).map(Some),
        None => Some(None),
    };
    let healthy = match section.get("healthy") {
        Some(item) => item.boolean(problems),
        None => Some(false),
    };
    let mut changes = |key, line: Line, problems: &mut Problems| match section.get(key) {
        Some(item) => changes(&item, line, problems),
        None => Some(Vec::new()),
    };
    // Nothing is known of the places of a kind that only a test binary defines.
    let kinds = Kinds::shipped();
    let is_foreign = matches!(&kind, Some(Some(kind)) if kinds.find(kind).is_none());
    let change = if is_foreign { any_change } else { change };
    let set = changes("set", change, problems);
    let reductions = changes("reductions", change, problems);
    let cuts = changes("cuts", format_1, problems);
    section.finish(problems);
    let (name, file) = named?;
    let scenario = ScenarioRef {
        name,
        file,
        hash: hash?,
        kind: kind?,
        system: system?,
        healthy: healthy?,
        set: transport?.into_iter().chain(set?).collect(),
    };
    let (mut all, cuts) = (reductions?, cuts?);
    all.extend(cuts);
    Some((scenario, all))
}

/// Reads the transport, which had a key of its own.
fn transport(item: &Item<'_>, problems: &mut Problems) -> Option<Edit> {
    let place = Place::of("system").key("transport");
    let names = schema::choices(Kinds::shipped(), &place);
    let names: Vec<(&str, &str)> = names.into_iter().map(|name| (name, name)).collect();
    let name = item.one_of("transport", &names, problems)?.value;
    Some(Edit::text(place, name))
}

/// Reads the name of a custom system.
fn system(item: &Item<'_>, problems: &mut Problems) -> Option<String> {
    let name = item.short_text(problems)?.value;
    match check_name(name) {
        Ok(()) => Some(name.to_owned()),
        Err(bad) => {
            let help = "write the name that it is registered by";
            problems.report(
                Code::OutOfRange,
                item.span,
                bad.to_string(),
                "no name",
                help,
            );
            None
        }
    }
}

/// Reads the scenario's name and its file, which say the same.
fn scenario_file(
    name: Option<Item<'_>>,
    file: Option<Item<'_>>,
    problems: &mut Problems,
) -> Option<(String, PathBuf)> {
    let name = name.and_then(|item| item.short_text(problems));
    let file = file.and_then(|item| item.short_text(problems));
    let (name, file) = (name?, file?);
    let path = PathBuf::from(file.value);
    if path.extension().is_none_or(|extension| extension != "toml") {
        problems.report(
            Code::ReproForeignFile,
            file.span.unwrap_or_default(),
            format!("`{}` is no scenario file", quote(file.value)),
            "does not end in `.toml`",
            "write the path of the scenario's file",
        );
        return None;
    }
    let stem = discover::name_of(&path);
    if stem == name.value {
        return Some((stem, path));
    }
    problems.report(
        Code::ReproNameMismatch,
        name.span.unwrap_or_default(),
        format!(
            "the scenario's name is not that of its file, `{}`",
            quote(file.value)
        ),
        "another name than the file's",
        format!("write \"{}\" if the file is right", quote(&stem)),
    );
    None
}

/// Reads a hash or a fingerprint.
fn hexadecimal(
    key: &'static str,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<u128> {
    let example = format!("32 hexadecimal digits: `{key} = \"…\"`");
    let text = section
        .need(key, &example, problems)?
        .short_text(problems)?;
    let digits = text.value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits && text.value.len() == 32 {
        return u128::from_str_radix(text.value, 16).ok();
    }
    problems.report(
        Code::BadHash,
        text.span.unwrap_or_default(),
        format!("`{key}` cannot be \"{}\"", quote(text.value)),
        "not 32 hexadecimal digits",
        "it is written by the tool: run the seed again to have a new repro",
    );
    None
}

/// Reads a line that changes the scenario.
type Line = fn(&str) -> Option<Edit>;

/// Reads a line as it is written today.
fn change(line: &str) -> Option<Edit> {
    let change: Edit = line.parse().ok()?;
    schema::admits(Kinds::shipped(), &change).then_some(change)
}

/// Reads a line of a kind of system that is not known here.
fn any_change(line: &str) -> Option<Edit> {
    line.parse().ok()
}

/// Reads a line as format 1 had it.
fn format_1(line: &str) -> Option<Edit> {
    let change = Edit::from_format_1(line).ok()?;
    knows_format_1(Kinds::shipped(), &change.path).then_some(change)
}

fn changes(item: &Item<'_>, line: Line, problems: &mut Problems) -> Option<Vec<Edit>> {
    let mut places = BTreeSet::new();
    let mut changes = Some(Vec::new());
    for entry in item.list(problems)? {
        let text = entry.text(problems);
        let change = text.and_then(|text| line(text.value));
        if let (Some(text), None) = (&text, &change) {
            problems.report(
                Code::BadCut,
                entry.span,
                format!("\"{}\" is no change of a scenario", quote(text.value)),
                "not a change",
                "changes look like \"agents.0.count = 1\" or \"remove agents.1\"",
            );
        }
        let again = |change: &Edit| !places.insert(change.path.clone());
        if change.as_ref().is_some_and(again) {
            problems.report(
                Code::RepeatedCut,
                entry.span,
                "two changes of one value",
                "changed before",
                "remove one of them",
            );
        }
        // One that is wrong spoils the list; the others are read all the same.
        match (&mut changes, change) {
            (Some(changes), Some(change)) => changes.push(change),
            _ => changes = None,
        }
    }
    changes
}

/// The contents of `[run]`.
struct Run {
    seed: u64,
    strategy: StrategyName,
    interleave: Interleave,
    schedule: Schedule,
    drawn: Option<Drawn>,
}

/// Reads `[run]`.
fn run(root: &mut Section<'_>, format: Option<Format>, problems: &mut Problems) -> Option<Run> {
    let example = "`[run]`, the seed and the schedule";
    let item = root.need("run", example, problems)?;
    let mut section = item.section("`[run]`", problems)?;
    let seed = section
        .need("seed", "the seed: `seed = 0`", problems)
        .and_then(|item| seed(&item, problems));
    let strategy = section
        .need(
            "strategy",
            "the strategy: `strategy = \"random\"`",
            problems,
        )
        .and_then(|item| strategy(&item, problems));
    let interleave = match section.get("interleave") {
        Some(item) => interleave(&item, problems),
        // What every repro was before there was a choice.
        None => Some(Interleave::Awaits),
    };
    let example = "the choices, or none: `choices = []`";
    let item = section.need("choices", example, problems);
    let is_drawn = item.as_ref().is_some_and(|item| is_drawn(item, format));
    let (schedule, drawn) = if is_drawn {
        let drawn = Drawn::read(section.get(drawn::PICKS), problems);
        let is_one_word = item.and_then(|item| item.one_of("choices", DRAWN, problems));
        (is_one_word.map(|_| Schedule::default()), drawn.map(Some))
    } else {
        let schedule = item.and_then(|item| choices(&item, format, problems));
        (schedule, Some(None))
    };
    section.finish(problems);
    Some(Run {
        seed: seed?,
        strategy: strategy?,
        interleave: interleave?,
        schedule: schedule?,
        drawn: drawn?,
    })
}

/// The text that `choices` may be.
const DRAWN: &[(&str, ())] = &[(drawn::WORD, ())];

/// Returns `true` if the choices are a text in place of a list. Before format 6 they were not.
fn is_drawn(item: &Item<'_>, format: Option<Format>) -> bool {
    item.is_text() && format.is_none_or(|format| format >= Format::Six)
}

/// A seed is an integer, or a string of digits: TOML's integers end at 2⁶³ - 1.
fn seed(item: &Item<'_>, problems: &mut Problems) -> Option<u64> {
    if !item.is_text() {
        return Some(item.number(0..=u64::MAX, problems)?.value);
    }
    let text = item.short_text(problems)?.value;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seed = digits.then(|| text.parse().ok()).flatten();
    if seed.is_none() {
        problems.report(
            Code::OutOfRange,
            item.span,
            format!("`seed` cannot be \"{}\"", quote(text)),
            "not a seed",
            format!("seeds are whole numbers from 0 to {}", u64::MAX),
        );
    }
    seed
}

fn strategy(item: &Item<'_>, problems: &mut Problems) -> Option<StrategyName> {
    let text = item.short_text(problems)?.value;
    match text.parse() {
        Ok(strategy) if !StrategyName::is_portfolio(strategy) => Some(strategy),
        _ => {
            let known = StrategyName::samplers();
            let known: Vec<String> = known.iter().map(StrategyName::to_string).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            item.unknown_name("strategy", text, &known, problems);
            None
        }
    }
}

fn interleave(item: &Item<'_>, problems: &mut Problems) -> Option<Interleave> {
    let text = item.short_text(problems)?.value;
    let interleave = Interleave::of_name(text);
    if interleave.is_none() {
        let known = Interleave::ALL.map(Interleave::as_str);
        item.unknown_name("interleave", text, &known, problems);
    }
    interleave
}

fn choices(item: &Item<'_>, format: Option<Format>, problems: &mut Problems) -> Option<Schedule> {
    let mut places: BTreeMap<(Site, u32), Span> = BTreeMap::new();
    let mut decisions = Some(Vec::new());
    for entry in item.list(problems)? {
        let decision = entry
            .section("a choice", problems)
            .and_then(|section| choice(section, format, problems));
        let Some(decision) = decision else {
            decisions = None;
            continue;
        };
        let place = (decision.site.clone(), decision.nth);
        if let Some(first) = places.insert(place, entry.span) {
            let line = problems.line(first) + 1;
            problems.report(
                Code::RepeatedChoice,
                entry.span,
                format!(
                    "choice {} at `{}` is made twice",
                    decision.nth,
                    quote(&decision.site.to_string())
                ),
                format!("made before, on line {line}"),
                "remove one of the two",
            );
        }
        if let Some(decisions) = &mut decisions {
            decisions.push(decision);
        }
    }
    decisions.map(Schedule::new)
}

/// Reads one choice.
fn choice(
    mut section: Section<'_>,
    format: Option<Format>,
    problems: &mut Problems,
) -> Option<Deviation> {
    let site = site::read(&mut section, format, problems);
    let nth = section
        .need("nth", "its number there: `nth = 0`", problems)
        .and_then(|item| item.small(0..=u32::MAX, problems));
    let bound = section
        .need("of", "how many alternatives there are: `of = 2`", problems)
        .and_then(|item| item.small(2..=u32::MAX, problems));
    let value = section
        .need("take", "which one is taken: `take = 1`", problems)
        .and_then(|item| item.small(0..=u32::MAX, problems));
    section.finish(problems);
    let (bound, value) = (bound?, value?);
    let message = match value.value {
        0 => "alternative 0 is taken without being asked for".to_owned(),
        value if value >= bound.value => {
            format!("there is no alternative {value} of {}", bound.value)
        }
        value => {
            return Some(Deviation {
                site: site?,
                nth: nth?.value,
                bound: bound.value,
                value,
            });
        }
    };
    let help = match bound.value {
        2 => "of 2 alternatives take 1, or remove the line".to_owned(),
        bound => format!("take one of 1 to {}, or remove the line", bound - 1),
    };
    problems.report(
        Code::ImpossibleChoice,
        value.span.unwrap_or_default(),
        message,
        "cannot be taken",
        help,
    );
    None
}

/// Reads `[expected]`, the last thing that every repro has.
fn expected(root: &mut Section<'_>, problems: &mut Problems) -> Option<Expected> {
    let example = "`[expected]`, the recorded failure; or was the end of the file cut off?";
    let item = root.need("expected", example, problems)?;
    let mut section = item.section("`[expected]`", problems)?;
    let failures: Vec<(&str, RunVerdict)> = RunVerdict::ALL
        .into_iter()
        // Neither can come of a replay.
        .filter(|verdict| ![RunVerdict::Pass, RunVerdict::Nondeterminism].contains(verdict))
        .map(|verdict| (verdict.word(), verdict))
        .collect();
    let verdict = section
        .need(
            "verdict",
            "the verdict: `verdict = \"violation\"`",
            problems,
        )
        .and_then(|item| item.one_of("verdict of a failure", &failures, problems));
    let mut judges: Vec<(&str, ())> = OracleRef::all()
        .map(|oracle| (Detector::Oracle(oracle).name(), ()))
        .collect();
    let engine = failures.iter().map(|(word, _)| (*word, ()));
    // An oracle tells of violations, and one of them has the name of a verdict.
    let engine = engine.filter(|(word, ())| *word != RunVerdict::Violation.word());
    judges.extend(engine);
    judges.push((REACHED, ()));
    judges.push((Detector::Program.name(), ()));
    judges.sort_unstable();
    judges.dedup();
    let judge = section
        .need("judge", "the detector: `judge = \"no-loss\"`", problems)
        .and_then(|item| {
            item.one_of("judge", &judges, problems)?;
            item.short_text(problems)
        });
    // Repros of format 1 have a message in its place, which identifies nothing.
    let _ = section.get("message");
    let rule = section.get("rule").map(|item| item.short_text(problems));
    let fingerprint = hexadecimal("fingerprint", &mut section, problems);
    section.finish(problems);
    Some(Expected {
        verdict: verdict?.value,
        signature: Signature {
            judge: judge?.value.to_owned(),
            rule: match rule {
                Some(rule) => Some(rule?.value.to_owned()),
                None => None,
            },
        },
        fingerprint: Fingerprint(fingerprint?),
    })
}

/// Reads `[shrunk]`.
fn shrunk(item: &Item<'_>, problems: &mut Problems) -> Option<Shrunk> {
    let mut section = item.section("`[shrunk]`", problems)?;
    let mut number = |key, limit, problems: &mut Problems| {
        let example = format!("a number: `{key} = 0`");
        let item = section.need(key, &example, problems)?;
        Some(item.number(0..=limit, problems)?.value)
    };
    let runs = number("runs", u64::MAX, problems);
    let most = usize::MAX as u64;
    let decisions = number("decisions", most, problems);
    let preemptions = number("preemptions", most, problems);
    section.finish(problems);
    Some(Shrunk {
        runs: runs?,
        decisions: usize::try_from(decisions?).ok()?,
        preemptions: usize::try_from(preemptions?).ok()?,
    })
}
