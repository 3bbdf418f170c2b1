//! The bridge: agents hand it events, it carries them to the clients of their
//! threads.
//!
//! [`Bridge`] is the trait of every implementation, a user's own included;
//! [`ReferenceBridge`] is a small, correct one that can carry the defects of
//! [`defects`].

mod adapter;
pub mod client;
mod connections;
mod connector;
mod core;
pub mod defects;
mod directory;
pub mod faults;
mod file;
mod incarnation;
mod journal;
mod log;
pub mod marks;
mod memory;
mod needs;
mod plan;
mod port;
#[doc(hidden)]
pub mod portable;
mod reference;
mod registry;
mod registry_invariant;
mod run_table;
mod runs;
mod server;
mod session;
mod spec;
mod state;
mod subscriptions;
mod system;
mod wire;

use std::fmt;
use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpListener;

use crate::event::{RunId, ThreadId, UserId};
use crate::record::{Receipt, RegistrySnapshot, RunEnd};

pub use crate::capability::Capability;
pub use crate::network::{ByteStream, Listener};
pub use crate::port::{NewEvent, RunContext};
pub use connections::{Connection, ConnectionId, ConnectionTable};
pub use directory::Directory;
pub use futures_util::future::BoxFuture;
pub use journal::{Journal, JournalBusy};
pub use log::{Logged, Reading, ThreadLog};
pub use memory::MemoryConnection;
pub use reference::ReferenceBridge;
pub use registry::{Registry, ThreadRunRegistry};
pub use spec::{BridgeScenario, BridgeSettings, BridgeSpec, ClientSettings, Transport};
pub use state::BridgeState;
pub use system::{BridgeSystem, INFO, Reference, SYSTEM};
pub use wire::{ClientFrame, Position, ServerFrame};

/// The port on which a bridge listens.
pub const PORT: u16 = 9000;

/// The reason for which a bridge refuses.
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

/// A bridge, as agents, clients and the driver use it.
///
/// Answers must be final when they are given: an accepted event will reach every
/// subscriber of its thread, or a gap marker will say that it does not.
/// Dropping a future of `emit` before it is ready must leave the event either
/// refused or accepted as if it had been answered, never half accepted.
///
/// A method with a body belongs to a [`Capability`]. A bridge that leaves it as it is
/// must be registered [without](BridgeSystem::without) that capability: else
/// it is held to what it does not do, and where a scenario needs it the run panics.
pub trait Bridge: Send + Sync {
    /// Makes the bridge serve, if it does not yet. May be called by anyone, any
    /// number of times, at once: one call does the work, all see its result.
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>>;

    /// Its state.
    fn state(&self) -> BridgeState;

    /// Registers a run. A run that an earlier incarnation of the bridge knew continues
    /// with its next sequence number.
    fn register_run(&self, context: RunContext) -> BoxFuture<'_, Result<(), BridgeError>>;

    /// Takes an event of a registered run.
    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>>;

    /// Ends a run whose terminal event has been emitted.
    fn finish_run(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()>;

    /// A connection within the process. [`Capability::InProcess`]; without a body of
    /// its own there is none.
    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        let refused = BridgeError::Unsupported(Capability::InProcess);
        Box::pin(std::future::ready(Err(refused)))
    }

    /// Accepts connections until the bridge is shut down, and speaks WebSocket on
    /// each: text messages, each a [`ClientFrame`] or a [`ServerFrame`] as JSON.
    /// [`Capability::WebSocket`]; without a body of its own it returns at once.
    fn serve(&self, listener: TcpListener) -> BoxFuture<'_, ()> {
        drop(listener);
        Box::pin(std::future::ready(()))
    }

    /// The registrations and connections. [`Capability::Snapshot`]; without a body of
    /// its own, none.
    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        Box::pin(std::future::ready(RegistrySnapshot::default()))
    }

    /// Ends everything that the bridge has started, and waits for that.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// An observer of the bridge's internal state, as the bridge itself reports it. A bridge that
/// does not report its registry, or its sweeps, does without
/// [`Capability::RegistryEvents`] or [`Capability::Sweep`].
pub trait Observer: Send + Sync {
    /// Reports that the start-up work has been done (and not only been waited for).
    fn initialised(&self);

    /// Reports that the registry has changed; it is still locked.
    fn registry_changed(&self, registry: &dyn Registry);

    /// Reports that a sweep found that many runs past their time to live.
    fn swept(&self, found: usize);
}

/// The dependencies of a bridge.
#[derive(Clone)]
pub struct BridgeDeps {
    /// Settings.
    pub settings: BridgeSettings,
    /// The owners of threads, and the tokens of users.
    pub directory: Arc<Directory>,
    /// The part that survives a crash.
    pub journal: Journal,
    /// The observer of registry and sweeps.
    pub observer: Arc<dyn Observer>,
}

impl fmt::Debug for BridgeDeps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeDeps")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
