//! Probabilistic concurrency testing.
//!
//! S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatti: "A Randomized Scheduler with
//! Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Tasks get random priorities and the
//! highest that is ready runs; at `depth - 1` random points of the run the running task falls
//! behind all others. A bug that needs `depth` ordering constraints is then found with a
//! probability that does not shrink exponentially with the length of the run.
//!
//! Two departures. The paper draws its change points uniformly from a run of
//! known length; here the length is not known, so that a seed alone reproduces
//! its run, and each point is uniform within a power of two that is itself
//! uniform. And the paper's scheduler is unfair: a task that polls for something
//! would run for ever. So a task that was picked many times in a row while others
//! waited falls behind them too (the fair tail).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::{Candidates, Parameter, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName};
use crate::ids::TaskId;
use crate::schedule::tape::{below, strategy_stream};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "pct",
    parameter: Some(Parameter {
        name: "depth",
        range: 1..=100,
        default: 3,
    }),
    summary: "Gives tasks random priorities that change at `depth - 1` points.",
    paper: Some(
        "S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatti: A Randomized Scheduler with \
         Probabilistic Guarantees of Finding Bugs, ASPLOS 2010",
    ),
    kind: StrategyKind::Sampler(Sampler {
        build: |depth, _| Box::new(Pct::new(depth)),
        needs_profile: false,
        portfolio: &[2, 3],
    }),
};

impl StrategyName {
    /// Returns the strategy with priorities that change at `depth - 1` points, for bugs that
    /// need `depth` ordering constraints.
    ///
    /// # Panics
    ///
    /// If `depth` is 0 or more than 100.
    pub const fn pct(depth: u32) -> Self {
        Self::with(&INFO, depth)
    }
}

/// Change points fall within the first 2 to this power picks.
const LONGEST: u32 = 16;

/// Picks in a row, with others waiting, after which a task falls behind.
const FAIRNESS_LIMIT: u32 = 256;

/// Random priorities with `depth - 1` changes.
#[derive(Debug)]
pub struct Pct {
    name: String,
    depth: u32,
    rng: ChaCha8Rng,
    /// Priorities by task number; none until the task is a candidate. Higher runs first. Those
    /// that fell behind are below zero.
    priorities: Vec<Option<i64>>,
    /// Picks at which the running task falls behind, latest first.
    changes: Vec<u64>,
    picks: u64,
    /// The next priority for a task that falls behind, less than all others.
    floor: i64,
    in_a_row: (Option<TaskId>, u32),
}

impl Pct {
    /// Creates the strategy for bugs that need `depth` ordering constraints; at least 1.
    pub fn new(depth: u32) -> Self {
        let depth = depth.max(1);
        Self {
            name: format!("{}:{depth}", INFO.name),
            depth,
            rng: strategy_stream(0),
            priorities: Vec::new(),
            changes: Vec::new(),
            picks: 0,
            floor: 0,
            in_a_row: (None, 0),
        }
    }

    fn slot(&mut self, task: TaskId) -> &mut Option<i64> {
        let index = task.index() as usize;
        if self.priorities.len() <= index {
            self.priorities.resize(index + 1, None);
        }
        &mut self.priorities[index]
    }

    fn priority(&mut self, task: TaskId) -> i64 {
        if let Some(priority) = *self.slot(task) {
            return priority;
        }
        let priority = i64::from(self.rng.next_u32());
        *self.slot(task) = Some(priority);
        priority
    }

    fn fall_behind(&mut self, task: TaskId) {
        self.floor -= 1;
        *self.slot(task) = Some(self.floor);
    }

    /// Returns the index of the candidate with the highest priority.
    fn highest(&mut self, candidates: &Candidates<'_>) -> Option<(usize, TaskId)> {
        let mut best: Option<(i64, usize, TaskId)> = None;
        for index in 0..candidates.len() {
            let task = candidates.task(index)?;
            let priority = self.priority(task);
            if best.is_none_or(|(highest, ..)| priority > highest) {
                best = Some((priority, index, task));
            }
        }
        best.map(|(_, index, task)| (index, task))
    }

    /// Returns `true` if the task was picked too often in a row.
    fn is_greedy(&mut self, task: TaskId) -> bool {
        let (last, count) = self.in_a_row;
        let count = if last == Some(task) { count + 1 } else { 1 };
        self.in_a_row = (Some(task), count);
        count > FAIRNESS_LIMIT
    }
}

impl Strategy for Pct {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self, seed: u64) {
        let name = std::mem::take(&mut self.name);
        *self = Self {
            name,
            rng: strategy_stream(seed),
            ..Self::new(self.depth)
        };
        for _ in 1..self.depth {
            let power = below(&mut self.rng, LONGEST);
            let within = below(&mut self.rng, 1 << power);
            self.changes.push((1 << power) + u64::from(within));
        }
        self.changes.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        self.picks += 1;
        while self.changes.last().is_some_and(|at| *at <= self.picks) {
            self.changes.pop();
            if let Some((_, task)) = self.highest(candidates) {
                self.fall_behind(task);
            }
        }
        match self.highest(candidates) {
            None => 0,
            Some((index, task)) if !self.is_greedy(task) => index,
            Some((_, task)) => {
                self.fall_behind(task);
                self.in_a_row = (None, 0);
                self.highest(candidates).map_or(0, |(index, _)| index)
            }
        }
    }
}
