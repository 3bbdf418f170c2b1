//! The scripts of members: what they send, and how they answer requests.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_history::{MessageId, SpanEnd};
use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::events::Subscriptions;
use super::super::plan::{Action, Step};
use super::super::wire::{Answer, Content, MemberId, Message};
use super::listener::Listener;
use super::outbox::{Asked, Outbox};
use super::record::Record;
use crate::defect::Defect;
use crate::record::recorder::name_task;

/// First time between two questions of a member that flushes; it doubles each time.
const FLUSH_INTERVAL: Duration = Duration::from_millis(10);

/// Longest time between two questions.
const FLUSH_INTERVAL_MAX: Duration = Duration::from_millis(160);

/// The parts that the tasks of a member share.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) outbox: Outbox,
    pub(super) record: Arc<Record>,
    pub(super) request_timeout: Duration,
    pub(super) defect: Option<Defect>,
    /// The subscriptions of the member's handlers, if it has some.
    pub(super) subscriptions: Option<Subscriptions>,
    /// The listener of the member, if it is one.
    pub(super) listener: Option<Arc<Listener>>,
}

impl Script {
    /// Takes numbered steps, one after the other.
    pub(super) async fn run(self, member: MemberId, steps: Vec<(u32, Step)>) {
        name_task(&format!("sender of {member}"));
        for (number, step) in steps {
            if !step.wait.is_zero() {
                time::sleep(step.wait).await;
            }
            self.take(number, step.action).await;
        }
    }

    async fn take(&self, number: u32, action: Action) {
        match action {
            Action::Request { to, effort } => self.request(to, number, effort).await,
            // Either answer is recorded, and a message that was rejected is not repeated.
            Action::Notify { to } => {
                self.outbox.send(Content::Notification { to, number }).await;
            }
            Action::Broadcast => {
                self.outbox.send(Content::Broadcast { number }).await;
            }
            Action::Publish { event } => {
                let (publisher, cause) = (None, None);
                let content = Content::Event {
                    event,
                    publisher,
                    number,
                    cause,
                };
                self.outbox.send(content).await;
            }
            Action::Stop => self.stop().await,
            Action::Subscribe => {
                if let Some(subscriptions) = &self.subscriptions {
                    subscriptions.subscribe_late(&self.outbox).await;
                }
            }
        }
    }

    /// Stops the listener of the member.
    async fn stop(&self) {
        if let Some(listener) = &self.listener
            && let Some(Answer::Stopped { last }) = self.outbox.stop().await
        {
            listener.stop(last).await;
        }
    }

    /// Waits until every event of the team is handled, those included that handlers publish
    /// meanwhile.
    pub(super) async fn flush(&self) {
        let mut interval = FLUSH_INTERVAL;
        while let Some(Answer::Unhandled(events)) = self.outbox.count_unhandled().await
            && events > 0
        {
            time::sleep(interval).await;
            interval = FLUSH_INTERVAL_MAX.min(2 * interval);
        }
    }

    /// Sends a request, and waits for its response.
    async fn request(&self, to: MemberId, number: u32, effort: Duration) {
        let effort_ms = u32::try_from(effort.as_millis()).expect("less than 2^32 ms");
        let Asked {
            request,
            answer,
            response,
        } = self.outbox.ask(Content::Request {
            to,
            number,
            effort_ms,
        });
        if !matches!(answer.await, Ok(Answer::Accepted(_))) {
            return self.outbox.forget(request);
        }
        if let Ok(Ok(answered)) = time::timeout(self.request_timeout, response).await {
            self.record.compared(request, number, answered);
            return self.record.request_ended(request, SpanEnd::Completed);
        }
        self.outbox.forget(request);
        self.record.timed_out();
        // Seeded: the caller is told that all went well.
        if self.defect == Some(defects::TIME_OUT_IS_SUCCESS) {
            self.record.request_ended(request, SpanEnd::Completed);
        } else {
            self.record.request_ended(request, SpanEnd::TimedOut);
        }
        // Seeded: the bus goes on waiting.
        if self.defect != Some(defects::REQUEST_NOT_WITHDRAWN) {
            self.outbox.withdraw(request).await;
        }
    }
}

/// A request that a member has taken from its mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct TakenRequest {
    pub(super) id: MessageId,
    pub(super) from: MemberId,
    pub(super) number: u32,
    pub(super) effort: Duration,
}

impl TakenRequest {
    /// Returns the request that a message is, if it is one.
    pub(super) fn of(message: &Message) -> Option<Self> {
        match message.content {
            Content::Request {
                number, effort_ms, ..
            } => Some(Self {
                id: message.id,
                from: message.from,
                number,
                effort: Duration::from_millis(effort_ms.into()),
            }),
            _ => None,
        }
    }
}

/// Does the work that a request asks for, and sends the response.
pub(super) async fn respond(outbox: Outbox, request: TakenRequest) {
    name_task(&format!("response to message-{}", request.id.0));
    if !request.effort.is_zero() {
        time::sleep(request.effort).await;
    }
    let content = Content::Response {
        to: request.from,
        request: request.id,
        number: request.number,
    };
    outbox.send(content).await;
}
