//! The validations and the metrics of a run, for people.

use std::fmt::{self, Write};

use std::time::Duration;

use rehearsal_history::metrics::{Fold, METRICS, Metric, Percentile, Reading, Selector, Unit};
use rehearsal_history::{Amount, CheckedRun};
use rehearsal_sim::LockUse;

use super::summary::{BAD, DIM, GOOD, counted, many, styled};
use crate::run::{Judged, Validated, ValidationOutcome};

/// Places at which locks were made that are listed; the others are counted.
const LISTED_LOCKS: usize = 4;

/// Writes the metrics that reports show, each on a line.
pub(super) fn write_metrics(text: &mut String, run: &CheckedRun<'_>) -> fmt::Result {
    let shown = METRICS.iter().copied().filter(|metric| metric.shown);
    let mut label = "measured";
    for metric in shown {
        let reading = Reading::of(run, &Selector::all_of(metric));
        if let Some(value) = value(metric, &reading) {
            writeln!(text, "  {label:<9} {:<12} {value}", metric.name)?;
            label = "";
        }
    }
    Ok(())
}

/// Returns `100% of 50`, `p50 12ms, p90 20ms, p99 31ms, at most 31ms`; none without samples.
fn value(metric: &Metric, reading: &Reading) -> Option<String> {
    let samples = reading.samples();
    if samples.is_empty() {
        return None;
    }
    if metric.fold != Fold::Each {
        let shown = metric.unit.show(reading.amount()?);
        return Some(match metric.fold {
            Fold::Share => format!("{shown} of {}", samples.len()),
            Fold::Each | Fold::Sum | Fold::Distinct | Fold::Rate => shown,
        });
    }
    let at = |percentile| {
        let sample = reading.percentile(percentile)?;
        Some(metric.unit.show(sample.amount()))
    };
    if samples.len() == 1 {
        return at(Percentile::P100);
    }
    let (p50, p90) = (at(Percentile::P50)?, at(Percentile::P90)?);
    let (p99, most) = (at(Percentile::P99)?, at(Percentile::P100)?);
    let count = samples.len();
    Some(format!(
        "p50 {p50}, p90 {p90}, p99 {p99}, at most {most}, of {count}"
    ))
}

/// Writes the locks that tasks had to wait for, the most contended first.
pub(super) fn write_locks(text: &mut String, locks: &[LockUse]) -> fmt::Result {
    let mut label = "locks";
    for lock in locks.iter().take(LISTED_LOCKS) {
        let kind = lock.kind.to_string();
        writeln!(
            text,
            "  {label:<9} {kind} of {}: {} for {}, {} in all, the longest {}, held for up to {}",
            lock.created_at,
            many(lock.waits, "wait"),
            many(lock.locks, "lock"),
            time(lock.waited),
            time(lock.longest_wait),
            time(lock.longest_hold),
        )?;
        label = "";
    }
    if let Some(more @ 1..) = locks.len().checked_sub(LISTED_LOCKS) {
        writeln!(text, "  {label:<9} and {}", counted(more, "more place"))?;
    }
    Ok(())
}

fn time(time: Duration) -> String {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Unit::Time.show(Amount::whole(micros))
}

/// Writes the six validations, each on a line with the oracles that judged it.
pub(super) fn write_validations(text: &mut String, judged: &Judged) -> fmt::Result {
    let mut label = "validated";
    for validated in &judged.validations {
        writeln!(text, "  {label:<9} {}", line(validated))?;
        label = "";
    }
    Ok(())
}

fn line(validated: &Validated) -> String {
    let style = match validated.outcome {
        ValidationOutcome::Passed => GOOD,
        ValidationOutcome::Failed => BAD,
        ValidationOutcome::NotChecked => DIM,
    };
    let outcome = format!("{:<11}", validated.outcome.as_str());
    let outcome = styled(style, outcome);
    let oracles: Vec<&str> = validated
        .oracles
        .iter()
        .map(|oracle| oracle.name())
        .collect();
    let name = validated.validation.as_str();
    let line = format!("{name:<17} {outcome}  {}", oracles.join(", "));
    line.trim_end().to_owned()
}
