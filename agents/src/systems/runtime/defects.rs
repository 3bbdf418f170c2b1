//! The seeded bugs of the runtime, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const CANCEL_ENDS_AT_FIRST_LEVEL: Defect = Defect::new(
    "cancel-ends-at-first-level",
    "A cancelled request does not cancel the requests that were made for it.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const CANCEL_BEFORE_REGISTRATION: Defect = Defect::new(
    "cancel-before-registration",
    "A cancellation that comes before its request is registered is forgotten.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const DISCONNECT_LEAVES_REQUESTS: Defect = Defect::new(
    "disconnect-leaves-requests",
    "The requests of a client go on when its connection breaks.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const FACTORY_CALLED_AGAIN: Defect = Defect::new(
    "factory-called-again",
    "An agent is looked up, created and entered, with other messages in between.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const ANSWERS_BY_ORDER: Defect = Defect::new(
    "answers-by-order",
    "An answer goes to the oldest request that waits, so that one for a cancelled request \
     answers the next.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const SUBSCRIBERS_BY_PLACE: Defect = Defect::new(
    "subscribers-by-place",
    "An event goes to one subscriber after the other by their places in a list, which change \
     when one leaves.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const OWN_EVENTS_COME_BACK: Defect = Defect::new(
    "own-events-come-back",
    "A publisher receives its own events, although it should not.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const RETRY_WITH_NEW_KEY: Defect = Defect::new(
    "retry-with-new-key",
    "A tool call that is repeated has a new key, so that the tool runs again.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const EXECUTOR_RUNS_ON: Defect = Defect::new(
    "executor-runs-on",
    "Code that is stopped at its limit runs on unseen, and has its effect.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const LIMIT_BY_CLOCK_MINUTE: Defect = Defect::new(
    "limit-by-clock-minute",
    "Calls are counted by minutes of the clock, so that twice as many fit around the full one.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const LIMITER_TIMER_LEFT: Defect = Defect::new(
    "limiter-timer-left",
    "The limiter has a timer of its own, which nothing stops.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const PENDING_RESULT_CUT: Defect = Defect::new(
    "pending-result-cut",
    "A conversation is cut to its bound, whatever the model has not been shown yet.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const MEMORY_WITHOUT_USER: Defect = Defect::new(
    "memory-without-user",
    "What agents remember is kept by topic, for all users together.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const FLUSH_OVERWRITES: Defect = Defect::new(
    "flush-overwrites",
    "A batch of outputs takes the place of those that were written before.",
);

/// See [`CANCEL_ENDS_AT_FIRST_LEVEL`].
pub const FINGERPRINT_NOT_COMPARED: Defect = Defect::new(
    "fingerprint-not-compared",
    "A client is taken for the one that it says it is.",
);

/// Every defect.
pub const DEFECTS: [Defect; 15] = [
    CANCEL_ENDS_AT_FIRST_LEVEL,
    CANCEL_BEFORE_REGISTRATION,
    DISCONNECT_LEAVES_REQUESTS,
    FACTORY_CALLED_AGAIN,
    ANSWERS_BY_ORDER,
    SUBSCRIBERS_BY_PLACE,
    OWN_EVENTS_COME_BACK,
    RETRY_WITH_NEW_KEY,
    EXECUTOR_RUNS_ON,
    LIMIT_BY_CLOCK_MINUTE,
    LIMITER_TIMER_LEFT,
    PENDING_RESULT_CUT,
    MEMORY_WITHOUT_USER,
    FLUSH_OVERWRITES,
    FINGERPRINT_NOT_COMPARED,
];
