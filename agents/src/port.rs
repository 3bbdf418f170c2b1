//! The port through which agents reach a system: runs begin and end there, and
//! events are handed over in between.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::event::{EventId, EventKind, Payload, RunId};
use crate::record::{Receipt, RunEnd};

pub use crate::event::RunContext;

/// An event as an agent hands it over; the system adds the rest of the envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEvent {
    /// Unique.
    pub id: EventId,
    /// The kind.
    pub kind: EventKind,
    /// The time of emission, in virtual milliseconds.
    pub at_ms: u64,
    /// Details.
    pub payload: Payload,
}

/// A refusal by the system, with its reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortError(pub String);

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PortError {}

/// A system that takes events from agents. The mock agents run against any
/// implementation.
///
/// Dropping a future of [`emit`](Self::emit) before it is ready must leave the
/// event either refused or accepted, never half accepted.
pub trait EventPort: Send + Sync {
    /// Announces a run.
    fn begin(&self, context: RunContext) -> BoxFuture<'_, Result<(), PortError>>;

    /// Hands over an event of an announced run. The answer is final.
    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, PortError>>;

    /// Ends a run whose terminal event has been handed over.
    fn end(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()>;
}
