//! The WebSocket manager: for each user the events that it has not acknowledged, and its
//! connection if it has one.
//!
//! Nothing is written from here. Each connection has a writer of its own, which is only
//! woken, so that a slow client delays no other, and no caller.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::super::wire::{Event, Place, ServiceFrame};
use crate::event::UserId;
use crate::record::recorder::lock;

/// The number of a connection; a user that comes back gets another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ConnectionId(u64);

/// The connection of a user.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) user: UserId,
    /// Notified when there may be something to write.
    pub(super) wake: Notify,
    /// Cancelled when a newer connection has taken this one's place.
    pub(super) replaced: CancellationToken,
    outgoing: Mutex<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    replies: Vec<ServiceFrame>,
    /// The last event that was handed to the writer.
    written: Place,
    goodbye: Goodbye,
}

/// The progress of a connection towards its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Goodbye {
    /// The user has not said goodbye.
    NotSaid,
    /// It has, and gets one when everything that it is owed is acknowledged.
    Owed,
}

impl Connection {
    /// Queues a frame before the events that are due.
    pub(super) fn push(&self, frame: ServiceFrame) {
        lock(&self.outgoing).replies.push(frame);
        self.wake.notify_one();
    }

    /// Answers the user's goodbye once it is owed nothing any more.
    pub(super) fn drain(&self) {
        lock(&self.outgoing).goodbye = Goodbye::Owed;
        self.wake.notify_one();
    }

    pub(super) fn goodbye(&self) -> Goodbye {
        lock(&self.outgoing).goodbye
    }
}

/// The room of a connection for more events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Window {
    /// Everything that waited has been written.
    Open,
    /// Something waits for an acknowledgement.
    Full,
}

/// The events of a user, and its connection.
#[derive(Debug, Default)]
struct Mailbox {
    /// The last place that was given to an event.
    last: Place,
    /// The events that the user has not acknowledged, in order.
    unacknowledged: VecDeque<(Place, Arc<Event>)>,
    connection: Option<Arc<Connection>>,
    /// Cancelled when the user comes back. None while it is connected.
    away: Option<CancellationToken>,
    /// Notified when an event is handed to a writer.
    written: Arc<Notify>,
}

/// The connections of all users.
#[derive(Debug)]
pub(super) struct WebSocketManager {
    /// The events that a connection may be ahead of the acknowledgements.
    window: u64,
    removal: Removal,
    state: Mutex<State>,
}

/// The connection that the end of a connection removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Removal {
    /// That one, if it is still the one of its user.
    ById,
    /// Seeded: whatever connection its user has.
    ByUser,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    users: BTreeMap<UserId, Mailbox>,
}

impl WebSocketManager {
    pub(super) fn new(window: u32, removal: Removal) -> Self {
        Self {
            window: window.into(),
            removal,
            state: Mutex::default(),
        }
    }

    /// Keeps an event for its user, and wakes the writer of the user's connection.
    pub(super) fn send_to_user(&self, event: Event) -> Place {
        let mut state = lock(&self.state);
        let mailbox = state.users.entry(event.user).or_default();
        mailbox.last = mailbox.last.next();
        let place = mailbox.last;
        mailbox.unacknowledged.push_back((place, Arc::new(event)));
        if let Some(connection) = &mailbox.connection {
            connection.wake.notify_one();
        }
        place
    }

    /// Waits until an event has been handed to the writer of its user's connection.
    pub(super) async fn written(&self, user: UserId, place: Place) {
        loop {
            let written = {
                let state = lock(&self.state);
                let Some(mailbox) = state.users.get(&user) else {
                    return;
                };
                let connection = mailbox.connection.as_ref();
                if connection.is_some_and(|open| lock(&open.outgoing).written >= place) {
                    return;
                }
                Arc::clone(&mailbox.written)
            };
            written.notified().await;
        }
    }

    /// Makes a connection that of its user, who has seen the events up to a place. The
    /// connection before it is closed.
    pub(super) fn attach(&self, user: UserId, seen: Place) -> Arc<Connection> {
        let mut state = lock(&self.state);
        state.last += 1;
        let connection = Arc::new(Connection {
            id: ConnectionId(state.last),
            user,
            wake: Notify::new(),
            replaced: CancellationToken::new(),
            outgoing: Mutex::new(Outgoing {
                replies: Vec::new(),
                written: seen,
                goodbye: Goodbye::NotSaid,
            }),
        });
        let mailbox = state.users.entry(user).or_default();
        // A user that came back after its goodbye goes on counting.
        mailbox.last = mailbox.last.max(seen);
        mailbox.acknowledge(seen);
        if let Some(away) = mailbox.away.take() {
            away.cancel();
        }
        let before = mailbox.connection.replace(Arc::clone(&connection));
        drop(state);
        if let Some(before) = before {
            before.replaced.cancel();
        }
        connection
    }

    /// Takes a lost connection from its user. Returns the token that is cancelled when the
    /// user comes back; none if a newer connection has taken its place.
    pub(super) fn detach(&self, connection: &Connection) -> Option<CancellationToken> {
        let mut state = lock(&self.state);
        let mailbox = state.users.get_mut(&connection.user)?;
        if !mailbox.is_removed_by(connection, self.removal) {
            return None;
        }
        mailbox.connection = None;
        Some(mailbox.away.insert(CancellationToken::new()).clone())
    }

    /// Forgets a user that has said goodbye on that connection.
    pub(super) fn forget(&self, connection: &Connection) {
        let mut state = lock(&self.state);
        let mailbox = state.users.get(&connection.user);
        if mailbox.is_some_and(|mailbox| mailbox.is_removed_by(connection, self.removal)) {
            state.users.remove(&connection.user);
        }
    }

    pub(super) fn acknowledge(&self, connection: &Connection, seen: Place) {
        let mut state = lock(&self.state);
        if let Some(mailbox) = state.users.get_mut(&connection.user) {
            mailbox.acknowledge(seen);
        }
        drop(state);
        connection.wake.notify_one();
    }

    /// Moves the frames that are due on a connection to `batch`: replies first, then events
    /// as far as the window allows.
    pub(super) fn collect(&self, connection: &Connection, batch: &mut Vec<ServiceFrame>) -> Window {
        let state = lock(&self.state);
        let mut outgoing = lock(&connection.outgoing);
        batch.append(&mut outgoing.replies);
        let mailbox = state.users.get(&connection.user);
        let Some(mailbox) = mailbox.filter(|mailbox| mailbox.is_of(connection)) else {
            return Window::Open;
        };
        let oldest = mailbox.unacknowledged.front();
        let Some(limit) = oldest.map(|(oldest, _)| oldest.0 + self.window) else {
            return Window::Open;
        };
        for (place, event) in &mailbox.unacknowledged {
            if place.0 >= limit {
                break;
            }
            if *place > outgoing.written {
                outgoing.written = *place;
                let event = Arc::clone(event);
                batch.push(ServiceFrame::Event {
                    place: *place,
                    event,
                });
            }
        }
        mailbox.written.notify_waiters();
        if mailbox.last.0 < limit {
            Window::Open
        } else {
            Window::Full
        }
    }

    /// Returns `true` if the user of a connection is owed nothing over it.
    pub(super) fn owes_nothing(&self, connection: &Connection) -> bool {
        let state = lock(&self.state);
        let mailbox = state.users.get(&connection.user);
        let attached = mailbox.filter(|mailbox| mailbox.is_of(connection));
        attached.is_none_or(|mailbox| mailbox.unacknowledged.is_empty())
    }

    /// Returns the users that have a connection, and the events that wait.
    pub(super) fn held(&self) -> (Vec<UserId>, Vec<Arc<str>>) {
        let state = lock(&self.state);
        let connected = state.users.iter();
        let connected = connected.filter(|(_, mailbox)| mailbox.connection.is_some());
        let waiting = state.users.values().flat_map(|mailbox| {
            let events = mailbox.unacknowledged.iter();
            events.map(|(_, event)| Arc::clone(&event.id))
        });
        (
            connected.map(|(user, _)| *user).collect(),
            waiting.collect(),
        )
    }
}

impl Mailbox {
    fn is_of(&self, connection: &Connection) -> bool {
        let current = self.connection.as_ref();
        current.is_some_and(|current| current.id == connection.id)
    }

    fn is_removed_by(&self, connection: &Connection, removal: Removal) -> bool {
        match removal {
            Removal::ById => self.is_of(connection),
            Removal::ByUser => true,
        }
    }

    fn acknowledge(&mut self, seen: Place) {
        while let Some((place, _)) = self.unacknowledged.front()
            && *place <= seen
        {
            self.unacknowledged.pop_front();
        }
    }
}
