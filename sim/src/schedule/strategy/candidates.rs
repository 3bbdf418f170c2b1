//! The tasks among which a strategy picks, and what each is about to do.

use crate::engine::wait::ResourceInfo;
use crate::engine::{ResourceLabel, Task};
use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::operation::{Operation, ResourceKind};
use crate::schedule::ReadyQueue;

/// The tasks among which a strategy picks. Index 0 is the default pick: the running task, if it
/// can go on, else the one that is ready longest.
pub struct Candidates<'a> {
    pub(crate) running: Option<(TaskId, Option<PendingOperation>)>,
    pub(crate) ready: &'a ReadyQueue,
    /// For each task, the operation at whose scheduling point it stands.
    pub(crate) points: &'a IndexVec<TaskId, Option<PendingOperation>>,
    pub(crate) tasks: &'a IndexVec<TaskId, Option<Box<Task>>>,
    pub(crate) resources: &'a IndexVec<ResourceId, ResourceInfo>,
}

/// An operation that a task is about to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PendingOperation {
    resource: ResourceId,
    operation: Operation,
}

impl PendingOperation {
    #[inline]
    pub(crate) fn new(resource: ResourceId, operation: Operation) -> Self {
        Self {
            resource,
            operation,
        }
    }

    /// Returns the resource that it touches.
    #[inline]
    pub fn resource(self) -> ResourceId {
        self.resource
    }

    pub(crate) fn operation(self) -> Operation {
        self.operation
    }
}

impl Candidates<'_> {
    /// Returns the number of candidates; at least 1.
    #[inline]
    pub fn len(&self) -> usize {
        self.ready.len() + usize::from(self.running.is_some())
    }

    /// Returns `true` if there are no candidates: never when a strategy picks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the task at that index, or none past the end.
    #[inline]
    pub fn task(&self, index: usize) -> Option<TaskId> {
        match self.running {
            Some((task, _)) if index == 0 => Some(task),
            Some(_) => self.ready.get(index - 1),
            None => self.ready.get(index),
        }
    }

    /// Returns the tasks in the order of their indices.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        (0..self.len()).map_while(|index| self.task(index))
    }

    /// Returns the task that stands at a scheduling point and could go on. It is the candidate
    /// at index 0.
    pub fn running(&self) -> Option<TaskId> {
        self.running.map(|(task, _)| task)
    }

    /// Returns the operation at whose scheduling point the candidate stands; none if it stands
    /// at none: it was woken, has yielded, or is new.
    pub fn point(&self, index: usize) -> Option<PendingOperation> {
        self.point_of(index, self.task(index)?)
    }

    #[inline]
    fn point_of(&self, index: usize, task: TaskId) -> Option<PendingOperation> {
        match self.running {
            Some((_, at)) if index == 0 => at,
            _ => self.points[task],
        }
    }

    /// Returns the operation that the candidate is about to do: that of its scheduling point,
    /// or the wait that it wakes from. Of several open waits it is the first that is not for a
    /// timer. None if the task has yielded, or is new: its first step touches nothing before
    /// its first scheduling point.
    pub fn operation(&self, index: usize) -> Option<PendingOperation> {
        self.operation_of(index, self.task(index)?)
    }

    /// Returns the operation of [`Candidates::operation`], for a task that was looked up.
    #[inline]
    pub(super) fn operation_of(&self, index: usize, task: TaskId) -> Option<PendingOperation> {
        self.point_of(index, task).or_else(|| {
            let task = self.tasks.get(task)?.as_deref()?;
            let is_timer = |resource| self.resources[resource].kind == ResourceKind::Timer;
            let mut waits = task.waits.iter();
            let wait = waits.find(|wait| !is_timer(wait.resource));
            let wait = wait.or_else(|| task.waits.first())?;
            Some(PendingOperation::new(wait.resource, wait.operation))
        })
    }

    /// Returns `true` if the order of the two operations can matter: they touch the same
    /// resource, and not both read.
    pub fn race(&self, one: PendingOperation, other: PendingOperation) -> bool {
        let kind = self.resources[one.resource].kind;
        let both_read = || one.operation.reads(kind) && other.operation.reads(kind);
        one.resource == other.resource && !both_read()
    }

    /// Returns the identity of a resource across runs. Strategies that use it say so by
    /// [`reads_labels`](super::Strategy::reads_labels).
    pub(super) fn label(&self, resource: ResourceId) -> ResourceLabel {
        self.resources[resource].label
    }

    /// Returns the hash of the place at which the resource was created.
    pub(super) fn place(&self, resource: ResourceId) -> u64 {
        crate::engine::labels::place_hash(self.resources[resource].created_at)
    }
}
