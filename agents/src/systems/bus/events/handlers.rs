//! The handlers of one member: a dispatcher that takes the member's events in order, and
//! for each handler a queue and a task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rehearsal_history::{MessageId, Since};
use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::member::{Outbox, SharedRecord, TakenRequest};
use super::super::plan::PlannedMember;
use super::super::wire::{Answer, Content, Cursor, HandlerNumber, Message};
use super::record::HandlerRecord;
use super::{EventType, FailurePolicy, HandlerSettings, LateSubscribers};
use crate::defect::Defect;
use crate::record::recorder::name_task;

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
struct Job {
    message: Message,
    delivery: Arc<Delivery>,
}

/// The progress of one event in one member.
#[derive(Debug)]
struct Delivery {
    cursor: Cursor,
    /// The handlers that have not finished it.
    remaining: AtomicUsize,
    handled: UnboundedSender<Handled>,
}

impl Delivery {
    /// Counts a handler that has finished the event.
    fn finished(&self) {
        if self.remaining.fetch_sub(1, Ordering::Relaxed) == 1 {
            // A member that has left does not take it.
            let (cursor, request) = (self.cursor, None);
            let _ = self.handled.send(Handled { cursor, request });
        }
    }
}

/// The table that all handlers of a member share.
#[derive(Debug, Default)]
struct Table {
    /// The queues of the handlers, in the order of their numbers.
    queues: Vec<UnboundedSender<Job>>,
    /// The newest events that the member was handed or has published.
    recent: VecDeque<MessageId>,
}

/// The parts that the handlers of a member share.
#[derive(Debug)]
struct Local {
    table: Mutex<Table>,
    /// The number of events that the table may remember.
    bound: usize,
    defect: Option<Defect>,
    outbox: Outbox,
}

impl Local {
    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Remembers an event.
    fn remember(&self, table: &mut Table, event: MessageId) {
        table.recent.push_back(event);
        while table.recent.len() > self.bound {
            table.recent.pop_front();
        }
    }
}

/// One handler.
#[derive(Debug)]
struct Handler {
    number: HandlerNumber,
    settings: HandlerSettings,
    record: Arc<HandlerRecord>,
    local: Arc<Local>,
    /// The events that it has begun to handle.
    begun: AtomicU32,
}

/// A handler could not handle an event.
#[derive(Debug)]
struct Failed;

impl Handler {
    /// Handles the events of its queue until that is closed and empty.
    async fn run(self: Arc<Self>, mut queue: UnboundedReceiver<Job>) {
        while let Some(job) = queue.recv().await {
            // The policy has been applied, and the others are not concerned.
            let _ = self.handle(&job.message).await;
            job.delivery.finished();
        }
    }

    /// Handles an event, as often as the policy allows.
    async fn handle(&self, event: &Message) -> Result<(), Failed> {
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

/// The handlers of one member.
#[derive(Debug)]
pub(in super::super) struct Handlers {
    /// The way to the dispatcher; none once the member leaves.
    events: Option<UnboundedSender<(Cursor, Message)>>,
    records: Vec<Arc<HandlerRecord>>,
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

/// The subscriptions of a member to the types of events of its handlers.
#[derive(Clone, Debug)]
pub(in super::super) struct Subscriptions {
    /// The handlers with what each of them handles.
    handlers: Vec<(Arc<HandlerRecord>, Vec<EventType>)>,
    names: Arc<[Arc<str>]>,
    late: LateSubscribers,
}

impl Subscriptions {
    /// Returns the subscriptions of a member with these handlers.
    pub(in super::super) fn new(member: &PlannedMember, handlers: &Handlers) -> Self {
        let of_handler = handlers.records.iter().cloned();
        let types = member.handlers.iter().map(|handler| handler.on.clone());
        Self {
            handlers: of_handler.zip(types).collect(),
            names: Arc::clone(&member.event_names),
            late: member.late_subscribers,
        }
    }

    /// Returns the types, each once.
    pub(in super::super) fn types(&self) -> Vec<EventType> {
        let types = self.handlers.iter().flat_map(|(_, types)| types.iter());
        let mut types: Vec<EventType> = types.copied().collect();
        types.sort();
        types.dedup();
        types
    }

    fn each(&self, event: EventType, record: impl Fn(&HandlerRecord, &str)) {
        for (handler, types) in &self.handlers {
            if types.contains(&event) {
                record(handler, &self.names[event.0 as usize]);
            }
        }
    }

    /// Records subscriptions that are made before the work starts.
    pub(in super::super) fn from_start(&self) {
        for event in self.types() {
            self.each(event, |handler, name| {
                handler.subscribed(event, name, Since::Start);
            });
        }
    }

    /// Subscribes before the work starts.
    pub(in super::super) async fn subscribe(self, outbox: Outbox) {
        for event in self.types() {
            // Nothing was published before.
            outbox.subscribe(event).await;
        }
    }

    /// Subscribes while others publish.
    pub(in super::super) async fn subscribe_late(&self, outbox: &Outbox) {
        for event in self.types() {
            if let Some(Answer::Subscribed { missed }) = outbox.subscribe(event).await {
                self.each(event, |handler, name| {
                    handler.subscribed_late(event, name, self.late, missed);
                });
            }
        }
    }
}
