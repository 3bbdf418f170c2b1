//! Schedules: a run's deviations from the default choices, each by its address.
//!
//! An address is (site, n-th choice there). The scheduler has two sites for each task, named by
//! its path of spawns: `Preempt` at the points where it could go on, `After` where it could
//! not. So a choice that is taken out of a schedule moves no choice of another site, and the
//! remaining ones keep their meaning. That is why schedules shrink.
//!
//! A deviation at these sites lasts one turn. A third site of each task,
//! `Postpone`, has deviations that last: the task is postponed until no other task can go on
//! ([`POSTPONED_STEPS`] is the limit), and no choice has to be made against it meanwhile. It
//! is still a candidate, the last one, so that a second deviation can let it go on earlier.

mod few;
mod labels;
mod playback;
mod ready_queue;
mod site;
mod slots;
pub(crate) mod strategy;
mod sum_tree;
mod tape;

/// A postponed task.
pub(crate) struct Postponed {
    pub(crate) task: TaskId,
    /// The steps of the run before it was postponed.
    pub(crate) since: u64,
    /// The index of its entry in the record, if there is one.
    pub(crate) entry: Option<usize>,
}

/// Alternatives at each turn of a task: to take it, or to postpone it.
pub(crate) const POSTPONE_BOUND: u32 = 2;

use crate::ids::TaskId;
use crate::index_vec::Id as _;

pub(crate) use self::labels::{ResourceLabel, ResourceLabels, place_hash};
pub use self::playback::Divergence;
use self::playback::Playback;
pub(crate) use self::ready_queue::{ReadyChange, ReadyQueue};
pub use self::site::{Family, Label, Link, PlainPath, Site, SpawnPath};
pub use self::tape::{Choice, Choices, SiteId, Tape};
pub(crate) use self::tape::{
    ChoiceSource, ambient_stream, below, branch_stream, cancellation_stream, durability_stream,
    interruption_stream,
};

/// One choice that is not the default.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Deviation {
    /// Its site.
    pub site: Site,
    /// Its number among the choices made there, from 0; of a postponement, the task's turns
    /// before it.
    pub nth: u32,
    /// Number of alternatives.
    pub bound: u32,
    /// The alternative that was taken; below `bound`, and not 0.
    pub value: u32,
}

/// Steps of a run after which a postponed task goes on in any case: another task may wait for
/// it in a loop that yields, and never be unable to go on.
pub const POSTPONED_STEPS: u64 = 10_000;

/// The kinds of deviations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DeviationKind {
    /// A preemption: it takes the turn from a task that could go on.
    Preemption,
    /// A pick of another task than the one that is ready longest.
    Order,
    /// A postponement of a task until no other task can go on.
    Postponement,
    /// A choice of the world: a latency, a fault, an agent's behaviour, the branch that a
    /// `select!` polls first, a cancellation, an interruption of a plain task, a write
    /// that a crash loses.
    World,
}

impl Deviation {
    /// Creates the postponement of a task, by its path of spawns, after that many turns.
    pub fn postponement(path: SpawnPath, turn: u32) -> Self {
        Self {
            site: Site::Postpone(path),
            nth: turn,
            bound: POSTPONE_BOUND,
            value: 1,
        }
    }

    /// Returns the kind of the choice.
    pub fn kind(&self) -> DeviationKind {
        match self.site {
            Site::Preempt(_) => DeviationKind::Preemption,
            Site::After(_) => DeviationKind::Order,
            Site::Postpone(_) => DeviationKind::Postponement,
            Site::Select(_)
            | Site::Cancel(_)
            | Site::Interrupt(_)
            | Site::Durability(_)
            | Site::Latency(_)
            | Site::Loss(_)
            | Site::World(_) => DeviationKind::World,
        }
    }
}

/// Deviations; every other choice of the run is the default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schedule(Vec<Deviation>);

impl Schedule {
    /// Creates a schedule of deviations in the order in which they were made. Of two with one
    /// address the first counts.
    pub fn new(deviations: Vec<Deviation>) -> Self {
        Self(deviations)
    }

    /// Returns the deviations.
    pub fn deviations(&self) -> &[Deviation] {
        &self.0
    }

    /// Returns the number of deviations.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if every choice is the default.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of deviations of that kind.
    pub fn count(&self, kind: DeviationKind) -> usize {
        self.0.iter().filter(|d| d.kind() == kind).count()
    }

    /// Returns the schedule of the deviations for which `keep` is true, in the same order.
    #[must_use]
    pub fn filtered(&self, keep: impl FnMut(&&Deviation) -> bool) -> Self {
        Self(self.0.iter().filter(keep).cloned().collect())
    }

    /// Returns the same schedule with another value for that deviation. A value of 0 removes
    /// it. Out of range, nothing changes.
    #[must_use]
    pub fn with_value(&self, index: usize, value: u32) -> Self {
        let mut deviations = self.0.clone();
        if value == 0 && index < deviations.len() {
            deviations.remove(index);
        } else if let Some(deviation) = deviations.get_mut(index) {
            deviation.value = value.min(deviation.bound.saturating_sub(1));
        }
        Self(deviations)
    }
}

impl Tape {
    /// Returns the schedule of a recorded run: replayed, it gives the same run.
    pub fn schedule(&self) -> Schedule {
        let taken = self.choices().iter().filter(|choice| choice.value != 0);
        let deviation = |choice: &Choice| Deviation {
            site: self.sites[choice.site.index()].clone(),
            nth: choice.nth,
            bound: choice.bound,
            value: choice.value,
        };
        Schedule(taken.map(deviation).collect())
    }
}
