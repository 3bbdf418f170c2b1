//! Strategies: the choice of the task that runs next.
//!
//! A strategy only picks; its picks are recorded and replayed by the tape. A new one
//! is a module with an entry of its own, and a line of [`STRATEGIES`].

mod info;

pub use info::{Parameter, Sampler, StrategyInfo, StrategyKind, StrategyName};

/// Declares the module of each strategy and lists its entry.
macro_rules! strategies {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// All strategies, in the order of every list and of the portfolio.
        pub static STRATEGIES: &[&StrategyInfo] = &[$(&$module::INFO,)*];
    };
}

strategies! {
    fifo,
    random,
    pct,
    pos,
    urw,
    portfolio,
    bounded,
}

pub use bounded::{Alternative, Deviate, Exhaustive, Pick, PickDeviation, Picks};
pub use fifo::Fifo;
pub use pct::Pct;
pub use pos::Pos;
pub use random::Random;
pub use urw::{Profile, Profiler, SharedProfile, Urw};

use std::collections::VecDeque;

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::schedule::{Postponed, ReadyQueue};

/// The tasks among which a strategy picks. Index 0 is the default pick: the running task, if it
/// can go on, else the one that is ready longest.
pub struct Candidates<'a> {
    pub(crate) running: Option<(TaskId, Option<ResourceId>)>,
    pub(crate) ready: &'a ReadyQueue,
    /// The postponed tasks: the last candidates, in the order in which they were postponed.
    pub(crate) postponed: &'a VecDeque<Postponed>,
    /// For each task, the resource of the scheduling point at which it stands.
    pub(crate) points: &'a IndexVec<TaskId, Option<ResourceId>>,
}

impl Candidates<'_> {
    /// Returns the number of candidates; at least 1.
    pub fn len(&self) -> usize {
        self.ready.len() + self.postponed.len() + usize::from(self.running.is_some())
    }

    /// Returns `true` if there are no candidates: never when a strategy picks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the task at that index, or none past the end.
    pub fn task(&self, index: usize) -> Option<TaskId> {
        let index = match self.running {
            Some((task, _)) if index == 0 => return Some(task),
            Some(_) => index - 1,
            None => index,
        };
        let postponed = || self.postponed.get(index - self.ready.len());
        self.ready
            .get(index)
            .or_else(|| postponed().map(|postponed| postponed.task))
    }

    /// Returns `true` if the default candidate is not the only one that is not postponed.
    pub(crate) fn is_postponable(&self) -> bool {
        self.ready.len() + usize::from(self.running.is_some()) > 1
    }

    /// Returns the task that stands at a scheduling point and could go on. It is the candidate
    /// at index 0.
    pub fn running(&self) -> Option<TaskId> {
        self.running.map(|(task, _)| task)
    }

    /// Returns the resource that the candidate at that index is about to touch; none if it does
    /// not stand at a scheduling point: it was woken, or is new.
    pub fn resource(&self, index: usize) -> Option<ResourceId> {
        match self.running {
            Some((_, resource)) if index == 0 => resource,
            _ => {
                let task = self.task(index)?;
                self.points[task]
            }
        }
    }
}

/// A policy that picks the next task. One value serves one run.
pub trait Strategy {
    /// Returns the name as on the command line.
    fn name(&self) -> &str;

    /// Prepares for a run with that seed. Called once, before it.
    fn start(&mut self, seed: u64);

    /// Returns the index of the candidate that runs next. An index out of range means the last.
    fn pick(&mut self, candidates: &Candidates<'_>) -> usize;

    /// Returns `true` if the strategy postpones tasks at all. Called once, before the run.
    fn can_postpone(&self) -> bool {
        false
    }

    /// Returns `true` if the default candidate, which has had so many turns, is to be postponed
    /// until no other task can go on. Called before each pick if [`Strategy::can_postpone`]; if
    /// it is postponed, the others are picked from next.
    fn postpones(&mut self, _candidates: &Candidates<'_>, _turn: u32) -> bool {
        false
    }

    /// Receives that a task was spawned. The hash is of its path of spawns: it differs between
    /// tasks that run the same code, and is the same in every run in which the task's ancestors
    /// spawn in the same order.
    fn spawned(&mut self, _task: TaskId, _signature: u64) {}

    /// Receives that a task touched a resource (before an operation, or at a release).
    fn touched(&mut self, _task: TaskId, _resource: ResourceId) {}

    /// Receives that a task ended.
    fn ended(&mut self, _task: TaskId) {}
}
