//! From text to a scenario, or to everything that is wrong with it.
//!
//! The parser recovers from errors, and reading goes on behind each problem, so
//! that one pass finds all of them.

mod agents;
mod check;
mod draft;
mod expect;
mod faults;
pub(crate) mod item;
pub(crate) mod problems;
pub(crate) mod section;
mod settings;
pub(crate) mod words;

use std::sync::Arc;

use toml::de::DeTable;

use self::draft::Draft;
use self::problems::Problems;
use self::section::Section;
use super::Scenario;
use super::code::Code;
use super::diagnostic::{Diagnostic, Span};
use super::source::{FileKind, Source};

/// Reads a scenario.
///
/// # Errors
///
/// Every problem, in the order of the file; at least one.
pub(super) fn decode(source: &Arc<Source>) -> Result<Scenario, Vec<Diagnostic>> {
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
    let root = Section::new("the scenario", Span::default(), &document);
    let draft = Draft::read(root, source.path(), &mut problems);
    if let Some(draft) = draft.as_ref().filter(|draft| draft.reliable) {
        check::check(draft, &mut problems);
    }
    match draft.and_then(|draft| draft.finish(source)) {
        Some(scenario) if problems.none() => Ok(scenario),
        _ => Err(problems.into_sorted()),
    }
}

fn empty(source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new(Code::FileEmpty, source, "the scenario file is empty")
        .help("it needs at least `format`, `name`, `claim`, `system`, `[[agents]]` and `[expect]`")
}

/// Whether this is a repro, which is TOML too: what it is all about is there, and
/// nothing of a scenario.
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

/// Reports what is no TOML, the problems that explain others first.
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

/// Whether the parser refused to follow the nesting any deeper.
pub(crate) fn is_too_deep(error: &toml::de::Error) -> bool {
    error.message().contains("recurs")
}

fn syntax_problem(error: &toml::de::Error, problems: &Problems) -> Diagnostic {
    let message = error.message();
    let span: Option<Span> = error.span().map(Span::from);
    let problem = if message == "duplicate key" {
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
