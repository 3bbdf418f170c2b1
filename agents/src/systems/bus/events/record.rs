//! The record of a handler: the events that it is handed, and those that it publishes.

use std::sync::{Arc, Mutex};

use rehearsal_history::{ActorId, EntryKind, Received, Since, VectorClock};

use super::super::marks::{HANDLER_FAILED, HANDLER_RETRIED};
use super::super::member::SharedRecord;
use super::super::model::{handler_actor, handler_name};
use super::super::plan::PlannedMember;
use super::super::wire::{Channel, Content, HandlerNumber, Message};
use super::{EventType, LateSubscribers};
use crate::record::recorder::lock;

/// The record of one handler.
#[derive(Debug)]
pub(in super::super) struct HandlerRecord {
    shared: Arc<SharedRecord>,
    member: Arc<PlannedMember>,
    actor: ActorId,
    /// The messages that happened before this moment.
    clock: Mutex<VectorClock>,
}

impl HandlerRecord {
    /// Begins the record of a handler.
    pub(super) fn begin(
        shared: Arc<SharedRecord>,
        member: Arc<PlannedMember>,
        number: HandlerNumber,
    ) -> Self {
        let actor = handler_actor(member.id, number);
        let name = handler_name(member.id, number);
        let history = shared.recorder().history();
        history.with(|history| history.names.give(actor, name));
        Self {
            shared,
            member,
            actor,
            clock: Mutex::default(),
        }
    }

    fn write(&self, entry: EntryKind) {
        let history = self.shared.recorder().history();
        history.record(Some(self.actor), entry);
    }

    /// Records the subscription to a type of events, under its name in the file: from the
    /// start of the run, or as the policy for late subscribers says.
    pub(super) fn subscribed(&self, event: EventType, name: &str, since: Since) {
        let channel = Channel::Events(self.member.team, event);
        let name = format!("{name} of team-{}", self.member.team.0);
        let history = self.shared.recorder().history();
        history.with(|history| history.names.give(channel.id(), name));
        self.write(EntryKind::Subscribed {
            channel: channel.id(),
            tenant: self.member.team.tenant(),
            since,
        });
    }

    /// Records a late subscription, with the number of events that are no longer kept.
    pub(super) fn subscribed_late(
        &self,
        event: EventType,
        name: &str,
        policy: LateSubscribers,
        missed: u64,
    ) {
        match policy {
            LateSubscribers::FromNow => self.subscribed(event, name, Since::Now),
            LateSubscribers::Kept => {
                self.subscribed(event, name, Since::Start);
                if missed > 0 {
                    let channel = Channel::Events(self.member.team, event).id();
                    let count = missed;
                    self.write(EntryKind::Missed { channel, count });
                }
            }
        }
    }

    /// Records an event that the handler begins to handle.
    pub(super) fn received(&self, message: &Message) {
        self.write(EntryKind::Received(Received {
            message: message.id,
            envelope: message.envelope(),
            position: None,
            seq: None,
            body: message.body(),
        }));
        if let Some(clock) = self.shared.clock_of(message.id) {
            lock(&self.clock).merge(&clock);
        }
    }

    /// Records an event that is about to be handed to the bus.
    pub(super) fn sent(&self, content: Content) -> Message {
        let member = &self.member;
        self.shared.sent(self.actor, member, &self.clock, content)
    }

    /// Records that the handler has failed.
    pub(super) fn failed(&self) {
        self.shared.recorder().mark(HANDLER_FAILED);
    }

    /// Records that the handler handles an event once more.
    pub(super) fn retried(&self) {
        self.shared.recorder().mark(HANDLER_RETRIED);
    }

    /// Records that the member leaves, with everything handled.
    pub(super) fn drained(&self) {
        self.write(EntryKind::Drained);
    }
}
