//! Uniform random walk over interleavings.
//!
//! H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform
//! Concurrency Testing", ASPLOS 2025. To pick each ready task with the same
//! chance favours the orders in which short tasks finish early. Weighted by the
//! steps that each task has left, the walk gives every interleaving the same
//! chance.
//!
//! How many steps a task takes is estimated by an earlier run, whose tasks are
//! recognised by their *signature*: the path of spawns that leads to them. So
//! agents that run the same code have distinct signatures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha8Rng;

use super::{Candidates, Strategy};
use crate::tape::{below, strategy_stream};
use crate::wait::TaskId;

/// How often each task of a run was picked, by signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile(BTreeMap<u64, u32>);

impl Profile {
    /// Number of distinct tasks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Signatures of the tasks of a run, as they are spawned.
type Signatures = BTreeMap<TaskId, u64>;

fn signature(signatures: &Signatures, task: TaskId) -> u64 {
    signatures.get(&task).copied().unwrap_or(0)
}

/// Watches another strategy and counts what it picks.
pub struct Profiler {
    inner: Box<dyn Strategy>,
    signatures: Signatures,
    profile: Arc<Mutex<Profile>>,
}

impl Profiler {
    /// Counts what `inner` picks. The profile fills up while the run goes on.
    pub fn new(inner: Box<dyn Strategy>) -> (Self, SharedProfile) {
        let profile = Arc::new(Mutex::new(Profile::default()));
        let profiler = Self {
            inner,
            signatures: Signatures::default(),
            profile: Arc::clone(&profile),
        };
        (profiler, SharedProfile(profile))
    }
}

/// The profile that a [`Profiler`] fills.
#[derive(Clone, Debug)]
pub struct SharedProfile(Arc<Mutex<Profile>>);

impl SharedProfile {
    /// What was counted so far.
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
            let signature = signature(&self.signatures, task);
            *lock(&self.profile).0.entry(signature).or_default() += 1;
        }
        picked
    }

    fn spawned(&mut self, task: TaskId, signature: u64) {
        self.signatures.insert(task, signature);
        self.inner.spawned(task, signature);
    }

    fn touched(&mut self, task: TaskId, resource: crate::point::ResourceId) {
        self.inner.touched(task, resource);
    }

    fn ended(&mut self, task: TaskId) {
        self.inner.ended(task);
    }
}

/// Each ready task with a chance in proportion to the picks that it has left.
#[derive(Debug)]
pub struct Urw {
    rng: ChaCha8Rng,
    profile: Profile,
    signatures: Signatures,
    picked: BTreeMap<TaskId, u32>,
}

impl Urw {
    /// Weighs by the profile of an earlier run. Tasks that it does not know, and
    /// those that have had more picks than it says, weigh 1.
    pub fn new(profile: Profile) -> Self {
        Self {
            rng: strategy_stream(0),
            profile,
            signatures: Signatures::default(),
            picked: BTreeMap::new(),
        }
    }

    fn weight(&self, task: TaskId) -> u32 {
        let expected = self.profile.0.get(&signature(&self.signatures, task));
        let so_far = self.picked.get(&task).copied().unwrap_or(0);
        expected.map_or(1, |expected| expected.saturating_sub(so_far).max(1))
    }
}

impl Strategy for Urw {
    fn name(&self) -> &str {
        "urw"
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
        self.signatures = Signatures::default();
        self.picked.clear();
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let weights: Vec<u32> = (0..candidates.len())
            .map_while(|index| candidates.task(index))
            .map(|task| self.weight(task))
            .collect();
        let total = weights.iter().fold(0u32, |sum, w| sum.saturating_add(*w));
        let mut rest = below(&mut self.rng, total.max(1));
        let picked = weights
            .iter()
            .position(|weight| match rest.checked_sub(*weight) {
                Some(left) => {
                    rest = left;
                    false
                }
                None => true,
            })
            .unwrap_or(0);
        if let Some(task) = candidates.task(picked) {
            *self.picked.entry(task).or_default() += 1;
        }
        picked
    }

    fn spawned(&mut self, task: TaskId, signature: u64) {
        self.signatures.insert(task, signature);
    }

    fn ended(&mut self, task: TaskId) {
        self.picked.remove(&task);
    }
}
