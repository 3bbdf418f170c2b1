//! Subscriptions on the reference bridge: admission, the position of a resume, and
//! the frames that are due.

use std::sync::Arc;

use super::connections::{Connection, Outgoing};
use super::core::Core;
use super::session::End;
use super::wire::{Position, ServerFrame};
use super::{BridgeError, defects};
use crate::event::{ClientId, ThreadId, UserId};
use crate::record::{Epoch, Gap, Offset};

impl Core {
    /// Admits a client with a valid token, else returns the reason.
    pub(super) async fn admit(
        &self,
        client: ClientId,
        user: UserId,
        token: &str,
    ) -> Result<Arc<Connection>, String> {
        if !self.deps.directory.knows(user, token) {
            return Err(format!("that is not the token of {user}"));
        }
        let mut connections = self.connections.lock().await;
        let incarnation = self.incarnation().map_err(|error| error.to_string())?;
        let connection = connections.admit(client, user);
        connection.push(ServerFrame::Welcome {
            epoch: incarnation.epoch,
        });
        self.lifecycle.client_came(client);
        Ok(connection)
    }

    /// Removes a client's connection.
    pub(super) async fn leave(&self, connection: &Connection, end: End) {
        if end == End::Disconnected {
            self.lifecycle.client_lost(connection.client);
        }
        self.connections.lock().await.remove(connection.id);
    }

    /// Subscribes a client to a thread of its user, from what it has seen on.
    pub(super) async fn subscribe(
        &self,
        connection: &Connection,
        thread: ThreadId,
        after: Option<Position>,
    ) {
        let Ok(incarnation) = self.incarnation() else {
            return;
        };
        let log = incarnation.logs.get(&thread);
        let owned = self.deps.directory.owns(connection.user, thread);
        let Some(log) = log.filter(|_| owned) else {
            let reason = BridgeError::NotOwner(thread, connection.user).to_string();
            return connection.push(ServerFrame::Rejected { reason });
        };
        let mut connections = self.connections.lock().await;
        let end = log.lock().await.end();
        connection.push(ServerFrame::Subscribed { thread });
        let next = self.resume(connection, thread, after, incarnation.epoch, end);
        connections.subscribe(connection.id, thread);
        connection.follow(thread, next);
        // Seeded: every connection gets every event from now on.
        if self.carries(defects::BROADCAST_TO_ALL) {
            for (other, log) in incarnation
                .logs
                .iter()
                .filter(|(other, _)| **other != thread)
            {
                let end = log.lock().await.end();
                connections.subscribe(connection.id, *other);
                connection.follow(*other, end);
            }
        }
    }

    /// The position at which a subscription continues; epochs whose logs are gone become
    /// gaps.
    fn resume(
        &self,
        connection: &Connection,
        thread: ThreadId,
        after: Option<Position>,
        epoch: Epoch,
        end: Offset,
    ) -> Offset {
        // Seeded: a client that comes back gets only new events.
        if self.carries(defects::RESUBSCRIBE_FROM_NOW) && after.is_some() {
            return end;
        }
        // A position in a later epoch than this one is not believed.
        let seen = after.filter(|seen| seen.epoch <= epoch);
        let seen = seen.unwrap_or(Position {
            epoch: Epoch(1),
            offset: Offset(0),
        });
        let mut next = Offset(seen.offset.0.saturating_add(1));
        for lost in seen.epoch.0..epoch.0 {
            connection.push(ServerFrame::Gap(Gap {
                thread,
                epoch: Epoch(lost),
                from: next,
                to: None,
            }));
            next = Offset(1);
        }
        // Seeded: from the last event that was seen, that one included.
        if self.carries(defects::RESUME_INCLUSIVE) && seen.epoch == epoch {
            return Offset(seen.offset.0.max(1));
        }
        next.min(end)
    }

    /// Collects the frames that a connection is owed, at most `most` events of each
    /// thread.
    pub(super) async fn collect(
        &self,
        connection: &Connection,
        most: usize,
        batch: &mut Vec<Outgoing>,
    ) {
        connection.take_control(batch);
        let Ok(incarnation) = self.incarnation() else {
            return;
        };
        for cursor in connection.cursors() {
            let Some(log) = incarnation.logs.get(&cursor.thread) else {
                continue;
            };
            let mut reading = log.lock().await.read(cursor.next, most);
            if !connection.advance(cursor, reading.next) {
                continue;
            }
            // Seeded: events that fell out of the buffer leave no gap marker.
            let gap = reading
                .gap
                .filter(|_| !self.carries(defects::SILENT_OVERFLOW));
            batch.extend(gap.map(ServerFrame::Gap).map(Outgoing::Control));
            // Seeded: what is sent together is grouped by run.
            if self.carries(defects::GROUPED_BY_RUN) {
                reading.events.sort_by_key(|logged| logged.event.run);
            }
            batch.extend(reading.events.into_iter().map(Outgoing::Event));
        }
    }
}
