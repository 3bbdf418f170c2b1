//! Selectors: a metric, and which of its samples are meant.

use std::fmt;

use super::{Fold, METRICS, Metric, metric};
use crate::body::Symbol;

/// A metric, with the group of its samples and the percentile that are meant:
/// `duration`, `duration:data`, `duration:data/p99`.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric.
    pub metric: &'static Metric,
    /// The group; none for the samples of all groups.
    pub group: Option<Symbol>,
    /// The percentile; none for every sample.
    pub percentile: Option<Percentile>,
}

/// A percentile, by the nearest rank: the least sample that so many of a hundred do not
/// exceed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Percentile {
    /// The median.
    P50,
    /// Nine of ten samples do not exceed it.
    P90,
    /// All but one of a hundred samples do not exceed it.
    P99,
    /// The greatest sample.
    P100,
}

impl Percentile {
    /// Every percentile.
    pub const ALL: [Self; 4] = [Self::P50, Self::P90, Self::P99, Self::P100];

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P100 => "p100",
        }
    }

    fn of_hundred(self) -> usize {
        match self {
            Self::P50 => 50,
            Self::P90 => 90,
            Self::P99 => 99,
            Self::P100 => 100,
        }
    }

    /// Returns the place of the percentile among that many sorted samples; none if there
    /// are no samples.
    pub fn rank(self, samples: usize) -> Option<usize> {
        (samples * self.of_hundred()).div_ceil(100).checked_sub(1)
    }
}

/// The error of a text that selects no metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadSelector {
    /// There is no metric of that name.
    UnknownMetric(String),
    /// The samples of the metric have no groups.
    NoGroups(&'static str),
    /// The group has no name.
    EmptyGroup(&'static str),
    /// There is no such percentile.
    UnknownPercentile(String),
    /// The samples of the metric make one number, so that there are no percentiles.
    NoPercentiles(&'static str),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// If the text names no metric, or a group or percentile that the metric does not have.
    pub fn parse(text: &str) -> Result<Self, BadSelector> {
        let (text, percentile) = match text.split_once('/') {
            None => (text, None),
            Some((text, name)) => {
                let percentile = Percentile::ALL.into_iter().find(|p| p.as_str() == name);
                let unknown = || BadSelector::UnknownPercentile(name.to_owned());
                (text, Some(percentile.ok_or_else(unknown)?))
            }
        };
        let (name, group) = match text.split_once(':') {
            None => (text, None),
            Some((name, group)) => (name, Some(group)),
        };
        let metric = metric(name).ok_or_else(|| BadSelector::UnknownMetric(name.to_owned()))?;
        match group {
            Some(_) if metric.groups.is_none() => return Err(BadSelector::NoGroups(metric.name)),
            Some("") => return Err(BadSelector::EmptyGroup(metric.name)),
            _ => {}
        }
        if percentile.is_some() && metric.fold != Fold::Each {
            return Err(BadSelector::NoPercentiles(metric.name));
        }
        Ok(Self {
            metric,
            group: group.map(|group| group.to_owned().into()),
            percentile,
        })
    }

    /// The selector of all samples of a metric.
    pub fn all_of(metric: &'static Metric) -> Self {
        Self {
            metric,
            group: None,
            percentile: None,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.name)?;
        if let Some(group) = &self.group {
            write!(f, ":{group}")?;
        }
        if let Some(percentile) = self.percentile {
            write!(f, "/{}", percentile.as_str())?;
        }
        Ok(())
    }
}

impl BadSelector {
    /// Returns the text that would have been right, in one sentence.
    pub fn help(&self) -> String {
        let names = |of: &dyn Fn(&&Metric) -> bool| {
            let metrics = METRICS.iter().copied().filter(|metric| of(metric));
            let names: Vec<String> = metrics.map(|metric| format!("`{}`", metric.name)).collect();
            names.join(", ")
        };
        match self {
            Self::UnknownMetric(_) => format!("the metrics are {}", names(&|_| true)),
            Self::NoGroups(metric) => format!("write `{metric}` alone"),
            Self::EmptyGroup(metric) => {
                format!("name a group, as in `{metric}:NAME`, or write `{metric}` alone")
            }
            Self::UnknownPercentile(_) => "the percentiles are p50, p90, p99 and p100".to_owned(),
            Self::NoPercentiles(_) => {
                let metrics = names(&|metric| metric.fold == Fold::Each);
                format!("those with percentiles are {metrics}")
            }
        }
    }
}

impl fmt::Display for BadSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMetric(name) => write!(f, "there is no metric `{name}`"),
            Self::NoGroups(metric) => write!(f, "the samples of `{metric}` have no groups"),
            Self::EmptyGroup(metric) => write!(f, "the group of `{metric}` has no name"),
            Self::UnknownPercentile(name) => write!(f, "there is no percentile `{name}`"),
            Self::NoPercentiles(metric) => {
                write!(f, "`{metric}` is one number, without percentiles")
            }
        }
    }
}
