//! The decisions as a system: roles, faults, and its deployment.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::{EntryKind, Phase};
use rehearsal_sim::Ambient;
use rehearsal_sim::tokio;

use super::coordinator::{Configuration, Coordinator, Ledger};
use super::faults::{self, COORDINATOR, MEDIATOR, VOTER};
use super::mediator::Mediator;
use super::model::MODEL;
use super::plan::{Plan, PlannedVoter};
use super::record::{CoordinatorRecord, Deadlines, VoterRecord};
use super::rules::{Share, Terms};
use super::settings::{DecisionsScenario, DecisionsSpec};
use super::voter::Voter;
use super::wire::PORT;
use super::{defects, marks};
use crate::driver::{Deployment, Node, Planner};
use crate::network::{Network, Tcp};
use crate::record::Recorder;
use crate::record::marks::RECONNECTED;
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The decisions' entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "decisions",
    summary: "Takes votes over TCP and decides by rule, the same in every order of arrival.",
    roles: &[
        Role::server(COORDINATOR),
        Role::server(MEDIATOR),
        Role::server(VOTER),
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
        RECONNECTED,
        marks::TIE,
        marks::VETOED,
        marks::AT_THRESHOLD,
        marks::VOTER_MISSING,
        marks::MISSING_DECIDES,
        marks::VOTE_TOO_LATE,
        marks::VOTE_REPEATED,
        marks::UNDECIDED,
        marks::DECIDED,
        marks::NO_CONFLICT,
        marks::SECURITY_FIRST,
        marks::CRITICAL_FIRST,
        marks::MEDIATED,
        marks::MEDIATION_FAILED,
    ],
    model: &MODEL,
};

/// The decisions as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Decisions;

/// Decisions by vote.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decisions;

impl System for Decisions {
    type Settings = DecisionsScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &DecisionsSpec, planner: &mut Planner) -> Deployment {
        let plan = Plan::draw(&spec.settings, planner);
        deploy(spec, plan, planner.recorder(), &Tcp)
    }
}

/// Deploys decisions that are planned on a network.
pub(super) fn deploy<N: Network>(
    spec: &DecisionsSpec,
    plan: Plan,
    recorder: &Recorder,
    network: &N,
) -> Deployment {
    let configuration = configuration(spec, &plan);
    let mut deployment = Deployment::new();
    deployment.longest_work(longest_work(&configuration));
    let deadlines = Arc::new(Deadlines::default());
    let mediator = add_mediator(&mut deployment, spec, network);
    let process = Rc::new(Process {
        network: network.clone(),
        configuration,
        recorder: recorder.clone(),
        deadlines: Arc::clone(&deadlines),
        ledger: Ledger::default(),
        record: OnceCell::new(),
        coordinator: RefCell::new(None),
        mediator,
    });
    add_coordinator(&mut deployment, &process);
    for planned in plan.voters {
        add_voter(&mut deployment, (spec, network), planned, &deadlines);
    }
    deployment
}

fn configuration(spec: &DecisionsSpec, plan: &Plan) -> Configuration {
    let decision = &spec.settings.decision;
    Configuration {
        rule: decision.rule.0,
        terms: Terms {
            threshold: Share::percent(decision.threshold),
            ties: decision.ties,
            missing: decision.missing,
        },
        members: plan.members.clone(),
        rounds: decision.rounds,
        deadline: decision.deadline,
        write: decision.write,
        mediation_timeout: spec.settings.mediator.timeout,
        defect: spec.defect,
    }
}

/// Returns the time by which a run without faults has decided every round.
fn longest_work(configuration: &Configuration) -> Duration {
    let round = configuration.deadline + configuration.write + configuration.mediation_timeout;
    (round + Duration::from_secs(1)).saturating_mul(configuration.rounds)
}

/// Adds the mediator, if the rule may ask it.
fn add_mediator<N: Network>(
    deployment: &mut Deployment,
    spec: &DecisionsSpec,
    network: &N,
) -> Option<Rc<Mediator>> {
    if !spec.settings.decision.rule.0.is_of_recommendations() {
        return None;
    }
    let mediator = Rc::new(Mediator::new(spec.settings.mediator.clone()));
    let (booting, on) = (Rc::clone(&mediator), network.clone());
    deployment.server(MEDIATOR, MEDIATOR, move |node| {
        Rc::clone(&booting).run(node, on.clone())
    });
    Some(mediator)
}

fn add_coordinator<N: Network>(deployment: &mut Deployment, process: &Rc<Process<N>>) {
    let of_process = || Rc::clone(process);
    let (booting, crashing) = (of_process(), of_process());
    deployment
        .server(COORDINATOR, COORDINATOR, move |node| {
            Rc::clone(&booting).boot(node)
        })
        .on_crash(move || crashing.crashed());
    let (showing, ending) = (of_process(), of_process());
    deployment.on_snapshot(move || {
        showing.snapshot();
        std::future::ready(())
    });
    deployment.on_shutdown(move || {
        let process = Rc::clone(&ending);
        async move { process.shut_down().await }
    });
}

fn add_voter<N: Network>(
    deployment: &mut Deployment,
    (spec, network): (&DecisionsSpec, &N),
    planned: PlannedVoter,
    deadlines: &Arc<Deadlines>,
) {
    let (id, deadlines) = (planned.id, Arc::clone(deadlines));
    let (network, connections) = (network.clone(), spec.settings.connections.clone());
    let voter = Rc::new(Voter::new(network, planned, connections, deployment.work()));
    let record = Rc::new(OnceCell::new());
    deployment.server(VOTER, id.to_string(), move |node| {
        let (voter, record) = (Rc::clone(&voter), Rc::clone(&record));
        let deadlines = Arc::clone(&deadlines);
        async move {
            let record = record.get_or_init(|| {
                let (actor, recorder) = (node.actor(&id.to_string()), node.recorder().clone());
                VoterRecord::begin(actor, recorder, id, deadlines)
            });
            voter.run(node, record).await;
        }
    });
}

/// The coordinator's process across its incarnations.
struct Process<N: Network> {
    network: N,
    configuration: Configuration,
    recorder: Recorder,
    deadlines: Arc<Deadlines>,
    /// The disk of the host.
    ledger: Ledger,
    record: OnceCell<Arc<CoordinatorRecord>>,
    /// The coordinator of the present incarnation.
    coordinator: RefCell<Option<Arc<Coordinator<N>>>>,
    mediator: Option<Rc<Mediator>>,
}

impl<N: Network> Process<N> {
    /// Runs one incarnation of the coordinator.
    async fn boot(self: Rc<Self>, node: Node) {
        name_task("coordinator");
        let record = Arc::clone(self.record.get_or_init(|| {
            let (actor, recorder) = (node.actor(COORDINATOR), self.recorder.clone());
            let (configuration, deadlines) =
                (self.configuration.clone(), Arc::clone(&self.deadlines));
            Arc::new(CoordinatorRecord::begin(
                actor,
                recorder,
                configuration,
                deadlines,
            ))
        }));
        let (network, ledger) = (self.network.clone(), self.ledger.clone());
        let configuration = self.configuration.clone();
        let coordinator = Arc::new(Coordinator::open(network, configuration, ledger, record));
        self.replace(Some(Arc::clone(&coordinator)));
        let listener = self.network.listen(PORT).await;
        node.ready();
        let Ok(listener) = listener else {
            return;
        };
        let rounds = async {
            node.started().await;
            coordinator.run_rounds().await;
        };
        tokio::join!(coordinator.serve(listener), rounds);
    }

    fn replace(&self, coordinator: Option<Arc<Coordinator<N>>>) {
        // The old one is dropped outside the borrow.
        let _old = self.coordinator.replace(coordinator);
    }

    /// Drops everything but the disk.
    fn crashed(&self) {
        self.replace(None);
        if let Some(epoch) = self.ledger.epoch() {
            let crashed = EntryKind::Crashed { epoch };
            self.recorder.history().record(None, crashed);
        }
    }

    /// Records the connections that the coordinator still has.
    fn snapshot(&self) {
        let coordinator = self.coordinator.borrow();
        if let (Some(record), Some(coordinator)) = (self.record.get(), coordinator.as_ref()) {
            record.drained();
            let held = coordinator.connected();
            let held = held.iter().map(|voter| format!("connection of {voter}"));
            record.actor().holds(Phase::Quiescent, held);
        }
    }

    async fn shut_down(&self) {
        if let Some(mediator) = &self.mediator {
            mediator.shut_down();
        }
        // Dropped on a time-out too.
        let coordinator = self.coordinator.take();
        if let Some(coordinator) = coordinator {
            coordinator.shut_down().await;
        }
    }
}
