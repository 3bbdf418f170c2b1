//! The runtime as a system: roles, faults, and its deployment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{Actor, Actors, Phase, RecordsHistory};
use rehearsal_sim::Ambient;
use rehearsal_sim::tokio::net::TcpListener;

use super::agents::{Agents, World};
use super::client::{Board, Client};
use super::faults::{self, CLIENT, RUNTIME, TOOLS};
use super::host::{RunKey, Runtime};
use super::model::{MODEL, outputs_of};
use super::plan::Plan;
use super::settings::{ContextPolicy, RuntimeScenario, RuntimeSettings, RuntimeSpec, ToolSettings};
use super::tools::{self, Disk, ToolClient, Tools};
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
    roles: &[
        Role::server(RUNTIME),
        Role::server(TOOLS),
        Role::client(CLIENT),
    ],
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
        marks::REQUEST_TIMED_OUT,
        marks::ANSWER_AFTER_CANCEL,
        marks::FIRST_MESSAGES_MET,
        marks::EVENT_DURING_VISIT,
        marks::DISCONNECTED_UNDER_WAY,
        marks::TOOL_CALL_REPEATED,
        marks::EXECUTOR_DIED,
        marks::EXECUTOR_STOPPED,
        marks::MODEL_LIMITED,
        marks::RECALLED,
        marks::IDENTITY_FORGED,
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
        deployment.longest_work(plan.longest_work(spec.settings.runtime.model_calls));
        add_runtime(&mut deployment, spec, planner.world(), &plan);
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

fn add_runtime(
    deployment: &mut Deployment,
    spec: &RuntimeSpec,
    world: rehearsal_sim::World,
    plan: &Plan,
) {
    let process = Rc::new(Process {
        settings: spec.settings.runtime.clone(),
        context: spec.settings.context.policy(),
        tool_settings: spec.settings.tools.clone(),
        defect: spec.defect,
        world,
        key: plan.key,
        namespaces: plan.namespaces(),
        running: RefCell::default(),
        acted_on: RefCell::default(),
        disk: Disk::default(),
        tools: RefCell::default(),
    });
    let of_process = || Rc::clone(&process);
    let (booting, booting_tools, crashing) = (of_process(), of_process(), of_process());
    deployment.server(RUNTIME, RUNTIME, move |node| Rc::clone(&booting).boot(node));
    deployment
        .server(TOOLS, TOOLS, move |node| {
            Rc::clone(&booting_tools).boot_tools(node)
        })
        .on_crash(move || drop(crashing.tools.take()));
    let (showing, ending) = (of_process(), of_process());
    deployment.on_snapshot(move || {
        let process = Rc::clone(&showing);
        async move { process.snapshot().await }
    });
    deployment.on_shutdown(move || {
        let process = Rc::clone(&ending);
        async move { process.shut_down().await }
    });
}

/// The processes of the runtime and of the tools.
struct Process {
    settings: RuntimeSettings,
    tool_settings: ToolSettings,
    context: ContextPolicy,
    defect: Option<Defect>,
    world: rehearsal_sim::World,
    key: RunKey,
    namespaces: Vec<Arc<str>>,
    running: RefCell<Option<Running>>,
    /// The world that tools act on, over all their incarnations.
    acted_on: RefCell<Option<Arc<World>>>,
    /// The disk of the tools' host.
    disk: Disk,
    /// The tools of the present incarnation.
    tools: RefCell<Option<Arc<Tools>>>,
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
        let (recorder, actors) = (node.recorder().clone(), self.world.actors());
        self.subscribe_archives(&actors);
        let agents = Agents::new(recorder, actors, &self.settings, self.context, self.defect);
        let agents = Arc::new(agents);
        let tools = ToolClient::new(self.tool_settings.clone(), self.defect);
        let runtime = Runtime::new(
            &self.settings,
            agents.factories(),
            tools,
            self.key,
            self.defect,
        );
        let runtime = Arc::new(runtime);
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

    async fn boot_tools(self: Rc<Self>, node: Node) {
        name_task("tools");
        let effects = self.acted_on(&node);
        let limit = self.tool_settings.limit;
        let tools = Tools::new(self.disk.clone(), effects, limit, self.defect);
        let tools = Arc::new(tools);
        self.tools.replace(Some(Arc::clone(&tools)));
        let listener = TcpListener::bind(("0.0.0.0", tools::PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            tools.serve(listener).await;
        }
    }

    /// Returns the world that tools act on, made for their first incarnation.
    fn acted_on(&self, node: &Node) -> Arc<World> {
        let mut acted_on = self.acted_on.borrow_mut();
        let made = acted_on.get_or_insert_with(|| {
            let (recorder, actors) = (node.recorder().clone(), self.world.actors());
            Arc::new(World::new(recorder, actors, &self.namespaces))
        });
        Arc::clone(made)
    }

    /// Records what the runtime and the tools still hold when every client has left.
    async fn snapshot(&self) {
        let actor = self.world.actor(RUNTIME);
        let mut held = Vec::new();
        let running = self.running.borrow().clone();
        if let Some(running) = running {
            self.check_monitor(&actor, &running);
            self.read_outputs(&running.runtime).await;
            running.agents.drained();
            held = running.runtime.held();
        }
        if let Some(world) = &*self.acted_on.borrow() {
            world.drained(&self.namespaces);
        }
        let tools = self.tools.borrow().clone();
        let runs = tools.map_or(0, |tools| tools.held());
        held.extend(std::iter::repeat_n("tool run", runs));
        actor.holds(Phase::Quiescent, held);
    }

    /// Subscribes the readers of outputs, where outputs are stored.
    fn subscribe_archives(&self, actors: &Actors) {
        if self.settings.output_batch > 0 {
            for namespace in &self.namespaces {
                let actor = actors.actor(&archive_of(namespace)).of(namespace);
                actor.subscribed_from_start(&outputs_of(namespace));
            }
        }
    }

    /// Reads the outputs that were written.
    async fn read_outputs(&self, runtime: &Runtime) {
        if self.settings.output_batch == 0 {
            return;
        }
        for output in runtime.written_outputs().await {
            let actor = self.world.actor(&archive_of(&output.namespace));
            let actor = actor.of(&output.namespace);
            actor.received(&outputs_of(&output.namespace), &output.id);
        }
        for namespace in &self.namespaces {
            self.world.actor(&archive_of(namespace)).drained();
        }
    }

    /// Compares what the runtime has counted with what its agents have.
    fn check_monitor(&self, actor: &Actor, running: &Running) {
        let (handled, received) = (running.runtime.handled(), running.agents.received());
        let checked = match handled == received {
            true => Ok(()),
            false => Err(format!("{handled} are counted, {received} reached agents")),
        };
        actor.invariant("the monitor counts each message to an agent", checked);
    }

    async fn shut_down(&self) {
        // Dropped on a time-out too.
        let (running, tools) = (self.running.take(), self.tools.take());
        if let Some(running) = running {
            running.runtime.shut_down().await;
        }
        if let Some(tools) = tools {
            tools.shut_down().await;
        }
    }
}

/// Returns the name of the reader of a namespace's outputs.
fn archive_of(namespace: &str) -> String {
    format!("archive of {namespace}")
}
