//! The score as text for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Score;
use crate::report::summary::{BAD, DIM, GOOD, many, styled};

/// Returns the head of the table, for names of that width.
pub(crate) fn head(width: usize) -> String {
    let line = format!(
        "{:width$}  {:9}  {:>8}  {:18}  {:>10}  found by",
        "scenario", "strategy", "detected", "95 % interval", "median"
    );
    format!("{}\n", styled(DIM, line))
}

/// Returns the line of one strategy on one defect.
pub(crate) fn row(score: &Score, width: usize) -> String {
    let Score {
        scenario, strategy, ..
    } = score;
    let strategy = strategy.to_string();
    let first = score.runs_to_first;
    let first = first.map_or_else(|| "never".to_owned(), |runs| many(runs, "run"));
    let detected = score.detected.to_string();
    let interval = score.detected.interval();
    let interval = format!(
        "{} to {}",
        hundredths(interval.low),
        hundredths(interval.high)
    );
    let found = if score.detected.hits == 0 { BAD } else { GOOD };
    let mut line = format!(
        "{scenario:width$}  {strategy:9}  {}  {:18}  {first:>10}  {}",
        styled(found, format!("{detected:>8}")),
        styled(DIM, format!("{interval:18}")),
        signatures(score),
    );
    if let Some(alarms) = score.false_alarms.filter(|alarms| alarms.hits > 0) {
        let alarms = many(alarms.hits, "false alarm");
        let _ = write!(line, "  {}", styled(BAD, alarms));
    }
    line.push('\n');
    line
}

/// Returns a share as per cent.
pub(super) fn hundredths(share: u64) -> String {
    format!("{}.{:02}", share / 100, share % 100)
}

/// Returns the failures, the most frequent first.
pub(super) fn signatures(score: &Score) -> String {
    let mut failures: Vec<_> = score.failures.iter().collect();
    failures.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let failures = failures.into_iter().map(|(signature, _)| signature);
    let names: Vec<String> = failures.map(ToString::to_string).collect();
    names.join(", ")
}

/// Returns the last line.
pub(crate) fn summary(scores: &[Score]) -> String {
    let names = |keep: &dyn Fn(&Score) -> bool| -> BTreeSet<&str> {
        let kept = scores.iter().filter(|score| keep(score));
        kept.map(|score| score.scenario.as_str()).collect()
    };
    let all = names(&|_| true);
    let found = names(&|score| score.detected.hits > 0);
    let alarms = scores.iter().filter_map(|score| score.false_alarms);
    let alarms: u64 = alarms.map(|alarms| alarms.hits).sum();
    let mut text = format!(
        "{} of {} detected, {}\n",
        found.len(),
        many(all.len() as u64, "defect"),
        many(alarms, "false alarm")
    );
    let missed: Vec<&str> = all.difference(&found).copied().collect();
    if !missed.is_empty() {
        let _ = writeln!(text, "not detected: {}", missed.join(", "));
    }
    text
}
