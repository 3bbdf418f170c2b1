//! Who is alive, who waits for what, and who holds it.

use std::fmt;
use std::panic::Location;

use crate::operation::Operation;
use crate::point::{ResourceId, ResourceKind};

/// A task of a run; numbered from 0 (the program itself) in order of spawning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(pub(crate) u32);

impl TaskId {
    /// The program itself.
    pub const PROGRAM: Self = Self(0);

    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

/// One thing that a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    pub(crate) id: u64,
    pub(crate) resource: ResourceId,
    pub(crate) operation: Operation,
}

/// Everything alive at one moment: what a clean shutdown leaves empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Tasks that have not ended, oldest first.
    pub tasks: Vec<LiveTask>,
    /// Sockets that are not closed, by host.
    pub sockets: Vec<LiveSocket>,
    /// Timers (`sleep`, `timeout`, `interval`) that some task waits for.
    pub timers: usize,
    /// Locks that are held, each with its kind, its creation site and its holders.
    pub locks: Vec<String>,
}

/// A task that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveTask {
    /// Which.
    pub id: TaskId,
    /// The name that it gave itself, or empty.
    pub name: String,
    /// Its host's name.
    pub host: String,
    /// Where it was spawned, as `file:line:column`.
    pub spawned_at: String,
    /// What it waits for, one line each; empty if it is ready.
    pub waits: Vec<String>,
}

impl fmt::Display for LiveTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if !self.name.is_empty() {
            write!(f, " `{}`", self.name)?;
        }
        write!(f, " on {} (spawned at {})", self.host, self.spawned_at)
    }
}

/// A socket that is not closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveSocket {
    /// Its host's name.
    pub host: String,
    /// Protocol, addresses and state, as netstat prints them.
    pub description: String,
}

/// What the engine knows of a resource.
pub(crate) struct ResourceInfo {
    pub(crate) kind: ResourceKind,
    pub(crate) created_at: &'static Location<'static>,
    /// The tasks that hold it now.
    pub(crate) holders: Vec<TaskId>,
}

/// `Mutex#3 (created at src/bank.rs:12:5)`.
pub(crate) fn describe(id: ResourceId, info: &ResourceInfo) -> String {
    format!(
        "{}#{} (created at {})",
        info.kind,
        id.index(),
        info.created_at
    )
}
