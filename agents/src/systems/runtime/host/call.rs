//! Requests while they are under way: the agent's side and the caller's.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::memory::Memory;
use super::super::tools::ToolClient;
use super::super::wire::{AgentId, Message, Outcome, Progress};
use super::{Output, Runtime};

/// The sender of a message, as the runtime knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) struct Sender {
    /// A client's or an agent's name.
    pub(in super::super) name: Arc<str>,
    /// The namespace in which it works.
    pub(in super::super) namespace: Arc<str>,
}

/// A message with sender and recipient.
pub(in super::super) struct Request {
    pub(in super::super) sender: Sender,
    pub(in super::super) to: AgentId,
    pub(in super::super) message: Message,
    pub(in super::super) observer: Arc<dyn Observer>,
}

/// The caller's eyes on a request: it sees everything that the agent sends for it, at the
/// moment of sending.
pub(in super::super) trait Observer: Send + Sync {
    /// A step was taken.
    fn progress(&self, progress: &Progress);

    /// The request has ended.
    fn ended(&self, outcome: &Outcome);
}

/// The caller has gone: it was cancelled, or its connection broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct CallerGone;

/// The agent's way back to the caller.
pub(in super::super) struct Responder {
    reply: oneshot::Sender<Outcome>,
    observer: Arc<dyn Observer>,
}

impl Responder {
    /// A responder, and the receiver of the outcome.
    pub(super) fn new(observer: Arc<dyn Observer>) -> (Self, oneshot::Receiver<Outcome>) {
        let (reply, outcome) = oneshot::channel();
        (Self { reply, observer }, outcome)
    }

    /// Reports a step.
    pub(in super::super) fn progress(&self, progress: &Progress) -> Result<(), CallerGone> {
        if self.reply.is_closed() {
            return Err(CallerGone);
        }
        self.observer.progress(progress);
        Ok(())
    }

    /// Ends the request.
    pub(in super::super) fn respond(self, outcome: Outcome) -> Result<(), CallerGone> {
        if self.reply.is_closed() {
            return Err(CallerGone);
        }
        self.observer.ended(&outcome);
        self.reply.send(outcome).map_err(|_| CallerGone)
    }
}

/// The runtime as an agent sees it while it handles a message.
#[derive(Clone)]
pub(in super::super) struct Context {
    runtime: Arc<Runtime>,
    id: AgentId,
    /// The sender of the message that is being handled.
    sender: Sender,
    /// The token of the request that is being handled.
    token: CancellationToken,
}

impl Context {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        id: AgentId,
        sender: Sender,
        token: CancellationToken,
    ) -> Self {
        Self {
            runtime,
            id,
            sender,
            token,
        }
    }

    /// Returns the agent itself.
    pub(in super::super) fn id(&self) -> &AgentId {
        &self.id
    }

    /// Returns the sender of the message.
    pub(in super::super) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Returns the tools.
    pub(in super::super) fn tools(&self) -> &ToolClient {
        &self.runtime.tools
    }

    /// Returns what agents remember.
    pub(in super::super) fn memory(&self) -> &Memory {
        &self.runtime.memory
    }

    /// Stores the output of a task.
    pub(in super::super) fn store_output(&self, output: Output) {
        self.runtime.store_output(output);
    }

    /// Waits until a call of the model is allowed.
    pub(in super::super) async fn model_call(&self) {
        self.runtime.limiter.acquire().await;
    }

    /// Sends a message to another agent, as a part of the request that is being handled: if
    /// that is cancelled, so is this. Dropped, it is cancelled too.
    pub(in super::super) async fn send_message(
        &self,
        to: AgentId,
        message: Message,
        observer: Arc<dyn Observer>,
    ) -> Outcome {
        let request = Request {
            sender: Sender {
                name: self.id.to_string().into(),
                namespace: Arc::clone(&self.id.namespace),
            },
            to,
            message,
            observer,
        };
        self.runtime.send_message(request, &self.token).await
    }
}

/// An agent.
pub(in super::super) trait Agent: Send + Sync {
    /// Handles a message. The future is dropped if the request is cancelled.
    fn on_message(
        self: Arc<Self>,
        context: Context,
        message: Message,
        responder: Responder,
    ) -> BoxFuture<'static, ()>;
}

/// A creator of agents of one type.
pub(in super::super) trait Factory: Send + Sync {
    /// Creates the agent of that id.
    fn create(&self, id: AgentId) -> BoxFuture<'static, Arc<dyn Agent>>;
}
