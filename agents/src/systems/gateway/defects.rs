//! The seeded bugs of the gateway, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const TASK_IDS_FROM_CLOCK: Defect = Defect::new(
    "task-ids-from-clock",
    "The id of a delegated task is the time in whole seconds, so that two tasks share one.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const MEMORY_IGNORES_SESSION: Defect = Defect::new(
    "memory-ignores-session",
    "A query of an agent's memory names a session, and is answered with those of all.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const MEMORY_SHARED_BY_AGENTS: Defect = Defect::new(
    "memory-shared-by-agents",
    "Agents keep their logs in one place, which is found by the session alone.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const ACCESS_CHECKED_LATE: Defect = Defect::new(
    "access-checked-late",
    "The access list is looked at when the task has come back, not before it is sent.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const RETRY_RUNS_AGAIN: Defect = Defect::new(
    "retry-runs-again",
    "A task that is sent again because its answer was slow is carried out a second time.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const JOINED_BY_SESSION: Defect = Defect::new(
    "joined-by-session",
    "A request gets the answer of any turn that is under way in its session.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const STREAM_WITHOUT_END: Defect = Defect::new(
    "stream-without-end",
    "A streamed answer whose turn fails just stops, without an error and without an end.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const LOG_TRUNCATED: Defect = Defect::new(
    "log-truncated",
    "A log that has grown too long drops its oldest event, and reports nothing.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const READY_BEFORE_CARDS: Defect = Defect::new(
    "ready-before-cards",
    "An agent is ready as soon as it runs, although it does not know its sub-agents yet.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const RETRIES_WITHOUT_BUDGET: Defect = Defect::new(
    "retries-without-budget",
    "A delegated task is sent again and again as long as the gateway is busy.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const LATE_REPLY_TAKEN: Defect = Defect::new(
    "late-reply-taken",
    "The reply of the model to a call that was given up is taken for that to the next one.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const REPETITION_CARRIED_OUT: Defect = Defect::new(
    "repetition-carried-out",
    "An output that the model sends again is carried out again.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const CUT_OUTPUT_ACCEPTED: Defect = Defect::new(
    "cut-output-accepted",
    "An output that breaks off is taken for a whole one.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const UNREADABLE_REPLY_ENDS_TURN: Defect = Defect::new(
    "unreadable-reply-ends-turn",
    "A turn whose model sends what cannot be read stops, and its end is not remembered.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const RETRY_AFTER_IGNORED: Defect = Defect::new(
    "retry-after-ignored",
    "A refusal of the model names the time of the next call, and the call is repeated before.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const LIMIT_ENDS_TURN: Defect = Defect::new(
    "limit-ends-turn",
    "A refusal of the model for too many calls that names no time is taken for final.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const ERROR_IS_OUTPUT: Defect = Defect::new(
    "error-is-output",
    "The text of an error of the model is taken for its output.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const EXPIRED_TOKEN_KEPT: Defect = Defect::new(
    "expired-token-kept",
    "A call that is refused because its token has expired is repeated with the same token.",
);

/// See [`TASK_IDS_FROM_CLOCK`].
pub const RESULT_TAKEN_TWICE: Defect = Defect::new(
    "result-taken-twice",
    "The result of a task that is delivered twice is remembered twice.",
);

/// Every defect.
pub const DEFECTS: [Defect; 19] = [
    TASK_IDS_FROM_CLOCK,
    MEMORY_IGNORES_SESSION,
    MEMORY_SHARED_BY_AGENTS,
    ACCESS_CHECKED_LATE,
    RETRY_RUNS_AGAIN,
    JOINED_BY_SESSION,
    STREAM_WITHOUT_END,
    LOG_TRUNCATED,
    READY_BEFORE_CARDS,
    RETRIES_WITHOUT_BUDGET,
    LATE_REPLY_TAKEN,
    REPETITION_CARRIED_OUT,
    CUT_OUTPUT_ACCEPTED,
    UNREADABLE_REPLY_ENDS_TURN,
    RETRY_AFTER_IGNORED,
    LIMIT_ENDS_TURN,
    ERROR_IS_OUTPUT,
    EXPIRED_TOKEN_KEPT,
    RESULT_TAKEN_TWICE,
];
