//! The seeds of a measurement: those of each strategy.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::run::StrategyName;
use crate::run::seeds::Seeds;

/// The seeds that each strategy runs of each defect and of each twin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeedPlan {
    common: Seeds,
    own: BTreeMap<StrategyName, Seeds>,
}

/// A part of a plan: `400` for every strategy, or `random=2000` for one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedSeeds {
    /// The strategy; none for all that have no seeds of their own.
    strategy: Option<StrategyName>,
    seeds: Seeds,
}

impl SeedPlan {
    /// A plan of these seeds, whichever the strategy.
    pub fn new(common: Seeds) -> Self {
        Self {
            common,
            own: BTreeMap::new(),
        }
    }

    /// The same plan with that part instead of what it says of the same strategies.
    #[must_use]
    pub fn with(mut self, part: PlannedSeeds) -> Self {
        match part.strategy {
            Some(strategy) => {
                self.own.insert(strategy, part.seeds);
            }
            None => self.common = part.seeds,
        }
        self
    }

    /// Returns the seeds of a strategy.
    pub fn of(&self, strategy: StrategyName) -> &Seeds {
        self.own.get(&strategy).unwrap_or(&self.common)
    }

    /// Returns the strategies that have seeds of their own.
    pub fn strategies(&self) -> impl Iterator<Item = StrategyName> {
        self.own.keys().copied()
    }
}

impl FromStr for PlannedSeeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (strategy, seeds) = match text.split_once('=') {
            Some((strategy, seeds)) => (Some(StrategyName::sampling(strategy)?), seeds),
            None => (None, text),
        };
        let seeds = seeds.parse()?;
        Ok(Self { strategy, seeds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(parts: &[&str]) -> SeedPlan {
        let parts = parts.iter().map(|part| part.parse().expect(part));
        parts.fold(SeedPlan::new(Seeds::one(0)), SeedPlan::with)
    }

    #[test]
    fn strategy_has_its_own_seeds_or_the_common_ones() {
        let plan = plan(&["random=5..8", "10", "random=2000"]);
        assert_eq!(plan.of(StrategyName::FIFO).size(), Some(10));
        assert_eq!(plan.of(StrategyName::RANDOM).size(), Some(2_000));
        assert!(plan.strategies().eq([StrategyName::RANDOM]));
    }

    #[test]
    fn part_that_is_none_is_refused() {
        for wrong in [
            "",
            "x",
            "luck=3",
            "random=",
            "=3",
            "exhaustive:2=3",
            "3=random",
        ] {
            assert!(wrong.parse::<PlannedSeeds>().is_err(), "{wrong}");
        }
    }
}
