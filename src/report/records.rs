//! Records of the spans, the metrics and the validations of a run, for JSON. The fields are a
//! contract.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::metrics::{Fold, Percentile, Reading, Readings, Selector};
use rehearsal_history::{CheckedRun, SpanEnd};
use rehearsal_sim::LockUse;
use serde::Serialize;

use super::summary::end;
use crate::run::{Judged, Validated};

/// One entry of `runs`: one span.
#[derive(Serialize, Debug)]
pub struct RunRecord {
    /// The span's name, for example `run-4`.
    span: String,
    /// Its name for people, for example the agent's.
    label: String,
    /// Its kind.
    kind: String,
    /// The span that began it.
    parent: Option<String>,
    tenant: String,
    channel: Option<String>,
    began_us: u64,
    /// Null if it has not ended.
    ended_us: Option<u64>,
    /// Messages that were sent in it.
    messages: usize,
    /// `true` if it completed.
    success: bool,
    /// The other way in which it ended, or that it has not; null if it completed.
    error: Option<&'static str>,
}

/// Returns the records of all spans, in the order of their ids.
pub(super) fn runs(run: &CheckedRun<'_>) -> Vec<RunRecord> {
    run.spans().iter().map(|span| record(run, span)).collect()
}

fn record(run: &CheckedRun<'_>, span: &SpanRecord<'_>) -> RunRecord {
    let began = span.began;
    let success = span.end() == Some(SpanEnd::Completed);
    RunRecord {
        span: run.name(began.span).to_string(),
        label: began.label.to_string(),
        kind: began.kind.to_string(),
        parent: began.parent.map(|parent| run.name(parent).to_string()),
        tenant: run.name(began.owner).to_string(),
        channel: began.channel.map(|channel| run.name(channel).to_string()),
        began_us: span.at.as_micros(),
        ended_us: span.ends.first().map(|(at, _)| at.as_micros()),
        messages: run.messages().of_span(began.span).count(),
        success,
        error: (!success).then(|| end(span.end())),
    }
}

/// One value of `metrics`.
#[derive(Serialize, Debug)]
#[serde(untagged)]
pub enum MetricRecord {
    /// A number.
    Number(NumberRecord),
    /// Samples.
    Samples(SamplesRecord),
}

/// A number, as an exact ratio.
#[derive(Serialize, Debug)]
pub struct NumberRecord {
    unit: &'static str,
    numerator: u64,
    denominator: u64,
}

/// Samples, by their nearest ranks.
#[derive(Serialize, Debug)]
pub struct SamplesRecord {
    unit: &'static str,
    samples: usize,
    p50: u64,
    p90: u64,
    p99: u64,
    p100: u64,
}

/// Returns every metric that has samples, by itself and by group.
pub(super) fn metrics(run: &CheckedRun<'_>) -> BTreeMap<String, MetricRecord> {
    let readings = Readings::of(run);
    let records = readings.iter().filter_map(|(selector, reading)| {
        let record = metric(selector, reading)?;
        Some((selector.to_string(), record))
    });
    records.collect()
}

fn metric(selector: &Selector, reading: &Reading) -> Option<MetricRecord> {
    let unit = selector.metric.unit.as_str();
    if selector.metric.fold != Fold::Each {
        let amount = reading.amount()?;
        return Some(MetricRecord::Number(NumberRecord {
            unit,
            numerator: amount.numerator(),
            denominator: amount.denominator(),
        }));
    }
    let at = |percentile| Some(reading.percentile(percentile)?.part);
    Some(MetricRecord::Samples(SamplesRecord {
        unit,
        samples: reading.samples().len(),
        p50: at(Percentile::P50)?,
        p90: at(Percentile::P90)?,
        p99: at(Percentile::P99)?,
        p100: at(Percentile::P100)?,
    }))
}

/// One entry of `locks`: the locks that were made at one place.
#[derive(Serialize, Debug)]
pub struct LockRecord {
    kind: String,
    created_at: String,
    locks: u64,
    waits: u64,
    waited_us: u64,
    longest_wait_us: u64,
    longest_hold_us: u64,
}

impl From<&LockUse> for LockRecord {
    fn from(lock: &LockUse) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            kind: lock.kind.to_string(),
            created_at: lock.created_at.to_string(),
            locks: lock.locks,
            waits: lock.waits,
            waited_us: micros(lock.waited),
            longest_wait_us: micros(lock.longest_wait),
            longest_hold_us: micros(lock.longest_hold),
        }
    }
}

/// One entry of `validations`.
#[derive(Serialize, Debug)]
pub struct ValidationRecord {
    validation: &'static str,
    outcome: &'static str,
    oracles: Vec<&'static str>,
}

/// Returns the six validations.
pub(super) fn validations(judged: &Judged) -> Vec<ValidationRecord> {
    let record = |validated: &Validated| ValidationRecord {
        validation: validated.validation.as_str(),
        outcome: validated.outcome.as_str(),
        oracles: validated
            .oracles
            .iter()
            .map(|oracle| oracle.name())
            .collect(),
    };
    judged.validations.iter().map(record).collect()
}
