//! The pairs of a verification: which run each of them is of.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::command::digest::RunKey;
use crate::run::StrategyName;
use crate::scenario::Scenario;

/// A sequence of runs, drawn evenly among targets, strategies and seeds. A run depends on its
/// number and the seed of the draw alone.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    seed: u64,
    targets: usize,
    strategies: Vec<StrategyName>,
}

/// The values that are drawn for a run.
#[derive(Clone, Copy)]
pub(super) enum Drawn {
    Target,
    Strategy,
    Seed,
    Surroundings,
}

impl Draw {
    /// Returns the sequence over so many targets, one at least. Without a strategy, all that
    /// run one schedule a seed are drawn from.
    pub(super) fn new(seed: u64, targets: usize, strategy: Option<StrategyName>) -> Self {
        assert!(targets > 0, "nothing to draw from");
        let strategies = match strategy {
            Some(strategy) => vec![strategy],
            None => StrategyName::samplers(),
        };
        Self {
            seed,
            targets,
            strategies,
        }
    }

    /// Returns a run by its number.
    pub(super) fn run(&self, number: u64) -> RunKey {
        let strategies = self.strategies.len();
        RunKey {
            target: self.below(number, Drawn::Target, self.targets),
            seed: self.value(number, Drawn::Seed),
            strategy: self.strategies[self.below(number, Drawn::Strategy, strategies)],
        }
    }

    /// Returns a number less than `bound` that belongs to the run of that number.
    pub(super) fn below(&self, number: u64, drawn: Drawn, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a size fits 64 bits");
        let value = self.value(number, drawn) % bound;
        usize::try_from(value).expect("it is less than a size")
    }

    fn value(&self, number: u64, drawn: Drawn) -> u64 {
        let mut bytes = [0; 9];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes[8] = drawn as u8;
        xxh3_64_with_seed(&bytes, self.seed)
    }
}

/// Returns the scenarios, the twins without their defects, and all of these with other names in
/// the settings that have a fixed set of them.
pub(super) fn variants(scenarios: Vec<Scenario>) -> Vec<Scenario> {
    let mut targets = Vec::new();
    for scenario in scenarios {
        let twin = scenario.twin();
        for scenario in twin.into_iter().chain([scenario]) {
            let alternatives = scenario.alternatives();
            targets.extend(alternatives.into_iter().chain([scenario]));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn run_depends_on_its_number_and_the_seed_alone() {
        let draw = Draw::new(1, 7, None);
        let runs = |draw: &Draw| (0..50).map(|number| draw.run(number)).collect::<Vec<_>>();
        assert_eq!(runs(&draw), runs(&draw.clone()));
        assert_ne!(runs(&draw), runs(&Draw::new(2, 7, None)));
        assert_eq!(draw.run(49), Draw::new(1, 7, None).run(49));
    }

    #[test]
    fn every_target_and_every_strategy_is_drawn() {
        let draw = Draw::new(0, 5, None);
        let runs: Vec<RunKey> = (0..500).map(|number| draw.run(number)).collect();
        let targets: BTreeSet<usize> = runs.iter().map(|run| run.target).collect();
        let strategies: BTreeSet<String> =
            runs.iter().map(|run| run.strategy.to_string()).collect();
        assert_eq!(targets, (0..5).collect());
        assert_eq!(strategies.len(), StrategyName::samplers().len());
        let one = Draw::new(0, 1, Some(StrategyName::FIFO));
        assert_eq!(one.run(3).strategy, StrategyName::FIFO);
    }
}
