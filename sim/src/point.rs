//! Scheduling points and the resources that they touch.

use std::fmt;

/// Something that tasks contend for, numbered in order of first use in its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceId(pub(crate) u32);

impl ResourceId {
    /// The number.
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// What kind of thing a resource is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ResourceKind {
    /// `sync::Mutex`.
    Mutex,
    /// `sync::RwLock`.
    RwLock,
    /// `sync::Semaphore`.
    Semaphore,
    /// `sync::Notify`.
    Notify,
    /// `sync::Barrier`.
    Barrier,
    /// A channel of any kind.
    Channel,
    /// The end of a task.
    Task,
    /// A timer.
    Timer,
    /// A socket.
    Socket,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutex => "Mutex",
            Self::RwLock => "RwLock",
            Self::Semaphore => "Semaphore",
            Self::Notify => "Notify",
            Self::Barrier => "Barrier",
            Self::Channel => "channel",
            Self::Task => "task",
            Self::Timer => "timer",
            Self::Socket => "socket",
        })
    }
}
