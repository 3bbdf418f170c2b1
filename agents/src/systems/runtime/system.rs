//! The runtime as a system: roles, faults, and its deployment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{Phase, RecordsHistory};
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::{Ambient, World};

use super::agents::Agents;
use super::client::{Board, Client};
use super::faults::{self, CLIENT, RUNTIME};
use super::host::Runtime;
use super::model::MODEL;
use super::plan::Plan;
use super::settings::{RuntimeScenario, RuntimeSettings, RuntimeSpec};
use super::wire::PORT;
use super::{defects, marks};
use crate::defect::Defect;
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::record::marks::INTERLEAVED;
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The runtime's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "runtime",
    summary: "Hosts agents, and carries requests, their steps and their cancellation.",
    roles: &[Role::server(RUNTIME), Role::client(CLIENT)],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Spans,
        Facet::Resources,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[],
    defects: &defects::DEFECTS,
    marks: &[
        INTERLEAVED,
        marks::CANCELLED_UNDER_WAY,
        marks::ANSWER_AFTER_CANCEL,
        marks::FIRST_MESSAGES_MET,
        marks::EVENT_DURING_VISIT,
        marks::DISCONNECTED_UNDER_WAY,
    ],
    model: &MODEL,
};

/// The runtime as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &AgentRuntime;

/// The agent runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentRuntime;

impl System for AgentRuntime {
    type Settings = RuntimeScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &RuntimeSpec, planner: &mut Planner) -> Deployment {
        let plan = Arc::new(Plan::draw(&spec.settings, planner));
        let board = Arc::new(Board::default());
        let mut deployment = Deployment::new();
        deployment.longest_work(plan.longest_work());
        add_runtime(&mut deployment, spec, planner.world());
        for planned in plan.clients.iter().cloned() {
            let host = ClientHost::Own(planned.id.to_string());
            let client = Client {
                plan: planned,
                others: Arc::clone(&plan),
                board: Arc::clone(&board),
                defect: spec.defect,
                work: deployment.work(),
            };
            deployment.client(CLIENT, host, move |node| client.run(node));
        }
        deployment
    }
}

fn add_runtime(deployment: &mut Deployment, spec: &RuntimeSpec, world: World) {
    let process = Rc::new(Process {
        settings: spec.settings.runtime.clone(),
        defect: spec.defect,
        world,
        running: RefCell::default(),
    });
    let (booting, showing) = (Rc::clone(&process), Rc::clone(&process));
    deployment.server(RUNTIME, RUNTIME, move |node| Rc::clone(&booting).boot(node));
    deployment.on_snapshot(move || {
        showing.snapshot();
        std::future::ready(())
    });
    deployment.on_shutdown(move || {
        let process = Rc::clone(&process);
        async move { process.shut_down().await }
    });
}

/// The runtime's process.
struct Process {
    settings: RuntimeSettings,
    defect: Option<Defect>,
    world: World,
    running: RefCell<Option<Running>>,
}

/// The runtime and the agents that it hosts.
#[derive(Clone)]
struct Running {
    runtime: Arc<Runtime>,
    agents: Arc<Agents>,
}

impl Process {
    async fn boot(self: Rc<Self>, node: Node) {
        name_task("runtime");
        let agents = Agents::new(
            node.recorder().clone(),
            self.world.actors(),
            self.settings.start,
        );
        let agents = Arc::new(agents);
        let runtime = Arc::new(Runtime::new(
            &self.settings,
            agents.factories(),
            self.defect,
        ));
        let running = Running {
            runtime: Arc::clone(&runtime),
            agents,
        };
        self.running.replace(Some(running));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            runtime.serve(listener).await;
        }
    }

    fn running(&self) -> Option<Running> {
        self.running.borrow().clone()
    }

    /// Records what the runtime still holds when every client has left.
    fn snapshot(&self) {
        if let Some(running) = self.running() {
            running.agents.drained();
            let actor = self.world.actor("runtime");
            actor.holds(Phase::Quiescent, running.runtime.held());
        }
    }

    async fn shut_down(&self) {
        // Dropped on a time-out too.
        let running = self.running.take();
        if let Some(running) = running {
            running.runtime.shut_down().await;
        }
    }
}
