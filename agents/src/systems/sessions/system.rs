//! The sessions as a system: roles, faults, and its deployment.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::{Actor, EntryKind, Phase};
use rehearsal_sim::Ambient;
use rehearsal_sim::tokio::net::TcpListener;

use super::agent::Host;
use super::clock::Clock;
use super::faults::{self, AGENT, IDENTITY, SERVICE};
use super::identity::Identity;
use super::model::MODEL;
use super::record::Shared;
use super::sdk::Connections;
use super::service::{Configuration, Recording, Service};
use super::settings::{HostGroup, SessionsScenario, SessionsSpec};
use super::trace::SessionState;
use super::wire::{PORT, SessionId};
use super::{defects, marks, plan};
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::record::Recorder;
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// Time that is allowed for each module beyond that of its models.
const MODULE_TIME: Duration = Duration::from_secs(2);

/// The sessions' entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "sessions",
    summary: "Keeps the sessions of agents: traces, costs, checkpoints, and their sums.",
    roles: &[
        Role::server(SERVICE),
        Role::server(IDENTITY),
        Role::client(AGENT),
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
        marks::SESSIONS_OVERLAPPED,
        marks::SESSION_FAILED,
        marks::DELEGATED,
        marks::TOKEN_REFRESHED,
        marks::TOKEN_REFUSED,
        marks::REQUEST_REPEATED,
        marks::HEALED,
        marks::TIME_REGRESSION,
        marks::QUALITY_REGRESSION,
        marks::BOTTLENECK_DETECTED,
    ],
    model: &MODEL,
};

/// The sessions as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Sessions;

/// Sessions of agents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sessions;

impl System for Sessions {
    type Settings = SessionsScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &SessionsSpec, planner: &mut Planner) -> Deployment {
        let settings = &spec.settings;
        let clock = Clock::new(planner.recorder().clone());
        let shared = Arc::new(Shared::default());
        let mut deployment = Deployment::new();
        deployment.longest_work(longest_work(settings));
        let identity = Rc::new(Identity::new(settings.tokens, clock.clone()));
        let process = Rc::new(Process {
            configuration: Configuration {
                write: settings.service.write,
                baseline: settings.service.baseline(),
                defect: spec.defect,
            },
            clock: clock.clone(),
            recorder: planner.recorder().clone(),
            recording: Recording::default(),
            service: RefCell::new(None),
            actor: RefCell::new(None),
            identity: Rc::clone(&identity),
            shared: Arc::clone(&shared),
        });
        add_service(&mut deployment, &process);
        deployment.server(IDENTITY, IDENTITY, move |node| {
            Rc::clone(&identity).run(node)
        });
        for planned in plan::draw(settings, planner) {
            let host = Host {
                connections: Connections {
                    reconnect_after: settings.connections.reconnect_after,
                    answer_timeout: settings.connections.answer_timeout,
                    defect: spec.defect,
                },
                clock: clock.clone(),
                shared: Arc::clone(&shared),
                work: deployment.work(),
                plan: planned,
            };
            let name = ClientHost::Own(host.plan.name.clone());
            deployment.client(AGENT, name, move |node| host.run(node));
        }
        deployment
    }
}

/// Returns the longest time that the work of one host takes.
fn longest_work(settings: &SessionsScenario) -> Duration {
    let of_group = |group: &HostGroup| {
        let modules = u32::try_from(1 + group.modules_of_host());
        let modules = modules.expect("fewer than 2^32 modules in one run");
        group.longest_answers() + MODULE_TIME.saturating_mul(modules)
    };
    let longest = settings.hosts.iter().map(of_group).max();
    longest.unwrap_or_default()
}

fn add_service(deployment: &mut Deployment, process: &Rc<Process>) {
    let of_process = || Rc::clone(process);
    let (booting, crashing) = (of_process(), of_process());
    deployment
        .server(SERVICE, SERVICE, move |node| Rc::clone(&booting).boot(node))
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

/// The service's process across its incarnations.
struct Process {
    configuration: Configuration,
    clock: Clock,
    recorder: Recorder,
    /// The disk of the host.
    recording: Recording,
    /// The service of the present incarnation.
    service: RefCell<Option<Arc<Service>>>,
    actor: RefCell<Option<Actor>>,
    identity: Rc<Identity>,
    shared: Arc<Shared>,
}

impl Process {
    /// Runs one incarnation of the service.
    async fn boot(self: Rc<Self>, node: Node) {
        name_task("session service");
        *self.actor.borrow_mut() = Some(node.actor(SERVICE));
        let service = Service::open(
            self.configuration,
            self.clock.clone(),
            self.recording.clone(),
        );
        let service = Arc::new(service);
        self.replace(Some(Arc::clone(&service)));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            service.serve(listener).await;
        }
    }

    fn replace(&self, service: Option<Arc<Service>>) {
        // The old one is dropped outside the borrow.
        let _old = self.service.replace(service);
    }

    /// Drops everything but the disk.
    fn crashed(&self) {
        self.replace(None);
        if let Some(epoch) = self.recording.epoch() {
            let crashed = EntryKind::Crashed { epoch };
            self.recorder.history().record(None, crashed);
        }
    }

    /// Records the sessions that are open, and compares the service with its recording and
    /// with the traces that were read from it.
    async fn snapshot(&self) {
        let service = self.service.borrow().clone();
        let (Some(actor), Some(service)) = (self.actor.borrow().clone(), service) else {
            return;
        };
        let sessions = service.sessions().await;
        let open = sessions.values().filter(|session| session.closed.is_none());
        let open: Vec<String> = open.map(|session| session.id.to_string()).collect();
        actor.holds(Phase::Quiescent, open);
        check_recording(&actor, &sessions, &self.recording.replay());
        let (told, found) = (service.metrics().await, self.shared.metrics());
        let contradiction = || format!("{told:?}, and the traces have {found:?}");
        let checked = (told == found).then_some(()).ok_or_else(contradiction);
        actor.invariant("the metrics are those of the traces", checked);
    }

    async fn shut_down(&self) {
        self.identity.shut_down();
        // Dropped on a time-out too.
        let service = self.service.take();
        if let Some(service) = service {
            service.shut_down().await;
        }
    }
}

fn check_recording(
    actor: &Actor,
    live: &BTreeMap<SessionId, SessionState>,
    replayed: &BTreeMap<SessionId, SessionState>,
) {
    let differs = live
        .iter()
        .find(|(id, state)| replayed.get(id) != Some(state));
    let checked = match differs {
        Some((id, state)) => Err(format!("{id} is {state:?}, and {:?}", replayed.get(id))),
        None if live.len() < replayed.len() => Err("a session is missing".to_owned()),
        None => Ok(()),
    };
    actor.invariant("the recording replays to the same state", checked);
}
