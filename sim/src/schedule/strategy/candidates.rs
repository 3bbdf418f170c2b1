//! The tasks among which a strategy picks, and what each is about to do.

use std::collections::VecDeque;
use std::panic::Location;

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::operation::{Operation, ResourceKind};
use crate::schedule::{Postponed, ReadyQueue, ResourceLabel, place_hash};

/// The tasks among which a strategy picks. Index 0 is the default pick: the running task, if it
/// can go on, else the one that is ready longest.
pub struct Candidates<'a> {
    pub(crate) running: Option<(TaskId, Option<PendingOperation>)>,
    pub(crate) ready: &'a ReadyQueue,
    /// The postponed tasks: the last candidates, in the order in which they were postponed.
    pub(crate) postponed: &'a VecDeque<Postponed>,
    /// For each task, the operation at whose scheduling point it stands.
    pub(crate) points: &'a IndexVec<TaskId, Option<PendingOperation>>,
    pub(crate) objects: &'a dyn Objects,
}

/// The tasks and resources of a run, which the engine looks up.
pub(crate) trait Objects {
    /// Returns the open wait of a task; of several the first that is not for a timer.
    fn open_wait(&self, task: TaskId) -> Option<PendingOperation>;

    /// Returns the kind of a resource.
    fn kind(&self, resource: ResourceId) -> ResourceKind;

    /// Returns the identity of a resource across runs.
    fn label(&self, resource: ResourceId) -> ResourceLabel;

    /// Returns the place at which a resource was created.
    fn created_at(&self, resource: ResourceId) -> &'static Location<'static>;
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
        self.ready.len() + self.postponed.len() + usize::from(self.running.is_some())
    }

    /// Returns `true` if there are no candidates: never when a strategy picks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the task at that index, or none past the end.
    #[inline]
    pub fn task(&self, index: usize) -> Option<TaskId> {
        let index = match self.running {
            Some((task, _)) if index == 0 => return Some(task),
            Some(_) => index - 1,
            None => index,
        };
        match index.checked_sub(self.ready.len()) {
            None => self.ready.get(index),
            Some(postponed) => self.postponed.get(postponed).map(|one| one.task),
        }
    }

    /// Returns `true` if a candidate other than the default is not postponed.
    pub(crate) fn is_postponable(&self) -> bool {
        self.ready.len() + usize::from(self.running.is_some()) > 1
    }

    /// Returns the tasks in the order of their indices.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + Clone + '_ {
        let postponed = self.postponed.iter().map(|one| one.task);
        self.running()
            .into_iter()
            .chain(self.ready.iter())
            .chain(postponed)
    }

    /// Calls `f` with each index and its task, in order. Faster than the iterator, which asks at
    /// each task in which part of the queue it is.
    #[inline]
    pub(super) fn for_each(&self, mut f: impl FnMut(usize, TaskId)) {
        let mut index = 0;
        let mut next = |task| {
            f(index, task);
            index += 1;
        };
        if let Some((task, _)) = self.running {
            next(task);
        }
        self.ready.for_each(&mut next);
        self.postponed.iter().for_each(|one| next(one.task));
    }

    /// Returns the index of the candidate with the highest priority, the first of equal ones.
    /// Those without a priority are left out.
    #[inline]
    pub(super) fn highest<P: Ord>(
        &self,
        mut priority: impl FnMut(usize, TaskId) -> Option<P>,
    ) -> Option<usize> {
        let mut highest: Option<(P, usize)> = None;
        self.for_each(|index, task| {
            let priority = priority(index, task);
            if let Some(priority) = priority
                && highest.as_ref().is_none_or(|(most, _)| priority > *most)
            {
                highest = Some((priority, index));
            }
        });
        highest.map(|(_, index)| index)
    }

    /// Returns `true` if the task is in the ready queue. The running task is so only if it was
    /// woken while it ran. Always `false` while the strategy does not follow the ready tasks.
    #[inline]
    pub fn is_ready(&self, task: TaskId) -> bool {
        self.ready.contains(task)
    }

    /// Returns the index of a task that is ready.
    ///
    /// # Panics
    ///
    /// If it is not, or the strategy does not follow the ready tasks.
    #[inline]
    pub fn index_of_ready(&self, task: TaskId) -> usize {
        let index = self.ready.index_of(task);
        let index = index.expect("a task is looked up that is ready");
        index + usize::from(self.running.is_some())
    }

    /// Returns `true` if the candidate at that index is the running task.
    #[inline]
    pub fn is_running(&self, index: usize) -> bool {
        index == 0 && self.running.is_some()
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

    /// Returns the point of a candidate that was looked up.
    #[inline]
    pub(super) fn point_of(&self, index: usize, task: TaskId) -> Option<PendingOperation> {
        match self.running {
            Some((_, at)) if index == 0 => at,
            _ => self.points[task],
        }
    }

    /// Returns the operation at whose scheduling point a ready task stands, as
    /// [`Candidates::point`].
    pub fn point_of_ready(&self, task: TaskId) -> Option<PendingOperation> {
        self.points[task]
    }

    /// Returns the operation that a ready task is about to do, as [`Candidates::operation`].
    pub fn operation_of_ready(&self, task: TaskId) -> Option<PendingOperation> {
        self.points[task].or_else(|| self.objects.open_wait(task))
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
        let point = self.point_of(index, task);
        point.or_else(|| self.objects.open_wait(task))
    }

    /// Returns `true` if the order of the two operations can matter: they touch the same
    /// resource, and not both read.
    pub fn race(&self, one: PendingOperation, other: PendingOperation) -> bool {
        one.resource == other.resource && !(self.reads(one) && self.reads(other))
    }

    /// Returns `true` if the operation only reads its resource.
    pub fn reads(&self, operation: PendingOperation) -> bool {
        let kind = self.objects.kind(operation.resource);
        operation.operation.reads(kind)
    }

    /// Returns the identity of a resource across runs. Strategies that use it say so by
    /// [`reads_labels`](super::Strategy::reads_labels).
    pub(super) fn label(&self, resource: ResourceId) -> ResourceLabel {
        self.objects.label(resource)
    }

    /// Returns the hash of the place at which the resource was created.
    pub(super) fn place(&self, resource: ResourceId) -> u64 {
        place_hash(self.objects.created_at(resource))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::*;
    use crate::engine::Config;
    use crate::schedule::strategy::{Spawn, Strategy};
    use crate::shim::tokio::sync::Mutex;
    use crate::shim::tokio::task::spawn;

    /// The labels of the resources that each task is seen to operate on, by the hash of its
    /// path of spawns.
    type Seen = Rc<RefCell<BTreeMap<u64, Vec<ResourceLabel>>>>;

    /// Picks the first or the last candidate, and records.
    struct Spy {
        first: bool,
        path_hashes: Vec<u64>,
        seen: Seen,
    }

    impl Strategy for Spy {
        fn name(&self) -> &'static str {
            "spy"
        }

        fn start(&mut self, _seed: u64) {}

        fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
            if self.first { 0 } else { candidates.len() - 1 }
        }

        fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
            let indices = 0..candidates.len();
            let by_index = indices.filter_map(|index| candidates.task(index));
            assert!(
                candidates.tasks().eq(by_index),
                "in the order of their indices"
            );
            let task = candidates.task(index).expect("a candidate");
            if let Some(at) = candidates.point(index) {
                let path_hash = self.path_hashes[task.index() as usize];
                let mut seen = self.seen.borrow_mut();
                let labels = seen.entry(path_hash).or_default();
                labels.push(candidates.label(at.resource()));
            }
        }

        fn spawned(&mut self, spawn: &Spawn) {
            self.path_hashes.push(spawn.path_hash);
        }

        fn reads_labels(&self) -> bool {
            true
        }
    }

    /// Returns the labels that tasks see on locks made at one place, each of which another task
    /// uses first.
    fn seen(first: bool) -> BTreeMap<u64, Vec<ResourceLabel>> {
        let seen = Seen::default();
        let config = Config {
            strategy: Box::new(Spy {
                first,
                path_hashes: Vec::new(),
                seen: Rc::clone(&seen),
            }),
            ..Config::default()
        };
        let outcome = crate::run(config, |_| async {
            let locks: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(()))).collect();
            let tasks: Vec<_> = (0..3)
                .map(|first| {
                    let mut locks = locks.clone();
                    locks.rotate_left(first);
                    spawn(async move {
                        for lock in locks {
                            drop(lock.lock().await);
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no task fails");
            }
        });
        assert_eq!(outcome.value, Some(()));
        seen.take()
    }

    #[test]
    fn resource_has_the_same_label_whatever_task_uses_it_first() {
        let (first, last) = (seen(true), seen(false));
        assert_eq!(first, last);
        let tasks: Vec<&Vec<ResourceLabel>> = first.values().filter(|l| l.len() == 3).collect();
        // The program joins three tasks, which take three locks.
        assert_eq!(tasks.len(), 4);
        let distinct: std::collections::BTreeSet<_> = tasks.into_iter().flatten().collect();
        assert_eq!(distinct.len(), 3 + 3);
    }
}
