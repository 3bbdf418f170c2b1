//! The number of effects at which the faults of a scenario may strike: those of a run of the same
//! seed under the default schedule, in which no fault strikes.

use std::borrow::Cow;
use std::sync::Arc;

use rehearsal_agents::effect::Effects;
use rehearsal_agents::spec::FaultPlan;
use rehearsal_sim::hermetic::call_on_fresh_thread;
use rehearsal_sim::{Ambient, Fifo, Heartbeat, Recording};

use super::{RunOptions, StrategyName, execute};
use crate::scenario::Scenario;

/// Returns the scenario with the effects counted at which its faults may strike. Costs a run of
/// each new seed, if there are such faults.
pub(super) fn counted<'a>(
    scenario: &'a Scenario,
    seed: u64,
    heartbeat: &Arc<Heartbeat>,
) -> Cow<'a, Scenario> {
    if scenario.spec.faults.at.is_empty() {
        return Cow::Borrowed(scenario);
    }
    let counts = scenario
        .effects
        .of(seed, || count(scenario, seed, heartbeat));
    let mut counted = scenario.clone();
    for (at, among) in counted.spec.faults.at.iter_mut().zip(counts) {
        at.among = among;
    }
    Cow::Owned(counted)
}

/// Counts the effects of each fault of `[faults] at`, in a run without faults.
fn count(scenario: &Scenario, seed: u64, heartbeat: &Arc<Heartbeat>) -> Vec<u32> {
    let effects = Arc::new(Effects::default());
    let mut faultless = scenario.clone();
    faultless.spec.faults = FaultPlan::default();
    let run = || {
        let options = RunOptions {
            recording: Recording::Off,
            heartbeat: Arc::clone(heartbeat),
            ..RunOptions::new(seed, StrategyName::FIFO)
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
