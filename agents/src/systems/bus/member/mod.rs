//! Members: each is on a host of its own, registers with the broker, takes the messages of
//! its mailbox, and runs its script. Everything is recorded here, at the edge of the bus.
//!
//! | module | contents |
//! |---|---|
//! | `link` | the connection to the broker, made anew whenever it is lost |
//! | `listener` | messages that wait on the member's host |
//! | `window` | messages that are taken, and those that are done with |
//! | `outbox` | orders until they are answered |
//! | `script` | what a member sends, and how it answers requests |
//! | `record` | the history |

mod link;
mod listener;
mod outbox;
mod record;
mod script;
mod window;

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::sync::mpsc::unbounded_channel;
use rehearsal_sim::tokio::task::JoinSet;

use self::link::{Link, Parts};
use self::listener::Listener;
use self::outbox::outbox;
use self::record::Record;
use self::script::Script;
use super::events::{Handlers, Subscriptions};
use super::plan::{PlannedMember, Step};
use super::settings::ConnectionSettings;
use crate::defect::Defect;
use crate::driver::{ClientNode, WorkId};
use crate::network::Network;
use crate::record::recorder::name_task;

pub(super) use self::outbox::Outbox;
pub(super) use self::record::SharedRecord;
pub(super) use self::script::TakenRequest;

/// A member with everything that it needs.
pub(super) struct Member<N> {
    pub(super) network: N,
    pub(super) plan: Arc<PlannedMember>,
    pub(super) connections: ConnectionSettings,
    pub(super) request_timeout: Duration,
    pub(super) defect: Option<Defect>,
    /// The piece of work that its script is; a member without steps has none.
    pub(super) work: Option<WorkId>,
    pub(super) record: Arc<SharedRecord>,
}

impl<N: Network> Member<N> {
    /// Runs the member until it is asked to leave and its mailbox is empty.
    pub(super) async fn run(self, node: ClientNode) {
        name_task(&self.plan.id.to_string());
        let record = Record::begin(Arc::clone(&self.record), Arc::clone(&self.plan));
        let record = Arc::new(record);
        let (outbox, submissions, waiting) = outbox(Arc::clone(&record));
        let (sender, handled) = unbounded_channel();
        let handlers = Handlers::start(&self.plan, &self.record, &outbox, &sender, self.defect);
        let listener = self.plan.listener.map(|settings| {
            let record = Arc::clone(&record);
            Listener::start(self.plan.id, settings, record, sender, self.defect)
        });
        let (listener, listening) = listener.unzip();
        let subscriptions = handlers.as_ref();
        let subscriptions = subscriptions.map(|own| Subscriptions::new(&self.plan, own));
        let subscribing = if self.plan.subscribes_late {
            0
        } else {
            subscribe_first(subscriptions.clone(), &outbox)
        };
        let script = Script {
            outbox: outbox.clone(),
            record: Arc::clone(&record),
            request_timeout: self.request_timeout,
            defect: self.defect,
            subscriptions,
            listener: listener.clone(),
        };
        let (plan, work) = (Arc::clone(&self.plan), self.work);
        let shared_work = Arc::clone(node.work());
        let start = move || {
            if let Some(work) = work {
                shared_work.begin(work);
                spawn(async move {
                    run_script(script, plan).await;
                    shared_work.done(work);
                });
            }
        };
        let parts = Parts {
            network: self.network,
            member: self.plan,
            settings: self.connections,
            node,
            record,
            submissions,
            waiting,
            outbox,
            handlers,
            listener,
            handled,
            subscribing,
        };
        Link::new(parts).run(start).await;
        if let Some(listening) = listening {
            // One that was stopped has ended, and another has nothing to wait for.
            listening.abort();
        }
    }
}

/// Subscribes the handlers before the work starts. Returns the number of subscriptions.
fn subscribe_first(subscriptions: Option<Subscriptions>, outbox: &Outbox) -> usize {
    let Some(subscriptions) = subscriptions else {
        return 0;
    };
    let types = subscriptions.types().len();
    subscriptions.record_first();
    spawn(subscriptions.subscribe(outbox.clone()));
    types
}

/// Takes the steps of a member, as many at once as it may.
async fn run_script(script: Script, plan: Arc<PlannedMember>) {
    name_task(&format!("script of {}", plan.id));
    let mut lanes: Vec<Vec<(u32, Step)>> = vec![Vec::new(); plan.at_once];
    for (number, step) in (1_u32..).zip(plan.steps.iter().copied()) {
        let lane = number as usize % plan.at_once;
        lanes[lane].push((number, step));
    }
    let mut tasks = JoinSet::new();
    for lane in lanes {
        tasks.spawn(script.clone().run(plan.id, lane));
    }
    let flushing = plan.flushes().then_some(script);
    while tasks.join_next().await.is_some() {}
    if let Some(script) = flushing {
        script.flush().await;
    }
}
