//! Readings: the numbers of one run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::{Fold, METRICS, Metric, Percentile, Sample, Selector};
use crate::amount::Amount;
use crate::body::Symbol;
use crate::facets::CheckedRun;
use crate::ids::EntityId;

/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// The samples that a selector means, in order.
#[derive(Clone, Debug)]
pub struct Reading {
    metric: &'static Metric,
    samples: Vec<Sample>,
}

impl Reading {
    /// Takes the samples that the selector means. Its percentile makes no difference here.
    pub fn of(run: &CheckedRun<'_>, selector: &Selector) -> Self {
        let mut samples = (selector.metric.samples)(run);
        if let Some(group) = &selector.group {
            samples.retain(|sample| sample.group.as_ref() == Some(group));
        }
        Self {
            metric: selector.metric,
            samples,
        }
    }

    /// Returns the samples.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Returns the number that the samples make; none if they make none, or there is nothing
    /// to divide by.
    pub fn amount(&self) -> Option<Amount> {
        let parts = || self.samples.iter().map(|sample| sample.part).sum::<u64>();
        match self.metric.fold {
            Fold::Each => None,
            Fold::Sum => Some(Amount::whole(parts())),
            Fold::Distinct => {
                let first = |sample: &Sample| sample.witness.first().copied();
                let entities: BTreeSet<Option<EntityId>> = self.samples.iter().map(first).collect();
                Some(Amount::whole(entities.len() as u64))
            }
            Fold::Share => {
                let wholes = self.samples.iter().map(|sample| sample.whole).sum();
                Amount::ratio(parts(), wholes)
            }
            Fold::Rate => {
                let from = self.samples.iter().map(|sample| sample.from).min()?;
                let at = self.samples.iter().map(|sample| sample.at).max()?;
                let elapsed = at.as_micros() - from.as_micros();
                Amount::ratio(parts().checked_mul(SECOND)?, elapsed)
            }
        }
    }

    /// Returns the sample at a percentile; none if there are no samples.
    pub fn percentile(&self, percentile: Percentile) -> Option<&Sample> {
        let mut sorted: Vec<&Sample> = self.samples.iter().collect();
        sorted.sort_by_key(|sample| sample.part);
        sorted.get(percentile.rank(sorted.len())?).copied()
    }

    /// Returns the mean of the samples, or the one number that they make.
    pub fn mean(&self) -> Option<Amount> {
        if self.metric.fold != Fold::Each {
            return self.amount();
        }
        let sum = self.samples.iter().map(|sample| sample.part).sum();
        Amount::ratio(sum, self.samples.len() as u64)
    }
}

/// Every metric of a run that has samples, by itself and for each group.
#[derive(Clone, Debug)]
pub struct Readings(Vec<(Selector, Reading)>);

impl Readings {
    /// Takes the samples of every metric.
    pub fn of(run: &CheckedRun<'_>) -> Self {
        let mut readings = Vec::new();
        for metric in METRICS.iter().copied() {
            let samples = (metric.samples)(run);
            if samples.is_empty() {
                continue;
            }
            let mut groups: BTreeMap<&Symbol, Vec<Sample>> = BTreeMap::new();
            for sample in &samples {
                if let Some(group) = &sample.group {
                    groups.entry(group).or_default().push(sample.clone());
                }
            }
            let groups: Vec<(Selector, Reading)> = groups
                .into_iter()
                .map(|(group, samples)| {
                    let selector = Selector {
                        group: Some(group.clone()),
                        ..Selector::all_of(metric)
                    };
                    (selector, Reading { metric, samples })
                })
                .collect();
            readings.push((Selector::all_of(metric), Reading { metric, samples }));
            readings.extend(groups);
        }
        Self(readings)
    }

    /// Returns the readings: of each metric all samples first, then those of each group.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Selector, &Reading)> + '_ {
        self.0.iter().map(|(selector, reading)| (selector, reading))
    }

    /// Returns all samples of the metric of that name, if there are any.
    pub fn all_of(&self, name: &str) -> Option<&Reading> {
        let mut readings = self.0.iter();
        let found =
            readings.find(|(selector, _)| selector.metric.name == name && selector.group.is_none());
        found.map(|(_, reading)| reading)
    }
}
