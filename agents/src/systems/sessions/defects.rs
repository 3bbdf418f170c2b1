//! The seeded bugs of the sessions, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const CURRENT_SESSION: Defect = Defect::new(
    "current-session",
    "The service has one current session, and every event goes to it.",
);

/// See [`CURRENT_SESSION`].
pub const SUMS_WRITTEN_BACK: Defect = Defect::new(
    "sums-written-back",
    "The sums of a session are read, and written back after the write to the disk.",
);

/// See [`CURRENT_SESSION`].
pub const CHECKPOINT_ALIASES_STATE: Defect = Defect::new(
    "checkpoint-aliases-state",
    "A checkpoint refers to the sums of the session, in the place of a copy.",
);

/// See [`CURRENT_SESSION`].
pub const CLOSED_TWICE: Defect = Defect::new(
    "closed-twice",
    "The guard of a session closes it once more after it was closed.",
);

/// See [`CURRENT_SESSION`].
pub const OPEN_AFTER_ERROR: Defect = Defect::new(
    "open-after-error",
    "An error returns to the caller before the session is closed.",
);

/// See [`CURRENT_SESSION`].
pub const CHILD_NOT_JOINED: Defect = Defect::new(
    "child-not-joined",
    "A session is closed while a session that it began is open.",
);

/// See [`CURRENT_SESSION`].
pub const REFRESHED_BY_EACH: Defect = Defect::new(
    "refreshed-by-each",
    "Each caller that finds the token expired refreshes it.",
);

/// See [`CURRENT_SESSION`].
pub const REFRESH_MISSED: Defect = Defect::new(
    "refresh-missed",
    "A caller that begins to wait for a refresh when it has ended waits for ever.",
);

/// See [`CURRENT_SESSION`].
pub const ANSWERED_BEFORE_WRITE: Defect = Defect::new(
    "answered-before-write",
    "An event is answered before the recording has it, so that a crash loses it.",
);

/// See [`CURRENT_SESSION`].
pub const REPEATED_EVENT: Defect = Defect::new(
    "repeated-event",
    "An event that is repeated is added to the log again.",
);

/// See [`CURRENT_SESSION`].
pub const REFUSAL_OVERRULED: Defect = Defect::new(
    "refusal-overruled",
    "A token that was refused is used again as long as it is valid by the host's own clock.",
);

/// Every defect.
pub const DEFECTS: [Defect; 11] = [
    CURRENT_SESSION,
    SUMS_WRITTEN_BACK,
    CHECKPOINT_ALIASES_STATE,
    CLOSED_TWICE,
    OPEN_AFTER_ERROR,
    CHILD_NOT_JOINED,
    REFRESHED_BY_EACH,
    REFRESH_MISSED,
    ANSWERED_BEFORE_WRITE,
    REPEATED_EVENT,
    REFUSAL_OVERRULED,
];
