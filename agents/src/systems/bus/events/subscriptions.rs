//! The subscriptions of a member to the types of events of its handlers.

use std::sync::Arc;

use rehearsal_history::Since;

use super::super::member::Outbox;
use super::super::plan::PlannedMember;
use super::super::wire::Answer;
use super::handlers::Handlers;
use super::record::HandlerRecord;
use super::{EventType, LateSubscribers};

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
    pub(in super::super) fn record_first(&self) {
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
