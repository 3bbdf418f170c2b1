//! The random walk.

use rand_chacha::ChaCha8Rng;

use super::{Candidates, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName};
use crate::schedule::tape::{below, strategy_stream};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "random",
    parameter: None,
    summary: "Picks each ready task with the same chance.",
    paper: None,
    kind: StrategyKind::Sampler(Sampler {
        build: |_, _| Box::new(Random::default()),
        needs_profile: false,
        portfolio: &[0],
    }),
};

impl StrategyName {
    /// Each ready task with the same chance.
    pub const RANDOM: Self = Self::of(&INFO);
}

/// A strategy that picks each candidate with the same chance, at every scheduling point.
#[derive(Debug)]
pub struct Random {
    rng: ChaCha8Rng,
}

impl Default for Random {
    fn default() -> Self {
        Self {
            rng: strategy_stream(0),
        }
    }
}

impl Strategy for Random {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
    }

    fn receives_steps(&self) -> bool {
        false
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let len = u32::try_from(candidates.len()).expect("tasks have numbers of 32 bits");
        below(&mut self.rng, len) as usize
    }
}
