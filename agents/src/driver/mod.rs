//! The driver: deploys a system on its hosts, runs it through named phases while
//! faults strike, drains its clients and counts the resources that are left.
//!
//! It knows no system. A system gives it a [`Deployment`]: hosts by role, the
//! program that boots on each, the clients, and the work that must finish.

mod agents;
mod deployment;
mod faults;
mod node;
mod numbering;
mod overlap;
mod plan;
#[cfg(feature = "systems")]
mod portable;
mod state;
mod topology;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::Phase;
use rehearsal_sim::World;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use crate::calls;
use crate::effect::Effects;
use crate::record::Recorder;
use crate::spec::FaultPlan;

pub use agents::{Population, run_agents};
#[cfg(feature = "systems")]
pub(crate) use deployment::Client;
pub use deployment::{ClientHost, Deployment, Server};
pub use node::{ClientNode, Node};
pub use plan::{OwnAgents, Planner, Tenant};
pub use state::{ClientCommand, Work, WorkId};

#[cfg(feature = "systems")]
pub(crate) use portable::{
    ClientDoor, ClientSide, PlanError, client_doors, close_doors, draw_plan,
};
pub(crate) use state::RunState;
#[cfg(feature = "systems")]
pub(crate) use state::SHUTDOWN_TIMEOUT;

use topology::Topology;

/// Longest time that clients may take to drain. A client that takes longer is
/// aborted, and its record shows that it has not finished.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs a deployment through all phases. The program of a run of the simulator.
///
/// The work starts once every client is ready. When all of it has finished and all
/// faults are over, the clients drain, the system is shut down, and the remaining
/// tasks and sockets are counted. However broken the system may be, this ends in
/// bounded virtual time.
pub async fn run(
    world: World,
    faults: &FaultPlan,
    recorder: Recorder,
    deploy: impl FnOnce(&mut Planner) -> Deployment,
) {
    let run = Rc::new(plan(world, faults, recorder, deploy));
    world.insert_extension(run.state.actors().clone());
    boot(&run);
    ready(&run).await;
    let clients = spawn_clients(&run);
    census(&run, Phase::Ready);
    start(&run).await;
    let faults = faults::schedule(&run);
    finish(&run).await;
    heal(&run, faults).await;
    drain(&run, clients).await;
    settle(&run).await;
    census(&run, Phase::Quiescent);
    snapshot(&run).await;
    shutdown(&run).await;
    settle(&run).await;
    census(&run, Phase::ShutDown);
}

/// One run of a deployment.
struct Run {
    world: World,
    faults: FaultPlan,
    state: Rc<RunState>,
    deployment: Deployment,
    topology: Topology,
    /// The effects, if they are counted.
    effects: Option<Arc<Effects>>,
    /// The faults that wait for calls, if any may.
    answers: Option<Arc<calls::Waiting>>,
    /// Cancelled when the faults outside of the core are to end.
    healing: CancellationToken,
}

/// Draws everything that a run needs, and creates its hosts.
fn plan(
    world: World,
    faults: &FaultPlan,
    recorder: Recorder,
    deploy: impl FnOnce(&mut Planner) -> Deployment,
) -> Run {
    let mut planner = Planner::new(world, recorder.clone());
    let deployment = deploy(&mut planner);
    let topology = Topology::new(world, &deployment);
    let state = deployment.state(recorder);
    if !faults.at.is_empty() && Effects::of(world).is_none() {
        world.insert_extension(Arc::new(Effects::default()));
    }
    if faults.strikes_answers() {
        world.insert_extension(Arc::new(calls::Waiting::default()));
    }
    Run {
        healing: CancellationToken::new(),
        effects: Effects::of(world),
        answers: calls::Waiting::of(world),
        world,
        faults: faults.clone(),
        state: Rc::new(state),
        deployment,
        topology,
    }
}

/// Boots every server's host, and has it boot again after each crash.
fn boot(run: &Rc<Run>) {
    for (index, host) in run.topology.servers().iter().enumerate() {
        let run = Rc::clone(run);
        let host = host.id;
        run.world.boot(host, {
            let run = Rc::clone(&run);
            move || {
                let node = Node::new(Rc::clone(&run.state), index);
                let run = Rc::clone(&run);
                async move {
                    let server = &run.deployment.servers[index];
                    run.world.name_task(&server.host);
                    server.incarnation(node).await;
                }
            }
        });
    }
}

/// Waits until every server can be connected to.
async fn ready(run: &Run) {
    run.state.servers_ready().await;
}

/// Starts the clients.
fn spawn_clients(run: &Run) -> Vec<JoinHandle<()>> {
    let clients = run.deployment.clients.iter().zip(run.topology.clients());
    let spawn = |(client, host): (&deployment::Client, &topology::ClientHostId)| {
        let node = ClientNode::new(Rc::clone(&run.state), run.state.add_client());
        let (world, program) = (run.world, client.program(node));
        let name = client.own_host().map(str::to_owned);
        let task = world.spawn_on(host.runs_on, async move {
            if let Some(name) = name {
                world.name_task(&name);
            }
            program.await;
        });
        world.exempt_from_cancellation(&task);
        task
    };
    clients.map(spawn).collect()
}

/// Lets the work start once every client is ready.
async fn start(run: &Run) {
    run.state.start().await;
}

/// Waits until all work has finished.
async fn finish(run: &Run) {
    let incarnation = run.deployment.longest_work;
    run.state
        .work_finished(longest_run(&run.faults, incarnation))
        .await;
}

/// The longest time that a run takes in which the system answers at all.
pub(crate) fn longest_run(faults: &FaultPlan, longest_work: Duration) -> Duration {
    // Work that has not begun starts anew after a crash.
    let incarnations = faults.most().saturating_add(1);
    let faults = faults.until + faults.lasting.saturating_mul(incarnations);
    longest_work
        .saturating_mul(incarnations)
        .saturating_add(faults)
        .saturating_add(Duration::from_secs(120))
}

/// Waits until the faults that have struck are over; the others will not strike.
async fn heal(run: &Run, faults: Vec<faults::Scheduled>) {
    if let Some(effects) = &run.effects {
        effects.stop();
    }
    if let Some(answers) = &run.answers {
        answers.clear();
    }
    if !run.faults.core.is_empty() {
        run.healing.cancel();
    }
    faults::end(faults).await;
}

/// Asks every client to leave, and waits until they have.
async fn drain(run: &Run, clients: Vec<JoinHandle<()>>) {
    let _open = run.state.command_clients_to_leave().await;
    let deadline = time::Instant::now() + DRAIN_TIMEOUT;
    for mut client in clients {
        if time::timeout_at(deadline, &mut client).await.is_err() {
            client.abort();
            // Cancelled: it has not finished, and its record shows that.
            let _ = client.await;
        }
    }
}

/// Waits until nothing can happen any more without a timer.
async fn settle(run: &Run) {
    run.world.settled().await;
}

/// Records how the system describes itself at the end.
async fn snapshot(run: &Run) {
    run.deployment.take_snapshot().await;
}

/// Shuts the system down.
async fn shutdown(run: &Run) {
    run.deployment.shut_down().await;
}

/// Counts the tasks, sockets, timers and locks that are alive.
fn census(run: &Run, phase: Phase) {
    let census = run.world.census();
    run.state.recorder().counted(census, phase);
}
