//! The journal of a worker: what must survive a crash of its host. A task that is sent
//! again is found here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::super::wire::{TaskEnd, TaskId};
use crate::record::recorder::lock;

/// The answer of a model, or the reason why there is none.
pub(super) type Answer = Result<Arc<str>, String>;

/// The end of a task, with the id of the message that it is.
pub(super) type Ended = (TaskEnd, Arc<str>);

/// The journal of one worker. Cheap to clone; clones are the same journal.
#[derive(Clone, Default, Debug)]
pub(in super::super) struct Journal(Arc<Mutex<State>>);

#[derive(Default, Debug)]
struct State {
    taken: BTreeSet<TaskId>,
    /// The answers of the model by task and step.
    answers: BTreeMap<(TaskId, u32), Answer>,
    ended: BTreeMap<TaskId, Ended>,
}

impl Journal {
    /// Takes a task. Returns `false` if it was taken before.
    pub(super) fn take(&self, task: TaskId) -> bool {
        lock(&self.0).taken.insert(task)
    }

    /// Returns the answer to a step, if there is one.
    pub(super) fn answer(&self, task: TaskId, step: u32) -> Option<Answer> {
        lock(&self.0).answers.get(&(task, step)).cloned()
    }

    /// Keeps the answer to a step.
    pub(super) fn keep(&self, task: TaskId, step: u32, answer: &Answer) {
        let mut state = lock(&self.0);
        state.answers.insert((task, step), answer.clone());
    }

    /// Returns the end of a task, if it has come to one.
    pub(super) fn ended(&self, task: TaskId) -> Option<Ended> {
        lock(&self.0).ended.get(&task).cloned()
    }

    /// Ends a task, unless it has ended. Returns its end.
    pub(super) fn end(&self, task: TaskId, end: impl FnOnce() -> Ended) -> Ended {
        let mut state = lock(&self.0);
        state.ended.entry(task).or_insert_with(end).clone()
    }
}
