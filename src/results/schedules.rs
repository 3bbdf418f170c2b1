//! A sample of the schedules of many runs, which can be merged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most schedules in a sample. A schedule that two strategies have shown counts twice.
pub(super) const SCHEDULES_MAX: usize = 2_048;

/// The schedules whose hash begins with at least so many zero bits, and the runs of each, by
/// strategy.
///
/// Whether a schedule is in it depends on its hash alone, and the number of bits is the least with
/// which all of them fit. So samples of disjoint runs add up: the merged sample is that of all
/// runs together, in whatever order they are merged (P. Flajolet: "On adaptive sampling",
/// Computing 43, 1990).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedules {
    /// The least number of leading zero bits.
    zeros: u32,
    /// The schedules of each strategy.
    strategies: BTreeMap<String, Drawn>,
}

/// The schedules of one strategy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    /// All runs, of whatever schedule.
    runs: u64,
    /// The number of runs of each schedule in the sample, by its hash.
    sample: BTreeMap<u64, u64>,
}

/// An estimate of the schedules of one strategy.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub(crate) struct Estimate {
    /// Runs.
    pub(crate) runs: u64,
    /// About how many schedules were seen; exact as long as all are in the sample.
    pub(crate) distinct: u64,
    /// About how many of them were seen once.
    pub(crate) once: u64,
}

impl Schedules {
    /// Adds a run of that strategy with that schedule, whose hash is evenly distributed.
    pub(super) fn add(&mut self, strategy: &str, hash: u64) {
        let drawn = match self.strategies.get_mut(strategy) {
            Some(drawn) => drawn,
            None => self.strategies.entry(strategy.to_owned()).or_default(),
        };
        drawn.runs += 1;
        if hash.leading_zeros() >= self.zeros {
            *drawn.sample.entry(hash).or_default() += 1;
            self.bound();
        }
    }

    /// Adds the runs of another sample, of which none is in this one.
    pub(super) fn merge(&mut self, other: &Self) {
        for (strategy, more) in &other.strategies {
            let drawn = self.strategies.entry(strategy.clone()).or_default();
            drawn.runs = drawn.runs.saturating_add(more.runs);
            for (hash, runs) in &more.sample {
                let sum = drawn.sample.entry(*hash).or_default();
                *sum = sum.saturating_add(*runs);
            }
        }
        self.retain(self.zeros.max(other.zeros));
        self.bound();
    }

    fn bound(&mut self) {
        while self.size() > SCHEDULES_MAX {
            self.retain(self.zeros + 1);
        }
    }

    fn size(&self) -> usize {
        let strategies = self.strategies.values();
        strategies.map(|drawn| drawn.sample.len()).sum()
    }

    /// Keeps the schedules whose hash begins with so many zero bits.
    fn retain(&mut self, zeros: u32) {
        self.zeros = zeros;
        for drawn in self.strategies.values_mut() {
            drawn.sample.retain(|hash, _| hash.leading_zeros() >= zeros);
        }
    }

    /// Returns the estimate for each strategy.
    pub(crate) fn estimates(&self) -> impl Iterator<Item = (&str, Estimate)> {
        self.strategies.iter().map(|(strategy, drawn)| {
            let once = drawn.sample.values().filter(|runs| **runs == 1).count();
            let estimate = Estimate {
                runs: drawn.runs,
                distinct: self.scaled(drawn.sample.len(), drawn.runs),
                once: self.scaled(once, drawn.runs),
            };
            (strategy.as_str(), estimate)
        })
    }

    /// Returns about how many schedules there are of which so many are in the sample: no more
    /// than runs.
    fn scaled(&self, schedules: usize, runs: u64) -> u64 {
        let one_in = 1_u64.checked_shl(self.zeros).unwrap_or(u64::MAX);
        (schedules as u64).saturating_mul(one_in).min(runs)
    }

    /// Returns what no exploration of so many runs can have counted; none if all is right.
    pub(super) fn problem(&self, runs: u64) -> Option<&'static str> {
        let drawn = self.strategies.values();
        let all = drawn
            .clone()
            .fold(0_u64, |all, d| all.saturating_add(d.runs));
        let mut sampled = drawn.clone().flat_map(|drawn| drawn.sample.iter());
        let is_none = |(hash, runs): (&u64, &u64)| hash.leading_zeros() < self.zeros || *runs == 0;
        if all != runs {
            return Some("the schedules are not those of all runs");
        }
        if self.zeros > u64::BITS || self.size() > SCHEDULES_MAX || sampled.any(is_none) {
            return Some("the sample of schedules has some that do not belong to it");
        }
        let mut drawn = drawn;
        let is_more = |drawn: &Drawn| {
            let sampled = drawn.sample.values();
            sampled.fold(0_u64, |all, runs| all.saturating_add(*runs)) > drawn.runs
        };
        drawn
            .any(is_more)
            .then_some("more schedules are in the sample than were run")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(hashes: &[(bool, u64)]) -> Schedules {
        let mut schedules = Schedules::default();
        for (is_pct, hash) in hashes {
            schedules.add(if *is_pct { "pct:3" } else { "random" }, *hash);
        }
        schedules
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// There are more schedules than are remembered, so that each case drops some.
        #[test]
        fn sample_of_parts_is_that_of_the_whole(
            seed in any::<u64>(),
            cut in 0_usize..20_000,
        ) {
            let hash = |index: u64| (index % 15_000).wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let all: Vec<(bool, u64)> = (0..20_000).map(|index| (index % 3 == 0, hash(index))).collect();
            let whole = of(&all);
            let (mut first, mut second) = (of(&all[..cut]), of(&all[cut..]));
            let before = first.clone();
            first.merge(&second);
            second.merge(&before);
            prop_assert!(first == whole, "the second part merged into the first");
            prop_assert!(second == whole, "the first part merged into the second");
            prop_assert!(whole.zeros > 0 && whole.size() <= SCHEDULES_MAX);
            prop_assert_eq!(whole.problem(20_000), None);
        }
    }

    #[test]
    fn number_of_schedules_is_estimated() {
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Half of 40,000 schedules are seen twice.
        let all: Vec<(bool, u64)> = (0..60_000).map(|n| (false, spread(n % 40_000))).collect();
        let schedules = of(&all);
        let (strategy, estimate) = schedules.estimates().next().expect("a strategy");
        assert_eq!((strategy, estimate.runs), ("random", 60_000));
        // At least 1,024 are in the sample, so a tenth is three standard deviations.
        assert!(estimate.distinct.abs_diff(40_000) < 4_000, "{estimate:?}");
        assert!(estimate.once.abs_diff(20_000) < 3_000, "{estimate:?}");
    }
}
