//! The ready queue of a run.

use super::few::{self, Few};
use super::slots::Slots;
use crate::ids::TaskId;

/// A queue of more tasks than this is kept in slots.
const MANY: usize = few::MOST;

/// It is kept so until there are no more than this.
const FEWEST: usize = 16;

/// A task that has become ready, or is so no more although it was not taken out to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadyChange {
    Ready(TaskId),
    Withdrawn(TaskId),
}

/// A queue from whose middle tasks are taken, in a time that hardly grows with its length. A
/// task is in it at most once.
#[derive(Default)]
pub(crate) struct ReadyQueue {
    /// The tasks, unless they are many.
    few: Few,
    /// The tasks, if they are many: slots cost less then.
    many: Option<Box<Slots>>,
    /// The changes since they were last taken, if the strategy follows them.
    changes: Option<Vec<ReadyChange>>,
}

impl ReadyQueue {
    /// Keeps the changes from now on, or no longer.
    pub(crate) fn follow(&mut self, follow: bool) {
        self.changes = follow.then(Vec::new);
        if let Some(slots) = &mut self.many {
            slots.note_places(follow);
        }
    }

    /// Returns `true` if the changes are kept.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.changes.is_some()
    }

    /// Returns `true` if there are changes to take.
    #[inline]
    pub(crate) fn has_changes(&self) -> bool {
        self.changes
            .as_ref()
            .is_some_and(|changes| !changes.is_empty())
    }

    /// Takes the changes since the last call. [`ReadyQueue::reuse`] takes their memory back.
    pub(crate) fn take_changes(&mut self) -> Vec<ReadyChange> {
        self.changes.as_mut().map_or_else(Vec::new, std::mem::take)
    }

    /// Takes back the memory of changes that were taken.
    pub(crate) fn reuse(&mut self, mut taken: Vec<ReadyChange>) {
        if let Some(changes) = &mut self.changes {
            taken.clear();
            *changes = taken;
        }
    }

    #[inline]
    fn changed(&mut self, change: ReadyChange) {
        if let Some(changes) = &mut self.changes {
            changes.push(change);
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match &self.many {
            None => self.few.len(),
            Some(slots) => slots.len(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub(crate) fn push_back(&mut self, task: TaskId) {
        if self.many.is_none() && self.few.len() < MANY {
            self.few.push_back(task);
        } else {
            self.in_slots().push_back(task);
        }
        self.changed(ReadyChange::Ready(task));
    }

    #[inline(always)]
    pub(crate) fn push_front(&mut self, task: TaskId) {
        if self.many.is_none() && self.few.len() < MANY {
            self.few.push_front(task);
        } else {
            self.in_slots().push_front(task);
        }
        self.changed(ReadyChange::Ready(task));
    }

    /// Puts the tasks into slots, if they are not, and returns these.
    #[inline(never)]
    fn in_slots(&mut self) -> &mut Slots {
        self.many.get_or_insert_with(|| {
            let mut slots = Box::new(Slots::default());
            slots.note_places(self.changes.is_some());
            let few = std::mem::take(&mut self.few);
            few.iter().for_each(|task| slots.push_back(task));
            slots
        })
    }

    /// Returns the task at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<TaskId> {
        match &self.many {
            None => self.few.get(index),
            Some(slots) => slots.get(index),
        }
    }

    /// Returns the index of a task; none if it is not in the queue.
    #[inline]
    pub(crate) fn index_of(&self, task: TaskId) -> Option<usize> {
        match &self.many {
            None => self.few.iter().position(|one| one == task),
            Some(slots) => slots.index_of(task),
        }
    }

    /// Returns `true` if the task is in the queue.
    #[inline]
    pub(crate) fn contains(&self, task: TaskId) -> bool {
        match &self.many {
            None => self.few.iter().any(|one| one == task),
            Some(slots) => slots.contains(task),
        }
    }

    /// Returns the tasks in order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        // One of them is empty.
        let many = self.many.as_deref().into_iter();
        self.few.iter().chain(many.flat_map(Slots::iter))
    }

    /// Calls `f` with the tasks in order. Faster than the iterator.
    #[inline]
    pub(crate) fn for_each(&self, mut f: impl FnMut(TaskId)) {
        match &self.many {
            None => self.few.iter().for_each(&mut f),
            Some(slots) => slots.for_each(f),
        }
    }

    /// Takes out the task at `index`.
    #[inline]
    pub(crate) fn remove(&mut self, index: usize) -> Option<TaskId> {
        match &self.many {
            None if index == 0 => self.few.pop_front(),
            None => self.few.remove(index),
            Some(_) => self.remove_from_many(index),
        }
    }

    #[inline(never)]
    fn remove_from_many(&mut self, index: usize) -> Option<TaskId> {
        let slots = self.many.as_mut()?;
        let task = slots.remove(index);
        if slots.len() <= FEWEST {
            slots.iter().for_each(|task| self.few.push_back(task));
            self.many = None;
        }
        task
    }

    /// Takes out the tasks for which `keep` returns `false`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(TaskId) -> bool) {
        let changes = &mut self.changes;
        let keep = |task| {
            let keeps = keep(task);
            if let (false, Some(changes)) = (keeps, changes.as_mut()) {
                changes.push(ReadyChange::Withdrawn(task));
            }
            keeps
        };
        match &mut self.many {
            None => self.few.retain(keep),
            Some(slots) => slots.retain(keep),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Compares the queue, and what is known by its changes, with a plain one over random
    /// operations.
    #[test]
    fn queue_behaves_as_a_plain_one_at_any_length() {
        let (mut queue, mut plain) = (ReadyQueue::default(), VecDeque::new());
        queue.follow(true);
        let mut state = 1u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as usize % bound.max(1)
        };
        for round in 0..60_000u32 {
            // Grows to some 300 tasks and shrinks to nothing, again and again.
            let growing = round % 2_000 < 1_000;
            match below(4) {
                0 if growing => {
                    queue.push_front(TaskId(round));
                    plain.push_front(TaskId(round));
                }
                1 if growing => {
                    queue.push_back(TaskId(round));
                    plain.push_back(TaskId(round));
                }
                2 if growing => {}
                _ => {
                    let index = below(plain.len() + 1);
                    assert_eq!(queue.get(index), plain.get(index).copied());
                    let removed = plain.remove(index);
                    let place = removed.and_then(|task| queue.index_of(task));
                    assert_eq!(place, removed.map(|_| index));
                    assert_eq!(queue.remove(index), removed);
                    assert!(removed.is_none_or(|task| !queue.contains(task)));
                }
            }
            if round % 1_500 == 1_000 {
                let _earlier = queue.take_changes();
                queue.retain(|task| task.0 % 7 != 0);
                let withdrawn = plain.iter().filter(|task| task.0 % 7 == 0);
                let withdrawn: Vec<_> = withdrawn.map(|one| ReadyChange::Withdrawn(*one)).collect();
                assert_eq!(queue.take_changes(), withdrawn);
                plain.retain(|task| task.0 % 7 != 0);
            }
            if round % 100 == 99 {
                assert!(queue.iter().eq(plain.iter().copied()), "round {round}");
            }
            assert_eq!(queue.len(), plain.len());
        }
    }
}
