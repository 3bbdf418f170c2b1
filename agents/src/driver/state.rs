//! The state that the driver, the incarnations, the clients and the faults of one
//! run share. It needs a tokio runtime and no simulator.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_history::Actors;
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::{Notify, mpsc};
use rehearsal_sim::tokio::time;

use crate::record::Recorder;
use crate::record::recorder::lock;

/// Longest time for servers to boot and for clients to get ready, before the work starts
/// without them.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for the system to describe itself, or to shut down.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(60);

/// Greatest number of commands that wait for a client.
const COMMANDS_MAX: usize = 8;

/// A request to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientCommand {
    /// Drop the connection and reconnect.
    Reconnect,
    /// Receive the remaining messages, then leave.
    Leave,
}

/// The number of a piece of work in its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WorkId(pub u32);

/// The work that has not finished yet.
#[derive(Debug)]
pub struct Work {
    remaining: Mutex<BTreeSet<WorkId>>,
    under_way: Mutex<BTreeSet<WorkId>>,
    finished: Notify,
}

impl Work {
    fn new(work: impl Iterator<Item = WorkId>) -> Self {
        Self {
            remaining: Mutex::new(work.collect()),
            under_way: Mutex::default(),
            finished: Notify::new(),
        }
    }

    /// Reports that a piece of work is under way: a fault that strikes meanwhile counts as
    /// reached. Runs of agents are counted without it.
    pub fn begin(&self, work: WorkId) {
        lock(&self.under_way).insert(work);
    }

    /// Reports that a piece of work has finished.
    pub fn done(&self, work: WorkId) {
        lock(&self.under_way).remove(&work);
        let mut remaining = lock(&self.remaining);
        if remaining.remove(&work) && remaining.is_empty() {
            self.finished.notify_one();
        }
    }

    /// Returns `true` if that piece of work has not finished.
    pub fn remains(&self, work: WorkId) -> bool {
        lock(&self.remaining).contains(&work)
    }

    pub(super) fn is_under_way(&self) -> bool {
        !lock(&self.under_way).is_empty()
    }

    fn is_finished(&self) -> bool {
        lock(&self.remaining).is_empty()
    }
}

/// The state of one run.
pub(crate) struct RunState {
    recorder: Recorder,
    actors: Actors,
    servers: usize,
    servers_ready: RefCell<BTreeSet<usize>>,
    server_became_ready: Notify,
    clients: usize,
    clients_ready: Cell<usize>,
    client_became_ready: Notify,
    start: StartSignal,
    work: Arc<Work>,
    client_commands: RefCell<Vec<mpsc::Sender<ClientCommand>>>,
}

impl RunState {
    pub(crate) fn new(
        recorder: Recorder,
        work: impl Iterator<Item = WorkId>,
        servers: usize,
        clients: usize,
    ) -> Self {
        Self {
            actors: Actors::new(recorder.history().clone()),
            recorder,
            servers,
            servers_ready: RefCell::default(),
            server_became_ready: Notify::new(),
            clients,
            clients_ready: Cell::new(0),
            client_became_ready: Notify::new(),
            start: StartSignal::default(),
            work: Arc::new(Work::new(work)),
            client_commands: RefCell::default(),
        }
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn actors(&self) -> &Actors {
        &self.actors
    }

    pub(super) fn work(&self) -> &Arc<Work> {
        &self.work
    }

    // Servers and clients -----------------------------------------------------

    pub(super) fn server_ready(&self, server: usize) {
        self.servers_ready.borrow_mut().insert(server);
        self.server_became_ready.notify_one();
    }

    pub(super) fn client_ready(&self) {
        self.clients_ready.set(self.clients_ready.get() + 1);
        self.client_became_ready.notify_one();
    }

    async fn all_clients_ready(&self) {
        while self.clients_ready.get() < self.clients {
            self.client_became_ready.notified().await;
        }
    }

    /// Adds a client. Returns the receiver of its commands.
    pub(crate) fn add_client(&self) -> mpsc::Receiver<ClientCommand> {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        self.client_commands.borrow_mut().push(sender);
        commands
    }

    /// Hands a command to a client. Returns `false` if the client is gone, or has
    /// too many commands to take another.
    pub(super) fn command(&self, client: usize, command: ClientCommand) -> bool {
        let commands = self.client_commands.borrow().get(client).cloned();
        commands.is_some_and(|commands| commands.try_send(command).is_ok())
    }

    /// Waits until the work starts. Returns the time.
    pub(super) async fn started(&self) -> VirtualTime {
        self.start.wait().await
    }

    // Phases ------------------------------------------------------------------ Each is bounded
    // in time: the history shows the parts that were too late.

    /// Waits until every server can be connected to.
    pub(crate) async fn servers_ready(&self) {
        let ready = async {
            while {
                self.server_became_ready.notified().await;
                self.servers_ready.borrow().len() < self.servers
            } {}
        };
        if self.servers > 0 {
            let _ = time::timeout(STARTUP_TIMEOUT, ready).await;
        }
    }

    /// Lets the work start once every client is ready.
    pub(crate) async fn start(&self) {
        let _ = time::timeout(STARTUP_TIMEOUT, self.all_clients_ready()).await;
        self.start.give(self.recorder.now());
    }

    /// Waits until all work has finished.
    pub(crate) async fn work_finished(&self, longest: Duration) {
        let finished = async {
            while !self.work.is_finished() {
                self.work.finished.notified().await;
            }
        };
        let _ = time::timeout(longest, finished).await;
    }

    /// Commands every client to leave. Returns the senders, which must stay open until the
    /// clients have left: a closed channel reads as the same request again.
    #[must_use]
    pub(crate) async fn command_clients_to_leave(&self) -> Vec<mpsc::Sender<ClientCommand>> {
        let clients = std::mem::take(&mut *self.client_commands.borrow_mut());
        for client in &clients {
            // A client that was rejected is gone already.
            let _ = client.send(ClientCommand::Leave).await;
        }
        clients
    }
}

/// The time at which the work started, and the tasks that wait for it.
#[derive(Default)]
struct StartSignal {
    at: Cell<Option<VirtualTime>>,
    waiting: Cell<usize>,
    given: Notify,
}

impl StartSignal {
    fn give(&self, now: VirtualTime) {
        self.at.set(Some(now));
        self.given.notify_one();
    }

    async fn wait(&self) -> VirtualTime {
        loop {
            if let Some(at) = self.at.get() {
                return at;
            }
            self.waiting.set(self.waiting.get() + 1);
            let _waiting = Waiting(&self.waiting);
            self.given.notified().await;
            // One notification wakes one task, which wakes the next.
            if self.waiting.get() > 1 {
                self.given.notify_one();
            }
        }
    }
}

/// A task that waits; it may be cancelled meanwhile.
struct Waiting<'a>(&'a Cell<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
