//! Names of operations that are the same in every run.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use xxhash_rust::xxh3::xxh3_64;

use super::{PendingOperation, Spawn};
use crate::ids::{ResourceId, TaskId};
use crate::schedule::place_hash;

/// An operation by what does it: the place at which its task was spawned, the method, and its
/// number among the operations of the task on the resource. Tasks that run the same code share
/// the names of their operations, as the threads of one function share its instructions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct OperationName(u64);

#[cfg(test)]
impl OperationName {
    /// Creates the name of an operation of no program.
    pub(super) const fn of(hash: u64) -> Self {
        Self(hash)
    }
}

/// Operations of one task on one resource are told apart up to this number; loops repeat the
/// last.
const TOLD_APART: u32 = 3;

/// The names of the operations of one run.
#[derive(Debug, Default)]
pub(super) struct OperationNames {
    /// The place of the spawn, by task number.
    code: Vec<u64>,
    /// Operations that each task has begun on each resource.
    begun: IndexMap<(TaskId, ResourceId), u32, FxBuildHasher>,
}

impl OperationNames {
    /// Adds a task.
    pub(super) fn spawned(&mut self, spawn: &Spawn) {
        let index = spawn.task.index() as usize;
        if self.code.len() <= index {
            self.code.resize(index + 1, 0);
        }
        self.code[index] = place_hash(spawn.spawned_at);
    }

    /// Returns the name of the operation that a task is about to do, which it begins or (if it
    /// was woken from it) goes on with.
    pub(super) fn name(
        &self,
        task: TaskId,
        operation: PendingOperation,
        begins: bool,
    ) -> Option<OperationName> {
        let begun = self.begun.get(&(task, operation.resource()));
        let begun = begun.copied().unwrap_or(0);
        let number = if begins {
            begun
        } else {
            begun.saturating_sub(1)
        };
        self.name_of(task, operation, number)
    }

    /// Does what [`OperationNames::name`] and then [`OperationNames::begin`] would, with one
    /// look.
    pub(super) fn name_and_begin(
        &mut self,
        task: TaskId,
        operation: PendingOperation,
        begins: bool,
    ) -> Option<OperationName> {
        let number = if begins {
            let begun = self.begun.entry((task, operation.resource())).or_default();
            *begun += 1;
            *begun - 1
        } else {
            let begun = self.begun.get(&(task, operation.resource()));
            begun.copied().unwrap_or(0).saturating_sub(1)
        };
        self.name_of(task, operation, number)
    }

    fn name_of(
        &self,
        task: TaskId,
        operation: PendingOperation,
        number: u32,
    ) -> Option<OperationName> {
        let code = self.code.get(task.index() as usize)?;
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&code.to_le_bytes());
        identity[8..12].copy_from_slice(&(operation.operation() as u32).to_le_bytes());
        identity[12..].copy_from_slice(&number.min(TOLD_APART).to_le_bytes());
        Some(OperationName(xxh3_64(&identity)))
    }

    /// Counts an operation that the task begins now.
    pub(super) fn begin(&mut self, task: TaskId, operation: PendingOperation) {
        *self.begun.entry((task, operation.resource())).or_default() += 1;
    }
}
