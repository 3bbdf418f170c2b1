//! The seeds of a measurement: those of each strategy.

use std::collections::BTreeMap;
use std::fmt::Write;
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

    /// Returns the plan as arguments of a command line.
    pub fn as_arguments(&self) -> String {
        let mut text = format!("--seeds {}", shortest(&self.common));
        for (strategy, seeds) in &self.own {
            // Writing to a string cannot fail.
            let _ = write!(text, " --seeds {strategy}={}", shortest(seeds));
        }
        text
    }
}

/// Returns the seeds as their number if they begin at 0.
fn shortest(seeds: &Seeds) -> String {
    match seeds.size() {
        Some(size) if seeds.first() == 0 => size.to_string(),
        _ => seeds.to_string(),
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
    fn plan_is_read_as_it_is_written() {
        let given = plan(&["5..8", "pct:3=20", "portfolio=2000"]);
        let text = given.as_arguments();
        assert_eq!(text, "--seeds 5..8 --seeds pct:3=20 --seeds portfolio=2000");
        let parts: Vec<&str> = text.split(' ').skip(1).step_by(2).collect();
        assert_eq!(plan(&parts), given);
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
