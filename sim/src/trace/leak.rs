//! Leaks: threads and sockets outside the run, and wakes from outside.

use std::fmt;

use rehearsal_hermetic::LeakKind as Real;

use crate::time::VirtualTime;

/// The kinds of leaks.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LeakKind {
    /// A thread of the operating system was started.
    Thread {
        /// `file:line:column` of the user code that did it, or the reason for which that is not
        /// known.
        site: String,
    },
    /// A socket of the operating system was made.
    Socket {
        /// As for a thread.
        site: String,
    },
    /// Another thread woke a task, which had awaited something of another runtime or of a
    /// thread.
    Wake {
        /// The other thread's name, if it has one.
        thread: Option<String>,
    },
}

/// A leak: something that goes on outside the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeakReport {
    /// The kind.
    pub kind: LeakKind,
    /// The task that was running, or that was woken: name, host and spawn site.
    pub task: String,
    /// Leaks after this one, until the run was ended.
    pub more: u64,
    /// The time at which it was noticed.
    pub at: VirtualTime,
}

impl LeakKind {
    pub(crate) fn real(kind: Real, site: String) -> Self {
        match kind {
            Real::Thread => Self::Thread { site },
            Real::Socket => Self::Socket { site },
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Thread { .. } => {
                "a run has one thread: use spawn and spawn_blocking of rehearsal::tokio, or \
                 rehearsal::std::thread, instead, and do without runtimes of one's own"
            }
            Self::Socket { .. } => "use rehearsal::tokio::net, which is the run's network",
            Self::Wake { .. } => {
                "what a task awaits must be brought about within the run: spawn it there, \
                 not on another runtime or thread"
            }
        }
    }
}

/// One sentence: the leak, its place, its task, and the alternative.
impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        match &self.kind {
            LeakKind::Thread { site } => write!(f, "{task} started a real thread at {site}")?,
            LeakKind::Socket { site } => write!(f, "{task} made a real socket at {site}")?,
            LeakKind::Wake { thread: Some(name) } => {
                write!(
                    f,
                    "{task} was woken from outside the run, by thread `{name}`"
                )?;
            }
            LeakKind::Wake { thread: None } => {
                write!(
                    f,
                    "{task} was woken from outside the run, by a thread without a name"
                )?;
            }
        }
        if self.more > 0 {
            write!(f, ", and {} more left the run", self.more)?;
        }
        write!(f, " ({})", self.kind.advice())
    }
}
