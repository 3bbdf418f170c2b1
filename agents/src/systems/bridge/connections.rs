//! The connection manager: the open connections, and those that an event of a thread
//! concerns.
//!
//! Nothing is sent from here. Each connection has a cursor into the log of each
//! of its threads and a writer of its own, which is only woken; so a slow
//! consumer delays no other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::sync::Notify;

use super::log::Logged;
use super::wire::ServerFrame;
use crate::event::{ClientId, ThreadId, UserId};
use crate::record::Offset;
use crate::record::recorder::lock;

/// One connection in one incarnation of the bridge; a client that comes back gets
/// another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConnectionId(pub u64);

/// A client that is connected.
#[derive(Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The client at its other end.
    pub client: ClientId,
    /// The user for whom the client speaks.
    pub user: UserId,
    /// Notified when there is something to send.
    pub(super) wake: Notify,
    /// Notified when the bridge closes the connection.
    pub(super) closing: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    control: VecDeque<ServerFrame>,
    cursors: Vec<Cursor>,
    close_state: CloseState,
}

/// The position of a connection in a thread's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cursor {
    pub(super) thread: ThreadId,
    pub(super) next: Offset,
}

/// The progress of a connection towards its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum CloseState {
    /// It is open.
    Open,
    /// It closes once everything that it owes is sent.
    Draining,
    /// It closes now.
    Closed,
}

/// Something to send.
#[derive(Clone, Debug)]
pub(super) enum Outgoing {
    Control(ServerFrame),
    Event(Arc<Logged>),
}

impl Connection {
    fn new(id: ConnectionId, client: ClientId, user: UserId) -> Self {
        Self {
            id,
            client,
            user,
            wake: Notify::new(),
            closing: Notify::new(),
            state: Mutex::new(State {
                control: VecDeque::new(),
                cursors: Vec::new(),
                close_state: CloseState::Open,
            }),
        }
    }

    /// Queues a frame before the events that are due.
    pub fn push(&self, frame: ServerFrame) {
        lock(&self.state).control.push_back(frame);
        self.wake.notify_one();
    }

    /// Starts, or moves, the connection's subscription to a thread.
    pub(super) fn follow(&self, thread: ThreadId, next: Offset) {
        let mut state = lock(&self.state);
        state.cursors.retain(|cursor| cursor.thread != thread);
        state.cursors.push(Cursor { thread, next });
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn cursors(&self) -> Vec<Cursor> {
        lock(&self.state).cursors.clone()
    }

    /// Moves a cursor on to `next`. Returns `false` if the subscription has been moved
    /// meanwhile: then the read is void.
    pub(super) fn advance(&self, cursor: Cursor, next: Offset) -> bool {
        let mut state = lock(&self.state);
        match state.cursors.iter_mut().find(|mine| **mine == cursor) {
            Some(mine) => {
                mine.next = next;
                true
            }
            None => false,
        }
    }

    /// Moves the control frames that are due to `batch`.
    pub(super) fn take_control(&self, batch: &mut Vec<Outgoing>) {
        let mut state = lock(&self.state);
        batch.extend(state.control.drain(..).map(Outgoing::Control));
    }

    pub(super) fn close_state(&self) -> CloseState {
        lock(&self.state).close_state
    }

    /// Moves the connection to that state, unless it is further already.
    pub(super) fn close(&self, to: CloseState) {
        let mut state = lock(&self.state);
        state.close_state = state.close_state.max(to);
        drop(state);
        self.wake.notify_one();
        if to == CloseState::Closed {
            self.closing.notify_one();
        }
    }
}

/// Every open connection, and the routes from threads to connections.
#[derive(Debug, Default)]
pub struct ConnectionTable {
    last: u64,
    open: BTreeMap<ConnectionId, Arc<Connection>>,
    routes: BTreeMap<ThreadId, Route>,
}

/// A thread that has runs or subscribers.
#[derive(Debug, Default)]
struct Route {
    runs: u32,
    subscribers: BTreeSet<ConnectionId>,
}

impl Route {
    fn is_unused(&self) -> bool {
        self.runs == 0 && self.subscribers.is_empty()
    }
}

impl ConnectionTable {
    /// Adds a connection of an authenticated client.
    pub fn admit(&mut self, client: ClientId, user: UserId) -> Arc<Connection> {
        self.last += 1;
        let id = ConnectionId(self.last);
        let connection = Arc::new(Connection::new(id, client, user));
        self.open.insert(id, Arc::clone(&connection));
        connection
    }

    /// Subscribes a connection to a thread.
    pub fn subscribe(&mut self, connection: ConnectionId, thread: ThreadId) {
        let route = self.routes.entry(thread).or_default();
        route.subscribers.insert(connection);
    }

    /// Removes a connection and its subscriptions.
    pub fn remove(&mut self, connection: ConnectionId) {
        self.open.remove(&connection);
        for route in self.routes.values_mut() {
            route.subscribers.remove(&connection);
        }
        self.routes.retain(|_, route| !route.is_unused());
    }

    /// Counts a registered run that writes to the thread.
    pub fn open_route(&mut self, thread: ThreadId) {
        self.routes.entry(thread).or_default().runs += 1;
    }

    /// Counts off a run that wrote to the thread.
    pub fn close_route(&mut self, thread: ThreadId) {
        if let Some(route) = self.routes.get_mut(&thread) {
            route.runs = route.runs.saturating_sub(1);
            if route.is_unused() {
                self.routes.remove(&thread);
            }
        }
    }

    /// Wakes the subscribers of a thread whose log has grown.
    pub fn send_to_thread(&self, thread: ThreadId) {
        let Some(route) = self.routes.get(&thread) else {
            return;
        };
        for connection in route.subscribers.iter().filter_map(|id| self.open.get(id)) {
            connection.wake.notify_one();
        }
    }

    /// Sends a frame to every connection of a user. Returns their number.
    pub fn send_to_user(&self, user: UserId, frame: &ServerFrame) -> usize {
        let theirs = self.open.values().filter(|open| open.user == user);
        theirs.map(|open| open.push(frame.clone())).count()
    }

    /// The open connections, in order of connecting.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.open.values()
    }

    /// The subscriptions.
    pub fn subscriptions(&self) -> impl Iterator<Item = (ThreadId, ClientId)> + '_ {
        self.routes.iter().flat_map(|(thread, route)| {
            route
                .subscribers
                .iter()
                .filter_map(|id| Some((*thread, self.open.get(id)?.client)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bye_count(connection: &Connection) -> usize {
        let mut batch = Vec::new();
        connection.take_control(&mut batch);
        batch.len()
    }

    #[test]
    fn a_frame_for_a_user_reaches_all_of_its_connections_and_no_others() {
        let mut table = ConnectionTable::default();
        let alice = table.admit(ClientId(1), UserId(1));
        let again = table.admit(ClientId(1), UserId(1));
        let bob = table.admit(ClientId(2), UserId(2));
        assert_eq!(table.send_to_user(UserId(1), &ServerFrame::Bye), 2);
        assert_eq!(
            [&alice, &again, &bob].map(|connection| bye_count(connection)),
            [1, 1, 0]
        );
    }

    #[test]
    fn removing_an_old_connection_leaves_its_successor_subscribed() {
        let mut table = ConnectionTable::default();
        let old = table.admit(ClientId(1), UserId(1));
        table.subscribe(old.id, ThreadId(1));
        let new = table.admit(ClientId(1), UserId(1));
        table.subscribe(new.id, ThreadId(1));
        table.remove(old.id);
        let subscriptions: Vec<_> = table.subscriptions().collect();
        assert_eq!(subscriptions, [(ThreadId(1), ClientId(1))]);
        table.remove(new.id);
        assert_eq!(table.subscriptions().count(), 0);
        assert_eq!(table.connections().count(), 0);
    }

    #[test]
    fn a_route_stays_while_it_has_runs_or_subscribers() {
        let mut table = ConnectionTable::default();
        table.open_route(ThreadId(1));
        let connection = table.admit(ClientId(1), UserId(1));
        table.subscribe(connection.id, ThreadId(1));
        table.close_route(ThreadId(1));
        assert_eq!(table.subscriptions().count(), 1);
        table.remove(connection.id);
        assert!(table.routes.is_empty());
    }

    #[test]
    fn a_closed_connection_does_not_drain() {
        let mut table = ConnectionTable::default();
        let connection = table.admit(ClientId(1), UserId(1));
        connection.close(CloseState::Closed);
        connection.close(CloseState::Draining);
        assert_eq!(connection.close_state(), CloseState::Closed);
    }
}
