//! The history of a run, as its actors recorded it, and the oracles that judge it.
//!
//! Actors record at the edge of the system under test: what they hand to it, what it
//! answers, what they receive. The system itself is only believed where it answers.
//! Nothing here knows any system: a message on a channel, an operation on an object, a
//! span with a beginning and an end are enough for all of them.

mod actor;
mod amount;
mod body;
mod clock;
mod entry;
pub mod facets;
mod history;
mod ids;
pub mod jsonl;
mod ledger;
pub mod metrics;
pub mod oracle;
pub mod profile;
mod recorder;
mod settings;
pub mod sweep;
mod validation;
pub mod wire;

pub use actor::{
    Actor, Actors, Draft, Invocation, LogPlace, Receipt, RecordsHistory, Reply, Sending, Span,
    SpanContext, SpanDraft,
};
pub use amount::Amount;
pub use body::{Body, Symbol, Value};
pub use clock::VectorClock;
pub use entry::{
    Accepted, Began, Entry, EntryKind, Envelope, Epoch, FaultPhase, Gap, Mark, Note, Offset, Phase,
    Position, Received, Resource, Sent, Since, SpanEnd,
};
pub use facets::gaps::{GapCause, GapFault, GapPolicy};
pub use facets::{CheckedRun, Facet};
pub use history::{History, Model};
pub use ids::{
    ActorId, ChannelId, EntityId, EntityKind, MessageId, Name, Names, ObjectId, OperationId,
    SpanId, StreamId, TenantId, Vocabulary,
};
pub use ledger::Ledger;
pub use recorder::Recorder;
pub use validation::Validation;
