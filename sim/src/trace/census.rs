//! Everything that is alive at one moment.

use std::fmt;

use crate::ids::TaskId;

/// Everything alive at one moment; empty after a clean shutdown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Tasks that have not ended, oldest first.
    pub tasks: Vec<LiveTask>,
    /// Plain tasks that have not ended, oldest first; none where tokio reports none, which takes
    /// `cfg(tokio_unstable)`.
    pub plain_tasks: Vec<LivePlainTask>,
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
    /// The id.
    pub id: TaskId,
    /// The name that it gave itself, or empty.
    pub name: String,
    /// Its host's name.
    pub host: String,
    /// Spawn site, as `file:line:column`.
    pub spawned_at: String,
    /// The operations that it waits for, one line each; empty if it is ready.
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

/// A plain task, spawned with tokio's own `spawn`, that has not ended. What it waits for is out
/// of the simulator's sight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LivePlainTask {
    /// The name of its spawner's host.
    pub host: String,
    /// Spawn site, as `file:line:column`.
    pub spawned_at: String,
}

impl fmt::Display for LivePlainTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a plain task on {} (spawned at {})",
            self.host, self.spawned_at
        )
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
