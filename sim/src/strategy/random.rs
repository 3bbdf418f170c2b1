//! The random walk.

use rand_chacha::ChaCha8Rng;

use super::{Candidates, Strategy};
use crate::tape::{below, strategy_stream};

/// Each candidate with the same chance, at every scheduling point.
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
        "random"
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let len = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        below(&mut self.rng, len) as usize
    }
}
