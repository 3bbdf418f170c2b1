//! Schedules: a run's choices that are not boring, each by its address.
//!
//! An address is (site, n-th choice there). The scheduler has two sites for each
//! task, named by its path of spawns: `Preempt` at the points where it could go on,
//! `After` where it could not. So a choice that is taken out of a schedule moves none
//! that another site makes, and the remaining ones still mean what they meant. That
//! is what makes schedules shrink.

mod playback;
mod ready_queue;
mod site;
pub(crate) mod strategy;
mod tape;

use std::collections::BTreeMap;

use crate::index_vec::Id as _;

pub use self::playback::Divergence;
use self::playback::Playback;
pub(crate) use self::ready_queue::ReadyQueue;
pub use self::site::{Family, Label, Link, Site, SpawnPath};
pub use self::tape::{Choice, Choices, SiteId, Tape};
pub(crate) use self::tape::{Draws, ambient_stream};

/// One choice that is not boring.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Decision {
    /// Its site.
    pub site: Site,
    /// Its number among the choices made there, from 0.
    pub nth: u32,
    /// How many alternatives there were.
    pub bound: u32,
    /// Which was taken; below `bound`, and not 0.
    pub value: u32,
}

/// What a decision decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DecisionKind {
    /// Takes the turn from a task that could go on.
    Preemption,
    /// Takes another task than the one that is ready longest.
    Order,
    /// Something in the world: a latency, a fault, an agent's behaviour.
    World,
}

impl Decision {
    /// What it decides.
    pub fn kind(&self) -> DecisionKind {
        match self.site {
            Site::Preempt(_) => DecisionKind::Preemption,
            Site::After(_) => DecisionKind::Order,
            Site::Latency(_) | Site::Loss(_) | Site::World(_) => DecisionKind::World,
        }
    }
}

/// Decisions; every other choice of the run is boring.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schedule(Vec<Decision>);

impl Schedule {
    /// Those decisions, in the order in which they were made. Of two with one
    /// address the first counts.
    pub fn new(decisions: Vec<Decision>) -> Self {
        Self(decisions)
    }

    /// The decisions.
    pub fn decisions(&self) -> &[Decision] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everything is boring.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many decisions are of that kind.
    pub fn count(&self, kind: DecisionKind) -> usize {
        self.0.iter().filter(|d| d.kind() == kind).count()
    }

    /// The decisions that `keep` wants, in the same order.
    #[must_use]
    pub fn filtered(&self, keep: impl FnMut(&&Decision) -> bool) -> Self {
        Self(self.0.iter().filter(keep).cloned().collect())
    }

    /// The same, but that decision's value. A value of 0 strikes it out. Out of
    /// range, nothing changes.
    #[must_use]
    pub fn with_value(&self, index: usize, value: u32) -> Self {
        let mut decisions = self.0.clone();
        if value == 0 && index < decisions.len() {
            decisions.remove(index);
        } else if let Some(decision) = decisions.get_mut(index) {
            decision.value = value.min(decision.bound.saturating_sub(1));
        }
        Self(decisions)
    }
}

impl Tape {
    /// The schedule of a recorded run: replayed, it gives the same run.
    pub fn schedule(&self) -> Schedule {
        let mut counts = BTreeMap::new();
        let mut decisions = Vec::new();
        for choice in self.choices() {
            let count = counts.entry(choice.site).or_insert(0u32);
            if choice.value != 0 {
                decisions.push(Decision {
                    site: self.sites[choice.site.index()].clone(),
                    nth: *count,
                    bound: choice.bound,
                    value: choice.value,
                });
            }
            *count += 1;
        }
        Schedule(decisions)
    }
}
