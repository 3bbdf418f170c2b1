//! Users: each is on a host of its own, asks for agents, lets them run, and receives their
//! events. Receipts are recorded here, at the edge of the service.
//!
//! | module | contents |
//! |---|---|
//! | `script` | what a user asks for |
//! | `requests` | requests until they are answered, and the ends of agents |
//! | `link` | the connection to the service, made anew whenever it is lost |
//! | `inbox` | the events of a user as it receives them |

mod inbox;
mod link;
mod requests;
mod script;

use std::sync::Arc;

use rehearsal_sim::tokio::spawn;

use self::inbox::Inbox;
use self::link::Link;
use self::requests::Requests;
use super::plan::PlannedUser;
use super::record::channel;
use super::settings::{ConnectionSettings, ContextPolicy};
use crate::driver::{ClientNode, WorkId};
use crate::record::recorder::name_task;

/// A user with everything that it needs.
pub(super) struct User {
    pub(super) plan: PlannedUser,
    pub(super) connections: ConnectionSettings,
    pub(super) contexts: ContextPolicy,
    /// The piece of work that its script is.
    pub(super) work: WorkId,
}

impl User {
    /// Runs the user until it is asked to leave and has received everything.
    pub(super) async fn run(self, node: ClientNode) {
        let name = self.plan.id.to_string();
        name_task(&name);
        let actor = node.actor(&name).of(&name);
        actor.subscribed_from_start(&channel(self.plan.id));
        let requests = Arc::new(Requests::default());
        let inbox = Inbox::new(self.plan.id, actor.clone(), Arc::clone(&requests));
        let (plan, contexts, id) = (self.plan.clone(), self.contexts, self.work);
        let (work, asking) = (Arc::clone(node.work()), Arc::clone(&requests));
        let script_actor = actor.clone();
        let start = move || {
            work.begin(id);
            let script = spawn(async move {
                script::run(plan, contexts, asking, script_actor).await;
                work.done(id);
            });
            script.abort_handle()
        };
        let link = Link::new(self.plan, self.connections, node, actor, requests, inbox);
        link.run(start).await;
    }
}
