//! A message that is being handled, and the requests that are made for it.

use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Draft, Sending, Span, SpanContext, SpanDraft, SpanEnd};

use super::super::host::{CallerGone, Context, Observer, Responder};
use super::super::model::{self, inbox, mailbox};
use super::super::wire::{AgentId, Answer, Message, Outcome, Progress, Task};
use super::Failure;
use crate::record::recorder::lock;

/// A message that an agent is handling.
pub(super) struct Handling {
    actor: Actor,
    context: Context,
    pub(super) message: Message,
    /// The inbox of the caller.
    back: String,
    /// Taken with the answer.
    responder: Mutex<Option<Responder>>,
}

impl Handling {
    pub(super) fn new(
        actor: Actor,
        context: Context,
        message: Message,
        responder: Responder,
    ) -> Self {
        Self {
            actor,
            back: inbox(&context.sender().name),
            context,
            message,
            responder: Mutex::new(Some(responder)),
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
        self.send(model::progress(step), |sending| {
            let id = Arc::clone(sending.id());
            let responder = lock(&self.responder);
            let responder = responder.as_ref().ok_or(CallerGone)?;
            responder.progress(&Progress { id })
        });
    }

    /// Answers the message.
    pub(super) fn answer(&self) {
        let number = self.message.number;
        let draft = model::response(number, &self.message.secret);
        self.send(draft, |sending| {
            let id = Arc::clone(sending.id());
            let responder = lock(&self.responder).take().ok_or(CallerGone)?;
            responder.respond(Outcome::Answered(Answer { id, number }))
        });
    }

    /// Ends the request without an answer.
    pub(super) fn end(&self, outcome: Outcome) {
        if let Some(responder) = lock(&self.responder).take() {
            // A caller that has gone knows.
            let _ = responder.respond(outcome);
        }
    }

    /// Makes a request of another agent, for the message that is being handled. Dropped, it
    /// is cancelled.
    pub(super) async fn request(&self, to: AgentId, task: Task) -> Result<(), Failure> {
        let span = SpanDraft::new("request").labelled(to.to_string());
        let span = span.on(inbox(self.actor.name())).within(self.message.context);
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
            Outcome::Cancelled => (SpanEnd::Cancelled, Err("cancelled".to_owned())),
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
