//! Waits of tasks, and the holders of resources.

use std::panic::Location;

use crate::ids::{ResourceId, TaskId};
use crate::operation::{Operation, ResourceKind};

/// One thing that a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    pub(crate) id: u64,
    pub(crate) resource: ResourceId,
    pub(crate) operation: Operation,
}

/// The state of a resource.
pub(crate) struct ResourceInfo {
    pub(crate) kind: ResourceKind,
    pub(crate) created_at: &'static Location<'static>,
    /// The tasks that hold it now.
    pub(crate) holders: Vec<TaskId>,
}

/// Returns `Mutex#3 (created at src/bank.rs:12:5)`.
pub(crate) fn describe(id: ResourceId, info: &ResourceInfo) -> String {
    format!(
        "{}#{} (created at {})",
        info.kind,
        id.index(),
        info.created_at
    )
}
