//! The counts of effects that a scenario remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counts of effects of one seed of a scenario: those of its last run, since a seed is mostly
/// run again at once, up to thousands of times where its failure is shrunk. A clone has none: it
/// may become another variant.
#[derive(Default, Debug)]
pub(crate) struct EffectCounts(Mutex<Option<(u64, Vec<u32>)>>);

impl EffectCounts {
    /// Returns the counts of a seed, which are made if they are not there.
    pub(crate) fn of(&self, seed: u64, count: impl FnOnce() -> Vec<u32>) -> Vec<u32> {
        let known = self.lock().clone();
        if let Some((_, counts)) = known.filter(|(of, _)| *of == seed) {
            return counts;
        }
        let counts = count();
        *self.lock() = Some((seed, counts.clone()));
        counts
    }

    fn lock(&self) -> MutexGuard<'_, Option<(u64, Vec<u32>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for EffectCounts {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Counts follow from the rest of the scenario.
impl PartialEq for EffectCounts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_a_seed_are_counted_once_and_never_for_a_variant() {
        let counts = EffectCounts::default();
        assert_eq!(counts.of(7, || vec![3, 5]), [3, 5]);
        assert_eq!(counts.of(7, || panic!("they are known")), [3, 5]);
        assert_eq!(counts.clone().of(7, || vec![1]), [1]);
        assert_eq!(counts.of(8, || vec![4]), [4]);
        assert_eq!(counts.of(7, || vec![2]), [2]);
    }
}
