//! Baselines: the metrics of scenarios at one time, to hold later ones against.
//!
//! A baseline holds the mean of each metric over the same seeds of a scenario, as an exact
//! ratio. Two are compared by multiplication, so that a mean of zero needs no rule of its own:
//! anything is more than one and a half times nothing, and nothing is less than nine tenths of
//! it.

mod compare;
mod file;

use std::collections::BTreeMap;

use rehearsal_history::metrics::{Better, Fold, Readings, metric};
use rehearsal_history::{Amount, CheckedRun};
use serde::{Deserialize, Serialize};

pub use compare::{Regression, Severity, compare};

/// The metrics of scenarios.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: u64,
    #[serde(default, rename = "scenario")]
    scenarios: Vec<Measured>,
}

/// The version of the file format.
const FORMAT: u64 = 1;

/// The metrics of some seeds of one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The scenario's name.
    pub name: String,
    /// The strategy that was asked for.
    pub strategy: String,
    /// The seeds, as `0..16`.
    pub seeds: String,
    /// The means, by the names of the metrics in limits.
    pub metrics: BTreeMap<String, Mean>,
}

/// A mean over many runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    /// The sum.
    pub sum: u64,
    /// The number of things that it is the sum of: samples, wholes or runs.
    pub of: u64,
}

impl Mean {
    /// Returns the mean; none of nothing.
    pub fn amount(self) -> Option<Amount> {
        Amount::ratio(self.sum, self.of)
    }

    /// Adds what one more run measured. Sums beyond 64 bits are no measurement of any run.
    fn add(&mut self, sum: u64, of: u64) {
        let added = |one: u64, other: u64| {
            let sum = one.checked_add(other);
            sum.expect("sums of metrics have 64 bits")
        };
        self.sum = added(self.sum, sum);
        self.of = added(self.of, of);
    }
}

/// The metrics of a scenario while its seeds are run.
#[derive(Debug, Default)]
pub struct Gathering {
    runs: u64,
    metrics: BTreeMap<String, Mean>,
}

impl Gathering {
    /// Adds the metrics of a run that are better one way than the other.
    pub fn add(&mut self, run: &CheckedRun<'_>) {
        self.runs += 1;
        for (selector, reading) in Readings::of(run).iter() {
            if selector.metric.better == Better::Neither {
                continue;
            }
            let mean = self.metrics.entry(selector.to_string()).or_default();
            let samples = reading.samples().iter();
            match (selector.metric.fold, reading.amount()) {
                (Fold::Each, _) => {
                    let sum = samples.map(|sample| sample.part).sum();
                    mean.add(sum, reading.samples().len() as u64);
                }
                (Fold::Sum | Fold::Distinct, Some(amount)) => mean.add(amount.numerator(), 0),
                (Fold::Share | Fold::Rate, Some(amount)) => {
                    mean.add(amount.numerator(), amount.denominator());
                }
                (_, None) => {}
            }
        }
    }

    /// Returns the metrics, once all seeds have been run. A count is the mean over runs.
    pub fn finish(mut self, name: &str, strategy: &str, seeds: &str) -> Measured {
        for (selector, mean) in &mut self.metrics {
            if is_count(selector) {
                mean.of = self.runs;
            }
        }
        Measured {
            name: name.to_owned(),
            strategy: strategy.to_owned(),
            seeds: seeds.to_owned(),
            metrics: self.metrics,
        }
    }
}

/// Returns `true` for a metric whose samples are counted: without samples it is zero.
fn is_count(selector: &str) -> bool {
    let name = selector.split(':').next().and_then(metric);
    name.is_some_and(|metric| matches!(metric.fold, Fold::Sum | Fold::Distinct))
}

impl Baseline {
    /// A baseline of those scenarios.
    pub fn new(scenarios: Vec<Measured>) -> Self {
        Self {
            format: FORMAT,
            scenarios,
        }
    }

    /// Returns the scenarios.
    pub fn scenarios(&self) -> &[Measured] {
        &self.scenarios
    }
}
