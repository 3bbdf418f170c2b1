//! Partial order sampling.
//!
//! X. Yuan, J. Yang, R. Gu: "Partial Order Aware Concurrency Sampling", CAV
//! 2018. Each pending operation has a random priority and the highest runs; when
//! it has run, the priorities of the operations that raced with it (those about
//! to touch the same resource, unless both read it) are drawn anew. Schedules that differ only
//! in the order of independent operations share their chance, so the dependent orders
//! get more of it.
//!
//! The operation of a task that was woken is the wait that it wakes from. A new task, and one
//! that has yielded, is about to run to its next operation, which races with nothing.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::{
    Candidates, PendingOperation, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName,
};
use crate::ids::TaskId;
use crate::schedule::tape::strategy_stream;

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "pos",
    parameter: None,
    summary: "Gives tasks random priorities, redrawn for tasks that race.",
    paper: Some("X. Yuan, J. Yang, R. Gu: Partial Order Aware Concurrency Sampling, CAV 2018"),
    kind: StrategyKind::Sampler(Sampler {
        build: |_, _| Box::new(Pos::default()),
        needs_profile: false,
        portfolio: &[0],
    }),
};

impl StrategyName {
    /// Random priorities, redrawn for tasks that race.
    pub const POS: Self = Self::of(&INFO);
}

/// Random priorities of operations, drawn anew for those that race with the last.
#[derive(Debug)]
pub struct Pos {
    rng: ChaCha8Rng,
    /// Priorities of the tasks' operations, by task number; none until the task is a candidate.
    priorities: Vec<Option<u32>>,
}

impl Default for Pos {
    fn default() -> Self {
        Self::with(strategy_stream(0))
    }
}

impl Pos {
    /// Creates the strategy with a generator from which others have drawn.
    pub(super) fn with(rng: ChaCha8Rng) -> Self {
        Self {
            rng,
            priorities: Vec::new(),
        }
    }

    /// Returns the index of the candidate with the highest priority among those at the allowed
    /// indices.
    pub(super) fn highest(
        &mut self,
        candidates: &Candidates<'_>,
        allowed: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        candidates.highest(|index, task| allowed(index).then(|| self.priority(task)))
    }

    fn priority(&mut self, task: TaskId) -> u32 {
        let index = task.index() as usize;
        if self.priorities.len() <= index {
            self.priorities.resize(index + 1, None);
        }
        let rng = &mut self.rng;
        *self.priorities[index].get_or_insert_with(|| rng.next_u32())
    }

    /// Forgets the priorities of the operations that race with the one that comes now.
    fn forget_racing(&mut self, candidates: &Candidates<'_>, index: usize, now: PendingOperation) {
        candidates.for_each(|other, task| {
            let races = || {
                let pending = candidates.operation_of(other, task);
                pending.is_some_and(|pending| candidates.race(now, pending))
            };
            if other != index && races() {
                self.forget(task);
            }
        });
    }

    fn forget(&mut self, task: TaskId) {
        if let Some(priority) = self.priorities.get_mut(task.index() as usize) {
            *priority = None;
        }
    }
}

impl Strategy for Pos {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
        self.priorities.clear();
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        self.highest(candidates, |_| true).unwrap_or(0)
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        // The operation that comes now is past, also if the task went on alone.
        self.forget(task);
        if let Some(now) = candidates.operation(index) {
            self.forget_racing(candidates, index, now);
        }
    }

    fn ended(&mut self, task: TaskId) {
        self.forget(task);
    }
}
