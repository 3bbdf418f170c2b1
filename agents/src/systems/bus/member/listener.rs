//! A listener: a member that takes its messages from a mailbox on its own host, one after
//! the other, until it is stopped.
//!
//! A receive waits for a bounded time, as an agent does that has other things to do as well.
//! It is cancel safe: a message leaves the mailbox in the step in which it is returned. A
//! graceful stop has the bus refuse what comes later, and ends the listener when it has
//! handled everything that the bus had accepted before.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio::sync::mpsc::UnboundedSender;
use rehearsal_sim::tokio::{spawn, task::JoinHandle, time};

use super::super::defects;
use super::super::events::Handled;
use super::super::marks::{LISTENER_STOPPED, RECEIVE_TIMED_OUT};
use super::super::settings::ListenerSettings;
use super::super::wire::{Cursor, MemberId, Message, Place};
use super::record::Record;
use super::script::TakenRequest;
use crate::defect::Defect;
use crate::record::recorder::{lock, name_task};

/// Time in which a receipt is written down.
const RECEIPT_TIME: Duration = Duration::from_millis(2);

/// A message in the mailbox of a listener.
#[derive(Clone, Debug)]
struct Item {
    cursor: Cursor,
    place: Place,
    message: Message,
}

/// The mailbox of a listener.
#[derive(Default, Debug)]
struct Inbox {
    items: Mutex<VecDeque<Item>>,
    /// There is a message, or the listener has to stop.
    changed: Notify,
    extent: Mutex<Extent>,
}

/// The messages that go to a member.
#[derive(Clone, Copy, Default, Debug)]
struct Extent {
    /// The last that has arrived.
    arrived: Cursor,
    /// The last that the bus has accepted, once it accepts no more.
    last: Option<Cursor>,
}

impl Inbox {
    fn put(&self, item: Item) {
        self.pass(item.cursor);
        lock(&self.items).push_back(item);
        self.changed.notify_one();
    }

    fn front(&self) -> Option<Item> {
        lock(&self.items).front().cloned()
    }

    fn take(&self) -> Option<Item> {
        lock(&self.items).pop_front()
    }

    fn is_empty(&self) -> bool {
        lock(&self.items).is_empty()
    }

    /// Counts a message that has arrived.
    fn pass(&self, cursor: Cursor) {
        lock(&self.extent).arrived = cursor;
    }

    /// Returns `true` if the bus accepts no more messages.
    fn is_closed(&self) -> bool {
        lock(&self.extent).last.is_some()
    }

    /// Returns `true` if there is no message, and none will come.
    fn is_at_end(&self) -> bool {
        let Extent { arrived, last } = *lock(&self.extent);
        last.is_some_and(|last| last <= arrived) && self.is_empty()
    }
}

/// A listener, as its member sees it.
#[derive(Debug)]
pub(super) struct Listener {
    inbox: Inbox,
    record: Arc<Record>,
    settings: ListenerSettings,
    defect: Option<Defect>,
    ended: AtomicBool,
    at_end: Notify,
}

impl Listener {
    /// Starts the listener of a member. What it has handled goes to `handled`.
    pub(super) fn start(
        member: MemberId,
        settings: ListenerSettings,
        record: Arc<Record>,
        handled: UnboundedSender<Handled>,
        defect: Option<Defect>,
    ) -> (Arc<Self>, JoinHandle<()>) {
        let listener = Arc::new(Self {
            inbox: Inbox::default(),
            record,
            settings,
            defect,
            ended: AtomicBool::new(false),
            at_end: Notify::new(),
        });
        let listening = Arc::clone(&listener);
        let task = spawn(async move {
            name_task(&format!("listener of {member}"));
            listening.listen(&handled).await;
            listening.ended.store(true, Ordering::Relaxed);
            listening.at_end.notify_one();
        });
        (listener, task)
    }

    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Puts a message into the mailbox.
    pub(super) fn deliver(&self, cursor: Cursor, place: Place, message: Message) {
        self.inbox.put(Item {
            cursor,
            place,
            message,
        });
    }

    /// Counts a message that others handle.
    pub(super) fn pass(&self, cursor: Cursor) {
        self.inbox.pass(cursor);
        self.inbox.changed.notify_one();
    }

    /// Ends the listener once it has handled everything up to that message.
    pub(super) async fn stop(&self, last: Cursor) {
        lock(&self.inbox.extent).last = Some(last);
        self.inbox.changed.notify_one();
        while !self.ended.load(Ordering::Relaxed) {
            self.at_end.notified().await;
        }
        self.record.mark(LISTENER_STOPPED);
    }

    /// Records the check that a listener that was stopped has ended, with its mailbox empty.
    pub(super) fn check(&self) {
        if !self.inbox.is_closed() {
            return;
        }
        let broken = if !self.ended.load(Ordering::Relaxed) {
            Some("its task has not ended")
        } else if !self.inbox.is_empty() {
            Some("there are messages that it has not handled")
        } else {
            None
        };
        self.record
            .checked("stopped-listener-leaves-nothing", broken.map(str::to_owned));
    }

    async fn listen(&self, handled: &UnboundedSender<Handled>) {
        while !self.inbox.is_at_end() {
            // Seeded: what is queued when the listener is stopped is dropped.
            if self.inbox.is_closed() && self.carries(defects::STOP_DROPS_QUEUED) {
                return self.drop_queued(handled);
            }
            match time::timeout(self.settings.poll, self.receive()).await {
                Ok(Some(item)) => self.handle(item, handled).await,
                // Something else has changed.
                Ok(None) => {}
                Err(_) => self.record.mark(RECEIVE_TIMED_OUT),
            }
        }
    }

    /// Waits for the next message, or for the stop. Cancel safe.
    async fn receive(&self) -> Option<Item> {
        if self.inbox.is_empty() {
            self.inbox.changed.notified().await;
        }
        // Seeded: a receive that is given up takes the message with it.
        if self.carries(defects::RECEIVE_NOT_CANCEL_SAFE) {
            let item = self.inbox.take()?;
            time::sleep(RECEIPT_TIME).await;
            return Some(item);
        }
        self.inbox.front()?;
        time::sleep(RECEIPT_TIME).await;
        // This is the only task that takes messages.
        self.inbox.take()
    }

    async fn handle(&self, item: Item, handled: &UnboundedSender<Handled>) {
        self.record.received(item.place, &item.message, None);
        if !self.settings.handling.is_zero() {
            time::sleep(self.settings.handling).await;
        }
        // A member that has left does not take it.
        let _ = handled.send(Handled {
            cursor: item.cursor,
            request: TakenRequest::of(&item.message),
        });
    }

    fn drop_queued(&self, handled: &UnboundedSender<Handled>) {
        while let Some(Item { cursor, .. }) = self.inbox.take() {
            let request = None;
            let _ = handled.send(Handled { cursor, request });
        }
    }
}
