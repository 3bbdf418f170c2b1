//! The runtime: it creates agents when they are first needed, carries messages to them, and
//! answers back.
//!
//! | module | contents |
//! |---|---|
//! | `call` | a request while it is under way, as the agent and as the caller see it |
//! | `identity` | the fingerprints of clients |
//! | `limiter` | the limit of model calls |
//! | `outputs` | the outputs of tasks, written in batches |
//! | `registry` | the agents, and the factories that create them |
//! | `session` | the connection of a client |
//! | `topics` | events, and their subscribers |
//!
//! **A request is a task with a token.** The token is a child of that of the request for
//! which it is made, so that a cancellation reaches everything below. It is there before the
//! task is, so that no cancellation comes too early for it.

mod call;
mod identity;
mod limiter;
mod outputs;
mod registry;
mod session;
#[cfg(test)]
mod tests;
mod topics;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::{select, spawn, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use self::limiter::Limiter;
use self::outputs::Outputs;
use self::registry::Registry;
use self::topics::Topics;
use super::defects;
use super::memory::Memory;
use super::settings::RuntimeSettings;
use super::tools::ToolClient;
use super::wire::Outcome;
use crate::defect::Defect;
use crate::record::recorder::name_task;

pub(super) use self::call::{Agent, CallerGone, Context, Factory, Observer, Request, Responder};
pub(super) use self::identity::{Fingerprint, RunKey};
pub(super) use self::limiter::WINDOW;
pub(super) use self::outputs::Output;
pub(super) use self::registry::Factories;

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// One incarnation of the runtime.
pub(super) struct Runtime {
    registry: Registry,
    topics: Topics,
    limiter: Limiter,
    tools: ToolClient,
    memory: Memory,
    outputs: Outputs,
    key: RunKey,
    /// The messages that agents were given to handle.
    handled: AtomicU64,
    /// Handlers of requests, and creations of agents.
    tasks: TaskTracker,
    sessions: TaskTracker,
    stop: CancellationToken,
    defect: Option<Defect>,
}

impl Runtime {
    /// A runtime without agents.
    pub(super) fn new(
        settings: &RuntimeSettings,
        factories: Factories,
        tools: ToolClient,
        key: RunKey,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            registry: Registry::new(factories, defect),
            topics: Topics::new(settings.own_events, defect),
            limiter: Limiter::new(settings.model_calls, defect),
            tools,
            memory: Memory::new(defect),
            outputs: Outputs::new(settings.output_batch, settings.output_write, defect),
            key,
            handled: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            sessions: TaskTracker::new(),
            stop: CancellationToken::new(),
            defect,
        }
    }

    /// Returns `true` if the runtime has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Serves connections until the runtime is shut down.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        // Seeded: it wakes each minute, for ever.
        if self.carries(defects::LIMITER_TIMER_LEFT) {
            spawn(async {
                let mut minutes = time::interval(WINDOW);
                loop {
                    minutes.tick().await;
                }
            });
        }
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let session = session::serve(Arc::clone(&self), stream);
                    self.sessions.spawn(session);
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Cancels every request and ends every session. Returns once their tasks have ended.
    pub(super) async fn shut_down(&self) {
        self.stop.cancel();
        for tasks in [&self.sessions, &self.tasks] {
            tasks.close();
            tasks.wait().await;
        }
    }

    /// Returns the kinds of what the runtime still holds for its clients.
    pub(super) fn held(&self) -> Vec<&'static str> {
        let sessions = std::iter::repeat_n("session", self.sessions.len());
        let tasks = std::iter::repeat_n("request", self.tasks.len());
        let subscriptions = self.topics.subscriptions();
        let subscriptions = std::iter::repeat_n("subscription", subscriptions);
        sessions.chain(tasks).chain(subscriptions).collect()
    }

    /// Returns how many messages the runtime has given to agents.
    pub(super) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// Adds an output to those that are written in batches.
    fn store_output(self: &Arc<Self>, output: Output) {
        if self.outputs.add(output) {
            let runtime = Arc::clone(self);
            // A task of its own: the request that filled the batch may be cancelled.
            self.tasks
                .spawn(async move { runtime.outputs.flush().await });
        }
    }

    /// Writes the outputs that are left, and returns all.
    pub(super) async fn written_outputs(&self) -> Vec<Output> {
        self.outputs.flush().await;
        self.outputs.all().await
    }

    /// Sends a message to an agent and waits for the outcome. If the token is cancelled, or
    /// this future dropped, so is the request, with everything below it.
    pub(super) async fn send_message(
        self: &Arc<Self>,
        request: Request,
        token: &CancellationToken,
    ) -> Outcome {
        // Seeded: below the first level, a request has a token of its own.
        let detached = request.message.context.parent.is_some()
            && self.carries(defects::CANCEL_ENDS_AT_FIRST_LEVEL);
        let own = match detached {
            true => self.stop.child_token(),
            false => token.child_token(),
        };
        let _cancelled_with_caller = (!detached).then(|| own.clone().drop_guard());
        let (responder, outcome) = Responder::new(Arc::clone(&request.observer));
        let handling = Arc::clone(self).handle(request, responder, own);
        self.tasks.spawn(handling);
        wait(outcome, token).await
    }

    /// Has the agent handle a message until it is done or the request is cancelled.
    async fn handle(
        self: Arc<Self>,
        request: Request,
        responder: Responder,
        token: CancellationToken,
    ) {
        let Request {
            sender,
            to,
            message,
            ..
        } = request;
        name_task(&format!("handler of {}", message.id));
        let handling = async {
            match self.registry.agent(&to, &self.tasks).await {
                Ok(agent) => {
                    let context = Context::new(Arc::clone(&self), to, sender, token.clone());
                    self.handled.fetch_add(1, Ordering::Relaxed);
                    agent.on_message(context, message, responder).await;
                }
                Err(refusal) => {
                    // A caller that has gone needs no answer.
                    let _ = responder.respond(Outcome::Refused(refusal));
                }
            }
        };
        // Cancelled, it is dropped where it stands. The token is the caller's, and need not
        // know that the runtime is being shut down.
        let handling = token.run_until_cancelled(handling);
        let _ = self.stop.run_until_cancelled(handling).await;
    }
}

/// Waits for the outcome of a request, or for its cancellation. An outcome that came first
/// stands.
async fn wait(mut outcome: oneshot::Receiver<Outcome>, token: &CancellationToken) -> Outcome {
    select! {
        biased;
        () = token.cancelled() => {
            outcome.close();
            outcome.try_recv().unwrap_or(Outcome::Cancelled)
        }
        outcome = &mut outcome => outcome.unwrap_or_else(|_| {
            Outcome::Failed("the agent gave no answer".to_owned())
        }),
    }
}
