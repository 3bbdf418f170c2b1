//! Clients: each is on a host of its own, connects to the runtime, and runs its script.
//! Everything is recorded here, at the edge of the runtime.
//!
//! | module | contents |
//! |---|---|
//! | `connection` | the library that a client program is written with |
//! | `events` | events: publishers, subscribers and visitors |
//! | `forgery` | connections under a false name |
//! | `requests` | requests to agents, some of which are cancelled |

mod connection;
mod events;
mod forgery;
mod requests;

use std::sync::Arc;

use rehearsal_history::Actor;

use self::connection::{Connection, RemoteRuntime};
use self::events::Incoming;
use super::model::{events_of, inbox};
use super::plan::{Plan, PlannedClient, Script};
use crate::defect::Defect;
use crate::driver::{ClientNode, WorkId};
use crate::record::Recorder;
use crate::record::recorder::name_task;

pub(super) use self::events::Board;

/// A client with everything that it needs.
pub(super) struct Client {
    pub(super) plan: PlannedClient,
    /// Every client of the run.
    pub(super) others: Arc<Plan>,
    pub(super) board: Arc<Board>,
    pub(super) defect: Option<Defect>,
    pub(super) work: WorkId,
}

/// The parts that the tasks of a client share.
struct Shared {
    plan: PlannedClient,
    actor: Actor,
    recorder: Recorder,
    runtime: RemoteRuntime,
    incoming: Arc<Incoming>,
    board: Arc<Board>,
    others: Arc<Plan>,
    defect: Option<Defect>,
}

impl Client {
    /// Runs the client until it is asked to leave.
    pub(super) async fn run(self, mut node: ClientNode) {
        let name = self.plan.id.to_string();
        name_task(&name);
        let actor = node.actor(&name).of(&self.plan.namespace);
        actor.subscribed_from_start(&inbox(&name));
        let namespace = Arc::clone(&self.plan.namespace);
        let recorder = node.recorder().clone();
        let incoming = Incoming::new(&self.plan, actor.clone());
        let incoming = Arc::new(incoming);
        let events = Arc::clone(&incoming);
        let fingerprint = self.others.key.fingerprint(self.plan.id, &namespace);
        let connection =
            Connection::open(self.plan.id, namespace, fingerprint, events, self.defect);
        let connection = connection.await.ok();
        if let Some(connection) = &connection {
            self.subscribe(&actor, &connection.runtime).await;
        }
        node.ready();
        node.started().await;
        node.work().begin(self.work);
        if let Some(connection) = &connection {
            let shared = Arc::new(Shared {
                plan: self.plan,
                actor: actor.clone(),
                recorder,
                runtime: connection.runtime.clone(),
                incoming,
                board: self.board,
                others: self.others,
                defect: self.defect,
            });
            shared.work().await;
        }
        node.work().done(self.work);
        node.leave().await;
        if let Some(connection) = connection {
            connection.close().await;
            actor.drained();
        }
    }
}

impl Client {
    /// Subscribes to the events of all other clients of the namespace, if the client stays.
    async fn subscribe(&self, actor: &Actor, runtime: &RemoteRuntime) {
        if !self.plan.script.stays_subscribed() || runtime.subscribe(events::topic()).await.is_err()
        {
            return;
        }
        let publishers = self.others.clients.iter().filter(|other| {
            other.id != self.plan.id
                && other.namespace == self.plan.namespace
                && matches!(other.script, Script::Events(_))
        });
        for publisher in publishers {
            actor.subscribed_from_start(&events_of(&publisher.id.to_string()));
        }
    }
}

impl Shared {
    async fn work(self: Arc<Self>) {
        match &self.plan.script {
            Script::Requests(requests) => {
                let requests = requests.clone();
                requests::run(self, requests).await;
            }
            Script::Events(events) => events::publish(&self, events.clone()).await,
            Script::Visits(visits) => events::visit(&self, visits.clone()).await,
            Script::Forges(attempts) => forgery::run(&self, attempts).await,
            Script::Listens => {}
        }
    }
}
