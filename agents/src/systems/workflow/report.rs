//! The report that a user receives at the end of a workflow.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::Object;

/// The report of a workflow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    /// The result, or the reason why there is none.
    pub(super) end: Result<Value, Failure>,
    /// The tasks in the order in which they were begun, each with its input and its end.
    pub(super) log: Vec<Logged>,
}

/// An entry of the log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Logged {
    /// The name of the task.
    pub(super) task: String,
    /// Its agent.
    pub(super) agent: String,
    /// The input that the agent was given.
    pub(super) input: Object,
    /// The agent's answer, or the reason why there is none.
    pub(super) result: Result<Value, TaskError>,
}

/// The reasons why a task has no result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TaskError {
    /// There is no such agent, or none with such a capability.
    UnknownAgent(String),
    /// The agent reported a failure.
    Failed(String),
    /// The result did not come in time.
    TimedOut,
    /// The workflow was stopped.
    Stopped,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAgent(name) => write!(f, "there is no agent `{name}`"),
            Self::Failed(reason) => reason.fmt(f),
            Self::TimedOut => f.write_str("the result did not come in time"),
            Self::Stopped => f.write_str("the workflow was stopped"),
        }
    }
}

/// The reasons why a workflow has no result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    /// The definition contradicts itself.
    Definition(String),
    /// A task failed, and the process cannot do without it.
    Task {
        /// The name of the task.
        task: String,
        /// The reason.
        error: TaskError,
    },
    /// A supervisor named an agent that there is not.
    UnknownAgent(String),
    /// A supervisor's answer has no meaning.
    Unreadable(String),
    /// The supervisor made as many decisions as it may.
    DecisionsUsedUp(u32),
    /// All tokens are used up.
    OutOfTokens,
    /// The tasks that are left wait for each other.
    NoTaskReady(Vec<String>),
    /// A reviewer still asked for a revision when there could be none.
    RevisionsUsedUp(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition(problem) => problem.fmt(f),
            Self::Task { task, error } => write!(f, "{task}: {error}"),
            Self::UnknownAgent(name) => write!(f, "there is no agent `{name}`"),
            Self::Unreadable(answer) => write!(f, "no meaning in `{answer}`"),
            Self::DecisionsUsedUp(most) => write!(f, "no end after {most} decisions"),
            Self::OutOfTokens => f.write_str("all tokens are used up"),
            Self::NoTaskReady(tasks) => write!(f, "waiting for each other: {}", tasks.join(", ")),
            Self::RevisionsUsedUp(task) => write!(f, "{task} was never accepted"),
        }
    }
}

/// Returns the meaning of an agent's answer: what it says in JSON, or else its text.
pub(super) fn meaning(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap_or_else(|_| Value::from(answer))
}
