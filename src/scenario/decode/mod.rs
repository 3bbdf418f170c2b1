//! From text to a scenario, or to everything that is wrong with it.
//!
//! The parser recovers from errors, and reading goes on behind each problem, so
//! that one pass finds all of them.

mod agents;
mod check;
mod draft;
mod expect;
mod faults;
mod item;
mod problems;
mod section;
mod settings;
mod words;

use std::sync::Arc;

use toml::de::DeTable;

use self::draft::Draft;
use self::problems::Problems;
use self::section::Section;
use super::Scenario;
use super::code::Code;
use super::diagnostic::{Diagnostic, Span};
use super::source::Source;

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

/// Reports what is no TOML, the problems that explain others first.
fn report_syntax(errors: &[toml::de::Error], problems: &mut Problems) {
    let mut found: Vec<Diagnostic> = errors
        .iter()
        .map(|error| syntax_problem(error, problems))
        .collect();
    found.sort_by_key(|problem| (problem.code != Code::TooDeep, problem.span()));
    for problem in found {
        problems.push_syntax(problem);
    }
}

fn syntax_problem(error: &toml::de::Error, problems: &Problems) -> Diagnostic {
    let message = error.message();
    let span: Option<Span> = error.span().map(Span::from);
    let problem = if message == "duplicate key" {
        problems
            .problem(Code::DuplicateKey, "a key is set twice")
            .help("remove one of the two; several groups are written `[[agents]]`")
    } else if message.contains("recurs") {
        problems
            .problem(Code::TooDeep, "nested too deep")
            .help("no scenario needs more than a handful of levels")
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
