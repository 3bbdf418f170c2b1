//! The store as a system: roles, faults, and its deployment.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{EntryKind, Phase};
use rehearsal_sim::Ambient;
use rehearsal_sim::tokio::net::TcpListener;

use super::agents::{Agent, Auditor, Site, Submitter, Tester, TesterDisk, Worker};
use super::faults::{self, AGENT, REPLICA, STORE, WORKER};
use super::model::MODEL;
use super::plan::{Plan, PlannedTasks};
use super::server::{Journal, Primary, Replica};
use super::settings::{AgentKind, StoreScenario, StoreSettings, StoreSpec};
use super::stream::SimConnector;
use super::wire::PORT;
use super::{defects, marks};
use crate::defect::Defect;
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::record::Recorder;
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The store's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "store",
    summary: "Keeps keys, workspaces and tasks of teams of agents, with a journal and replicas.",
    roles: &[
        Role::server(STORE),
        Role::server(REPLICA),
        Role::server(WORKER),
        Role::client(AGENT),
    ],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Operations,
        Facet::Spans,
        Facet::Resources,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[],
    defects: &defects::DEFECTS,
    marks: &[
        marks::REQUEST_REPEATED,
        marks::CLAIM_REFUSED,
        marks::TASK_REASSIGNED,
        marks::LATE_RESULT_REFUSED,
        marks::PAIR_COMPLETED,
        marks::REPLICA_BEHIND,
    ],
    model: &MODEL,
};

/// The store as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Store;

/// The store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Store;

impl System for Store {
    type Settings = StoreScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &StoreSpec, planner: &mut Planner) -> Deployment {
        let plan = Plan::draw(&spec.settings, planner);
        let mut deployment = Deployment::new();
        deployment.longest_work(plan.longest_work(spec.settings.store.lease));
        let site = Site {
            connector: SimConnector,
            settings: spec.settings.connections.clone(),
            defect: spec.defect,
        };
        add_store(&mut deployment, spec, planner.recorder());
        add_replicas(&mut deployment, spec, &site);
        let auditor = auditor(&spec.settings, &plan, site.clone());
        for plan in plan.tasks {
            add_tasks(&mut deployment, plan, &site);
        }
        for agent in plan.agents {
            let (work, site) = (deployment.work(), site.clone());
            if agent.kind == AgentKind::Tester {
                let (host, disk) = (agent.id.0.clone(), TesterDisk::default());
                deployment.server(WORKER, host, move |node| {
                    let tester = Tester {
                        plan: agent.clone(),
                        site: site.clone(),
                        work,
                        disk: disk.clone(),
                    };
                    tester.run(node)
                });
            } else {
                let host = ClientHost::Own(agent.id.0.clone());
                let agent = Agent {
                    plan: agent,
                    site,
                    work,
                };
                deployment.client(AGENT, host, move |node| agent.run(node));
            }
        }
        let host = ClientHost::Own("auditor".to_owned());
        deployment.client(AGENT, host, move |node| auditor.run(node));
        deployment
    }
}

/// Returns the name of a replica's host.
pub(super) fn replica_host(number: u32) -> String {
    format!("replica-{number}")
}

fn auditor(scenario: &StoreScenario, plan: &Plan, site: Site<SimConnector>) -> Auditor<SimConnector> {
    let counters = scenario.agents.iter();
    let counters = counters.filter(|group| group.kind == AgentKind::Counter);
    let teams = plan.teams.iter();
    Auditor {
        site,
        expected: teams.map(|team| (*team, plan.expected(*team))).collect(),
        counters: counters.map(|group| group.keys).max().unwrap_or_default(),
        replicas: scenario.store.replicas,
    }
}

fn add_store(deployment: &mut Deployment, spec: &StoreSpec, recorder: &Recorder) {
    let settings = &spec.settings;
    let process = Rc::new(StoreProcess {
        settings: settings.store.clone(),
        workers: settings.tasks.as_ref().map_or(0, |tasks| tasks.workers),
        defect: spec.defect,
        recorder: recorder.clone(),
        journal: Journal::new(settings.store.write),
        primary: RefCell::default(),
    });
    let of_process = || Rc::clone(&process);
    let (booting, crashing) = (of_process(), of_process());
    deployment
        .server(STORE, STORE, move |node| Rc::clone(&booting).boot(node))
        .on_crash(move || crashing.crashed());
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

fn add_replicas(deployment: &mut Deployment, spec: &StoreSpec, site: &Site<SimConnector>) {
    for number in 1..=spec.settings.store.replicas {
        let (spec, site) = (spec.clone(), site.clone());
        deployment.server(REPLICA, replica_host(number), move |node| {
            let replica = Replica::new(
                spec.settings.store.clone(),
                spec.settings.connections.clone(),
                spec.defect,
            );
            run_replica(Arc::new(replica), site.clone(), node)
        });
    }
}

async fn run_replica(replica: Arc<Replica>, site: Site<SimConnector>, node: Node) {
    name_task("replica");
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    node.ready();
    let Ok(listener) = listener else { return };
    let following = Arc::clone(&replica);
    replica
        .sessions
        .spawn(async move { following.follow(site.connector).await });
    let sessions = replica.sessions.clone();
    sessions.serve(listener, replica).await;
}

fn add_tasks(deployment: &mut Deployment, plan: PlannedTasks, site: &Site<SimConnector>) {
    for (place, name) in plan.workers.iter().enumerate() {
        let (team, site, incarnations) = (plan.team, site.clone(), Cell::new(0));
        let host = name.clone();
        deployment.server(WORKER, host.clone(), move |node| {
            incarnations.set(incarnations.get() + 1);
            let worker = Worker {
                name: host.clone(),
                place,
                incarnation: incarnations.get(),
                team,
                site: site.clone(),
            };
            worker.run(node)
        });
    }
    let host = ClientHost::Own(plan.submitter.0.clone());
    let submitter = Submitter {
        plan,
        site: site.clone(),
        work: deployment.work(),
    };
    deployment.client(AGENT, host, move |node| submitter.run(node));
}

/// The store's process across its incarnations.
struct StoreProcess {
    settings: StoreSettings,
    workers: u32,
    defect: Option<Defect>,
    recorder: Recorder,
    /// The disk of the host.
    journal: Journal,
    /// The store of the present incarnation.
    primary: RefCell<Option<Arc<Primary>>>,
}

impl StoreProcess {
    /// Runs one incarnation of the store.
    async fn boot(self: Rc<Self>, node: Node) {
        name_task("store");
        let (journal, defect) = (self.journal.clone(), self.defect);
        let primary = Arc::new(Primary::open(&self.settings, self.workers, journal, defect));
        self.replace(Some(Arc::clone(&primary)));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            let sessions = primary.sessions.clone();
            sessions.serve(listener, primary).await;
        }
    }

    fn replace(&self, primary: Option<Arc<Primary>>) {
        // The old one is dropped outside the borrow.
        let _old = self.primary.replace(primary);
    }

    fn primary(&self) -> Option<Arc<Primary>> {
        self.primary.borrow().clone()
    }

    /// Drops everything but the disk.
    fn crashed(&self) {
        self.replace(None);
        if let Some(epoch) = self.journal.epoch() {
            let crashed = EntryKind::Crashed { epoch };
            self.recorder.history().record(None, crashed);
        }
    }

    /// Records the snapshots that the store still keeps.
    async fn snapshot(&self) {
        if let Some(primary) = self.primary() {
            let holds = EntryKind::Holds {
                resources: primary.held().await,
                phase: Phase::Quiescent,
            };
            self.recorder.history().record(None, holds);
        }
    }

    async fn shut_down(&self) {
        // Dropped on a time-out too.
        let primary = self.primary.take();
        if let Some(primary) = primary {
            primary.sessions.end().await;
        }
    }
}
