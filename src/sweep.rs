//! Many seeds of one scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::run::{RunReport, RunVerdict};
use crate::scenario::{ExpectedVerdict, Goal, Scenario};

/// Seeds in a row, at least one: written `0..16`, or as a count `16`, which
/// means the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(RangeInclusive<u64>);

impl Seeds {
    /// This one.
    pub fn one(seed: u64) -> Self {
        Self(seed..=seed)
    }

    /// So many, from 0. None if that is none.
    pub fn count(count: u64) -> Option<Self> {
        Some(Self(0..=count.checked_sub(1)?))
    }

    /// From the first to the last, both included. None if that is none.
    pub fn between(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self(first..=last))
    }

    /// The first.
    pub fn first(&self) -> u64 {
        *self.0.start()
    }

    /// The last.
    pub fn last(&self) -> u64 {
        *self.0.end()
    }
}

/// `0..16`, as it is read.
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first(), u128::from(self.last()) + 1)
    }
}

impl IntoIterator for Seeds {
    type Item = u64;
    type IntoIter = RangeInclusive<u64>;

    fn into_iter(self) -> RangeInclusive<u64> {
        self.0
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim()
                .parse::<u64>()
                .map_err(|_| format!("`{text}` is not a seed; seeds are whole numbers from 0"))
        };
        let (from, end) = match text.split_once("..") {
            None => (0, number(text)?),
            Some((from, to)) => (number(from)?, number(to)?),
        };
        match end.checked_sub(1) {
            Some(last) if from <= last => Ok(Self(from..=last)),
            _ => Err(format!("`{text}` has no seed in it")),
        }
    }
}

/// What the seeds of one scenario came to.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Seeds played.
    pub seeds: u64,
    /// Verdicts, counted.
    pub verdicts: BTreeMap<RunVerdict, u64>,
    /// Goals that at least one seed reached.
    pub goals: BTreeSet<Goal>,
    /// Seeds that showed the expected violation.
    pub detected: u64,
    /// The first seed that showed it.
    pub first_detected: Option<u64>,
    /// Events emitted and delivered in all seeds.
    pub events: (u64, u64),
    /// Virtual milliseconds in all seeds.
    pub virtual_ms: u64,
}

impl Sweep {
    /// Takes one seed into account.
    pub fn add(&mut self, report: &RunReport, expected: ExpectedVerdict) {
        self.seeds += 1;
        *self.verdicts.entry(report.verdict).or_default() += 1;
        self.goals.extend(&report.books.goals);
        self.events.0 += report.books.ledger.emitted;
        self.events.1 += report.books.ledger.delivered;
        self.virtual_ms += report.statistics.virtual_time.as_millis();
        if report.is_expected_violation(expected) {
            self.detected += 1;
            self.first_detected.get_or_insert(report.seed);
        }
    }

    /// Whether a failing seed says something that none before it said: the first
    /// of each verdict is shown, the others are counted.
    pub fn is_worth_showing(&self, report: &RunReport) -> bool {
        self.verdicts.get(&report.verdict) == Some(&1)
    }

    /// `sometimes` goals that no seed has reached.
    pub fn missing(&self, scenario: &Scenario) -> Vec<Goal> {
        let wanted = scenario.expect.sometimes.iter().copied();
        wanted.filter(|goal| !self.goals.contains(goal)).collect()
    }
}
