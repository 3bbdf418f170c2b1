//! Events: subscriptions, the events that are kept, and the number that is not handled.

use std::sync::Arc;

use rehearsal_sim::tokio::sync::OwnedMutexGuard;

use super::super::defects;
use super::super::events::{EventType, LateSubscribers};
use super::super::wire::{Answer, Content, Message, TeamId};
use super::Broker;
use super::event_log::EventLog;
use super::journal::Record;
use super::mailbox::Stored;
use super::registration::Registration;

impl Broker {
    /// Returns `true` if late subscribers get events from before.
    pub(super) fn keeps_events(&self) -> bool {
        self.event_settings.late.0 == LateSubscribers::Kept
    }

    async fn log(&self, team: TeamId, event: EventType) -> OwnedMutexGuard<EventLog> {
        let bound = self.event_settings.history as usize;
        self.events.of(team, event, bound).lock_owned().await
    }

    /// Locks the events of the type of a message, if it is an event.
    pub(super) async fn log_of(&self, message: &Message) -> Option<OwnedMutexGuard<EventLog>> {
        match message.content {
            Content::Event { event, .. } => Some(self.log(message.team, event).await),
            _ => None,
        }
    }

    /// Keeps an event for late subscribers.
    pub(super) fn keep(&self, log: &mut EventLog, stored: Stored) {
        // Seeded: nothing is ever forgotten.
        if self.carries(defects::UNBOUNDED_HISTORY) {
            log.keep_everything(stored);
        } else {
            log.keep(stored);
        }
    }

    /// Subscribes a member to events of one type.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        member: &Arc<Registration>,
        event: EventType,
    ) -> Answer {
        let mut log = self.log(member.team, event).await;
        // An order that was executed before a crash is repeated.
        if log.has(member.id) {
            return Answer::Subscribed { missed: 0 };
        }
        let mut mailbox = member.mailbox.lock().await;
        let wanted = if self.keeps_events() { usize::MAX } else { 0 };
        let room = mailbox.room();
        let kept: Vec<Stored> = log.newest(wanted.min(room)).cloned().collect();
        self.write(Record::Subscribed {
            member: member.id,
            event,
            replayed: kept.len(),
        })
        .await;
        log.subscribe(member.id);
        let missed = log.count() - kept.len() as u64;
        kept.into_iter().for_each(|stored| mailbox.put(stored));
        drop(mailbox);
        member.wake();
        Answer::Subscribed { missed }
    }

    /// Returns the number of events that some handler of the team has not finished.
    ///
    /// All mailboxes are locked meanwhile: between two of them, an event could go from the
    /// one that is not counted yet into the one that is.
    pub(super) async fn unhandled(&self, team: TeamId) -> u64 {
        let members: Vec<_> = {
            let members = self.members.read().await;
            let members = members.values().filter(|member| member.team == team);
            members.map(|member| Arc::clone(&member.mailbox)).collect()
        };
        let mut mailboxes = Vec::new();
        for mailbox in members {
            mailboxes.push(mailbox.lock_owned().await);
        }
        let events: usize = mailboxes.iter().map(|mailbox| mailbox.events()).sum();
        events as u64
    }
}
