//! Partial order sampling.
//!
//! X. Yuan, J. Yang, R. Gu: "Partial Order Aware Concurrency Sampling", CAV
//! 2018. Each pending operation has a random priority and the highest runs; when
//! it has run, the priorities of the operations that raced with it (those about
//! to touch the same resource) are drawn anew. Schedules that differ only in the
//! order of independent operations share their chance, so the dependent orders
//! get more of it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::{Candidates, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName};
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

/// Random priorities, redrawn for tasks that race on the resource just touched.
#[derive(Debug)]
pub struct Pos {
    rng: ChaCha8Rng,
    /// Priorities by task number; none until the task is a candidate.
    priorities: Vec<Option<u32>>,
}

impl Default for Pos {
    fn default() -> Self {
        Self {
            rng: strategy_stream(0),
            priorities: Vec::new(),
        }
    }
}

impl Pos {
    fn priority(&mut self, task: TaskId) -> u32 {
        let index = task.index() as usize;
        if self.priorities.len() <= index {
            self.priorities.resize(index + 1, None);
        }
        let rng = &mut self.rng;
        *self.priorities[index].get_or_insert_with(|| rng.next_u32())
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
        let mut best: Option<(u32, usize)> = None;
        for index in 0..candidates.len() {
            let Some(task) = candidates.task(index) else {
                break;
            };
            let priority = self.priority(task);
            if best.is_none_or(|(highest, _)| priority > highest) {
                best = Some((priority, index));
            }
        }
        let picked = best.map_or(0, |(_, index)| index);
        // The picked operation gets a new priority next time, and so do those that raced with
        // it.
        let touched = candidates.resource(picked);
        for index in 0..candidates.len() {
            let races = touched.is_some() && candidates.resource(index) == touched;
            if (index == picked || races)
                && let Some(task) = candidates.task(index)
            {
                self.forget(task);
            }
        }
        picked
    }

    fn ended(&mut self, task: TaskId) {
        self.forget(task);
    }
}
