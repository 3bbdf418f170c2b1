//! Profiles: tasks, steps and operations of a default schedule.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;

use super::operations::{OperationName, OperationNames};
use super::remaining::Expected;
use super::{Candidates, ChoiceKind, Fifo, PendingOperation, Spawn, Strategy};
use crate::ids::{ResourceId, TaskId};
use crate::schedule::ResourceLabel;

/// The least and the greatest number of picks for which a strategy may hold a task back. The
/// latter is below the default budget of an instant, so that a task that polls meanwhile is no
/// livelock.
pub(super) const HOLD_LIMITS: RangeInclusive<u64> = 256..=1 << 20;

/// Tasks, steps and operations of a run under the default schedule. One profile
/// serves every strategy. A clone is cheap.
#[derive(Clone, Debug, Default)]
pub struct Profile(Arc<Observed>);

/// Observations of one run.
#[derive(Debug, Default)]
struct Observed {
    steps: u64,
    /// In the order of their spawns: parents before their children.
    tasks: Vec<ProfiledTask>,
    /// Those that several tasks have operated on, in the order of their first use.
    resources: Vec<ProfiledResource>,
}

#[derive(Debug)]
struct ProfiledTask {
    path_hash: u64,
    /// The number of the task that spawned it.
    parent: Option<usize>,
    steps: u64,
}

/// A resource on which several tasks have operated.
#[derive(Debug)]
pub(super) struct ProfiledResource {
    pub(super) label: ResourceLabel,
    /// The hash of the place of its creation.
    pub(super) place: u64,
    /// Operations that were seen next to each other on it, unless both read; in the order in
    /// which they were first seen.
    pub(super) pairs: Vec<Pair>,
    /// Operations that each task has begun on it, by task number.
    begun: BTreeMap<usize, u64>,
}

/// Two operations on one resource with none in between; the first is none at its first
/// operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Pair {
    pub(super) before: Option<OperationName>,
    pub(super) after: OperationName,
}

impl Profile {
    /// Profiles the default schedule. `run` is called once, with the strategy under which it
    /// must run the seed.
    pub fn of_default_schedule(run: impl FnOnce(Box<dyn Strategy>)) -> Self {
        let observer = Rc::new(RefCell::new(Observer::default()));
        run(Box::new(Profiler(Rc::clone(&observer))));
        Self(Arc::new(observer.take().finish()))
    }

    /// Returns the number of steps: polls, and scheduling points that were passed.
    pub fn steps(&self) -> u64 {
        self.0.steps
    }

    /// Returns the number of picks for which a strategy may hold a task back: as many as the
    /// run is long, so that it can be overtaken by all that others do.
    pub(super) fn hold_limit(&self) -> u64 {
        self.steps().clamp(*HOLD_LIMITS.start(), *HOLD_LIMITS.end())
    }

    /// Returns the number of tasks.
    pub fn tasks(&self) -> usize {
        self.0.tasks.len()
    }

    /// Returns the resources on which several tasks have operated, those that were created at
    /// one place together. What is drawn from these lists does not depend on the values of
    /// hashes: those of places differ from one machine to the next.
    pub(super) fn resources_by_place(&self) -> Vec<Vec<&ProfiledResource>> {
        let mut numbers = BTreeMap::new();
        let mut places: Vec<Vec<&ProfiledResource>> = Vec::new();
        for resource in &self.0.resources {
            let number = *numbers.entry(resource.place).or_insert(places.len());
            if number == places.len() {
                places.push(Vec::new());
            }
            places[number].push(resource);
        }
        places
    }

    /// Returns the steps of each task, by the hash of its path of spawns.
    pub(super) fn expected_steps(&self) -> BTreeMap<u64, Expected> {
        self.expected(|_, task| task.steps)
    }

    /// Returns the operations that each task begins on the resource, by the hash of its path
    /// of spawns.
    pub(super) fn expected_operations(
        &self,
        resource: &ProfiledResource,
    ) -> BTreeMap<u64, Expected> {
        self.expected(|number, _| resource.begun.get(&number).copied().unwrap_or(0))
    }

    fn expected(&self, own: impl Fn(usize, &ProfiledTask) -> u64) -> BTreeMap<u64, Expected> {
        let tasks = &self.0.tasks;
        let own = |(number, task)| {
            let own = own(number, task);
            Expected { own, subtree: own }
        };
        let mut expected: Vec<Expected> = tasks.iter().enumerate().map(own).collect();
        // Children first: each subtree is complete when it is added to its parent's.
        for (number, task) in tasks.iter().enumerate().rev() {
            let subtree = expected[number].subtree;
            if let Some(parent) = task.parent {
                expected[parent].subtree += subtree;
            }
        }
        let path_hashes = tasks.iter().map(|task| task.path_hash);
        path_hashes.zip(expected).collect()
    }
}

/// The default schedule, observed.
struct Profiler(Rc<RefCell<Observer>>);

impl Strategy for Profiler {
    fn name(&self) -> &str {
        Fifo.name()
    }

    fn start(&mut self, seed: u64) {
        Fifo.start(seed);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        Fifo.pick(candidates)
    }

    fn choose(&mut self, kind: ChoiceKind, bound: u32) -> Option<u32> {
        Fifo.choose(kind, bound)
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        self.0.borrow_mut().step(candidates, index);
    }

    fn spawned(&mut self, spawn: &Spawn) {
        self.0.borrow_mut().spawned(spawn);
    }

    fn reads_labels(&self) -> bool {
        true
    }
}

/// A profile that is being made.
#[derive(Debug, Default)]
struct Observer {
    observed: Observed,
    names: OperationNames,
    /// By number; none before the first operation.
    resources: Vec<Option<ObservedResource>>,
}

#[derive(Debug)]
struct ObservedResource {
    profiled: ProfiledResource,
    seen: BTreeSet<Pair>,
    /// The one that was seen last: in a loop it is the same again.
    last_pair: Option<Pair>,
    last: Option<(OperationName, PendingOperation)>,
}

impl Observer {
    fn spawned(&mut self, spawn: &Spawn) {
        assert_eq!(
            spawn.task.index() as usize,
            self.observed.tasks.len(),
            "tasks are numbered in the order of their spawns",
        );
        self.names.spawned(spawn);
        self.observed.tasks.push(ProfiledTask {
            path_hash: spawn.path_hash,
            parent: spawn.parent.map(|parent| parent.index() as usize),
            steps: 0,
        });
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let task = candidates.task(index).expect("a candidate runs next");
        self.observed.steps += 1;
        self.observed.tasks[task.index() as usize].steps += 1;
        let point = candidates.point_of(index, task);
        let Some(operation) = point.or_else(|| candidates.objects.open_wait(task)) else {
            return;
        };
        let begins = point.is_some();
        let Some(after) = self.names.name_and_begin(task, operation, begins) else {
            return;
        };
        let resource = self.resource(candidates, operation.resource());
        let matters = resource.matters(candidates, operation);
        resource.operated(task, (after, operation), begins, matters);
    }

    fn resource(&mut self, candidates: &Candidates<'_>, id: ResourceId) -> &mut ObservedResource {
        let index = id.index() as usize;
        if self.resources.len() <= index {
            self.resources.resize_with(index + 1, || None);
        }
        self.resources[index].get_or_insert_with(|| ObservedResource {
            profiled: ProfiledResource {
                label: candidates.label(id),
                place: candidates.place(id),
                pairs: Vec::new(),
                begun: BTreeMap::new(),
            },
            seen: BTreeSet::new(),
            last_pair: None,
            last: None,
        })
    }

    fn finish(mut self) -> Observed {
        let resources = self.resources.into_iter().flatten();
        let resources = resources.map(|resource| resource.profiled);
        let is_shared = |resource: &ProfiledResource| resource.begun.len() > 1;
        self.observed.resources = resources.filter(is_shared).collect();
        self.observed
    }
}

impl ObservedResource {
    /// Returns `true` if the order of the last operation and this one can matter.
    fn matters(&self, candidates: &Candidates<'_>, operation: PendingOperation) -> bool {
        self.last
            .is_none_or(|(_, last)| candidates.race(last, operation))
    }

    fn operated(
        &mut self,
        task: TaskId,
        now: (OperationName, PendingOperation),
        begins: bool,
        matters: bool,
    ) {
        let before = self.last.replace(now).map(|(name, _)| name);
        if matters {
            let (after, _) = now;
            let pair = Pair { before, after };
            if self.last_pair.replace(pair) != Some(pair) && self.seen.insert(pair) {
                self.profiled.pairs.push(pair);
            }
        }
        if begins {
            *self
                .profiled
                .begun
                .entry(task.index() as usize)
                .or_default() += 1;
        }
    }
}
