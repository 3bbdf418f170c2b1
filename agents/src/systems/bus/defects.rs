//! The seeded bugs of the bus, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const ANSWER_BEFORE_WRITE: Defect = Defect::new(
    "answer-before-write",
    "A message is accepted before the journal has it, so that a crash loses it.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const FULL_MAILBOX_DROPS_OLDEST: Defect = Defect::new(
    "full-mailbox-drops-oldest",
    "A full mailbox makes room by dropping its oldest message, and the sender is not told.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const RESPONSE_BY_ORDER: Defect = Defect::new(
    "response-by-order",
    "A response answers the oldest request that waits, not the one that it names.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const BROADCAST_TO_CONNECTED: Defect = Defect::new(
    "broadcast-to-connected",
    "A broadcast skips the mailboxes of members that are not connected at that moment.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const BROADCAST_TO_EVERY_TEAM: Defect = Defect::new(
    "broadcast-to-every-team",
    "A broadcast goes to every mailbox, regardless of the team.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const REDELIVERY: Defect = Defect::new(
    "redelivery",
    "A member that comes back is resumed after the last message that the broker knows it \
     took, not after the one that it names.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const LIVE_BEFORE_BACKLOG: Defect = Defect::new(
    "live-before-backlog",
    "A member that comes back is sent new messages while its backlog is still being read.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const REPEATED_ORDER: Defect = Defect::new(
    "repeated-order",
    "An order that is repeated after a reconnect is executed again.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const DIRECT_FIRST: Defect = Defect::new(
    "direct-first",
    "Messages to one member overtake the broadcasts that wait in its mailbox.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const LOCKS_FROM_SENDER: Defect = Defect::new(
    "locks-from-sender",
    "A broadcast locks the mailboxes from its sender on, round the team.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const REQUEST_NOT_WITHDRAWN: Defect = Defect::new(
    "request-not-withdrawn",
    "A request that timed out keeps its room in the broker for a response.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const TIME_OUT_IS_SUCCESS: Defect = Defect::new(
    "time-out-is-success",
    "A request that timed out is reported as completed.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const FLUSH_IGNORES_HANDLERS: Defect = Defect::new(
    "flush-ignores-handlers",
    "An event counts as handled when one of its handlers has finished, and a member that \
     exits aborts the others.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const HANDLERS_UNDER_LOCK: Defect = Defect::new(
    "handlers-under-lock",
    "Handlers run while the table of handlers is locked, which a handler that publishes \
     locks too.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const FAILURE_STOPS_OTHERS: Defect = Defect::new(
    "failure-stops-others",
    "Handlers run one after the other, and one that fails keeps the event from the rest.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const UNBOUNDED_HISTORY: Defect = Defect::new(
    "unbounded-history",
    "The events that are kept for late subscribers are never forgotten.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const RECEIVE_NOT_CANCEL_SAFE: Defect = Defect::new(
    "receive-not-cancel-safe",
    "A receive takes the message out of the mailbox first, and loses it when its time is up.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const STOP_DROPS_QUEUED: Defect = Defect::new(
    "stop-drops-queued",
    "A listener that is stopped drops the messages that wait in its mailbox.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const ACCEPTED_AFTER_STOP: Defect = Defect::new(
    "accepted-after-stop",
    "Messages to a member that was stopped are accepted, and never handled.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const REGISTERED_ANEW: Defect = Defect::new(
    "registered-anew",
    "A member that registers again gets an empty mailbox.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const UNKNOWN_MEMBER_IGNORED: Defect = Defect::new(
    "unknown-member-ignored",
    "A message to a member that never registered is accepted and dropped.",
);

/// See [`ANSWER_BEFORE_WRITE`].
pub const WAITS_FOR_ROOM: Defect = Defect::new(
    "waits-for-room",
    "A message to a full mailbox waits for room with the mailbox locked, so that its member \
     cannot take anything out of it.",
);

/// Every defect.
pub const DEFECTS: [Defect; 22] = [
    ANSWER_BEFORE_WRITE,
    FULL_MAILBOX_DROPS_OLDEST,
    RESPONSE_BY_ORDER,
    BROADCAST_TO_CONNECTED,
    BROADCAST_TO_EVERY_TEAM,
    REDELIVERY,
    LIVE_BEFORE_BACKLOG,
    REPEATED_ORDER,
    DIRECT_FIRST,
    LOCKS_FROM_SENDER,
    REQUEST_NOT_WITHDRAWN,
    TIME_OUT_IS_SUCCESS,
    FLUSH_IGNORES_HANDLERS,
    HANDLERS_UNDER_LOCK,
    FAILURE_STOPS_OTHERS,
    UNBOUNDED_HISTORY,
    RECEIVE_NOT_CANCEL_SAFE,
    STOP_DROPS_QUEUED,
    ACCEPTED_AFTER_STOP,
    REGISTERED_ANEW,
    UNKNOWN_MEMBER_IGNORED,
    WAITS_FOR_ROOM,
];
