//! The store as a system: roles, faults, and its deployment.

use std::cell::Cell;
use std::rc::Rc;

use rehearsal_sim::Ambient;

use super::agents::{Agent, Auditor, Environment, Submitter, Tester, TesterDisk, Worker};
use super::faults::{self, AGENT, REPLICA, STORE, WORKER};
use super::model::MODEL;
use super::plan::{Plan, PlannedAgent, PlannedTasks, PlannedTester};
use super::process::{ReplicaProcess, StoreProcess};
use super::settings::{AgentKind, StoreScenario, StoreSpec};
use super::{defects, marks};
use crate::driver::{ClientHost, Deployment, Planner};
use crate::network::{Network, Tcp};
use crate::record::Recorder;
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
        marks::REVISION_REFUSED,
        marks::TOOL_REFUSED,
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
        deploy(spec, plan, planner.recorder(), &Tcp)
    }
}

/// Deploys a store that is planned on a network.
pub(super) fn deploy<N: Network>(
    spec: &StoreSpec,
    plan: Plan,
    recorder: &Recorder,
    network: &N,
) -> Deployment {
    let mut deployment = Deployment::new();
    deployment.longest_work(plan.longest_work(spec.settings.store.lease));
    let environment = Environment {
        network: network.clone(),
        settings: spec.settings.connections.clone(),
        defect: spec.defect,
    };
    add_servers(&mut deployment, spec, recorder, network);
    let auditor = auditor(&spec.settings, &plan, environment.clone());
    for plan in plan.tasks {
        add_tasks(&mut deployment, plan, &environment);
    }
    for plan in plan.testers {
        add_tester(&mut deployment, plan, environment.clone());
    }
    for plan in plan.agents {
        add_agent(&mut deployment, plan, environment.clone());
    }
    let host = ClientHost::Own("auditor".to_owned());
    deployment.client(AGENT, host, move |node| auditor.run(node));
    deployment
}

/// Returns the name of a replica's host.
pub(super) fn replica_host(number: u32) -> String {
    format!("replica-{number}")
}

/// Adds the store and its replicas.
fn add_servers<N: Network>(
    deployment: &mut Deployment,
    spec: &StoreSpec,
    recorder: &Recorder,
    network: &N,
) {
    let store = Rc::new(StoreProcess::new(spec, recorder.clone()));
    let (booting, crashing, on) = (Rc::clone(&store), Rc::clone(&store), network.clone());
    deployment
        .server(STORE, STORE, move |node| {
            Rc::clone(&booting).boot(node, on.clone())
        })
        .on_crash(move || crashing.crashed());
    let mut replicas = Vec::new();
    for number in 1..=spec.settings.store.replicas {
        let replica = Rc::new(ReplicaProcess::new(spec));
        let (booting, on) = (Rc::clone(&replica), network.clone());
        deployment.server(REPLICA, replica_host(number), move |node| {
            Rc::clone(&booting).boot(node, on.clone())
        });
        replicas.push(replica);
    }
    let showing = Rc::clone(&store);
    deployment.on_snapshot(move || {
        let store = Rc::clone(&showing);
        async move { store.snapshot().await }
    });
    let replicas = Rc::new(replicas);
    deployment.on_shutdown(move || {
        let (store, replicas) = (Rc::clone(&store), Rc::clone(&replicas));
        async move {
            for replica in replicas.iter() {
                replica.shut_down().await;
            }
            store.shut_down().await;
        }
    });
}

fn add_agent<N: Network>(
    deployment: &mut Deployment,
    plan: PlannedAgent,
    environment: Environment<N>,
) {
    let (work, host) = (deployment.work(), ClientHost::Own(plan.id.0.clone()));
    let agent = Agent {
        plan,
        environment,
        work,
    };
    deployment.client(AGENT, host, move |node| agent.run(node));
}

fn add_tester<N: Network>(
    deployment: &mut Deployment,
    plan: PlannedTester,
    environment: Environment<N>,
) {
    let (work, host, disk) = (deployment.work(), plan.id.0.clone(), TesterDisk::default());
    deployment.server(WORKER, host, move |node| {
        let tester = Tester {
            plan: plan.clone(),
            environment: environment.clone(),
            work,
            disk: disk.clone(),
        };
        tester.run(node)
    });
}

fn auditor<N: Network>(
    scenario: &StoreScenario,
    plan: &Plan,
    environment: Environment<N>,
) -> Auditor<N> {
    let counters = scenario.agents.iter();
    let counters = counters.filter(|group| group.kind == AgentKind::Counter);
    let teams = plan.teams.iter();
    Auditor {
        environment,
        expected: teams.map(|team| (*team, plan.expected(*team))).collect(),
        counters: counters.map(|group| group.keys).max().unwrap_or_default(),
        replicas: scenario.store.replicas,
    }
}

fn add_tasks<N: Network>(
    deployment: &mut Deployment,
    plan: PlannedTasks,
    environment: &Environment<N>,
) {
    for (place, name) in plan.workers.iter().enumerate() {
        let (team, environment, incarnations) = (plan.team, environment.clone(), Cell::new(0));
        let host = name.clone();
        deployment.server(WORKER, host.clone(), move |node| {
            incarnations.set(incarnations.get() + 1);
            let worker = Worker {
                name: host.clone(),
                place,
                incarnation: incarnations.get(),
                team,
                environment: environment.clone(),
            };
            worker.run(node)
        });
    }
    let host = ClientHost::Own(plan.submitter.0.clone());
    let submitter = Submitter {
        plan,
        environment: environment.clone(),
        work: deployment.work(),
    };
    deployment.client(AGENT, host, move |node| submitter.run(node));
}
