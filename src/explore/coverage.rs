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

/// The most schedules that are remembered.
const REMEMBERED_MAX: usize = 1 << 18;

/// The schedules that were seen; two with the same happens-before order are one.
///
/// A long exploration remembers a sample of them: those whose hash begins with so many zeros that
/// all of the sample fit. Every schedule is in the sample with the same chance, however often
/// and in which order it is seen, so the sample's counts times the inverse of that chance
/// estimate those of all (P. Flajolet: "On adaptive sampling", Computing 43, 1990; the idea is
/// M. Wegman's).
#[derive(Debug, Default)]
pub struct Coverage {
    /// Hashes in the sample begin with so many zero bits.
    zeros: u32,
    distinct: BTreeSet<u64>,
    /// For each strategy, its schedules, and whether they were seen again.
    by_strategy: BTreeMap<StrategyName, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    again: BTreeMap<u64, bool>,
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
        self.add_within(strategy, interleaving.to_bits(), REMEMBERED_MAX);
    }

    fn add_within(&mut self, strategy: StrategyName, schedule: u64, most: usize) {
        let seen = self.by_strategy.entry(strategy).or_default();
        seen.runs += 1;
        let hash = mixed(schedule);
        if hash.leading_zeros() < self.zeros {
            return;
        }
        self.distinct.insert(hash);
        let again = seen.again.entry(hash);
        again.and_modify(|again| *again = true).or_insert(false);
        while self.remembered() > most {
            self.zeros += 1;
            let stays = |hash: &u64| hash.leading_zeros() >= self.zeros;
            self.distinct.retain(stays);
            for seen in self.by_strategy.values_mut() {
                seen.again.retain(|hash, _| stays(hash));
            }
        }
    }

    fn remembered(&self) -> usize {
        let by_strategy = self.by_strategy.values();
        self.distinct.len() + by_strategy.map(|seen| seen.again.len()).sum::<usize>()
    }

    /// Returns the number of schedules of which one is remembered: 1 if all are, and then the
    /// numbers of schedules are exact.
    pub fn one_in(&self) -> u64 {
        1 << self.zeros
    }

    /// Returns the distinct schedules of all strategies.
    pub fn distinct(&self) -> u64 {
        let runs = self.by_strategy.values().map(|seen| seen.runs).sum();
        self.estimate(self.distinct.len(), runs)
    }

    /// Returns the estimate of each strategy.
    pub fn unseen(&self) -> impl Iterator<Item = Unseen> + '_ {
        self.by_strategy.iter().map(|(strategy, seen)| {
            let once = seen.again.values().filter(|again| !**again).count();
            Unseen {
                strategy: *strategy,
                runs: seen.runs,
                distinct: self.estimate(seen.again.len(), seen.runs),
                once: self.estimate(once, seen.runs),
            }
        })
    }

    /// Returns about how many schedules there are of which so many are remembered: no more than
    /// runs.
    fn estimate(&self, remembered: usize, runs: u64) -> u64 {
        (remembered as u64 * self.one_in()).min(runs)
    }
}

/// Spreads a hash over all bits (S. Vigna's constants for D. Stafford's finaliser, variant 13).
pub(super) fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(schedules: impl Iterator<Item = u64>, most: usize) -> Coverage {
        let mut coverage = Coverage::default();
        for schedule in schedules {
            coverage.add_within(StrategyName::RANDOM, schedule, most);
        }
        coverage
    }

    #[test]
    fn few_schedules_are_counted_exactly() {
        let found = coverage((0..100).chain(0..40), 1_000);
        assert_eq!((found.distinct(), found.one_in()), (100, 1));
        let unseen: Vec<Unseen> = found.unseen().collect();
        assert_eq!((unseen[0].runs, unseen[0].once), (140, 60));
    }

    /// A sample may have more than its part of the schedules: still no run has two.
    #[test]
    fn no_more_schedules_are_estimated_than_there_were_runs() {
        for runs in 1_000..1_400 {
            let found = coverage(0..runs, 100);
            assert!(found.one_in() > 1 && found.distinct() <= runs);
            for unseen in found.unseen() {
                assert!(unseen.once <= unseen.distinct && unseen.distinct <= runs);
                assert!(unseen.chance().is_some_and(|chance| chance <= 1.0));
            }
        }
    }

    /// Half of 100,000 schedules are seen twice, and 1,000 hashes are remembered at most.
    #[test]
    fn many_schedules_are_estimated_from_a_sample_of_bounded_size() {
        let found = coverage((0..100_000).chain(0..50_000), 1_000);
        assert!(found.one_in() > 1 && found.remembered() <= 1_000);
        // At least 250 of each kind are remembered, so an error of a fifth is three deviations.
        let is_near = |found: u64, count: u64| found.abs_diff(count) < count / 5;
        assert!(is_near(found.distinct(), 100_000), "{}", found.distinct());
        let unseen: Vec<Unseen> = found.unseen().collect();
        assert_eq!(unseen[0].runs, 150_000);
        assert!(is_near(unseen[0].once, 50_000), "{unseen:?}");
        let chance = unseen[0].chance().expect("enough runs");
        assert!((0.26..0.41).contains(&chance), "{chance}");
    }

    /// The order in which schedules are seen changes nothing.
    #[test]
    fn sample_does_not_depend_on_the_order() {
        let forth = coverage(0..20_000, 500);
        let back = coverage((0..20_000).rev(), 500);
        assert_eq!((forth.zeros, &forth.distinct), (back.zeros, &back.distinct));
    }
}
