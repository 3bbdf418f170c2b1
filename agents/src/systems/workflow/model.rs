//! Workflows in the terms of a history.
//!
//! A workflow is a span, and so is each of its tasks. The orchestrator announces tasks and
//! reports their ends to the user, on the channel of the workflow's progress. A task
//! itself is a message to the channel of its agent, and its result one to the channel of
//! the workflow's results. Each user is a tenant.

use rehearsal_history::profile::{KindRule, Profile, Role};
use rehearsal_history::{Model, SpanEnd, Vocabulary};

use super::wire::WorkflowId;

/// The words and the rules of histories of workflows.
pub const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "channel",
        stream: "stream",
        actor: "actor",
        span: "span",
        tenant: "user",
        object: "object",
        operation: "operation",
    },
    profile: Some(&WORKFLOW),
};

/// Opens a workflow.
pub(super) const STARTED: &str = "started";
/// Opens a task: the task itself.
pub(super) const TASK: &str = "task";
/// Announces a task.
pub(super) const TASK_BEGINS: &str = "task_begins";
/// Reports the end of a task.
pub(super) const TASK_ENDS: &str = "task_ends";
/// Shows the state that a decision of the supervisor has led to.
pub(super) const STATE: &str = "state";
/// Ends a task or a workflow with a result.
pub(super) const FINISHED: &str = "finished";
/// Ends a task or a workflow with an error.
pub(super) const FAILED: &str = "failed";
/// Ends a task or a workflow that was stopped.
pub(super) const STOPPED: &str = "stopped";
/// Ends a task whose result did not come in time.
pub(super) const TIMED_OUT: &str = "timed_out";

/// The field that names a task's span.
pub(super) const SPAN: &str = "span";
/// The field that says why something failed.
pub(super) const REASON: &str = "reason";

const fn terminal(
    kind: &'static str,
    ends: &'static [SpanEnd],
    explained_by: Option<&'static str>,
) -> KindRule {
    KindRule {
        kind,
        role: Role::Terminal { ends, explained_by },
    }
}

const fn rule(kind: &'static str, role: Role) -> KindRule {
    KindRule { kind, role }
}

/// The rules that the messages of a workflow and of its tasks follow.
static WORKFLOW: Profile = Profile {
    name: "workflow",
    kinds: &[
        rule(STARTED, Role::Opening),
        rule(TASK, Role::Opening),
        rule(TASK_BEGINS, Role::BeginsChild { field: SPAN }),
        rule(TASK_ENDS, Role::EndsChild { field: SPAN }),
        rule(STATE, Role::Plain),
        terminal(FINISHED, &[SpanEnd::Completed], None),
        terminal(FAILED, &[SpanEnd::Failed], Some(REASON)),
        terminal(STOPPED, &[SpanEnd::Cancelled], None),
        terminal(TIMED_OUT, &[SpanEnd::TimedOut], None),
    ],
};

impl WorkflowId {
    /// Returns the channel of the workflow's progress.
    pub(super) fn progress(self) -> String {
        format!("progress-of-{self}")
    }

    /// Returns the channel of the results of its tasks.
    pub(super) fn results(self) -> String {
        format!("results-of-{self}")
    }

    /// Returns the name of the orchestrator's actor for it.
    pub(super) fn orchestrator(self) -> String {
        format!("orchestrator-{}", self.0)
    }

    /// Returns the name of its user.
    pub(super) fn user(self) -> String {
        format!("user-{}", self.0)
    }
}

/// Returns the channel of the tasks of an agent.
pub(super) fn tasks_of(agent: &str) -> String {
    format!("tasks-of-{agent}")
}
