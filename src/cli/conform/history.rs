//! Histories, which the oracles judge.

use std::fmt::Write;
use std::io;

use rehearsal_history::jsonl::{JsonlError, judge_history, read_jsonl};
use rehearsal_history::{Facet, History};
use serde::Serialize;

use super::super::{print_error, print_result};
use super::{ConformArgs, Input, at_place, printable};
use crate::exit::Exit;
use crate::oracle::{Finding, OracleRef, Settings, Violation};
use crate::report::summary::counted;

pub(super) fn conform(args: &ConformArgs, input: &Input) -> io::Result<Exit> {
    let reader = input.open().map_err(JsonlError::Io);
    let history = match reader.and_then(read_jsonl) {
        Ok(history) => history,
        Err(error) => {
            report(input, &error);
            return Ok(Exit::Usage);
        }
    };
    let oracles = oracles(args, &history);
    if oracles.is_empty() {
        print_error("error: the history records nothing that an oracle reads\n");
        return Ok(Exit::NothingSelected);
    }
    let findings = judge_history(&history, &oracles);
    let judged: Vec<Judged> = findings
        .into_iter()
        .map(|(oracle, finding)| Judged::new(oracle, finding, !args.oracles.is_empty()))
        .collect();
    let text = if args.json {
        lines_of_json(&judged, &history)?
    } else {
        lines(&judged)
    };
    let exit = if judged.iter().all(Judged::is_pass) {
        Exit::Pass
    } else {
        Exit::Violation
    };
    print_result(&text, exit)
}

/// Prints every problem of the file with its place.
fn report(input: &Input, error: &JsonlError) {
    let text = match error {
        JsonlError::Io(error) => input.unreadable(error),
        JsonlError::Problems(problems) => problems
            .iter()
            .map(|problem| at_place(input, problem))
            .collect(),
    };
    print_error(&text);
}

/// Returns the oracles that are named, or those that read nothing but what is recorded.
fn oracles(args: &ConformArgs, history: &History) -> Vec<(OracleRef, Settings)> {
    let recorded = Facet::recorded(history);
    let reads_recorded = |oracle: &OracleRef| {
        let reads: &[Facet] = oracle.reads();
        reads.iter().all(|facet| recorded.contains(facet))
    };
    if args.oracles.is_empty() {
        let strict = |oracle| (oracle, Settings::default());
        return OracleRef::all()
            .filter(|oracle| !oracle.is_opt_in())
            .filter(reads_recorded)
            .map(strict)
            .collect();
    }
    let chosen = args.oracles.iter();
    chosen
        .map(|chosen| (chosen.oracle, chosen.settings.clone()))
        .collect()
}

/// The finding of one oracle.
struct Judged {
    oracle: OracleRef,
    checked: u64,
    violations: Vec<Violation>,
    unlisted: u64,
}

impl Judged {
    /// An oracle that was named must have had something to check.
    fn new(oracle: OracleRef, finding: Finding, named: bool) -> Self {
        let vacuity = finding.vacuity(&*oracle).filter(|_| named);
        Self {
            oracle,
            checked: finding.checked,
            violations: finding.violations.into_iter().chain(vacuity).collect(),
            unlisted: finding.unlisted,
        }
    }

    fn is_pass(&self) -> bool {
        self.violations.is_empty()
    }
}

fn lines(judged: &[Judged]) -> String {
    let width = judged.iter().map(|judged| judged.oracle.name().len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for judged in judged {
        let (oracle, checked) = (judged.oracle.name(), judged.checked);
        let result = match judged.violations.len() {
            0 if checked == 0 => "nothing to check".to_owned(),
            0 => "pass".to_owned(),
            listed => counted(listed, "violation"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{oracle:width$}  {checked:>8} checked  {result}");
        for violation in &judged.violations {
            let at = violation.at.map(|at| format!(" at {at}"));
            let (rule, at) = (&violation.rule, at.unwrap_or_default());
            let line = printable(&format!("{rule}{at}: {}", violation.message));
            let _ = writeln!(text, "  × {line}");
        }
        if judged.unlisted > 0 {
            let _ = writeln!(text, "  and {} violations more", judged.unlisted);
        }
    }
    text
}

/// One line of `rehearsal conform --json`: one oracle. The fields are a contract.
#[derive(Serialize)]
struct ConformLine<'a> {
    oracle: &'static str,
    checked: u64,
    violations: Vec<ViolationEntry<'a>>,
    /// Violations beyond those listed.
    unlisted: u64,
}

/// One entry of `violations`.
#[derive(Serialize)]
struct ViolationEntry<'a> {
    rule: &'a str,
    message: &'a str,
    at_ms: Option<u64>,
    witness: Vec<String>,
}

fn lines_of_json(judged: &[Judged], history: &History) -> io::Result<String> {
    let mut text = String::new();
    for judged in judged {
        let violations = judged.violations.iter().map(|violation| ViolationEntry {
            rule: violation.rule.as_str(),
            message: &violation.message,
            at_ms: violation.at.map(|at| at.as_millis()),
            witness: violation
                .witness
                .iter()
                .map(|id| history.names.of(*id).to_string())
                .collect(),
        });
        let line = ConformLine {
            oracle: judged.oracle.name(),
            checked: judged.checked,
            violations: violations.collect(),
            unlisted: judged.unlisted,
        };
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    Ok(text)
}
