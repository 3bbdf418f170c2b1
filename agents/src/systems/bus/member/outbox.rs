//! The outbox of a member: orders in the order in which they are given, and the requests
//! that wait for responses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rehearsal_history::MessageId;
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::sync::oneshot;

use super::super::events::EventType;
use super::super::wire::{Answer, Content, Message, Order};
use super::record::Record;
use crate::record::recorder::lock;

/// An order that has not been answered.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) order: Order,
    pub(super) answered: oneshot::Sender<Answer>,
}

/// The way of a member's tasks to the bus. Cheap to clone; when all clones are dropped, the
/// member has nothing more to say.
#[derive(Clone, Debug)]
pub(in super::super) struct Outbox {
    submissions: UnboundedSender<Submission>,
    record: Arc<Record>,
    waiting: Arc<Waiting>,
}

/// The requests of a member that wait for their responses.
#[derive(Default, Debug)]
pub(super) struct Waiting(Mutex<BTreeMap<MessageId, oneshot::Sender<u32>>>);

/// Returns the outbox of a member, its other end, and the requests that wait.
pub(super) fn outbox(record: Arc<Record>) -> (Outbox, UnboundedReceiver<Submission>, Arc<Waiting>) {
    let (submissions, received) = unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    let outbox = Outbox {
        submissions,
        record,
        waiting: Arc::clone(&waiting),
    };
    (outbox, received, waiting)
}

impl Waiting {
    /// Hands a response to the task that waits for it, if one still does.
    pub(super) fn respond(&self, request: MessageId, number: u32) {
        let waiting = lock(&self.0).remove(&request);
        if let Some(waiting) = waiting {
            // A task that gave up at this moment does not take it.
            let _ = waiting.send(number);
        }
    }

    /// Forgets a request.
    fn forget(&self, request: MessageId) {
        lock(&self.0).remove(&request);
    }
}

/// A request that was handed to the bus.
pub(super) struct Asked {
    pub(super) request: MessageId,
    pub(super) answer: oneshot::Receiver<Answer>,
    pub(super) response: oneshot::Receiver<u32>,
}

impl Outbox {
    /// Sends a message. Returns the answer; `None` if the member ended before it came.
    pub(super) async fn send(&self, content: Content) -> Option<Answer> {
        // No await in between: messages are recorded in the order in which they are sent.
        let message = self.record.sent(content);
        self.submit(Order::Send(message)).await.ok()
    }

    /// Sends a message that is recorded already.
    pub(in super::super) async fn send_recorded(&self, message: Message) -> Option<Answer> {
        self.submit(Order::Send(message)).await.ok()
    }

    /// Subscribes the member to events of one type.
    pub(in super::super) async fn subscribe(&self, event: EventType) -> Option<Answer> {
        self.submit(Order::Subscribe(event)).await.ok()
    }

    /// Has the bus refuse all later messages to the member.
    pub(super) async fn stop(&self) -> Option<Answer> {
        self.submit(Order::Stop).await.ok()
    }

    /// Counts the events of the team that some handler has not finished.
    pub(super) async fn count_unhandled(&self) -> Option<Answer> {
        self.submit(Order::CountUnhandled).await.ok()
    }

    /// Sends a request.
    pub(super) fn ask(&self, content: Content) -> Asked {
        let message = self.record.sent(content);
        let request = message.id;
        let (responded, response) = oneshot::channel();
        lock(&self.waiting.0).insert(request, responded);
        Asked {
            request,
            answer: self.submit(Order::Send(message)),
            response,
        }
    }

    /// Expects no response to a request any more.
    pub(super) fn forget(&self, request: MessageId) {
        self.waiting.forget(request);
    }

    /// Has the bus give up the room that it reserved for the response to a request.
    pub(super) async fn withdraw(&self, request: MessageId) {
        // Without an answer, the member has ended.
        let _ = self.submit(Order::Withdraw(request)).await;
    }

    fn submit(&self, order: Order) -> oneshot::Receiver<Answer> {
        let (answered, answer) = oneshot::channel();
        // If the connection task has ended, the receiver says so.
        let _ = self.submissions.send(Submission { order, answered });
        answer
    }
}
