//! Agents: each is a process with a model, a memory and an HTTP interface.
//!
//! | module | contents |
//! |---|---|
//! | `routes` | the HTTP interface |
//! | `stream` | answers as event streams |
//! | `turn` | the loop of model and delegations |
//! | `delegation` | the `delegate` block in an output |
//! | `peers` | sub-agents: cards, access list, delegated tasks |
//! | `model` | attempts at calls of the model |
//! | `memory` | the append-only logs |
//! | `task_ids` | ids of delegated tasks |

mod delegation;
mod memory;
mod model;
mod peers;
mod routes;
mod stream;
mod task_ids;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::sync::watch;
use rehearsal_sim::tokio::{join, spawn, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use self::turn::Turn;
use super::api::{Capability, Card, ErrorCode, Problem};
use super::defects::{JOINED_BY_SESSION, READY_BEFORE_CARDS, RETRY_RUNS_AGAIN};
use super::http;
use super::ids::{AgentName, SessionId, TurnId};
use super::observer::Observer;
use crate::defect::Defect;
use crate::record::recorder::{lock, name_task};

pub(super) use self::memory::{Memory, Volume};
pub(super) use self::model::Model;
pub(super) use self::peers::Peers;
pub(super) use self::task_ids::TaskIds;

/// The answer of a turn.
pub(super) type Outcome = Result<String, Problem>;

/// The key of a turn that is under way.
type TurnKey = (SessionId, Option<TurnId>);

/// An agent, in one incarnation of its process.
pub(super) struct Agent {
    pub(super) name: AgentName,
    pub(super) description: String,
    /// The time that it takes to start; none for one that never does.
    pub(super) startup: Option<Duration>,
    pub(super) model: Model,
    pub(super) memory: Memory,
    pub(super) peers: Peers,
    pub(super) task_ids: TaskIds,
    /// The time between two parts of a streamed answer.
    pub(super) chunk_interval: Duration,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) defect: Option<Defect>,
    pub(super) stop: CancellationToken,
    pub(super) is_ready: AtomicBool,
    pub(super) under_way: Mutex<BTreeMap<TurnKey, watch::Receiver<Option<Outcome>>>>,
}

/// Returns the name of the script of an agent for a session.
pub(super) fn script_name(agent: &AgentName, session: &SessionId) -> String {
    format!("{agent}/{session}")
}

impl Agent {
    /// Serves until it is stopped. Until it is ready, every request is refused.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let handling = Arc::clone(&self);
        let handle = move |request| Arc::clone(&handling).handle(request);
        let starting = self.stop.run_until_cancelled(self.start());
        join!(http::serve(listener, &self.stop, handle), starting);
    }

    async fn start(&self) {
        let Some(startup) = self.startup else {
            return;
        };
        time::sleep(startup).await;
        let is_early = self.defect == Some(READY_BEFORE_CARDS);
        if is_early {
            self.become_ready();
        }
        self.peers.resolve().await;
        if !is_early {
            self.become_ready();
        }
    }

    fn become_ready(&self) {
        self.observer.ready(&self.name);
        self.is_ready.store(true, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    fn card(&self) -> Card {
        let mut capabilities = vec![Capability::MessageProcessing];
        if !self.peers.access.is_empty() {
            capabilities.push(Capability::TaskDelegation);
        }
        Card {
            name: self.name.clone(),
            description: self.description.clone(),
            capabilities,
        }
    }

    fn script_of(&self, session: &SessionId) -> String {
        script_name(&self.name, session)
    }

    /// Returns the outcome of a turn. It runs in a task of its own, so that a client that goes
    /// away does not stop it halfway; one that comes back with the same request joins it.
    async fn outcome(self: Arc<Self>, turn: Turn) -> Outcome {
        let mut outcome = self.begin_or_join(turn);
        let finished = outcome.wait_for(Option::is_some).await;
        match finished.map(|outcome| outcome.clone()) {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => {
                let message = "the agent is being shut down";
                Err(Problem::new(ErrorCode::Unavailable, message))
            }
        }
    }

    fn begin_or_join(self: Arc<Self>, turn: Turn) -> watch::Receiver<Option<Outcome>> {
        let key = self.key_of(&turn);
        let (sender, receiver) = watch::channel(None);
        {
            let mut under_way = lock(&self.under_way);
            if let Some(outcome) = under_way.get(&key)
                && self.defect != Some(RETRY_RUNS_AGAIN)
            {
                self.observer.repeated();
                return outcome.clone();
            }
            under_way.insert(key.clone(), receiver.clone());
        }
        spawn(async move {
            name_task(&format!("{} of {}", turn.id, self.name));
            let outcome = self.stop.run_until_cancelled(self.run(&turn)).await;
            lock(&self.under_way).remove(&key);
            // A client that has gone away does not wait for it.
            let _ = sender.send(outcome);
        });
        receiver
    }

    fn key_of(&self, turn: &Turn) -> TurnKey {
        let by_session = self.defect == Some(JOINED_BY_SESSION);
        let id = (!by_session).then(|| turn.id.clone());
        (turn.session.clone(), id)
    }
}
