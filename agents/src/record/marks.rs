//! The marks of what clients receive.

use crate::capability::Capability;
use crate::goal::Mark;

/// A client came back after it had lost its connection.
pub const RECONNECTED: Mark = Mark::new("reconnected").needing(Capability::Resume);

/// A resume replayed at least one event that the client had missed.
pub const REPLAYED: Mark = Mark::new("replayed").needing(Capability::Resume);

/// A gap marker that covers an event reached a client.
pub const GAP_MARKED: Mark = Mark::new("gap-marked").needing(Capability::Gaps);

/// Events of two runs reached one client interleaved.
pub const INTERLEAVED: Mark = Mark::new("interleaved");
