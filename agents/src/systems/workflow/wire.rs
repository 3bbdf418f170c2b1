//! The protocol: lines of JSON between users, the orchestrator and workers.
//!
//! A user submits a workflow and receives its progress, and the report as the last frame.
//! The orchestrator gives a task to a worker over a connection of its own. The worker takes
//! the task, asks before each step for the tokens of that step, and answers once. A task
//! that is sent again after a lost connection keeps its id.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::report::Report;

pub(super) use crate::lines::{Disconnected, FrameReader, FrameWriter};

/// The port of the orchestrator and of every worker.
pub(super) const PORT: u16 = 7_000;

/// An object in JSON: the input of a task.
pub(super) type Object = Map<String, Value>;

/// A workflow that a user has submitted, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct WorkflowId(pub(super) u32);

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow-{}", self.0)
    }
}

/// A task of a workflow, numbered from 1 within it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct TaskId {
    /// The workflow.
    pub(super) workflow: WorkflowId,
    /// The number of the task.
    pub(super) number: u32,
}

/// A task as it is given to a worker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) id: TaskId,
    /// The name within the workflow.
    pub(super) name: String,
    pub(super) input: Object,
    /// The id of the message that the task is.
    pub(super) message: Arc<str>,
}

/// The end of a task, as its worker says it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TaskEnd {
    /// The agent's answer.
    Finished(String),
    /// The reason of a failure.
    Failed(String),
    /// The orchestrator has stopped it.
    Stopped,
}

/// A frame from the orchestrator to a worker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToWorker {
    /// The first frame.
    Do(Task),
    /// The tokens for a step may be used.
    Granted,
    /// The task is to be stopped.
    Stop,
}

/// A frame from a worker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromWorker {
    /// The task is in the worker's journal.
    Taken,
    /// A step needs so many tokens.
    Tokens(u32),
    /// A sign of life.
    Busy,
    /// The last frame.
    Ended {
        /// The way in which the task ended.
        end: TaskEnd,
        /// The id of the message that the result is.
        message: Arc<str>,
    },
}

/// A frame from a user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromUser {
    /// Submits the workflow.
    Submit { workflow: WorkflowId },
}

/// A frame to a user.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToUser {
    /// Something has happened.
    Progress { message: Arc<str> },
    /// The last frame.
    Report(Box<Report>),
}
