//! The bus as a system: roles, faults, and its deployment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_history::{EntryKind, Phase, Resource};
use rehearsal_sim::Ambient;

use super::broker::{Broker, Held, Journal, Kept, Roster};
use super::events::EventSettings;
use super::faults::{self, BUS, MEMBER};
use super::member::{Member, SharedRecord};
use super::model::{MODEL, span_of};
use super::plan::{Plan, Presence};
use super::settings::{BusScenario, BusSettings, BusSpec};
use super::wire::{Channel, PORT};
use super::{defects, marks};
use crate::defect::Defect;
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::network::{Network, Tcp};
use crate::record::Recorder;
use crate::record::marks::{GAP_MARKED, INTERLEAVED, RECONNECTED, REPLAYED};
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The bus's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "bus",
    summary: "Carries requests, responses, notifications and broadcasts between mailboxes.",
    roles: &[Role::server(BUS), Role::client(MEMBER)],
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
        REPLAYED,
        GAP_MARKED,
        INTERLEAVED,
        marks::MAILBOX_FULL,
        marks::REQUEST_TIMED_OUT,
        marks::RESPONSE_TOO_LATE,
        marks::ORDER_REPEATED,
        marks::NO_SUBSCRIBER,
        marks::UNKNOWN_MEMBER,
        marks::MEMBER_STOPPED,
        marks::LISTENER_STOPPED,
        marks::RECEIVE_TIMED_OUT,
        marks::HANDLER_FAILED,
        marks::HANDLER_RETRIED,
    ],
    model: &MODEL,
};

/// The bus as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Bus;

/// The message bus.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bus;

impl System for Bus {
    type Settings = BusScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &BusSpec, planner: &mut Planner) -> Deployment {
        let plan = Plan::draw(&spec.settings, planner);
        deploy(spec, plan, planner.recorder(), &Tcp)
    }
}

/// Deploys a bus that is planned on a network.
pub(super) fn deploy<N: Network>(
    spec: &BusSpec,
    plan: Plan,
    recorder: &Recorder,
    network: &N,
) -> Deployment {
    let mut deployment = Deployment::new();
    let request_timeout = spec.settings.bus.request_timeout;
    deployment.longest_work(plan.longest_work(&spec.settings));
    let process = Rc::new(Process::new(spec, &plan, recorder.clone()));
    add_broker(&mut deployment, &process, network);
    let record = Arc::new(SharedRecord::new(recorder.clone()));
    for planned in plan.members {
        if planned.presence == Presence::Absent {
            continue;
        }
        let host = ClientHost::Own(planned.id.to_string());
        let work = (!planned.steps.is_empty()).then(|| deployment.work());
        let member = Member {
            network: network.clone(),
            plan: Arc::new(planned),
            connections: spec.settings.connections.clone(),
            request_timeout,
            defect: spec.defect,
            work,
            record: Arc::clone(&record),
        };
        deployment.client(MEMBER, host, move |node| member.run(node));
    }
    deployment
}

fn add_broker<N: Network>(deployment: &mut Deployment, process: &Rc<Process>, network: &N) {
    let network = network.clone();
    let of_process = || Rc::clone(process);
    let (booting, crashing) = (of_process(), of_process());
    deployment
        .server(BUS, BUS, move |node| {
            Rc::clone(&booting).boot(node, network.clone())
        })
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

/// The broker's process across its incarnations.
struct Process {
    settings: BusSettings,
    events: EventSettings,
    defect: Option<Defect>,
    roster: Arc<Roster>,
    recorder: Recorder,
    /// The disk of the host.
    journal: Journal,
    /// The broker of the present incarnation.
    broker: RefCell<Option<Arc<Broker>>>,
}

impl Process {
    fn new(spec: &BusSpec, plan: &Plan, recorder: Recorder) -> Self {
        let settings = spec.settings.bus.clone();
        Self {
            journal: Journal::new(settings.write),
            settings,
            events: spec.settings.events.clone(),
            defect: spec.defect,
            roster: Arc::new(plan.roster()),
            recorder,
            broker: RefCell::new(None),
        }
    }

    /// Runs one incarnation of the broker.
    async fn boot<N: Network>(self: Rc<Self>, node: Node, network: N) {
        name_task("broker");
        let broker = Arc::new(Broker::open(
            self.settings.clone(),
            self.events.clone(),
            Arc::clone(&self.roster),
            self.journal.clone(),
            self.defect,
        ));
        self.replace(Some(Arc::clone(&broker)));
        let listener = network.listen(PORT).await;
        node.ready();
        if let Ok(listener) = listener {
            broker.serve::<N>(listener).await;
        }
    }

    fn replace(&self, broker: Option<Arc<Broker>>) {
        // The old one is dropped outside the borrow.
        let _old = self.broker.replace(broker);
    }

    fn broker(&self) -> Option<Arc<Broker>> {
        self.broker.borrow().clone()
    }

    /// Drops everything but the disk.
    fn crashed(&self) {
        self.replace(None);
        if let Some(epoch) = self.journal.epoch() {
            let crashed = EntryKind::Crashed { epoch };
            self.recorder.history().record(None, crashed);
        }
    }

    /// Records everything that the broker holds.
    async fn snapshot(&self) {
        if let Some(broker) = self.broker() {
            let held = broker.held().await;
            let holds = EntryKind::Holds {
                resources: held.into_iter().map(resource).collect(),
                phase: Phase::Quiescent,
            };
            self.recorder.history().record(None, holds);
            for kept in broker.kept().await {
                self.recorder.history().record(None, bounded(kept));
            }
        }
    }

    async fn shut_down(&self) {
        // Dropped on a time-out too.
        let broker = self.broker.take();
        if let Some(broker) = broker {
            broker.shut_down().await;
        }
    }
}

/// Returns the comparison of the events that are kept with their bound.
fn bounded(kept: Kept) -> EntryKind {
    let Kept { events, bound } = kept;
    let broken = (events > bound).then(|| format!("{events} events are kept, of {bound} at most"));
    EntryKind::Invariant {
        name: "kept-events-are-bounded".into(),
        broken: broken.map(Into::into),
    }
}

fn resource(held: Held) -> Resource {
    match held {
        Held::Session(member) => Resource {
            kind: "session".into(),
            holder: member.actor().into(),
            target: None,
        },
        Held::Waiting(member, message) => Resource {
            kind: "message".into(),
            holder: Channel::Mailbox(member).id().into(),
            target: Some(message.into()),
        },
        Held::Awaited(member, request) => Resource {
            kind: "reserved room".into(),
            holder: span_of(request).into(),
            target: Some(Channel::Mailbox(member).id().into()),
        },
    }
}
