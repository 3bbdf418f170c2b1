//! The decisions on another runtime than the simulator.

use rehearsal_sim::VirtualTime;

use super::model::MODEL;
use super::plan::Plan;
use super::settings::DecisionsSpec;
use super::system::deploy;
use crate::network::Network;
use crate::portable::{NotPortable, PortableDeployment};

/// Plans a scenario with that seed on a network; see [`PortableDeployment::new`]. The hosts
/// are `coordinator`, `mediator` if the rule may ask it, and `voter-1`, `voter-2`, … . The
/// scenario's latencies are for the runtime to arrange.
///
/// # Errors
///
/// If the scenario is not portable.
pub fn deployment<N: Network>(
    spec: &DecisionsSpec,
    seed: u64,
    network: &N,
    clock: impl Fn() -> VirtualTime + Send + Sync + 'static,
) -> Result<PortableDeployment, NotPortable> {
    let settings = spec.settings.clone();
    PortableDeployment::new(
        &spec.faults,
        seed,
        (&MODEL, clock),
        move |planner| Plan::draw(&settings, planner),
        |plan, recorder| deploy(spec, plan, recorder, network),
    )
}
