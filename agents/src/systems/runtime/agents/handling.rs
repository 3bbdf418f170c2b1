//! A message that is being handled, and the requests that are made for it.

use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Draft, Sending, Span, SpanContext, SpanDraft, SpanEnd};

use super::super::host::{CallerGone, Context, Observer, Output, Responder};
use super::super::marks::{EXECUTOR_STOPPED, RECALLED, TOOL_CALL_REPEATED};
use super::super::memory::Memory;
use super::super::model::{self, effects_of, inbox, mailbox, outputs_of};
use super::super::tools::{GaveUp, Key, Tool, ToolCall, ToolResult};
use super::super::wire::{AgentId, Answer, Message, Outcome, Progress, Task};
use super::{Agents, Failure, State};
use crate::record::recorder::lock;

/// A message that an agent is handling.
pub(super) struct Handling {
    agents: Arc<Agents>,
    actor: Actor,
    pub(super) state: Arc<State>,
    context: Context,
    pub(super) message: Message,
    /// The inbox of the caller.
    back: String,
    /// Taken with the answer.
    responder: Mutex<Option<Responder>>,
    /// The text that the answer recalls.
    recalled: Mutex<Option<Arc<str>>>,
}

impl Handling {
    pub(super) fn new(
        agents: Arc<Agents>,
        actor: Actor,
        state: Arc<State>,
        context: Context,
        message: Message,
        responder: Responder,
    ) -> Self {
        Self {
            agents,
            actor,
            state,
            back: inbox(&context.sender().name),
            context,
            message,
            responder: Mutex::new(Some(responder)),
            recalled: Mutex::default(),
        }
    }

    /// Returns the agent itself.
    pub(super) fn id(&self) -> &AgentId {
        self.context.id()
    }

    /// Records a message to the caller and hands it over. One to a caller that has gone stays
    /// without an answer.
    fn send(&self, draft: Draft, hand_over: impl FnOnce(&Sending) -> Result<(), CallerGone>) {
        let draft = draft.in_span(self.message.context);
        let sending = self.actor.sending(&self.back, draft);
        match hand_over(&sending) {
            Ok(()) => sending.accepted(),
            Err(CallerGone) => sending.unanswered(),
        }
    }

    /// Reports a step to the caller.
    pub(super) fn step(&self, step: u32) {
        self.report(model::progress(step));
    }

    /// Reports that a tool call begins.
    pub(super) fn tool_executing(&self, call: u32) {
        self.report(model::tool_executing(call));
    }

    /// Reports that a tool call is complete.
    pub(super) fn tool_completed(&self, call: u32) {
        self.report(model::tool_completed(call));
    }

    fn report(&self, draft: Draft) {
        self.send(draft, |sending| {
            let id = Arc::clone(sending.id());
            let responder = lock(&self.responder);
            let responder = responder.as_ref().ok_or(CallerGone)?;
            responder.progress(&Progress { id })
        });
    }

    /// Answers the message.
    pub(super) fn answer(&self) {
        let number = self.message.number;
        let recalled = lock(&self.recalled).take();
        let draft = model::response(number, &self.message.secret, recalled.as_deref());
        self.send(draft.into(), |sending| {
            let id = Arc::clone(sending.id());
            let responder = lock(&self.responder).take().ok_or(CallerGone)?;
            responder.respond(Outcome::Answered(Answer {
                id,
                number,
                recalled,
            }))
        });
    }

    /// Ends the request without an answer.
    pub(super) fn end(&self, outcome: Outcome) {
        if let Some(responder) = lock(&self.responder).take() {
            // A caller that has gone knows.
            let _ = responder.respond(outcome);
        }
    }

    /// Returns what agents remember.
    pub(super) fn memory(&self) -> &Memory {
        self.context.memory()
    }

    /// Has the answer recall a text.
    pub(super) fn recall(&self, text: Option<Arc<str>>) {
        if text.is_some() {
            self.agents.recorder.mark(RECALLED);
        }
        *lock(&self.recalled) = text;
    }

    /// Records the check of an invariant.
    pub(super) fn check(&self, name: &'static str, checked: Result<(), String>) {
        self.actor.invariant(name, checked);
    }

    /// Stores the output of the task, where outputs are stored.
    pub(super) fn store_output(&self) {
        if self.agents.stores_outputs {
            let namespace = Arc::clone(&self.id().namespace);
            let draft = Draft::new("output").with("number", self.message.number);
            let sending = self.actor.sending(&outputs_of(&namespace), draft);
            let id = Arc::clone(sending.id());
            self.context.store_output(Output { id, namespace });
            sending.accepted();
        }
    }

    /// Calls the model once the limit allows it.
    pub(super) async fn call_model(&self) {
        let (calls, recorder) = (&self.agents.model_calls, &self.agents.recorder);
        if calls.is_limited() {
            let waiting = calls.ask(recorder.now());
            self.context.model_call().await;
            waiting.made(recorder, &self.actor);
        }
    }

    /// Uses a tool, and records the effect that it has.
    pub(super) async fn use_tool(&self, number: u32, tool: Tool) -> Result<(), Failure> {
        let namespace = &self.id().namespace;
        let draft = Draft::new("effect").with("call", number);
        let sending = self.actor.sending(&effects_of(namespace), draft);
        let call = ToolCall {
            key: Key(Arc::clone(sending.id())),
            namespace: Arc::clone(namespace),
            effect: Arc::clone(sending.id()),
            tool,
        };
        let repeated = || self.agents.recorder.mark(TOOL_CALL_REPEATED);
        match self.context.tools().call(&call, repeated).await {
            Ok(ToolResult::Done) => {
                sending.accepted();
                Ok(())
            }
            Ok(ToolResult::Stopped) => {
                self.agents.recorder.mark(EXECUTOR_STOPPED);
                sending.rejected("the executor was stopped");
                Err("the executor was stopped at its limit".to_owned())
            }
            Err(GaveUp) => {
                sending.unanswered();
                Err("the tool gave no answer".to_owned())
            }
        }
    }

    /// Makes a request of another agent, for the message that is being handled. Dropped, it
    /// is cancelled.
    pub(super) async fn request(&self, to: AgentId, task: Task) -> Result<(), Failure> {
        let span = SpanDraft::new("request").labelled(to.to_string());
        let span = span
            .on(inbox(self.actor.name()))
            .within(self.message.context);
        let span = OpenSpan::new(self.actor.begin(span));
        let draft = model::request(self.message.number, &self.message.secret);
        let sending = self.actor.sending(&mailbox(&to), draft);
        let message = Message {
            id: Arc::clone(sending.id()),
            context: span.context,
            secret: Arc::clone(&self.message.secret),
            number: self.message.number,
            task,
        };
        let observer = Arc::new(Inbox {
            actor: self.actor.clone(),
            channel: inbox(self.actor.name()),
        });
        let outcome = self.context.send_message(to, message, observer).await;
        let (end, result) = match outcome {
            Outcome::Answered(_) => {
                sending.accepted();
                (SpanEnd::Completed, Ok(()))
            }
            Outcome::Failed(reason) => {
                sending.accepted();
                (SpanEnd::Failed, Err(reason))
            }
            Outcome::Refused(refusal) => {
                sending.rejected(&refusal);
                (SpanEnd::Failed, Err(refusal.to_string()))
            }
            Outcome::Cancelled => {
                span.end(SpanEnd::Cancelled);
                // What is being handled is cancelled too, and this future is about to be
                // dropped: there is no failure to report.
                return std::future::pending().await;
            }
        };
        span.end(end);
        result
    }
}

/// A span that ends as cancelled if it is dropped.
struct OpenSpan {
    context: SpanContext,
    span: Option<Span>,
}

impl OpenSpan {
    fn new(span: Span) -> Self {
        Self {
            context: (&span).into(),
            span: Some(span),
        }
    }

    fn end(mut self, end: SpanEnd) {
        if let Some(span) = self.span.take() {
            span.end(end);
        }
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            span.end(SpanEnd::Cancelled);
        }
    }
}

/// The inbox of an agent: what comes back for its requests is recorded as it is sent.
struct Inbox {
    actor: Actor,
    channel: String,
}

impl Observer for Inbox {
    fn progress(&self, progress: &Progress) {
        self.actor.received(&self.channel, &progress.id);
    }

    fn ended(&self, outcome: &Outcome) {
        if let Outcome::Answered(answer) = outcome {
            self.actor.received(&self.channel, &answer.id);
        }
    }
}
