//! Profiles that the runs of several seeds share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rehearsal_sim::{Interleave, Profile};

use super::RunOptions;

/// The number of consecutive seeds that share a profile. A profile only weighs what a strategy
/// draws, so that of a neighbour serves. With all seeds on one, a first seed that fails early
/// would mislead a whole exploration.
const SHARED_BY: u64 = 16;

/// The most profiles that are kept. Seeds are run in their order, so that an old one is not
/// needed again.
const KEPT: usize = 8;

/// Profiles of one target, each made when it is first needed. For runs with the same settings
/// but for their seeds, strategies and kinds of points.
#[derive(Debug, Default)]
pub(crate) struct Profiles(Mutex<BTreeMap<Key, Slot>>);

type Key = (u64, Option<Interleave>);

/// A profile that a thread may still be making.
type Slot = Arc<OnceLock<Profile>>;

/// Returns the seed whose default schedule is the profile of that seed.
pub(crate) fn profiled_seed(seed: u64) -> u64 {
    seed - seed % SHARED_BY
}

impl Profiles {
    /// Returns the profile for those options. `make` is called if there is none yet; other
    /// threads that need it wait.
    pub(super) fn get(&self, options: &RunOptions, make: impl FnOnce() -> Profile) -> Profile {
        let slot = self.slot((profiled_seed(options.seed), options.interleave));
        slot.get_or_init(make).clone()
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(slots.entry(key).or_default());
        if slots.len() > KEPT {
            slots.pop_first();
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::run::StrategyName;

    #[test]
    fn a_profile_is_made_once_for_sixteen_seeds() {
        let profiles = Profiles::default();
        let made = Cell::new(0);
        for seed in 0..64 {
            profiles.get(&RunOptions::new(seed, StrategyName::URW), || {
                made.set(made.get() + 1);
                Profile::default()
            });
        }
        assert_eq!(made.get(), 4);
    }

    #[test]
    fn a_long_exploration_keeps_few_profiles() {
        let profiles = Profiles::default();
        for seed in (0..10_000).step_by(100) {
            profiles.get(&RunOptions::new(seed, StrategyName::URW), Profile::default);
        }
        assert_eq!(profiles.0.lock().map(|slots| slots.len()).ok(), Some(KEPT));
    }

    #[test]
    fn the_greatest_seed_has_a_profile() {
        assert_eq!(profiled_seed(u64::MAX), u64::MAX - 15);
        assert_eq!(profiled_seed(15), 0);
        assert_eq!(profiled_seed(16), 16);
    }
}
