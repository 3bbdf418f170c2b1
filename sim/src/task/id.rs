//! Task ids.

use std::fmt;

use ::tokio::task as real;

use crate::engine::context;
use crate::ids::TaskId;

/// As `tokio::task::Id`. Inside a run, the task's number there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Id(Task);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Task {
    Simulated(TaskId),
    Real(real::Id),
}

impl Id {
    pub(crate) fn simulated(task: TaskId) -> Self {
        Self(Task::Simulated(task))
    }

    pub(crate) fn real(id: real::Id) -> Self {
        Self(Task::Real(id))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Task::Simulated(task) => task.index().fmt(f),
            Task::Real(id) => id.fmt(f),
        }
    }
}

/// Returns the id of the calling task.
///
/// # Panics
///
/// If [`try_id`] returns none.
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!("Can't get a task id when not inside a task"),
    }
}

/// Returns the id of the calling task; none outside a task, and in the program itself, as in
/// the future that a tokio runtime blocks on.
pub fn try_id() -> Option<Id> {
    match context::with(|engine| engine.running()) {
        Some(running) => running
            .filter(|task| *task != TaskId::PROGRAM)
            .map(Id::simulated),
        None => real::try_id().map(Id::real),
    }
}
