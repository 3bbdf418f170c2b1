//! Helpers of several tests.

use rehearsal_sim::{Config, Random, Recording};

/// Returns a configuration for random schedules, with everything recorded.
pub(crate) fn config(seed: u64) -> Config {
    Config {
        seed,
        strategy: Box::new(Random::default()),
        recording: Recording::Full,
        ..Config::default()
    }
}
