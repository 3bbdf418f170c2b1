//! The gateway as a system: roles, faults, and its deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rehearsal_sim::Ambient;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::agent::{Agent, Memory, Model, Peers, TaskIds, Volume};
use super::defects::{self, MEMORY_SHARED_BY_AGENTS, RETRIES_WITHOUT_BUDGET};
use super::faults::{self, CLIENT, COORDINATOR, GATEWAY, WORKER};
use super::http::{self, Client, OnTimeout, RetryPolicy};
use super::ids::AgentName;
use super::marks;
use super::model::MODEL;
use super::plan::{Plan, PlannedAgent, longest_work};
use super::proxy::{Gateway as Proxy, PORT, Transients};
use super::record::{Record, Rules};
use super::settings::{GatewayScenario, GatewaySpec};
use super::user::User;
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::model_service::ModelService;
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The time that an agent takes to write an event.
const WRITE: Duration = Duration::from_millis(1);

/// The time between two parts of a streamed answer.
const CHUNK_INTERVAL: Duration = Duration::from_millis(5);

/// The gateway's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "gateway",
    summary: "Agents with memories behind an HTTP gateway; a coordinator delegates to workers.",
    roles: &[
        Role::server(GATEWAY),
        Role::server(COORDINATOR),
        Role::server(WORKER),
        Role::client(CLIENT),
    ],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Spans,
        Facet::Operations,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[],
    defects: &defects::DEFECTS,
    marks: &marks::MARKS,
    model: &MODEL,
};

/// The gateway as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Gateway;

/// The gateway with its agents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gateway;

impl System for Gateway {
    type Settings = GatewayScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &GatewaySpec, planner: &mut Planner) -> Deployment {
        let scenario = &spec.settings;
        let plan = Plan::draw(scenario, planner);
        let record = Record::new(planner.recorder().clone(), rules(scenario, &plan));
        let environment = Rc::new(Environment {
            spec: spec.clone(),
            record: Arc::new(record),
            stop: CancellationToken::new(),
            epoch: Instant::now(),
        });
        let mut deployment = Deployment::new();
        deployment.longest_work(longest_work(scenario));
        environment.add_gateway(&mut deployment, plan.transients.clone());
        environment.add_agents(&mut deployment, &plan);
        environment.add_users(&mut deployment, plan);
        let stop = environment.stop.clone();
        deployment.on_shutdown(move || {
            stop.cancel();
            async {}
        });
        deployment
    }
}

fn rules(scenario: &GatewayScenario, plan: &Plan) -> Rules {
    let access = |agent: &PlannedAgent| (agent.name.clone(), agent.access.clone());
    Rules {
        access: plan.agents.iter().map(access).collect(),
        request_attempts: scenario.client.attempts,
        task_attempts: scenario.delegation.attempts,
    }
}

/// The parts that all hosts of a run share: the tracer, and what outlives a crash.
struct Environment {
    spec: GatewaySpec,
    record: Arc<Record>,
    stop: CancellationToken,
    epoch: Instant,
}

impl Environment {
    fn add_gateway(self: &Rc<Self>, deployment: &mut Deployment, transients: Transients) {
        let environment = Rc::clone(self);
        deployment.server(GATEWAY, GATEWAY, move |node| {
            let environment = Rc::clone(&environment);
            environment.run_gateway(node, transients.clone())
        });
    }

    async fn run_gateway(self: Rc<Self>, node: Node, transients: Transients) {
        name_task("gateway");
        let namespace = &self.spec.settings.deployment.namespace;
        let observer = Arc::clone(&self.record);
        let gateway = Arc::new(Proxy::new(namespace, transients, observer));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            let handle = move |request| Arc::clone(&gateway).forward(request);
            http::serve(listener, &self.stop, handle).await;
        }
    }

    fn add_agents(self: &Rc<Self>, deployment: &mut Deployment, plan: &Plan) {
        let shared_volume = Volume::default();
        let volume = || match self.spec.defect {
            Some(MEMORY_SHARED_BY_AGENTS) => shared_volume.clone(),
            _ => Volume::default(),
        };
        let roster = Arc::new(plan.roster());
        for agent in &plan.agents {
            let program = Rc::new(AgentProgram {
                environment: Rc::clone(self),
                agent: agent.clone(),
                disk: Disk {
                    volume: volume(),
                    task_ids: TaskIds::new(agent.task_prefix.clone(), self.epoch),
                },
                model: plan.model.clone(),
                roster: Arc::clone(&roster),
            });
            let role = if agent.is_coordinator() {
                COORDINATOR
            } else {
                WORKER
            };
            deployment.server(role, agent.name.as_str(), move |node| {
                Rc::clone(&program).run(node)
            });
        }
        self.record_participants(deployment, plan);
    }

    /// Records that every agent takes part in every session, to the end.
    fn record_participants(&self, deployment: &mut Deployment, plan: &Plan) {
        let sessions = plan.users.iter().map(|user| &user.session);
        let of_agent = |agent: &PlannedAgent| {
            let name = agent.name.clone();
            sessions
                .clone()
                .map(move |session| (name.clone(), session.clone()))
        };
        let participants: Vec<_> = plan.agents.iter().flat_map(of_agent).collect();
        for (agent, session) in &participants {
            self.record.joins(agent, session);
        }
        let record = Arc::clone(&self.record);
        deployment.on_snapshot(move || {
            for (agent, session) in &participants {
                record.drained(agent, session);
            }
            async {}
        });
    }

    fn add_users(self: &Rc<Self>, deployment: &mut Deployment, plan: Plan) {
        for user in plan.users {
            let work = deployment.work();
            let host = ClientHost::Own(user.name.clone());
            let user = User::new(user, &self.spec.settings, Arc::clone(&self.record));
            deployment.client(CLIENT, host, move |node| user.run(node, work));
        }
    }
}

/// The parts of an agent that outlive a crash of its host.
struct Disk {
    volume: Volume,
    task_ids: TaskIds,
}

/// The program on the host of an agent.
struct AgentProgram {
    environment: Rc<Environment>,
    agent: PlannedAgent,
    disk: Disk,
    model: ModelService,
    roster: Arc<BTreeSet<AgentName>>,
}

impl AgentProgram {
    /// Runs one incarnation.
    async fn run(self: Rc<Self>, node: Node) {
        name_task(self.agent.name.as_str());
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            Arc::new(self.agent()).serve(listener).await;
        }
    }

    fn agent(&self) -> Agent {
        let Environment {
            spec,
            record,
            stop,
            epoch,
        } = &*self.environment;
        Agent {
            name: self.agent.name.clone(),
            description: self.agent.description.clone(),
            startup: self.agent.startup,
            model: Model::new(
                self.model.clone(),
                self.agent.name.as_str(),
                spec.settings.model.clone(),
                spec.defect,
            ),
            memory: Memory {
                agent: self.agent.name.clone(),
                volume: self.disk.volume.clone(),
                write: WRITE,
                epoch: *epoch,
                observer: Arc::clone(record) as _,
                defect: spec.defect,
            },
            peers: self.peers(),
            task_ids: self.disk.task_ids.clone(),
            chunk_interval: CHUNK_INTERVAL,
            observer: Arc::clone(record) as _,
            defect: spec.defect,
            stop: stop.clone(),
            is_ready: AtomicBool::new(false),
            under_way: BTreeMap::new().into(),
        }
    }

    fn peers(&self) -> Peers {
        let Environment { spec, record, .. } = &*self.environment;
        let settings = &spec.settings.delegation;
        let attempts = if spec.defect == Some(RETRIES_WITHOUT_BUDGET) {
            u32::MAX
        } else {
            settings.attempts
        };
        let policy = RetryPolicy {
            timeout: settings.timeout,
            attempts,
            backoff: settings.backoff,
            on_timeout: OnTimeout::Retry,
        };
        let client = Client::new(format!("{GATEWAY}:{PORT}"), policy);
        Peers {
            own: self.agent.name.clone(),
            namespace: spec.settings.deployment.namespace.clone(),
            roster: Arc::clone(&self.roster),
            access: self.agent.access.clone(),
            poll: client.without_retries(),
            client,
            cards: BTreeMap::new().into(),
            observer: Arc::clone(record) as _,
        }
    }
}
