//! Strategies: who runs next.
//!
//! A strategy only picks; recording and replaying its picks is the tape's
//! concern.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;

use crate::point::ResourceId;
use crate::tape::{below, strategy_stream};
use crate::wait::TaskId;

/// The tasks among which a strategy picks. Index 0 is the boring pick: the
/// task that runs now, if it can go on, else the one that is ready longest.
pub struct Candidates<'a> {
    pub(crate) running: Option<(TaskId, Option<ResourceId>)>,
    pub(crate) ready: &'a VecDeque<TaskId>,
}

impl Candidates<'_> {
    /// How many; at least 1.
    pub fn len(&self) -> usize {
        self.ready.len() + usize::from(self.running.is_some())
    }

    /// Never true where a strategy is asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The task at that index, or none past the end.
    pub fn task(&self, index: usize) -> Option<TaskId> {
        match self.running {
            Some((task, _)) if index == 0 => Some(task),
            Some(_) => self.ready.get(index - 1).copied(),
            None => self.ready.get(index).copied(),
        }
    }

    /// The task that stands at a scheduling point and could go on, with the
    /// resource that it is about to touch.
    pub fn running(&self) -> Option<(TaskId, Option<ResourceId>)> {
        self.running
    }
}

/// Picks the next task. One value serves one run.
pub trait Strategy {
    /// The name as on the command line.
    fn name(&self) -> &str;

    /// Called once before the run, with its seed.
    fn start(&mut self, seed: u64);

    /// The index of the candidate that runs next. What is out of range is
    /// taken as the last.
    fn pick(&mut self, candidates: &Candidates<'_>) -> usize;

    /// A task was spawned.
    fn spawned(&mut self, _task: TaskId, _parent: Option<TaskId>) {}

    /// A task touched a resource (before an operation, or at a release).
    fn touched(&mut self, _task: TaskId, _resource: ResourceId) {}

    /// A task ended.
    fn ended(&mut self, _task: TaskId) {}
}

/// First in, first out; a task runs until it has to wait. The boring schedule.
#[derive(Debug, Default)]
pub struct Fifo;

impl Strategy for Fifo {
    fn name(&self) -> &str {
        "fifo"
    }

    fn start(&mut self, _seed: u64) {}

    fn pick(&mut self, _candidates: &Candidates<'_>) -> usize {
        0
    }
}

/// Each candidate with the same chance, at every scheduling point.
#[derive(Debug)]
pub struct Random {
    rng: ChaCha8Rng,
}

impl Default for Random {
    fn default() -> Self {
        Self {
            rng: strategy_stream(0),
        }
    }
}

impl Strategy for Random {
    fn name(&self) -> &str {
        "random"
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        let len = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        below(&mut self.rng, len) as usize
    }
}
