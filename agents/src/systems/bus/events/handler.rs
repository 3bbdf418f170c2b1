//! One handler: its queue, its task, and the table that it shares with the others of its
//! member.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rehearsal_history::MessageId;
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use rehearsal_sim::tokio::time;

use super::super::member::{Outbox, TakenRequest};
use super::super::wire::{Content, Cursor, HandlerNumber, Message};
use super::record::HandlerRecord;
use super::{EventType, FailurePolicy, HandlerSettings};
use crate::defect::Defect;

/// A message that a member has handled.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Handled {
    /// Its place in the mailbox.
    pub(in super::super) cursor: Cursor,
    /// The request that is to be answered, if it is one.
    pub(in super::super) request: Option<TakenRequest>,
}

/// An event in the queue of a handler.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) message: Message,
    pub(super) delivery: Arc<Delivery>,
}

/// The progress of one event in one member.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) cursor: Cursor,
    /// The handlers that have not finished it.
    pub(super) remaining: AtomicUsize,
    pub(super) handled: UnboundedSender<Handled>,
}

impl Delivery {
    /// Counts a handler that has finished the event.
    pub(super) fn finished(&self) {
        if self.remaining.fetch_sub(1, Ordering::Relaxed) == 1 {
            // A member that has left does not take it.
            let (cursor, request) = (self.cursor, None);
            let _ = self.handled.send(Handled { cursor, request });
        }
    }
}

/// The table that all handlers of a member share.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The queues of the handlers, in the order of their numbers.
    pub(super) queues: Vec<UnboundedSender<Job>>,
    /// The newest events that the member was handed or has published.
    recent: VecDeque<MessageId>,
}

/// The parts that the handlers of a member share.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) table: Mutex<Table>,
    /// The number of events that the table may remember.
    pub(super) bound: usize,
    pub(super) defect: Option<Defect>,
    pub(super) outbox: Outbox,
}

impl Local {
    pub(super) fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Remembers an event.
    pub(super) fn remember(&self, table: &mut Table, event: MessageId) {
        table.recent.push_back(event);
        while table.recent.len() > self.bound {
            table.recent.pop_front();
        }
    }
}

/// One handler.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) number: HandlerNumber,
    pub(super) settings: HandlerSettings,
    pub(super) record: Arc<HandlerRecord>,
    pub(super) local: Arc<Local>,
    /// The events that it has begun to handle.
    pub(super) begun: AtomicU32,
}

/// A handler could not handle an event.
#[derive(Debug)]
pub(super) struct Failed;

impl Handler {
    /// Handles the events of its queue until that is closed and empty.
    pub(super) async fn run(self: Arc<Self>, mut queue: UnboundedReceiver<Job>) {
        while let Some(job) = queue.recv().await {
            // The policy has been applied, and the others are not concerned.
            let _ = self.handle(&job.message).await;
            job.delivery.finished();
        }
    }

    /// Handles an event, as often as the policy allows.
    pub(super) async fn handle(&self, event: &Message) -> Result<(), Failed> {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        self.record.received(event);
        let fails = |every: u32| begun.is_multiple_of(every);
        if !self.settings.fails_every.is_some_and(fails) {
            return self.succeed(event, begun).await;
        }
        self.work().await;
        self.record.failed();
        if let Some(failure) = self.settings.failure {
            self.publish(failure, begun, event.id).await;
        }
        match self.settings.on_failure {
            FailurePolicy::Skip => Err(Failed),
            FailurePolicy::Retry => {
                self.record.retried();
                self.succeed(event, begun).await
            }
        }
    }

    async fn succeed(&self, event: &Message, number: u32) -> Result<(), Failed> {
        self.work().await;
        if let Some(next) = self.settings.publishes {
            self.publish(next, number, event.id).await;
        }
        Ok(())
    }

    async fn work(&self) {
        if !self.settings.work.is_zero() {
            time::sleep(self.settings.work).await;
        }
    }

    /// Publishes an event because of another one. Either answer is recorded.
    async fn publish(&self, event: EventType, number: u32, cause: MessageId) {
        let message = self.record.sent(Content::Event {
            event,
            publisher: Some(self.number),
            number,
            cause: Some(cause),
        });
        {
            let mut table = self.local.table.lock().await;
            self.local.remember(&mut table, message.id);
        }
        self.local.outbox.send_recorded(message).await;
    }
}
