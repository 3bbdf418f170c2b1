//! A queue of few tasks.

use crate::ids::TaskId;

/// The most tasks that it holds: a power of two.
pub(super) const MOST: usize = 64;

/// A queue of few tasks, in a ring within itself: no access asks how long it is.
pub(super) struct Few {
    ring: [TaskId; MOST],
    /// The place of the first task.
    start: usize,
    len: usize,
}

impl Default for Few {
    fn default() -> Self {
        Self {
            ring: [TaskId(0); MOST],
            start: 0,
            len: 0,
        }
    }
}

impl Few {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the place of the task at `index`.
    #[inline]
    fn place(&mut self, index: usize) -> &mut TaskId {
        &mut self.ring[self.start.wrapping_add(index) % MOST]
    }

    /// Returns the task at `index`, which is below the length.
    #[inline]
    fn at(&self, index: usize) -> TaskId {
        self.ring[self.start.wrapping_add(index) % MOST]
    }

    /// Adds a task at the end. There are fewer than [`MOST`].
    #[inline]
    pub(super) fn push_back(&mut self, task: TaskId) {
        debug_assert!(self.len < MOST, "the tasks are few");
        *self.place(self.len) = task;
        self.len += 1;
    }

    /// Adds a task at the front. There are fewer than [`MOST`].
    #[inline]
    pub(super) fn push_front(&mut self, task: TaskId) {
        debug_assert!(self.len < MOST, "the tasks are few");
        self.start = self.start.wrapping_sub(1);
        self.len += 1;
        *self.place(0) = task;
    }

    /// Returns the task at `index`.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<TaskId> {
        (index < self.len).then(|| self.at(index))
    }

    /// Takes out the task at `index`. The fewer of the others move.
    #[inline]
    pub(super) fn remove(&mut self, index: usize) -> Option<TaskId> {
        let task = self.get(index)?;
        if index < self.len / 2 {
            for index in (0..index).rev() {
                *self.place(index + 1) = self.at(index);
            }
            self.start = self.start.wrapping_add(1);
        } else {
            for index in index + 1..self.len {
                *self.place(index - 1) = self.at(index);
            }
        }
        self.len -= 1;
        Some(task)
    }

    /// Takes out the first task.
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<TaskId> {
        let task = self.get(0)?;
        self.start = self.start.wrapping_add(1);
        self.len -= 1;
        Some(task)
    }

    /// Returns the tasks in order.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        (0..self.len).map(|index| self.at(index))
    }

    /// Takes out the tasks for which `keep` returns `false`.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(TaskId) -> bool) {
        let mut kept = 0;
        for index in 0..self.len {
            let task = self.at(index);
            if keep(task) {
                *self.place(kept) = task;
                kept += 1;
            }
        }
        self.len = kept;
    }
}
