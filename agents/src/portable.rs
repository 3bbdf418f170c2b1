//! A deployment on another runtime than the simulator: the same programs with the same
//! phases. The runtime brings hosts, network and clock.

use std::fmt;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use rehearsal_history::Model;
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::{select, time};

use crate::driver::{
    ClientDoor, ClientNode, Deployment, Node, PlanError, Planner, RunState, SHUTDOWN_TIMEOUT,
    client_doors, close_doors, draw_plan, longest_run,
};
use crate::record::Recorder;
use crate::spec::FaultPlan;

/// A reason for which a scenario is not portable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotPortable {
    /// It has faults.
    Faults,
    /// A tokio runtime is at work on this thread, so that no plan can be drawn.
    InsideRuntime,
    /// The plan could not be drawn, for the given reason.
    NoPlan(String),
}

impl fmt::Display for NotPortable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults => f.write_str(
                "the scenario has faults, which strike in the simulator alone; take them out",
            ),
            Self::InsideRuntime => f.write_str(
                "a portable scenario is planned outside of any tokio runtime; plan it before you \
                 start one",
            ),
            Self::NoPlan(why) => write!(f, "the plan could not be drawn: {why}"),
        }
    }
}

impl std::error::Error for NotPortable {}

impl From<PlanError> for NotPortable {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::InsideRuntime => Self::InsideRuntime,
            PlanError::Failed(reason) => Self::NoPlan(reason),
        }
    }
}

/// A deployment's parts for another runtime than the simulator: a program for each host,
/// and the director of the phases.
///
/// A host has a tokio runtime: a host of another simulator, or plain tokio with real
/// sockets. All parts share one thread. A seed gives the plan that it gives in the
/// simulator.
#[derive(Debug)]
pub struct PortableDeployment {
    /// The servers, each for a host of its own.
    pub servers: Vec<Part>,
    /// The clients, each for a host of its own.
    pub clients: Vec<Part>,
    /// The director, for the host of a server.
    pub director: Director,
    /// The history. It is complete but for the census once all parts have ended: only
    /// the runtime can count the tasks and sockets that are left then.
    pub recorder: Recorder,
}

/// The program of one host.
pub struct Part {
    /// The name of the host, under which the others connect to it.
    pub host: String,
    program: LocalBoxFuture<'static, ()>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Part {
    /// Runs to the end: a server until it is shut down, a client until it has left.
    pub async fn run(self) {
        self.program.await;
    }
}

/// The director of the phases of a run.
pub struct Director {
    state: Rc<RunState>,
    deployment: Rc<Deployment>,
    faults: FaultPlan,
    doors: Vec<ClientDoor>,
}

impl fmt::Debug for Director {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Director")
            .field("deployment", &self.deployment)
            .finish_non_exhaustive()
    }
}

impl PortableDeployment {
    /// Plans a deployment with that seed: `draw` draws everything random, and `deploy` makes
    /// the deployment of it. `clock` gives the runtime's time to the recorder; see
    /// [`rehearsal_history::Recorder::with_clock`].
    ///
    /// # Errors
    ///
    /// If there are faults, or the plan cannot be drawn.
    pub fn new<P: 'static>(
        faults: &FaultPlan,
        seed: u64,
        (model, clock): (&Model, impl Fn() -> VirtualTime + Send + Sync + 'static),
        draw: impl FnOnce(&mut Planner) -> P + 'static,
        deploy: impl FnOnce(P, &Recorder) -> Deployment,
    ) -> Result<Self, NotPortable> {
        if !faults.is_empty() {
            return Err(NotPortable::Faults);
        }
        let recorder = Recorder::with_model_and_clock(model, clock);
        let plan = draw_plan(seed, recorder.clone(), draw)?;
        let deployment = Rc::new(deploy(plan, &recorder));
        let state = Rc::new(deployment.state(recorder.clone()));
        let (clients, doors) = clients(&deployment, &state);
        Ok(Self {
            servers: servers(&deployment, &state),
            clients,
            director: Director {
                state,
                deployment,
                faults: faults.clone(),
                doors,
            },
            recorder,
        })
    }
}

fn servers(deployment: &Rc<Deployment>, state: &Rc<RunState>) -> Vec<Part> {
    let servers = deployment.servers.iter().enumerate();
    let part = |(index, server): (usize, &crate::driver::Server)| Part {
        host: server.host.clone(),
        program: server.incarnation(Node::new(Rc::clone(state), index)),
    };
    servers.map(part).collect()
}

fn clients(deployment: &Deployment, state: &Rc<RunState>) -> (Vec<Part>, Vec<ClientDoor>) {
    let clients = deployment.clients.iter();
    let part = |client: &crate::driver::Client| {
        let (side, door) = client_doors();
        let host = client.own_host().unwrap_or("client").to_owned();
        let node = ClientNode::new(Rc::clone(state), state.add_client());
        let program = client.program(node);
        let program = async move {
            let _leaving = side.leaving;
            select! {
                biased;
                _ = side.closing => {}
                () = program => {}
            }
        };
        let program = Box::pin(program);
        (Part { host, program }, door)
    };
    clients.map(part).unzip()
}

impl Director {
    /// Runs the phases, from the readiness of the servers to their shutdown. However broken
    /// the system may be, this ends in bounded time.
    ///
    /// `settled` waits until nothing is in flight any more; it is called when the clients
    /// have left, and again when the system is shut down.
    pub async fn run(self, settled: impl AsyncFn()) {
        let Self {
            state,
            deployment,
            faults,
            doors,
        } = self;
        state.servers_ready().await;
        state.start().await;
        let longest = longest_run(&faults, deployment.longest_work);
        state.work_finished(longest).await;
        close_doors(&state, doors).await;
        settled().await;
        let _ = time::timeout(SHUTDOWN_TIMEOUT, deployment.take_snapshot()).await;
        let _ = time::timeout(SHUTDOWN_TIMEOUT, deployment.shut_down()).await;
        settled().await;
    }
}
