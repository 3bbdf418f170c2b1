//! Metrics: numbers that follow from the history of a run and the engine's counters.
//!
//! A metric takes samples (a span's duration, a message that was sent), each of a group (the
//! kind of the span, the kind of the message), and says how samples become a number. All
//! times are virtual; all numbers are whole or exact ratios. To add one, write a constant in
//! the file that fits and add its name to [`METRICS`].

mod engine;
mod hops;
mod messages;
mod operations;
mod queue;
mod reading;
mod selector;
mod spans;
#[cfg(test)]
mod tests;
mod timeline;
mod unit;

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use crate::amount::Amount;
use crate::body::Symbol;
use crate::facets::{CheckedRun, Facet};
use crate::ids::EntityId;
use crate::validation::Validation;

pub use reading::{Reading, Readings};
pub use selector::{BadSelector, Percentile, Selector};
pub use unit::Unit;

/// A number that follows from a run.
#[derive(Debug)]
pub struct Metric {
    /// The name in scenario files, for example `duration`.
    pub name: &'static str,
    /// The meaning, in one sentence without a full stop.
    pub meaning: &'static str,
    /// The unit of the number.
    pub unit: Unit,
    /// The way in which samples become a number.
    pub fold: Fold,
    /// The noun for the groups of its samples, if it has groups.
    pub groups: Option<&'static str>,
    /// The facet that a system must record for it, if it needs one.
    pub reads: Option<Facet>,
    /// The direction that is better.
    pub better: Better,
    /// The validation that a limit of it is a part of.
    pub validates: Validation,
    /// `true` if reports for people show it.
    pub shown: bool,
    /// Takes the samples of a run, in order.
    pub samples: fn(&CheckedRun<'_>) -> Vec<Sample>,
}

/// The ways in which samples become a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fold {
    /// They do not: each is a number of its own, and a limit holds for every one.
    Each,
    /// Their sum.
    Sum,
    /// The number of different entities that they speak of first.
    Distinct,
    /// The sum of the parts as a share of the sum of the wholes.
    Share,
    /// Their sum for each second, from the first beginning to the last end.
    Rate,
}

/// The direction of a metric that is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    /// Lower numbers: times, waits, queues.
    Lower,
    /// Higher numbers: shares of success, rates.
    Higher,
    /// Neither: counts that say how large a run is.
    Neither,
}

/// One observation of a metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// The group that it belongs to.
    pub group: Option<Symbol>,
    /// Its amount; of a share, the part that counts.
    pub part: u64,
    /// Of a share, the part that could have counted; else 1.
    pub whole: u64,
    /// The virtual time at which it began.
    pub from: VirtualTime,
    /// The virtual time at which it was complete.
    pub at: VirtualTime,
    /// The entities that it speaks of, the most telling first.
    pub witness: Vec<EntityId>,
}

impl Sample {
    /// A sample of the amount 1, at one moment.
    fn one(group: impl Into<Option<Symbol>>, at: VirtualTime, witness: Vec<EntityId>) -> Self {
        Self {
            group: group.into(),
            part: 1,
            whole: 1,
            from: at,
            at,
            witness,
        }
    }

    /// The virtual time between two moments, in microseconds. An answer that came after
    /// what it answers to had arrived took no time.
    fn between(
        group: impl Into<Option<Symbol>>,
        from: VirtualTime,
        at: VirtualTime,
        witness: Vec<EntityId>,
    ) -> Self {
        let taken = if from < at {
            at.since(from)
        } else {
            Duration::ZERO
        };
        Self {
            part: micros(taken),
            from,
            ..Self::one(group, at, witness)
        }
    }

    /// Returns its amount by itself.
    pub fn amount(&self) -> Amount {
        Amount::whole(self.part)
    }
}

/// Returns microseconds. Virtual time counts them in 64 bits.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).expect("virtual time has 64 bits of microseconds")
}

/// Lists the metrics of each module.
macro_rules! metrics {
    ($($module:ident::{$($metric:ident),* $(,)?},)*) => {
        /// The metrics.
        pub static METRICS: &[&Metric] = &[$($(&$module::$metric,)*)*];
    };
}

metrics! {
    engine::{VIRTUAL_TIME, LOCK_WAITS},
    spans::{MAKESPAN, DURATION, SPANS, SUCCESS, FAILURES, MESSAGES_PER_SPAN},
    operations::{LATENCY, OPERATIONS, OBJECTS},
    messages::{SENT, ACCEPTED, REFUSED, RECEIVED, DELIVERED, THROUGHPUT, BATCH, ENTRIES},
    hops::{ACCEPTANCE, TRANSIT, DELIVERY},
    queue::{QUEUE_DEPTH},
    timeline::{BOTTLENECK},
}

/// Returns the metric of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().copied().find(|metric| metric.name == name)
}
