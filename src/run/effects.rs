//! The number of effects at which the faults of a scenario may strike: those of a run of the same
//! seed under the default schedule, in which no fault strikes.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rehearsal_agents::effect::Effects;
use rehearsal_agents::spec::FaultPlan;
use rehearsal_sim::hermetic::call_on_fresh_thread;
use rehearsal_sim::{Ambient, Choices, Fifo, Recording};

use super::{RunOptions, StrategyName, execute};
use crate::scenario::Scenario;

/// The counts of effects of one seed of a scenario: those of its last run, since a seed is mostly
/// run again at once, up to thousands of times where its failure is shrunk. A clone has none: it
/// may become another variant.
#[derive(Default, Debug)]
pub(crate) struct EffectCounts(Mutex<Option<(u64, Vec<u32>)>>);

impl EffectCounts {
    /// Returns the counts of a seed, which are made if they are not there.
    fn of(&self, seed: u64, count: impl FnOnce() -> Vec<u32>) -> Vec<u32> {
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

/// Returns the scenario with the effects counted at which its faults may strike. Costs a run of
/// each new seed, if there are such faults.
pub(super) fn counted(scenario: &Scenario, seed: u64) -> Cow<'_, Scenario> {
    if scenario.spec.faults.at.is_empty() {
        return Cow::Borrowed(scenario);
    }
    let counts = scenario.effects.of(seed, || count(scenario, seed));
    let mut counted = scenario.clone();
    for (at, among) in counted.spec.faults.at.iter_mut().zip(counts) {
        at.among = among;
    }
    Cow::Owned(counted)
}

/// Counts the effects of each fault of `[faults] at`, in a run without faults.
fn count(scenario: &Scenario, seed: u64) -> Vec<u32> {
    let effects = Arc::new(Effects::default());
    let mut faultless = scenario.clone();
    faultless.spec.faults = FaultPlan::default();
    let run = || {
        let options = RunOptions {
            seed,
            strategy: StrategyName::FIFO,
            recording: Recording::Off,
            choices: Choices::Fresh,
            interleave: None,
        };
        execute(
            &faultless,
            options,
            Box::new(Fifo),
            Some(Arc::clone(&effects)),
        );
    };
    match scenario.implementation().ambient() {
        Ambient::Real => run(),
        Ambient::Hermetic => call_on_fresh_thread(run),
    }
    let faults = scenario.spec.faults.at.iter();
    faults.map(|at| effects.number(at.of)).collect()
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
