//! Happens-before order: a hash that tells interleavings apart.
//!
//! Two runs whose operations touch the same things in the same order are the same to the
//! program, however the operations on different things interleave. Each operation hashes its
//! past: the state of its task and the state of its resource, each the hash of the operation
//! before. The sum of these hashes does not depend on the order of operations that did not
//! touch the same thing. The idea is that of happens-before fingerprints; see M. Musuvathi and
//! S. Qadeer: "Partial-order reduction for context-bounded state exploration", Microsoft
//! Research, 2007.
//!
//! A task that yields does so because of something that is no object of the facade: memory that
//! it shares with others, which nothing here sees. What it did up to there and what it does from
//! there on are taken for operations on one thing, so that the order of any two of them counts.
//! In a run with a yield the ends of tasks count too: one that does not yield may share memory
//! with one that does.

use std::fmt;
use std::panic::Location;

use xxhash_rust::xxh3::xxh3_64;

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;

/// The hash of a run's happens-before order. Runs with equal hashes have the same schedule, as
/// far as the program's operations on locks, channels, sockets and other objects of the facade
/// show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Interleaving(u64);

impl Interleaving {
    /// Returns the hash as a number.
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Interleaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The order so far.
#[derive(Default)]
pub(crate) struct HappensBefore {
    tasks: IndexVec<TaskId, u64>,
    resources: IndexVec<ResourceId, u64>,
    /// The state of all that tasks share without the facade: the order of yields and of the ends
    /// of tasks. It counts if there was a yield.
    memory: u64,
    has_yielded: bool,
    faults: u64,
    sum: u64,
}

/// Any two odd constants without pattern will do.
const LEFT: u64 = 0x9e37_79b9_7f4a_7c15;
const RIGHT: u64 = 0xd6e8_feb8_6659_fd93;

/// Returns a hash of two hashes; the order matters.
#[inline]
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ LEFT) * u128::from(b.rotate_left(32) ^ RIGHT);
    (product as u64) ^ ((product >> 64) as u64)
}

impl HappensBefore {
    /// Creates an order without operations in the memory of `tasks` and `resources`, which are
    /// empty.
    pub(crate) fn within(
        tasks: IndexVec<TaskId, u64>,
        resources: IndexVec<ResourceId, u64>,
    ) -> Self {
        debug_assert_eq!((tasks.len(), resources.len()), (0, 0), "nothing happened");
        Self {
            tasks,
            resources,
            ..Self::default()
        }
    }

    /// Takes the memory of the order, without what is in it.
    pub(crate) fn take_emptied(&mut self) -> (IndexVec<TaskId, u64>, IndexVec<ResourceId, u64>) {
        (self.tasks.take_emptied(), self.resources.take_emptied())
    }

    /// Adds a task; its parent's past is its own.
    pub(crate) fn spawned(&mut self, parent: Option<TaskId>, spawn_path_hash: u64) {
        let past = parent.and_then(|parent| self.tasks.get(parent));
        let state = mix(past.copied().unwrap_or(0), spawn_path_hash);
        self.tasks.push(state);
        self.sum = self.sum.wrapping_add(state);
    }

    /// Adds a resource, at its first use.
    pub(crate) fn registered(&mut self, created_at: &Location<'_>) {
        let place = mix(u64::from(created_at.line()), u64::from(created_at.column()));
        let state = mix(place, xxh3_64(created_at.file().as_bytes()));
        self.resources.push(state);
    }

    /// Adds an operation of a task on a resource.
    #[inline(always)]
    pub(crate) fn touched(&mut self, task: TaskId, resource: ResourceId) {
        let (Some(task), Some(resource)) =
            (self.tasks.get_mut(task), self.resources.get_mut(resource))
        else {
            return;
        };
        let state = mix(*task, *resource);
        *task = state;
        *resource = state;
        self.sum = self.sum.wrapping_add(state);
    }

    /// Adds what a task did up to a yield, or does from there on.
    #[inline]
    pub(crate) fn yielded(&mut self, task: TaskId) {
        let Some(task) = self.tasks.get_mut(task) else {
            return;
        };
        let state = mix(*task, self.memory);
        *task = state;
        self.memory = state;
        self.has_yielded = true;
        self.sum = self.sum.wrapping_add(state);
    }

    /// Adds the end of a task.
    pub(crate) fn ended(&mut self, task: TaskId) {
        if let Some(task) = self.tasks.get(task) {
            self.memory = mix(*task, self.memory);
        }
    }

    /// Adds the begin or the end of a fault.
    pub(crate) fn fault(&mut self, what: &str) {
        self.faults = mix(self.faults, xxh3_64(what.as_bytes()));
    }

    /// Adds that a plain task was interrupted. What it shares with others is out of sight, so
    /// the order of interruptions counts.
    pub(crate) fn interrupted(&mut self, path: u64, poll: u32, operation: u32) {
        let place = u64::from(poll) << 32 | u64::from(operation);
        self.faults = mix(self.faults, mix(path, place));
    }

    pub(crate) fn interleaving(&self) -> Interleaving {
        let memory = if self.has_yielded { self.memory } else { 0 };
        Interleaving(mix(self.sum.wrapping_add(memory), self.faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(touches: &[(u32, u32)]) -> Interleaving {
        let mut happens_before = HappensBefore::default();
        for spawn_path_hash in [11, 12, 13] {
            happens_before.spawned(None, spawn_path_hash);
        }
        for _ in 0..2 {
            happens_before.registered(Location::caller());
        }
        for (task, resource) in touches {
            happens_before.touched(TaskId(*task), ResourceId(*resource));
        }
        happens_before.interleaving()
    }

    #[test]
    fn only_the_order_on_one_resource_counts() {
        let (a, b) = (order(&[(0, 0), (1, 1)]), order(&[(1, 1), (0, 0)]));
        assert_eq!(a, b);
        let (a, b) = (order(&[(0, 0), (1, 0)]), order(&[(1, 0), (0, 0)]));
        assert_ne!(a, b);
    }

    #[test]
    fn order_of_yields_counts() {
        let order = |tasks: [u32; 4]| {
            let mut happens_before = HappensBefore::default();
            for spawn_path_hash in [11, 12] {
                happens_before.spawned(None, spawn_path_hash);
            }
            for task in tasks {
                happens_before.yielded(TaskId(task));
            }
            happens_before.interleaving()
        };
        let all = [
            order([0, 0, 1, 1]),
            order([0, 1, 0, 1]),
            order([0, 1, 1, 0]),
            order([1, 0, 0, 1]),
            order([1, 0, 1, 0]),
            order([1, 1, 0, 0]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn chain_through_another_task_counts() {
        // Task 2's operation on 1 comes after task 0's on 0, by way of task 1.
        let through = order(&[(0, 0), (1, 0), (1, 1), (2, 1)]);
        let before = order(&[(2, 1), (0, 0), (1, 0), (1, 1)]);
        assert_ne!(through, before);
        assert_eq!(through, order(&[(0, 0), (1, 0), (1, 1), (2, 1)]));
    }
}
