//! Metrics of the engine's counters.

use rehearsal_sim::{Statistics, VirtualTime};

use super::{Better, Fold, Metric, Sample, Unit};
use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

pub(super) const VIRTUAL_TIME: Metric = Metric {
    name: "virtual-time",
    meaning: "the virtual time of the whole run, from the start of the servers to their end",
    unit: Unit::Time,
    fold: Fold::Each,
    groups: None,
    reads: Some(Facet::Engine),
    better: Better::Lower,
    validates: Validation::Timing,
    shown: false,
    samples: |run| {
        let sample = |statistics: &Statistics| {
            Sample::between(None, VirtualTime::ZERO, statistics.virtual_time, Vec::new())
        };
        counters(run).map(sample).into_iter().collect()
    },
};

pub(super) const LOCK_WAITS: Metric = Metric {
    name: "lock-waits",
    meaning: "the number of times that a task had to wait for a lock",
    unit: Unit::Count,
    fold: Fold::Sum,
    groups: None,
    reads: Some(Facet::Engine),
    better: Better::Lower,
    validates: Validation::Performance,
    shown: false,
    samples: |run| {
        let sample = |statistics: &Statistics| Sample {
            part: statistics.lock_waits,
            ..Sample::one(None, statistics.virtual_time, Vec::new())
        };
        counters(run).map(sample).into_iter().collect()
    },
};

/// Returns the engine's counters; none of a history that no engine has run.
fn counters<'a>(run: &CheckedRun<'a>) -> Option<&'a Statistics> {
    (run.statistics.steps > 0).then_some(run.statistics)
}
