//! The marks of the store.

use crate::goal::Mark;

/// A client repeated a request that it had no answer to.
pub const REQUEST_REPEATED: Mark = Mark::new("request-repeated");

/// A claim was refused, because another worker had the task by then.
pub const CLAIM_REFUSED: Mark = Mark::new("claim-refused");

/// A task was claimed in the place of a worker that had been given up.
pub const TASK_REASSIGNED: Mark = Mark::new("task-reassigned");

/// A result was refused, because the task had been claimed again.
pub const LATE_RESULT_REFUSED: Mark = Mark::new("late-result-refused");

/// A crash left a count without its result, and the next incarnation completed the pair.
pub const PAIR_COMPLETED: Mark = Mark::new("pair-completed");

/// A snapshot was looked at after its workspace had changed.
pub const SNAPSHOT_OUTLIVED_CHANGE: Mark = Mark::new("snapshot-outlived-change");

/// A replica had not yet come to what its reader knew.
pub const REPLICA_BEHIND: Mark = Mark::new("replica-behind");

/// A revision was refused, because its document or a statement that it uses had changed.
pub const REVISION_REFUSED: Mark = Mark::new("revision-refused");

/// A tool was refused, because it had been withdrawn since the agent was shown it.
pub const TOOL_REFUSED: Mark = Mark::new("tool-refused");
