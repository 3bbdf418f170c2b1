//! Estimates of the schedules seen and not seen.
//!
//! I. J. Good: "The population frequencies of species and the estimation of
//! population parameters", Biometrika 40, 1953 (the idea is A. M. Turing's): of n
//! draws, those that show what no other draw shows, divided by n, are about the
//! chance that the next draw shows something new. That holds for draws from one
//! distribution, so each strategy has a figure of its own.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::Interleaving;

use crate::run::StrategyName;

/// With fewer seeds than this, nothing is estimated.
const FEW: u64 = 30;

/// The schedules that were seen; two with the same happens-before order are one.
#[derive(Debug, Default)]
pub struct Coverage {
    distinct: BTreeSet<Interleaving>,
    /// For each strategy, its schedules, and whether they were seen again.
    by_strategy: BTreeMap<StrategyName, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    again: BTreeMap<Interleaving, bool>,
}

/// The schedules that one strategy has not shown yet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Unseen {
    /// The strategy.
    pub strategy: StrategyName,
    /// Its runs.
    pub runs: u64,
    /// Distinct schedules among them.
    pub distinct: u64,
    /// Those of them that were seen once.
    pub once: u64,
}

impl Unseen {
    /// About the chance that its next run shows a new schedule; none if there
    /// were too few runs to say.
    pub fn chance(&self) -> Option<f64> {
        (self.runs >= FEW).then(|| self.once as f64 / self.runs as f64)
    }
}

impl Coverage {
    pub(super) fn add(&mut self, strategy: StrategyName, interleaving: Interleaving) {
        self.distinct.insert(interleaving);
        let seen = self.by_strategy.entry(strategy).or_default();
        seen.runs += 1;
        let again = seen.again.entry(interleaving);
        again.and_modify(|again| *again = true).or_insert(false);
    }

    /// Returns the distinct schedules of all strategies.
    pub fn distinct(&self) -> u64 {
        self.distinct.len() as u64
    }

    /// Returns the estimate of each strategy.
    pub fn unseen(&self) -> impl Iterator<Item = Unseen> + '_ {
        self.by_strategy.iter().map(|(strategy, seen)| Unseen {
            strategy: *strategy,
            runs: seen.runs,
            distinct: seen.again.len() as u64,
            once: seen.again.values().filter(|again| !**again).count() as u64,
        })
    }
}
