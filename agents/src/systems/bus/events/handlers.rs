//! The handlers of one member: a dispatcher that takes the member's events in order, and
//! for each handler a queue and a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize};

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::task::JoinSet;

use super::super::defects;
use super::super::member::{Outbox, SharedRecord};
use super::super::plan::PlannedMember;
use super::super::wire::{Content, Cursor, HandlerNumber, Message};
use super::handler::{Delivery, Handled, Handler, Job, Local};
use super::record::HandlerRecord;
use crate::defect::Defect;
use crate::record::recorder::name_task;

/// The handlers of one member.
#[derive(Debug)]
pub(in super::super) struct Handlers {
    /// The way to the dispatcher; none once the member leaves.
    events: Option<UnboundedSender<(Cursor, Message)>>,
    pub(super) records: Vec<Arc<HandlerRecord>>,
    tasks: JoinSet<()>,
    defect: Option<Defect>,
}

impl Handlers {
    /// Starts the handlers of a member; `None` if it has none.
    pub(in super::super) fn start(
        member: &Arc<PlannedMember>,
        shared: &Arc<SharedRecord>,
        outbox: &Outbox,
        handled: &UnboundedSender<Handled>,
        defect: Option<Defect>,
    ) -> Option<Self> {
        if member.handlers.is_empty() {
            return None;
        }
        let local = Arc::new(Local {
            table: Mutex::default(),
            bound: member.recent_events,
            defect,
            outbox: outbox.clone(),
        });
        let handlers = (1..).zip(&member.handlers).map(|(number, settings)| {
            let number = HandlerNumber(number);
            let record = HandlerRecord::begin(Arc::clone(shared), Arc::clone(member), number);
            Arc::new(Handler {
                number,
                settings: settings.clone(),
                record: Arc::new(record),
                local: Arc::clone(&local),
                begun: AtomicU32::new(0),
            })
        });
        let handlers: Vec<Arc<Handler>> = handlers.collect();
        let records = handlers.iter();
        let records = records.map(|handler| Arc::clone(&handler.record)).collect();
        let (events, incoming) = unbounded_channel();
        let mut tasks = JoinSet::new();
        let dispatcher = Dispatcher {
            local,
            handlers,
            handled: handled.clone(),
        };
        let name = format!("dispatcher of {}", member.id);
        tasks.spawn(async move {
            name_task(&name);
            dispatcher.run(incoming).await;
        });
        Some(Self {
            events: Some(events),
            records,
            tasks,
            defect,
        })
    }

    /// Hands an event to the handlers.
    pub(in super::super) fn deliver(&self, cursor: Cursor, message: Message) {
        if let Some(events) = &self.events {
            // A dispatcher that is gone was aborted with the member.
            let _ = events.send((cursor, message));
        }
    }

    /// Lets the handlers end when their queues are empty.
    pub(in super::super) fn finish(&mut self) {
        self.events = None;
        // Seeded: the member exits, whatever is still being handled.
        if self.defect == Some(defects::FLUSH_IGNORES_HANDLERS) {
            self.tasks.abort_all();
        }
    }

    /// Records that the member leaves.
    pub(in super::super) fn drained(&self) {
        self.records.iter().for_each(|record| record.drained());
    }
}

/// The task that hands events to the handlers.
struct Dispatcher {
    local: Arc<Local>,
    handlers: Vec<Arc<Handler>>,
    handled: UnboundedSender<Handled>,
}

impl Dispatcher {
    async fn run(self, mut events: UnboundedReceiver<(Cursor, Message)>) {
        let mut tasks = JoinSet::new();
        for handler in &self.handlers {
            let (queue, jobs) = unbounded_channel();
            self.local.table.lock().await.queues.push(queue);
            tasks.spawn(Arc::clone(handler).run(jobs));
        }
        while let Some((cursor, message)) = events.recv().await {
            self.dispatch(cursor, message).await;
        }
        // The queues are closed, and the handlers end when they are empty.
        self.local.table.lock().await.queues.clear();
        while tasks.join_next().await.is_some() {}
    }

    /// Puts an event into the queue of each handler for its type.
    async fn dispatch(&self, cursor: Cursor, message: Message) {
        let Content::Event { event, .. } = message.content else {
            return;
        };
        let concerned = |handler: &&Arc<Handler>| handler.settings.on.contains(&event);
        let concerned: Vec<&Arc<Handler>> = self.handlers.iter().filter(concerned).collect();
        assert!(
            !concerned.is_empty(),
            "a member subscribes to the types of its handlers alone"
        );
        // Seeded: the event counts as handled when one of them has finished.
        let awaited = if self.local.carries(defects::FLUSH_IGNORES_HANDLERS) {
            1
        } else {
            concerned.len()
        };
        let delivery = Arc::new(Delivery {
            cursor,
            remaining: AtomicUsize::new(awaited),
            handled: self.handled.clone(),
        });
        let mut table = self.local.table.lock().await;
        self.local.remember(&mut table, message.id);
        // Seeded: handlers run one after the other, in the publisher's turn.
        if self.local.carries(defects::HANDLERS_UNDER_LOCK) {
            for handler in concerned {
                let _ = handler.handle(&message).await;
                delivery.finished();
            }
            return;
        }
        if self.local.carries(defects::FAILURE_STOPS_OTHERS) {
            drop(table);
            return one_after_another(&concerned, &message, &delivery).await;
        }
        for handler in concerned {
            let index = handler.number.0 as usize - 1;
            let (message, delivery) = (message.clone(), Arc::clone(&delivery));
            // A handler does not end before its queue is closed.
            let _ = table.queues[index].send(Job { message, delivery });
        }
    }
}

/// Handles an event with one handler after the other, up to the first that fails.
async fn one_after_another(handlers: &[&Arc<Handler>], event: &Message, delivery: &Delivery) {
    let mut result = Ok(());
    for handler in handlers {
        if result.is_ok() {
            result = handler.handle(event).await;
        }
        delivery.finished();
    }
}
