//! A scenario on another runtime than the simulator: the same bridge, agents and
//! clients with the same phases. The runtime brings hosts, network and clock.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::{join, select, spawn, time};

use super::client::{Connector, Identity};
use super::incarnation::Process;
use super::plan::BridgePlan;
use super::spec::{BridgeSpec, ClientSettings};
use super::{Listener, ReferenceBridge, system};
use crate::driver::{
    ClientDoor, ClientNode, ClientSide, Node, RunState, SHUTDOWN_TIMEOUT, WorkId, client_doors,
    close_doors, draw_plan, longest_run,
};
use crate::event::ClientId;
use crate::record::Recorder;

pub use crate::portable::NotPortable;

/// A scenario's parts for another runtime than the simulator, each for a host of its
/// own: the server part (reference bridge, agents, driver), and each client.
///
/// A host has a tokio runtime: a host of another simulator, or plain tokio with real
/// sockets. The parts share one thread. A seed gives the plan (start times, every
/// secret, every random delay of an agent) that it gives in the simulator.
#[derive(Debug)]
pub struct PortableScenario {
    /// The bridge with its agents.
    pub server: ServerPart,
    /// The clients.
    pub clients: Vec<ClientPart>,
    /// The history. It is complete but for the census once all parts have ended: only
    /// the runtime can count the tasks and sockets that are left then.
    pub recorder: Recorder,
}

impl PortableScenario {
    /// Plans a scenario with that seed. `clock` gives the runtime's time to the
    /// recorder; see [`Recorder::with_clock`]. The scenario's transport and network
    /// are for the runtime to arrange.
    ///
    /// # Errors
    ///
    /// If the scenario is not portable.
    pub fn new(
        spec: BridgeSpec,
        seed: u64,
        clock: impl Fn() -> VirtualTime + Send + Sync + 'static,
    ) -> Result<Self, NotPortable> {
        if spec.faults.most() > 0 {
            return Err(NotPortable::Faults);
        }
        let recorder = Recorder::with_clock(clock);
        let drawn = spec.clone();
        let plan = draw_plan(seed, recorder.clone(), move |planner| {
            BridgePlan::draw(&drawn, planner)
        })?;
        let work: Vec<WorkId> = (0..).map(WorkId).take(plan.runs.len()).collect();
        let state = RunState::new(
            recorder.clone(),
            work.iter().copied(),
            1,
            plan.clients.len(),
        );
        let state = Rc::new(state);
        let mut next = work.into_iter();
        let process = Process::new(&spec, &plan, recorder.clone(), || {
            next.next().expect("one piece of work for each run")
        });
        let longest = longest_run(&spec.faults, process.population().longest_work());
        let clients = plan.clients.into_iter();
        let (clients, doors) = clients
            .map(|identity| client_part(&state, identity, spec.settings.clients.clone()))
            .unzip();
        Ok(Self {
            server: ServerPart {
                state,
                process,
                longest,
                doors,
            },
            clients,
            recorder,
        })
    }
}

fn client_part(
    state: &Rc<RunState>,
    identity: Identity,
    settings: ClientSettings,
) -> (ClientPart, ClientDoor) {
    let (side, door) = client_doors();
    let client = ClientPart {
        identity,
        settings,
        state: Rc::clone(state),
        side,
    };
    (client, door)
}

/// The bridge, the agents beside it, and the driver.
pub struct ServerPart {
    state: Rc<RunState>,
    process: Process,
    longest: Duration,
    doors: Vec<ClientDoor>,
}

impl fmt::Debug for ServerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerPart")
            .field("clients", &self.doors.len())
            .finish_non_exhaustive()
    }
}

impl ServerPart {
    /// Runs from the boot of the bridge to its shutdown, with the connections that
    /// `listener` accepts. The agents start once every client is subscribed. However
    /// broken the bridge may be, this ends in bounded time.
    ///
    /// `settled` waits until nothing is in flight any more; it is called when the
    /// clients have left, and again when the bridge is shut down.
    pub async fn run<L: Listener>(self, listener: L, settled: impl AsyncFn()) {
        let Self {
            state,
            process,
            longest,
            doors,
        } = self;
        let bridge = Arc::new(ReferenceBridge::with_defect(
            process.deps(),
            process.population().defect,
        ));
        let open = open(Arc::clone(&bridge), listener);
        let phases = async {
            state.servers_ready().await;
            state.start().await;
            state.work_finished(longest).await;
            close_doors(&state, doors).await;
            settled().await;
            let _ = time::timeout(SHUTDOWN_TIMEOUT, process.snapshot()).await;
            let _ = time::timeout(SHUTDOWN_TIMEOUT, process.shut_down()).await;
            settled().await;
        };
        let node = Node::new(Rc::clone(&state), 0);
        join!(process.run_incarnation(&node, bridge, open), phases);
    }
}

async fn open<L: Listener>(bridge: Arc<ReferenceBridge>, listener: L) {
    spawn(async move { bridge.serve_on(listener).await });
}

/// A client that waits for a host.
pub struct ClientPart {
    identity: Identity,
    settings: ClientSettings,
    state: Rc<RunState>,
    side: ClientSide,
}

impl fmt::Debug for ClientPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientPart").field(&self.identity).finish()
    }
}

impl ClientPart {
    /// The client's id.
    pub fn client(&self) -> ClientId {
        self.identity.client
    }

    /// Connects with `connector`, again if it must, and listens until the driver asks
    /// it to leave.
    pub async fn run(self, connector: impl Connector) {
        let Self {
            identity,
            settings,
            state,
            side,
        } = self;
        let node = ClientNode::new(Rc::clone(&state), state.add_client());
        let client = system::client(identity, settings, connector, node);
        let _leaving = side.leaving;
        select! {
            biased;
            _ = side.closing => {}
            () = client.run() => {}
        }
    }
}
