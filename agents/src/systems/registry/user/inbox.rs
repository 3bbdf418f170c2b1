//! The events of a user as it receives them.

use std::sync::Arc;

use rehearsal_history::Actor;

use super::super::record::{channel, receipt};
use super::super::wire::{Event, Place};
use super::requests::Requests;
use crate::event::UserId;

/// The events of a user.
pub(super) struct Inbox {
    user: UserId,
    actor: Actor,
    requests: Arc<Requests>,
    /// The last event that was received.
    seen: Place,
    /// Its timestamp.
    timestamp: u64,
}

impl Inbox {
    pub(super) fn new(user: UserId, actor: Actor, requests: Arc<Requests>) -> Self {
        Self {
            user,
            actor,
            requests,
            seen: Place::default(),
            timestamp: 0,
        }
    }

    /// Returns the place of the last event.
    pub(super) fn seen(&self) -> Place {
        self.seen
    }

    /// Takes an event.
    pub(super) fn take(&mut self, place: Place, event: &Event) {
        self.actor.received(&channel(self.user), receipt(event));
        let (before, now) = (self.timestamp, event.timestamp);
        let checked = if now < before {
            let id = &event.id;
            Err(format!("{id} bears {now} us after one of {before} us"))
        } else {
            Ok(())
        };
        self.actor.invariant("timestamps-never-go-back", checked);
        self.timestamp = before.max(now);
        self.seen = place;
        if event.kind.is_terminal() {
            self.requests.ended(&event.agent);
        }
    }
}
