//! The seeded bugs of the reference bridge.

pub use crate::agent::defects::{
    DOUBLE_TERMINAL, OPENING_OVERTAKEN, REPORT_BEFORE_JOIN, SIBLINGS_NOT_CANCELLED,
    SILENT_DEATH_IS_SUCCESS, UNAWAITED_TOOL_EVENT,
};
use crate::defect::Defect;

/// See its idea, as for the others below.
pub const SILENT_OVERFLOW: Defect = Defect::new(
    "silent-overflow",
    "A full buffer drops its oldest events without a gap marker (lag ⇒ skip).",
);

/// See [`SILENT_OVERFLOW`].
pub const RESUBSCRIBE_FROM_NOW: Defect = Defect::new(
    "resubscribe-from-now",
    "A client that reconnects is subscribed from now, not from what it saw.",
);

/// See [`SILENT_OVERFLOW`].
pub const RESUME_INCLUSIVE: Defect = Defect::new(
    "resume-inclusive",
    "A client that reconnects is sent its last event once more.",
);

/// See [`SILENT_OVERFLOW`].
pub const SEQUENCE_APART_FROM_SEND: Defect = Defect::new(
    "sequence-apart-from-send",
    "The sequence number is taken in one step and the event appended in another.",
);

/// See [`SILENT_OVERFLOW`].
pub const BROADCAST_TO_ALL: Defect = Defect::new(
    "broadcast-to-all",
    "Events go to every connection, regardless of their owner.",
);

/// See [`SILENT_OVERFLOW`].
pub const SHARED_RUN_CONTEXT: Defect = Defect::new(
    "shared-run-context",
    "Run context lives in one shared slot of the adapter.",
);

/// See [`SILENT_OVERFLOW`].
pub const LEAK_ON_ERROR: Defect =
    Defect::new("leak-on-error", "A failed run stays in the registry.");

/// See [`SILENT_OVERFLOW`].
pub const LEAK_ON_DISCONNECT: Defect = Defect::new(
    "leak-on-disconnect",
    "A task that serves a connection survives the connection.",
);

/// See [`SILENT_OVERFLOW`].
pub const LOCK_ORDER_INVERSION: Defect = Defect::new(
    "lock-order-inversion",
    "Registration and routing take the bridge's two locks in opposite order.",
);

/// See [`SILENT_OVERFLOW`].
pub const SWEEP_WITHOUT_RECHECK: Defect = Defect::new(
    "sweep-without-recheck",
    "The registry's sweep forgets a run that has been touched in between.",
);

/// See [`SILENT_OVERFLOW`].
pub const SHARED_CONTEXT_STACK: Defect = Defect::new(
    "shared-context-stack",
    "Run context is entered on one stack for all runs, and left by popping the top.",
);

/// See [`SILENT_OVERFLOW`].
pub const ROUTED_BY_RUN_NUMBER: Defect = Defect::new(
    "routed-by-run-number",
    "Events go to the thread that has the number of their run.",
);

/// See [`SILENT_OVERFLOW`].
pub const ROUTED_BY_USER_NUMBER: Defect = Defect::new(
    "routed-by-user-number",
    "Events go to the thread that has the number of their user.",
);

/// See [`SILENT_OVERFLOW`].
pub const MAPS_UPDATED_APART: Defect = Defect::new(
    "maps-updated-apart",
    "A run leaves the registry's two maps under two holds of its lock.",
);

/// See [`SILENT_OVERFLOW`].
pub const GROUPED_BY_RUN: Defect = Defect::new(
    "grouped-by-run",
    "Events that are sent together are grouped by run, whichever happened first.",
);

/// See [`SILENT_OVERFLOW`].
pub const LOCK_HELD_WHILE_SENDING: Defect = Defect::new(
    "lock-held-while-sending",
    "The connection table stays locked until a client has taken what it is sent.",
);

/// Every defect of the bridge and of its agents.
pub const DEFECTS: [Defect; 22] = [
    SILENT_OVERFLOW,
    RESUBSCRIBE_FROM_NOW,
    RESUME_INCLUSIVE,
    SEQUENCE_APART_FROM_SEND,
    BROADCAST_TO_ALL,
    SHARED_RUN_CONTEXT,
    REPORT_BEFORE_JOIN,
    SILENT_DEATH_IS_SUCCESS,
    DOUBLE_TERMINAL,
    LEAK_ON_ERROR,
    LEAK_ON_DISCONNECT,
    LOCK_ORDER_INVERSION,
    UNAWAITED_TOOL_EVENT,
    SWEEP_WITHOUT_RECHECK,
    SHARED_CONTEXT_STACK,
    ROUTED_BY_RUN_NUMBER,
    ROUTED_BY_USER_NUMBER,
    MAPS_UPDATED_APART,
    GROUPED_BY_RUN,
    LOCK_HELD_WHILE_SENDING,
    SIBLINGS_NOT_CANCELLED,
    OPENING_OVERTAKEN,
];

/// Every defect with its name in scenario files.
pub const NAMES: [(&str, Defect); DEFECTS.len()] = {
    let mut names = [("", SILENT_OVERFLOW); DEFECTS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = (DEFECTS[index].name(), DEFECTS[index]);
        index += 1;
    }
    names
};
