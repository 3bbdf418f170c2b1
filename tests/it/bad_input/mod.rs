//! Scenario files that are wrong: what is reported, and how it looks.

mod cases;
mod contradictions;
mod files;
mod hostile;
mod limits;
mod schema;
mod systems;

use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::scenario::{Code, ColorChoice, Diagnostic, parse, render_all};

use crate::support::codes;

use cases::{Case, HEALTHY};

/// The file that every text claims to come from.
const FILE: &str = "scenarios/example.toml";

fn problems(text: &str) -> Vec<Diagnostic> {
    match parse(text, Path::new(FILE)) {
        Ok(scenario) => panic!("nothing was reported: {scenario:?}"),
        Err(problems) => problems,
    }
}

/// Compares with the reviewed snapshot of that name.
fn assert_looks_like(name: &str, problems: &[Diagnostic]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        let shown = render_all(problems, ColorChoice::Plain);
        let directory = files::directory().display().to_string();
        insta::assert_snapshot!(
            format!("bad_input__{name}"),
            shown.replace(&directory, "$DIR")
        );
    });
}

#[test]
fn the_text_that_all_cases_start_from_is_right() {
    assert!(parse(HEALTHY, Path::new(FILE)).is_ok());
}

#[test]
fn every_case_reports_what_is_wrong_and_nothing_else() {
    let mut failed = String::new();
    for Case { name, text, wrong } in cases::all() {
        let problems = problems(&text);
        let helpless = problems.iter().any(|problem| problem.help.is_none());
        if codes(&problems) != wrong || helpless {
            let shown = render_all(&problems, ColorChoice::Plain);
            failed += &format!("{name}: {wrong:?} is wrong, and reported was\n{shown}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    for Case { name, text, .. } in cases::all() {
        let places: Vec<_> = problems(&text).iter().map(Diagnostic::span).collect();
        assert!(places.is_sorted(), "{name}: {places:?}");
    }
}

#[test]
fn every_code_is_reported_by_some_case() {
    let from_texts = cases::all().into_iter().flat_map(|case| case.wrong);
    let from_files = files::all().into_iter().flat_map(|case| case.wrong);
    let reported: BTreeSet<Code> = from_texts.chain(from_files).collect();
    let silent: Vec<_> = Code::ALL
        .iter()
        .filter(|code| code.name().starts_with('S') && !reported.contains(code))
        // No file leads to it, but a system's struct: see `own_kind`.
        .filter(|code| **code != Code::SchemaMismatch)
        .collect();
    assert!(silent.is_empty(), "never reported: {silent:?}");
}

#[test]
fn files_that_cannot_be_read_or_found() {
    for case in files::all() {
        let shown = render_all(&case.problems, ColorChoice::Plain);
        assert_eq!(codes(&case.problems), case.wrong, "{}:\n{shown}", case.name);
        assert_looks_like(case.name, &case.problems);
    }
}

/// The number of wrong files below which the corpus must not fall.
const CASES_MIN: usize = 80;

#[test]
fn diagnostics_look_as_reviewed() {
    let cases = cases::all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(names.len() >= CASES_MIN, "only {} cases", names.len());
    for Case { name, text, .. } in cases {
        assert_looks_like(name, &problems(&text));
    }
}

#[test]
fn every_diagnostic_says_what_is_wrong_where_and_what_to_try() {
    for Case { name, text, .. } in cases::all() {
        for problem in problems(&text) {
            let shown = problem.render(ColorChoice::Plain);
            assert!(!problem.message.is_empty(), "{name}: {shown}");
            let help = problem.help.as_deref().unwrap_or_default();
            assert!(!help.is_empty(), "{name} has no help: {shown}");
            // A file without a line has no place, and one with too many problems only a number.
            let is_of_the_file = [Code::FileEmpty, Code::TooManyProblems].contains(&problem.code);
            assert_eq!(problem.span().is_none(), is_of_the_file, "{name}: {shown}");
        }
    }
}
