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
    cancel,
}

pub use bounded::{Deviate, Exhaustive, PickDeviation, Picks, Scope};
pub use fifo::Fifo;
pub use pct::Pct;
pub use pos::Pos;
pub use random::Random;
pub use urw::{Profile, Profiler, SharedProfile, Urw};

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::schedule::ReadyQueue;

/// The tasks among which a strategy picks. Index 0 is the default pick: the running task, if it
/// can go on, else the one that is ready longest.
pub struct Candidates<'a> {
    pub(crate) running: Option<(TaskId, Option<ResourceId>)>,
    pub(crate) ready: &'a ReadyQueue,
    /// For each task, the resource of the scheduling point at which it stands.
    pub(crate) points: &'a IndexVec<TaskId, Option<ResourceId>>,
}

impl Candidates<'_> {
    /// Returns the number of candidates; at least 1.
    pub fn len(&self) -> usize {
        self.ready.len() + usize::from(self.running.is_some())
    }

    /// Returns `true` if there are no candidates: never when a strategy picks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the task at that index, or none past the end.
    pub fn task(&self, index: usize) -> Option<TaskId> {
        match self.running {
            Some((task, _)) if index == 0 => Some(task),
            Some(_) => self.ready.get(index - 1),
            None => self.ready.get(index),
        }
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

/// The kinds of choices that a task makes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoiceKind {
    /// The branch that a `select!` polls first.
    Branch,
    /// The drop of a future at an await.
    Cancellation,
}

/// A policy that picks the next task. One value serves one run.
pub trait Strategy {
    /// Returns the name as on the command line.
    fn name(&self) -> &str;

    /// Prepares for a run with that seed. Called once, before it.
    fn start(&mut self, seed: u64);

    /// Returns the index of the candidate that runs next. An index out of range means the last.
    fn pick(&mut self, candidates: &Candidates<'_>) -> usize;

    /// Returns the alternative of a choice that a task makes by itself, out of `0..bound`; 0 is
    /// the default. None leaves it to chance.
    fn choose(&mut self, _kind: ChoiceKind, _bound: u32) -> Option<u32> {
        None
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
