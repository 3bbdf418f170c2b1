//! The seeded bugs of the store, each taken from reports about other systems.

use crate::defect::Defect;

/// See its idea, as for the others below.
pub const LOST_UPDATE: Defect = Defect::new(
    "lost-update",
    "A counter is read under the lock, and written back after the lock was released.",
);

/// See [`LOST_UPDATE`].
pub const WORKSPACE_PUT_BACK: Defect = Defect::new(
    "workspace-put-back",
    "A workspace is read, changed and put back without its lock, over what came meanwhile.",
);

/// See [`LOST_UPDATE`].
pub const SHALLOW_SNAPSHOT: Defect = Defect::new(
    "shallow-snapshot",
    "A snapshot copies the table of a workspace, and shares the lists in it.",
);

/// See [`LOST_UPDATE`].
pub const ANSWER_BEFORE_JOURNAL: Defect = Defect::new(
    "answer-before-journal",
    "A command is answered before the journal has its change, so that a crash loses it.",
);

/// See [`LOST_UPDATE`].
pub const RETRY_APPLIED_TWICE: Defect = Defect::new(
    "retry-applied-twice",
    "A request that is repeated because its answer was lost is executed again.",
);

/// See [`LOST_UPDATE`].
pub const NAMESPACE_LEFT_OUT: Defect = Defect::new(
    "namespace-left-out",
    "Keys go without the name of their team, so that two teams share them.",
);

/// See [`LOST_UPDATE`].
pub const DOUBLE_CLAIM: Defect = Defect::new(
    "double-claim",
    "A claim is checked, and inserted later, so that two workers get one task.",
);

/// See [`LOST_UPDATE`].
pub const LATE_RESULT_ACCEPTED: Defect = Defect::new(
    "late-result-accepted",
    "A result is taken from a worker whose task was given to another one meanwhile.",
);

/// See [`LOST_UPDATE`].
pub const TASKS_ZIPPED_WITH_WORKERS: Defect = Defect::new(
    "tasks-zipped-with-workers",
    "Tasks are paired with workers, so that those beyond the last worker are left out.",
);

/// See [`LOST_UPDATE`].
pub const PAIR_LEFT_TORN: Defect = Defect::new(
    "pair-left-torn",
    "A tester that starts again does not complete the pair of writes that a crash tore.",
);

/// See [`LOST_UPDATE`].
pub const READ_WITHOUT_TOKEN: Defect = Defect::new(
    "read-without-token",
    "An agent reads at a replica without naming the position of its last write.",
);

/// See [`LOST_UPDATE`].
pub const REPLICA_RESUMES_FROM_NOW: Defect = Defect::new(
    "replica-resumes-from-now",
    "A replica that lost its link goes on with the next change, not with the one it missed.",
);

/// See [`LOST_UPDATE`].
pub const REVISED_BLINDLY: Defect = Defect::new(
    "revised-blindly",
    "A document is replaced without a look at the version that the new one was produced from.",
);

/// See [`LOST_UPDATE`].
pub const RETRACTION_IGNORED: Defect = Defect::new(
    "retraction-ignored",
    "A revision is taken although a statement that it uses was retracted meanwhile.",
);

/// See [`LOST_UPDATE`].
pub const WITHDRAWN_TOOL_USED: Defect = Defect::new(
    "withdrawn-tool-used",
    "A tool is found by its name when it is used, although it was withdrawn meanwhile.",
);

/// See [`LOST_UPDATE`].
pub const EFFECTS_WHEN_READY: Defect = Defect::new(
    "effects-when-ready",
    "The effects of a turn are prepared at the same time, and each comes when it is ready.",
);

/// See [`LOST_UPDATE`].
pub const ANSWER_WAITS_FOR_REPLICA: Defect = Defect::new(
    "answer-waits-for-replica",
    "A command is answered when a replica has its change, however long that is away.",
);

/// See [`LOST_UPDATE`].
pub const TORN_RECORD_KEPT: Defect = Defect::new(
    "torn-record-kept",
    "A record that a crash has torn stays in the journal, and nothing behind it is read again.",
);

/// Every defect.
pub const DEFECTS: [Defect; 18] = [
    LOST_UPDATE,
    WORKSPACE_PUT_BACK,
    SHALLOW_SNAPSHOT,
    ANSWER_BEFORE_JOURNAL,
    RETRY_APPLIED_TWICE,
    NAMESPACE_LEFT_OUT,
    DOUBLE_CLAIM,
    LATE_RESULT_ACCEPTED,
    TASKS_ZIPPED_WITH_WORKERS,
    PAIR_LEFT_TORN,
    READ_WITHOUT_TOKEN,
    REPLICA_RESUMES_FROM_NOW,
    REVISED_BLINDLY,
    RETRACTION_IGNORED,
    WITHDRAWN_TOOL_USED,
    EFFECTS_WHEN_READY,
    ANSWER_WAITS_FOR_REPLICA,
    TORN_RECORD_KEPT,
];
