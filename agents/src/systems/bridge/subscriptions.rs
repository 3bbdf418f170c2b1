//! Subscriptions on the reference bridge: who is let in, where it resumes, and
//! what it is owed.

use std::sync::Arc;

use super::connections::{Connection, Outgoing};
use super::reference::Core;
use super::session::End;
use super::wire::{Position, ServerFrame};
use super::{BridgeError, defects};
use crate::event::{ClientId, ThreadId, UserId};
use crate::record::{Epoch, Gap, Offset};

impl Core {
    /// Lets a client in that shows who it is; says why not, if not.
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
        let life = self.life().map_err(|error| error.to_string())?;
        let connection = connections.admit(client, user);
        connection.push(ServerFrame::Welcome { epoch: life.epoch });
        self.lifecycle.client_came(client);
        Ok(connection)
    }

    /// A client is gone.
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
        let Ok(life) = self.life() else { return };
        let log = life.logs.get(&thread);
        let owned = self.deps.directory.owns(connection.user, thread);
        let Some(log) = log.filter(|_| owned) else {
            let reason = BridgeError::NotOwner(thread, connection.user).to_string();
            return connection.push(ServerFrame::Rejected { reason });
        };
        let mut connections = self.connections.lock().await;
        let end = log.lock().await.end();
        connection.push(ServerFrame::Subscribed { thread });
        let next = self.resume(connection, thread, after, life.epoch, end);
        connections.subscribe(connection.id, thread);
        connection.follow(thread, next);
        // Seeded: everyone hears of everything from now on.
        if self.carries(defects::BROADCAST_TO_ALL) {
            for (other, log) in life.logs.iter().filter(|(other, _)| **other != thread) {
                let end = log.lock().await.end();
                connections.subscribe(connection.id, *other);
                connection.follow(*other, end);
            }
        }
    }

    /// Where a subscription goes on; epochs whose logs are gone become gaps.
    fn resume(
        &self,
        connection: &Connection,
        thread: ThreadId,
        after: Option<Position>,
        epoch: Epoch,
        end: Offset,
    ) -> Offset {
        // Seeded: a client that comes back hears only what is new.
        if self.carries(defects::RESUBSCRIBE_FROM_NOW) && after.is_some() {
            return end;
        }
        // What nobody can have seen is not believed.
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

    /// Takes what a connection is owed, at most `most` events of each thread.
    pub(super) async fn collect(
        &self,
        connection: &Connection,
        most: usize,
        batch: &mut Vec<Outgoing>,
    ) {
        connection.take_control(batch);
        let Ok(life) = self.life() else { return };
        for cursor in connection.cursors() {
            let Some(log) = life.logs.get(&cursor.thread) else {
                continue;
            };
            let reading = log.lock().await.read(cursor.next, most);
            if !connection.advance(cursor, reading.next) {
                continue;
            }
            // Seeded: what has fallen out of the buffer is not mentioned.
            let gap = reading
                .gap
                .filter(|_| !self.carries(defects::SILENT_OVERFLOW));
            batch.extend(gap.map(ServerFrame::Gap).map(Outgoing::Control));
            batch.extend(reading.events.into_iter().map(Outgoing::Event));
        }
    }
}
