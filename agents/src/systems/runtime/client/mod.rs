//! Clients: each is on a host of its own, connects to the runtime, and runs its script.
//! Everything is recorded here, at the edge of the runtime.
//!
//! | module | contents |
//! |---|---|
//! | `connection` | the library that a client program is written with |
//! | `requests` | requests to agents, some of which are cancelled |

mod connection;
mod requests;

use std::sync::Arc;

use rehearsal_history::Actor;

use self::connection::{Connection, RemoteRuntime};
use super::model::inbox;
use super::plan::{PlannedClient, Script};
use crate::defect::Defect;
use crate::driver::{ClientNode, WorkId};
use crate::record::Recorder;
use crate::record::recorder::name_task;

/// A client with everything that it needs.
pub(super) struct Client {
    pub(super) plan: PlannedClient,
    pub(super) defect: Option<Defect>,
    pub(super) work: WorkId,
}

/// The parts that the tasks of a client share.
struct Shared {
    plan: PlannedClient,
    actor: Actor,
    recorder: Recorder,
    runtime: RemoteRuntime,
}

impl Client {
    /// Runs the client until it is asked to leave.
    pub(super) async fn run(self, mut node: ClientNode) {
        let name = self.plan.id.to_string();
        name_task(&name);
        let actor = node.actor(&name).of(&self.plan.namespace);
        actor.subscribed_from_start(&inbox(&name));
        let namespace = Arc::clone(&self.plan.namespace);
        let connection = Connection::open(self.plan.id, namespace, self.defect).await;
        node.ready();
        node.started().await;
        node.work().begin(self.work);
        let connection = connection.ok();
        if let Some(connection) = &connection {
            let shared = Arc::new(Shared {
                plan: self.plan,
                actor: actor.clone(),
                recorder: node.recorder().clone(),
                runtime: connection.runtime.clone(),
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

impl Shared {
    async fn work(self: Arc<Self>) {
        match &self.plan.script {
            Script::Requests(requests) => {
                let requests = requests.clone();
                requests::run(self, requests).await;
            }
        }
    }
}
