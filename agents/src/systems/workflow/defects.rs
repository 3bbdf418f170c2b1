//! The bugs that can be seeded into workflows, modelled on public reports.

use crate::defect::Defect;

macro_rules! defects {
    ($($constant:ident = $name:literal, $idea:literal;)+) => {
        $(#[doc = $idea] pub const $constant: Defect = Defect::new($name, $idea);)+

        /// Every defect.
        pub const DEFECTS: &[Defect] = &[$($constant,)+];
    };
}

defects! {
    SYNTHESIS_BEFORE_LAST = "synthesis-before-last",
        "A fan-out puts the findings together when the last review is still under way.";
    RESULTS_IN_FINISH_ORDER = "results-in-finish-order",
        "The results of a fan-out are in the order in which they came.";
    FAILURE_LOSES_OTHERS = "failure-loses-others",
        "The first reviewer that fails ends the fan-out, and the results of the others are lost.";
    SHARED_INPUT = "shared-input",
        "The log keeps a reference to the input of a task, which later tasks change.";
    SIBLINGS_OUTLIVE_BUDGET = "siblings-outlive-budget",
        "When the tokens are used up, only the task that was refused some is stopped.";
    SUPERVISOR_NEVER_ENDS = "supervisor-never-ends",
        "A supervisor goes on until it is satisfied, however often it comes to the same state.";
    FAILURE_REPEATED = "failure-repeated",
        "A task that failed is given to its worker again as it was, until it succeeds.";
    TIMED_OUT_IS_FINISHED = "timed-out-is-finished",
        "A task that was given up is reported as finished, with an empty answer.";
    UNKNOWN_AGENT_IS_SUCCESS = "unknown-agent-is-success",
        "A plan that names an unknown worker completes the workflow.";
    ROUND_ENDS_EARLY = "round-ends-early",
        "A round is over when all peers but one have contributed.";
    CONVERSATION_DOUBLED = "conversation-doubled",
        "An agent's whole conversation is appended to the one that it was given.";
    TASK_TAKEN_AGAIN = "task-taken-again",
        "A task that is sent again after a lost connection is taken for a new one.";
    CONDITION_READ_EARLY = "condition-read-early",
        "The condition of a task is read before the task has run that it depends on.";
    PRIORITY_NOT_INHERITED = "priority-not-inherited",
        "A task that an urgent one waits for is only as urgent as it says itself.";
    RECOVERY_LOST = "recovery-lost",
        "A procedure goes on with the result of the task that failed, and not with the recovered one.";
    LEARN_SKIPPED = "learn-skipped",
        "An incident that was escalated without a remediation is not learned from.";
}
