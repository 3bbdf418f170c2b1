//! Strategies: the choice of the task that runs next.
//!
//! A strategy only picks; its picks are recorded and replayed by the tape. A new one
//! is a module with an entry of its own, and a line of [`STRATEGIES`].

mod candidates;
mod exponential;
mod info;
mod operations;
mod pools;
mod profile;
mod remaining;

pub(crate) use candidates::Objects;
pub use candidates::{Candidates, PendingOperation};
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
    surw,
    order,
    portfolio,
    bounded,
    cancel,
}

pub use bounded::{Alternative, Deviate, Exhaustive, Pick, PickDeviation, Picks, Scope};
pub use fifo::Fifo;
pub use order::Order;
pub use pct::Pct;
pub use pos::Pos;
pub use profile::Profile;
pub use random::Random;
pub use surw::Surw;
pub use urw::Urw;

use std::panic::Location;

use crate::ids::TaskId;

/// A task that was spawned.
#[derive(Clone, Copy, Debug)]
pub struct Spawn {
    /// The task.
    pub task: TaskId,
    /// The task that spawned it; none if that is no task of the run.
    pub parent: Option<TaskId>,
    /// The hash of its path of spawns: it differs between tasks that run the same code, and is
    /// the same in every run in which the task's ancestors spawn in the same order.
    pub path_hash: u64,
    /// The place of the spawn: the same for tasks that run the same code.
    pub spawned_at: &'static Location<'static>,
}

/// The kinds of choices that a run makes beside the picks of tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoiceKind {
    /// The branch that a `select!` polls first.
    Branch,
    /// The drop of a future at an await.
    Cancellation,
    /// The operation at which a plain task is interrupted.
    Interruption,
    /// The fate of a change to a disk in a crash.
    Durability,
}

/// The condition under which a strategy follows the tasks that are ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Following {
    /// It never does.
    Never,
    /// It does while there are many.
    Many,
    /// It always does.
    Always,
}

/// A policy that picks the next task. One value serves one run.
pub trait Strategy {
    /// Returns the name as on the command line.
    fn name(&self) -> &str;

    /// Prepares for a run with that seed. Called once, before it.
    fn start(&mut self, seed: u64);

    /// Returns the index of the candidate that runs next; there are at least two. An index out
    /// of range means the last.
    fn pick(&mut self, candidates: &Candidates<'_>) -> usize;

    /// Returns `true` if the strategy postpones tasks at all. Called once, before the run.
    fn can_postpone(&self) -> bool {
        false
    }

    /// Returns `true` if the default candidate, which has had so many turns, is to be postponed
    /// until no other task can go on. Called before each pick if [`Strategy::can_postpone`]; if
    /// it is postponed, the others are picked from next. Ignored unless it is postponable: another
    /// candidate is not postponed, and the task is the default of this turn for the first time.
    fn postpones(
        &mut self,
        _candidates: &Candidates<'_>,
        _turn: u32,
        _is_postponable: bool,
    ) -> bool {
        false
    }

    /// Returns `true` if the strategy receives the steps of the run. Called once, before it.
    fn receives_steps(&self) -> bool {
        true
    }

    /// Receives that the candidate at that index runs until its next scheduling point or wait.
    /// Called for each step of the run, if [`Strategy::receives_steps`]: after each pick, and
    /// where there was one candidate only.
    fn step(&mut self, _candidates: &Candidates<'_>, _index: usize) {}

    /// Returns the alternative of a choice that is no pick of a task, out of `0..bound`; 0 is
    /// the default. None leaves it to chance.
    fn choose(&mut self, _kind: ChoiceKind, _bound: u32) -> Option<u32> {
        None
    }

    /// Receives that a task was spawned.
    fn spawned(&mut self, _spawn: &Spawn) {}

    /// Returns the condition under which the strategy follows the tasks that are ready, so that
    /// it need not look at each when it picks. Called once, before the run.
    fn follows_ready(&self) -> Following {
        Following::Never
    }

    /// Receives, before a step, that the strategy follows the ready tasks from now on, of which
    /// these are some; none if it follows them no longer.
    fn follow(&mut self, _candidates: Option<&Candidates<'_>>) {}

    /// Receives, before the next step, that a task became ready; it may be so no more. A task
    /// that stands at a scheduling point becomes ready when another one is picked. Called while
    /// the strategy follows the ready tasks.
    fn became_ready(&mut self, _candidates: &Candidates<'_>, _task: TaskId) {}

    /// Receives, before the next step, that a task is ready no more although it was not picked:
    /// its host was paused or has crashed. Called while the strategy follows the ready tasks.
    fn withdrawn(&mut self, _task: TaskId) {}

    /// Receives that a task ended.
    fn ended(&mut self, _task: TaskId) {}

    /// Returns `true` if the strategy compares resources with those of another run. Labels cost
    /// a look into a map for each resource, and are made only then.
    fn reads_labels(&self) -> bool {
        false
    }
}
