//! The steps that tasks have left, after the profile of another run.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::Spawn;
use crate::ids::TaskId;
use crate::schedule::sum_tree::SumTree;

/// The expected steps of one task.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Expected {
    /// Steps of its own.
    pub(super) own: u64,
    /// Steps of its own and of all its descendants.
    pub(super) subtree: u64,
}

/// The steps that each task of a run has left. What its children weigh counts for a task until
/// it has spawned them: their steps cannot come before its own.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    /// By the hash of the path of spawns.
    expected: BTreeMap<u64, Expected>,
    /// By task number.
    left: Vec<Left>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Left {
    own: u64,
    /// Steps of the descendants that are not spawned yet.
    unborn: u64,
}

impl Remaining {
    /// Creates the record of a run in which no task has been spawned.
    pub(super) fn new(expected: BTreeMap<u64, Expected>) -> Self {
        Self {
            expected,
            left: Vec::new(),
        }
    }

    /// Adds a task, which takes its part from its parent. Returns its weight. A task that is
    /// not in the profile has none.
    pub(super) fn spawned(&mut self, spawn: &Spawn) -> u64 {
        let expected = self.expected.get(&spawn.path_hash);
        let expected = expected.copied().unwrap_or_default();
        if let Some(parent) = spawn.parent.and_then(|parent| self.slot(parent)) {
            // Less than the profile says if the parent spawns one that is not in it.
            parent.unborn = parent.unborn.saturating_sub(expected.subtree);
        }
        let index = spawn.task.index() as usize;
        if self.left.len() <= index {
            self.left.resize(index + 1, Left::default());
        }
        self.left[index] = Left {
            own: expected.own,
            unborn: expected.subtree - expected.own,
        };
        expected.subtree
    }

    /// Takes one step from what the task has left, if it has any.
    pub(super) fn stepped(&mut self, task: TaskId) {
        if let Some(left) = self.slot(task) {
            left.own = left.own.saturating_sub(1);
        }
    }

    /// Returns the steps that the task and its unborn descendants have left.
    pub(super) fn of(&self, task: TaskId) -> u64 {
        let left = self.left.get(task.index() as usize);
        left.map_or(0, |left| left.own + left.unborn)
    }

    fn slot(&mut self, task: TaskId) -> Option<&mut Left> {
        self.left.get_mut(task.index() as usize)
    }
}

/// Weights of tasks, of which one is drawn in a time that hardly grows with their number.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// By task number.
    weights: SumTree,
}

impl Weights {
    /// Gives a task a weight; 0 takes it out.
    #[inline]
    pub(super) fn set(&mut self, task: TaskId, weight: u64) {
        let index = task.index() as usize;
        let old = self.weights.get(index);
        match weight.cmp(&old) {
            Ordering::Greater => self.weights.add(index, weight - old),
            Ordering::Less => self.weights.subtract(index, old - weight),
            Ordering::Equal => {}
        }
    }

    /// Returns the weight of a task.
    #[inline]
    pub(super) fn of(&self, task: TaskId) -> u64 {
        self.weights.get(task.index() as usize)
    }

    /// Returns the sum of the weights.
    pub(super) fn total(&self) -> u64 {
        self.weights.total()
    }

    /// Returns the task to which a number below the total belongs: so many numbers belong to
    /// each as it weighs. None for other numbers.
    pub(super) fn find(&self, number: u64) -> Option<TaskId> {
        let (index, _) = self.weights.find(number)?;
        Some(TaskId(
            u32::try_from(index).expect("tasks have numbers of 32 bits"),
        ))
    }

    /// Draws a task with a chance in proportion to its weight. None if all weigh nothing.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<TaskId> {
        self.find(below_wide(rng, self.total()))
    }
}

/// Draws uniformly from `0..bound`, as [`below`](crate::schedule::tape::below) does for smaller
/// bounds; 0 if there is no such number.
pub(super) fn below_wide(rng: &mut ChaCha8Rng, bound: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn spawn(task: u32, parent: Option<u32>, path_hash: u64) -> Spawn {
        Spawn {
            task: TaskId(task),
            parent: parent.map(TaskId),
            path_hash,
            spawned_at: Location::caller(),
        }
    }

    #[test]
    fn weight_of_a_child_moves_from_its_parent() {
        let expected = [(7, 2, 9), (8, 3, 7), (9, 4, 4)];
        let expected = expected.map(|(hash, own, subtree)| (hash, Expected { own, subtree }));
        let mut remaining = Remaining::new(expected.into());
        let weights = |remaining: &Remaining| [0, 1, 2].map(|task| remaining.of(TaskId(task)));

        assert_eq!(remaining.spawned(&spawn(0, None, 7)), 9);
        remaining.stepped(TaskId(0));
        assert_eq!(weights(&remaining), [8, 0, 0]);
        assert_eq!(remaining.spawned(&spawn(1, Some(0), 8)), 7);
        assert_eq!(weights(&remaining), [1, 7, 0]);
        assert_eq!(remaining.spawned(&spawn(2, Some(1), 9)), 4);
        assert_eq!(weights(&remaining), [1, 3, 4]);
        // More steps than in the profile.
        for _ in 0..9 {
            remaining.stepped(TaskId(2));
        }
        assert_eq!(weights(&remaining), [1, 3, 0]);
    }

    #[test]
    fn task_that_is_not_in_the_profile_has_no_weight() {
        let mut remaining = Remaining::default();
        assert_eq!(remaining.spawned(&spawn(0, None, 7)), 0);
        remaining.stepped(TaskId(0));
        assert_eq!((remaining.of(TaskId(0)), remaining.of(TaskId(1))), (0, 0));
    }

    #[test]
    fn tasks_are_drawn_in_proportion_to_their_weights() {
        let mut rng = crate::schedule::tape::strategy_stream(0);
        let mut weights = Weights::default();
        assert_eq!(weights.draw(&mut rng), None);
        for (task, weight) in [(0, 7), (2, 3), (0, 1), (5, 9), (5, 0)] {
            weights.set(TaskId(task), weight);
        }
        let mut counts = [0; 6];
        for _ in 0..4_000 {
            let drawn = weights.draw(&mut rng).expect("some have a weight");
            counts[drawn.index() as usize] += 1;
        }
        assert_eq!(counts[0] + counts[2], 4_000, "{counts:?}");
        assert!((2_850..3_150).contains(&counts[2]), "{counts:?}");
    }
}
