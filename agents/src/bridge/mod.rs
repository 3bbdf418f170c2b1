//! The bridge: agents hand it events, it carries them to the clients of their
//! threads.
//!
//! [`Bridge`] is what a system of one's own implements to be put on stage;
//! [`ReferenceBridge`] is a small, correct implementation that can carry the
//! defects of [`crate::spec::Defect`].

mod adapter;
mod connections;
mod directory;
mod journal;
mod log;
mod memory;
mod reference;
mod registry;
mod runs;
mod server;
mod session;
mod state;
mod stream;
mod subscriptions;
mod wire;

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpListener;

use crate::event::{AgentName, EventId, EventKind, Payload, RunId, ThreadId, UserId};
use crate::record::{Receipt, RegistrySnapshot, RunEnd};
use crate::spec::{BridgeSettings, Defect};
use crate::system::Capability;

pub use crate::scenario::{Company, Guest, NotOnTour, Tour, play, play_with};
pub use connections::{Connection, ConnectionId, ConnectionTable};
pub use directory::Directory;
pub use futures_util::future::BoxFuture;
pub use journal::{Journal, JournalBusy};
pub use log::{Logged, Reading, ThreadLog};
pub use memory::MemoryConnection;
pub use reference::ReferenceBridge;
pub use registry::{Registry, ThreadRunRegistry};
pub(crate) use server::websocket_config;
pub use state::BridgeState;
pub use stream::{ByteStream, Listener};
pub use wire::{ClientFrame, Position, ServerFrame};

/// The port on which a bridge listens.
pub const PORT: u16 = 9000;

/// A run as it introduces itself: where its events belong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunContext {
    /// The run.
    pub run: RunId,
    /// The thread that it writes to.
    pub thread: ThreadId,
    /// The owner of that thread.
    pub user: UserId,
    /// The run that started it, if any.
    pub parent: Option<RunId>,
    /// The agent that runs.
    pub agent: AgentName,
}

/// An event as an agent hands it in; the bridge puts it into its envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Unique.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When it was emitted, in virtual milliseconds.
    pub at_ms: u64,
    /// Details.
    pub payload: Payload,
}

/// Why a bridge refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BridgeError {
    /// It is not in a state in which it serves.
    NotServing(BridgeState),
    /// It could not start.
    NotStarted(String),
    /// No such run is registered.
    UnknownRun(RunId),
    /// The run is registered already.
    AlreadyRegistered(RunId),
    /// The thread does not belong to that user.
    NotOwner(ThreadId, UserId),
    /// It cannot do that at all.
    Unsupported(Capability),
}

impl fmt::Display for BridgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotServing(state) => write!(f, "the bridge is {state}"),
            Self::NotStarted(why) => write!(f, "the bridge could not start: {why}"),
            Self::UnknownRun(run) => write!(f, "{run} is not registered"),
            Self::AlreadyRegistered(run) => write!(f, "{run} is registered already"),
            Self::NotOwner(thread, user) => write!(f, "{thread} does not belong to {user}"),
            Self::Unsupported(capability) => write!(f, "the bridge does not support {capability}"),
        }
    }
}

impl std::error::Error for BridgeError {}

/// A bridge, as agents, clients and scenarios see it.
///
/// Answers must be final when they are given: an accepted event will reach every
/// subscriber of its thread, or a gap marker will say that it does not.
/// Dropping a future of `emit` before it is ready must leave the event either
/// refused or accepted as if it had been answered, never half accepted.
///
/// A method with a body belongs to a [`Capability`]. A bridge that leaves it as it is
/// must be registered [without](crate::system::System::without) that capability: else
/// it is held to what it does not do, and where a scenario needs it the run panics.
pub trait Bridge: Send + Sync {
    /// Makes the bridge serve, if it does not yet. May be called by anyone, any
    /// number of times, at once: one call does the work, all see its result.
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>>;

    /// How it is doing.
    fn state(&self) -> BridgeState;

    /// Makes a run known. A run that an earlier life of the bridge knew goes on
    /// with its next sequence number.
    fn register_run(&self, context: RunContext) -> BoxFuture<'_, Result<(), BridgeError>>;

    /// Takes an event of a registered run.
    fn emit(&self, run: RunId, draft: Draft) -> BoxFuture<'_, Result<Receipt, BridgeError>>;

    /// The run is over; its terminal event has been emitted.
    fn finish_run(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()>;

    /// A connection within the process. [`Capability::InProcess`]; without a body of
    /// one's own there is none.
    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        let refused = BridgeError::Unsupported(Capability::InProcess);
        Box::pin(std::future::ready(Err(refused)))
    }

    /// Accepts connections until the bridge is shut down, and speaks WebSocket on
    /// each: text messages, each a [`ClientFrame`] or a [`ServerFrame`] as JSON.
    /// [`Capability::WebSocket`]; without a body of one's own it returns at once.
    fn serve(&self, listener: TcpListener) -> BoxFuture<'_, ()> {
        drop(listener);
        Box::pin(std::future::ready(()))
    }

    /// Who is registered and connected. [`Capability::Snapshot`]; without a body of
    /// one's own, nobody.
    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        Box::pin(std::future::ready(RegistrySnapshot::default()))
    }

    /// Ends everything that the bridge has started, and waits for that.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// Looks at the bridge's inner life as the bridge itself reports it. A bridge that
/// does not report its registry, or its sweeps, does without
/// [`Capability::RegistryEvents`] or [`Capability::Sweep`].
pub trait Observer: Send + Sync {
    /// The start-up work has been done (and not only been waited for).
    fn initialised(&self);

    /// The registry has changed; it is still locked.
    fn registry_changed(&self, registry: &dyn Registry);

    /// A sweep found that many runs past their time to live.
    fn swept(&self, found: usize);
}

/// What a bridge is made of.
#[derive(Clone)]
pub struct Parts {
    /// Settings.
    pub settings: BridgeSettings,
    /// The seeded bug, if any.
    pub defect: Option<Defect>,
    /// Who owns which thread.
    pub directory: Arc<Directory>,
    /// What survives a crash.
    pub journal: Journal,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("settings", &self.settings)
            .field("defect", &self.defect)
            .finish_non_exhaustive()
    }
}
