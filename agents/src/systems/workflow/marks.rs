//! The marks of workflows.

use crate::goal::Mark;

macro_rules! marks {
    ($($(#[doc = $doc:literal])+ $constant:ident = $name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $constant: Mark = Mark::new($name);)+

        /// Every mark.
        pub const MARKS: &[Mark] = &[$($constant,)+];
    };
}

marks! {
    /// A workflow came to its end with a result.
    COMPLETED = "workflow-completed";
    /// A workflow came to its end with an error.
    FAILED = "workflow-failed";
    /// A workflow was stopped because its tokens were used up.
    OUT_OF_TOKENS = "out-of-tokens";
    /// A task that was under way was stopped.
    TASK_STOPPED = "task-stopped";
    /// A task failed.
    TASK_FAILED = "task-failed";
    /// A task was given up because its result did not come in time.
    TASK_TIMED_OUT = "task-timed-out";
    /// The orchestrator sent a task again over a new connection.
    TASK_SENT_AGAIN = "task-sent-again";
    /// A tool was run.
    TOOL_RUN = "tool-run";
    /// A definition was refused before its first task.
    DEFINITION_REFUSED = "definition-refused";
    /// A plan could not be read, and the first worker was used.
    PLAN_UNREADABLE = "plan-unreadable";
    /// An evaluation could not be read.
    EVALUATION_UNREADABLE = "evaluation-unreadable";
    /// A plan, a route or a task named an agent that there is not.
    UNKNOWN_AGENT = "unknown-agent";
    /// The supervisor made as many decisions as it may.
    DECISIONS_USED_UP = "decisions-used-up";
    /// A synthesis was made without all of the results.
    PARTIAL_SYNTHESIS = "partial-synthesis";
    /// A synthesis asks for changes.
    CHANGES_REQUESTED = "changes-requested";
    /// A task was left out because its condition did not hold.
    TASK_LEFT_OUT = "task-left-out";
    /// Two tasks of one workflow were under way at once.
    TASKS_AT_ONCE = "tasks-at-once";
    /// A task that failed was recovered by another agent.
    TASK_RECOVERED = "task-recovered";
    /// A reviewer asked for a revision.
    REVISION = "revision";
    /// A review ended with an approval.
    APPROVED = "approved";
    /// A review ended with a rejection.
    REJECTED = "rejected";
    /// A review calls for a person.
    HUMAN_REVIEW = "human-review";
    /// An incident was remediated.
    REMEDIATED = "remediated";
    /// An incident was escalated.
    ESCALATED = "escalated";
    /// An incident was learned from.
    LEARNED = "learned";
}
