//! Decisions: the choices of tasks that are not the default, in words.

use std::fmt;
use std::panic::Location;

use crate::ids::TaskId;
use crate::operation::ResourceKind;

/// A choice of a task that is not the default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskDecision {
    /// The choice's index on the tape.
    pub choice: usize,
    /// The task.
    pub task: TaskId,
    /// Its effect.
    pub decision: Decision,
}

/// The effect of a task's choice. Displayed, it is what the task does: ``the `select!` at
/// src/x.rs:12 polls branch 2 first``.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// A `select!` polls another branch first than the one that is written first.
    Branch {
        /// The line of the `select!`.
        select: &'static Location<'static>,
        /// The branch, from 0.
        first: u32,
    },
    /// A future is dropped at an await.
    Cancelled {
        /// The future.
        what: Dropped,
        /// The await.
        moment: Moment,
    },
}

/// A future that a run drops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Dropped {
    /// The task.
    Task,
    /// The future that was marked on that line.
    Future(&'static Location<'static>),
    /// The future of the time-out of that line, which fires early.
    Timeout(&'static Location<'static>),
}

/// The await at which a future is dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Moment {
    /// Before an operation takes effect.
    Operation {
        /// The kind of the resource, and the place of its creation; none if it has none.
        resource: Option<(ResourceKind, &'static Location<'static>)>,
        /// The line of user code that awaits it, if it is known.
        line: Option<String>,
    },
    /// When it would be polled: it was woken, or is new.
    Woken {
        /// The operations that its task waits for; empty for a new task.
        waits: Vec<String>,
    },
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // For people, the first branch is number 1.
            Self::Branch { select, first } => {
                let (place, branch) = (Place(select), u64::from(*first) + 1);
                write!(f, "polls branch {branch} of the `select!` at {place} first")
            }
            Self::Cancelled { what, moment } => write!(f, "{what} {moment}"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task => f.write_str("is dropped"),
            Self::Future(place) => write!(f, "drops the future of {}", Place(place)),
            Self::Timeout(place) => write!(f, "has the time-out of {} fire early", Place(place)),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation { resource, line } => {
                match line {
                    Some(line) => write!(f, "at the await of {line}")?,
                    None => f.write_str("at an await")?,
                }
                match resource {
                    Some((kind, made)) if !is_in_std(made) => {
                        write!(f, ", before it uses the {kind} of {}", Place(made))
                    }
                    Some((kind, _)) => write!(f, ", before it uses a {kind}"),
                    None => Ok(()),
                }
            }
            Self::Woken { waits } if waits.is_empty() => f.write_str("before it is polled"),
            Self::Woken { waits } => {
                write!(
                    f,
                    "when it is woken, while it waits for {}",
                    waits.join(" and ")
                )
            }
        }
    }
}

/// Returns `true` if the place is in the standard library, as that of an object whose
/// constructor was passed as a function: it says nothing about the program.
pub fn is_in_std(place: &Location<'_>) -> bool {
    let file = place.file();
    file.starts_with("/rustc/") || file.contains("/rustlib/src/")
}

/// File and line. The column of a macro says nothing.
struct Place(&'static Location<'static>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}
