//! Workflows as a system: roles, faults, and the deployment.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::Ambient;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::defects;
use super::faults::{self, ORCHESTRATOR, USER, WORKER};
use super::marks::MARKS;
use super::model::MODEL;
use super::orchestrator::{Orchestrator, Roster};
use super::promises;
use super::settings::{AgentSettings, WorkflowScenario, WorkflowSpec};
use super::telemetry::Telemetry;
use super::user;
use super::wire::{PORT, WorkflowId};
use super::worker::{Journal, Worker, model};
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The workflows' entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "workflow",
    summary: "Has an orchestrator run workflows of agents that work on hosts of their own.",
    roles: &[
        Role::server(ORCHESTRATOR),
        Role::server(WORKER),
        Role::client(USER),
    ],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Spans,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[],
    defects: defects::DEFECTS,
    marks: MARKS,
    model: &MODEL,
};

/// Workflows as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Workflow;

/// The workflow system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workflow;

/// The time that is allowed for the work of a run, beyond that of its tasks.
const SLACK: Duration = Duration::from_secs(10);

impl System for Workflow {
    type Settings = WorkflowScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &WorkflowSpec, planner: &mut Planner) -> Deployment {
        let mut deployment = Deployment::new();
        deployment.longest_work(longest_work(&spec.settings));
        let parts = Parts {
            spec: spec.clone(),
            scenario: Arc::new(spec.settings.clone()),
            telemetry: Telemetry::new(planner.recorder()),
            stop: CancellationToken::new(),
        };
        let roster = parts.add_workers(&mut deployment);
        parts.add_orchestrator(&mut deployment, roster);
        for number in 1..=spec.settings.workflow.users {
            let (workflow, work) = (WorkflowId(number), deployment.work());
            let telemetry = Arc::clone(&parts.telemetry);
            let host = ClientHost::Own(workflow.user());
            deployment.client(USER, host, move |node| {
                user::run(node, workflow, work, telemetry)
            });
        }
        parts.close(&mut deployment);
        deployment
    }
}

/// Returns the longest time that the models and tools of one workflow can take.
fn longest_work(scenario: &WorkflowScenario) -> Duration {
    let of_agent = |agent: &AgentSettings| {
        let answers = u32::try_from(agent.answers.len()).unwrap_or(u32::MAX);
        let answers = answers.saturating_mul(agent.repeats.min(10));
        (agent.takes + agent.tool_takes) * answers.saturating_add(agent.fails)
    };
    let agents: Duration = scenario.agents.iter().map(of_agent).sum();
    agents * scenario.workflow.users + SLACK
}

/// The parts of a deployment.
struct Parts {
    spec: WorkflowSpec,
    scenario: Arc<WorkflowScenario>,
    telemetry: Arc<Telemetry>,
    stop: CancellationToken,
}

impl Parts {
    /// Adds a host for each agent that takes part. Returns their names.
    fn add_workers(&self, deployment: &mut Deployment) -> Arc<Roster> {
        let mut roster = Roster::new();
        for (number, agent) in (1..).zip(self.scenario.enabled()) {
            let host = format!("worker-{number}");
            roster.insert(agent.name.clone(), host.clone());
            let boot = self.worker(agent);
            deployment.server(WORKER, host, boot);
        }
        Arc::new(roster)
    }

    /// Returns the program of a worker's host.
    fn worker(&self, agent: &AgentSettings) -> impl Fn(Node) -> Booted + 'static {
        let (agent, journal) = (agent.clone(), Journal::default());
        let model = model(&agent, self.scenario.workflow.users);
        let (telemetry, stop) = (Arc::clone(&self.telemetry), self.stop.clone());
        let (heartbeat, defect) = (self.scenario.workflow.heartbeat, self.spec.defect);
        telemetry.worker_began(&agent.name);
        move |node| {
            let worker = Arc::new(Worker {
                agent: agent.clone(),
                heartbeat,
                model: model.clone(),
                journal: journal.clone(),
                telemetry: Arc::clone(&telemetry),
                defect,
                stop: stop.clone(),
                connections: TaskTracker::new(),
                turn: Mutex::new(()),
            });
            Box::pin(async move {
                name_task(&worker.agent.name);
                if let Some(listener) = listen(&node).await {
                    worker.serve(listener).await;
                }
            })
        }
    }

    fn add_orchestrator(&self, deployment: &mut Deployment, roster: Arc<Roster>) {
        let (scenario, telemetry) = (Arc::clone(&self.scenario), Arc::clone(&self.telemetry));
        let (stop, defect) = (self.stop.clone(), self.spec.defect);
        deployment.server(ORCHESTRATOR, ORCHESTRATOR, move |node| {
            let orchestrator = Arc::new(Orchestrator {
                scenario: Arc::clone(&scenario),
                roster: Arc::clone(&roster),
                telemetry: Arc::clone(&telemetry),
                defect,
                stop: stop.clone(),
                users: TaskTracker::new(),
            });
            async move {
                if let Some(listener) = listen(&node).await {
                    orchestrator.serve(listener).await;
                }
            }
        });
    }

    /// Judges the promises at the end, and stops all hosts.
    fn close(self, deployment: &mut Deployment) {
        let (scenario, telemetry) = (Arc::clone(&self.scenario), Arc::clone(&self.telemetry));
        deployment.on_snapshot(move || {
            let agents = scenario.enabled().map(|agent| agent.name.as_str());
            telemetry.drained(agents, scenario.workflow.users);
            promises::judge(&scenario, &telemetry);
            std::future::ready(())
        });
        let stop = self.stop;
        deployment.on_shutdown(move || {
            stop.cancel();
            std::future::ready(())
        });
    }
}

/// A program that runs on a host.
type Booted = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Listens on the host, and reports that it can be connected to, or never will be.
async fn listen(node: &Node) -> Option<TcpListener> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    node.ready();
    listener.ok()
}
