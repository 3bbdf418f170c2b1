//! Uniform random walk over interleavings.
//!
//! H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform
//! Concurrency Testing", ASPLOS 2025. To pick each ready task with the same
//! chance favours the orders in which short tasks finish early. Weighted by the
//! steps that each task has left, the walk gives every interleaving the same
//! chance.
//!
//! The steps that a task takes are estimated by an earlier run, whose tasks are
//! recognised by the hash of the path of spawns that leads to them. So
//! agents that run the same code have distinct hashes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha8Rng;

use super::{Candidates, ChoiceKind, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName};
use crate::ids::{ResourceId, TaskId};
use crate::schedule::tape::{below, strategy_stream};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "urw",
    parameter: None,
    summary: "Picks each ready task in proportion to the steps that it has left.",
    paper: Some(
        "H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: Selectively Uniform Concurrency \
         Testing, ASPLOS 2025",
    ),
    kind: StrategyKind::Sampler(Sampler {
        build: |_, profile| Box::new(Urw::new(profile)),
        needs_profile: true,
        portfolio: &[0],
    }),
};

impl StrategyName {
    /// Each ready task in proportion to the steps that it has left.
    pub const URW: Self = Self::of(&INFO);
}

/// Picks of each task of a run, by the hash of its spawn path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile(BTreeMap<u64, u32>);

impl Profile {
    /// Returns the number of distinct tasks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A strategy that counts the picks of another.
pub struct Profiler {
    inner: Box<dyn Strategy>,
    /// Hashes of spawn paths by task number.
    spawn_path_hashes: Vec<u64>,
    profile: Arc<Mutex<Profile>>,
}

impl Profiler {
    /// Creates a counter of the picks of `inner`. The profile fills up during the run.
    pub fn new(inner: Box<dyn Strategy>) -> (Self, SharedProfile) {
        let profile = Arc::new(Mutex::new(Profile::default()));
        let profiler = Self {
            inner,
            spawn_path_hashes: Vec::new(),
            profile: Arc::clone(&profile),
        };
        (profiler, SharedProfile(profile))
    }
}

/// The profile that a [`Profiler`] fills.
#[derive(Clone, Debug)]
pub struct SharedProfile(Arc<Mutex<Profile>>);

impl SharedProfile {
    /// Returns the counts so far.
    pub fn read(&self) -> Profile {
        lock(&self.0).clone()
    }
}

fn lock(profile: &Mutex<Profile>) -> MutexGuard<'_, Profile> {
    profile.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Strategy for Profiler {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn start(&mut self, seed: u64) {
        self.inner.start(seed);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let picked = self.inner.pick(candidates);
        if let Some(task) = candidates.task(picked) {
            let spawn_path_hash = self.spawn_path_hashes.get(task.index() as usize);
            let spawn_path_hash = spawn_path_hash.copied().unwrap_or_default();
            *lock(&self.profile).0.entry(spawn_path_hash).or_default() += 1;
        }
        picked
    }

    fn choose(&mut self, kind: ChoiceKind, bound: u32) -> Option<u32> {
        self.inner.choose(kind, bound)
    }

    fn spawned(&mut self, task: TaskId, spawn_path_hash: u64) {
        let index = task.index() as usize;
        if self.spawn_path_hashes.len() <= index {
            self.spawn_path_hashes.resize(index + 1, 0);
        }
        self.spawn_path_hashes[index] = spawn_path_hash;
        self.inner.spawned(task, spawn_path_hash);
    }

    fn touched(&mut self, task: TaskId, resource: ResourceId) {
        self.inner.touched(task, resource);
    }

    fn ended(&mut self, task: TaskId) {
        self.inner.ended(task);
    }
}

/// A strategy that picks each ready task with a chance in proportion to its remaining picks.
#[derive(Debug)]
pub struct Urw {
    rng: ChaCha8Rng,
    profile: Profile,
    /// Remaining picks of each task, by its number: 0 if it is not known, or has had them all.
    left: Vec<u32>,
}

impl Urw {
    /// Creates a strategy that weighs by the profile of an earlier run. Tasks that are not in
    /// it, and those that have had more picks than in it, weigh 1.
    pub fn new(profile: Profile) -> Self {
        Self {
            rng: strategy_stream(0),
            profile,
            left: Vec::new(),
        }
    }

    fn weight(&self, task: TaskId) -> u32 {
        let left = self.left.get(task.index() as usize);
        left.map_or(1, |left| (*left).max(1))
    }

    /// Returns the index of the candidate on which a number below `total`, the sum of all
    /// weights, falls.
    fn candidate_at(&self, candidates: &Candidates<'_>, number: u32) -> usize {
        let mut rest = number;
        for index in 0..candidates.len() {
            let Some(task) = candidates.task(index) else {
                break;
            };
            match rest.checked_sub(self.weight(task)) {
                Some(left) => rest = left,
                None => return index,
            }
        }
        0
    }
}

impl Strategy for Urw {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
        self.left.clear();
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let total = (0..candidates.len())
            .map_while(|index| candidates.task(index))
            .fold(0u32, |sum, task| sum.saturating_add(self.weight(task)));
        let number = below(&mut self.rng, total.max(1));
        let picked = self.candidate_at(candidates, number);
        let task = candidates.task(picked);
        if let Some(left) = task.and_then(|task| self.left.get_mut(task.index() as usize)) {
            *left = left.saturating_sub(1);
        }
        picked
    }

    fn spawned(&mut self, task: TaskId, spawn_path_hash: u64) {
        let index = task.index() as usize;
        if self.left.len() <= index {
            self.left.resize(index + 1, 0);
        }
        let expected = self.profile.0.get(&spawn_path_hash);
        self.left[index] = expected.copied().unwrap_or(0);
    }
}
