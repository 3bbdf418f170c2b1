//! Uniform random walk over interleavings.
//!
//! H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform
//! Concurrency Testing", ASPLOS 2025. To pick each ready task with the same
//! chance favours the orders in which short tasks finish early. Weighted by the
//! steps that each task has left, the walk gives every interleaving the same
//! chance. A task weighs what its unborn children weigh as well, because their steps come
//! after its own.
//!
//! The steps that a task takes are those of the default schedule, whose tasks are
//! recognised by the hash of the path of spawns that leads to them. So
//! agents that run the same code have distinct hashes.

use rand_chacha::ChaCha8Rng;

use super::remaining::{Remaining, Weights, below_wide};
use super::{
    Candidates, Following, Profile, Sampler, Spawn, Strategy, StrategyInfo, StrategyKind,
    StrategyName,
};
use crate::ids::TaskId;
use crate::schedule::tape::strategy_stream;

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

/// A strategy that picks each ready task with a chance in proportion to its remaining steps.
#[derive(Debug)]
pub struct Urw {
    rng: ChaCha8Rng,
    remaining: Remaining,
    /// The weights of the ready tasks.
    ready: Weights,
}

impl Urw {
    /// Creates a strategy that weighs by a profile. Tasks that are not in it, and
    /// those that have had more steps than in it, weigh 1.
    pub fn new(profile: &Profile) -> Self {
        Self {
            rng: strategy_stream(0),
            remaining: Remaining::new(profile.expected_steps()),
            ready: Weights::default(),
        }
    }

    fn weight(&self, task: TaskId) -> u64 {
        self.remaining.of(task).max(1)
    }
}

impl Strategy for Urw {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let running = candidates.running().map_or(0, |task| self.weight(task));
        let drawn = below_wide(&mut self.rng, running + self.ready.total());
        let ready = drawn.checked_sub(running);
        let task = ready.and_then(|drawn| self.ready.find(drawn));
        task.map_or(0, |task| candidates.index_of_ready(task))
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        if let Some(task) = candidates.task(index) {
            self.remaining.stepped(task);
            if !candidates.is_running(index) {
                self.ready.set(task, 0);
            }
        }
    }

    fn spawned(&mut self, spawn: &Spawn) {
        self.remaining.spawned(spawn);
    }

    fn became_ready(&mut self, _candidates: &Candidates<'_>, task: TaskId) {
        self.ready.set(task, self.weight(task));
    }

    fn withdrawn(&mut self, task: TaskId) {
        self.ready.set(task, 0);
    }

    fn follows_ready(&self) -> Following {
        Following::Always
    }
}
