//! Schedules: a run's choices that are not boring, each by its address.
//!
//! An address is (site, n-th choice there). The scheduler has two sites for each
//! task, named by its path of spawns: `Preempt` at the points where it could go on,
//! `After` where it could not. So a choice that is taken out of a schedule moves none
//! that another site makes, and the remaining ones still mean what they meant. That
//! is what makes schedules shrink.

use std::collections::BTreeMap;

use crate::outcome::Divergence;
use crate::site::Site;
use crate::tape::{SiteId, Tape};

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

/// A schedule that is being replayed.
pub(crate) struct Playback {
    schedule: Schedule,
    /// For each site, the decisions there by their number; taken out when the
    /// run first comes to the site.
    ahead: BTreeMap<Site, BTreeMap<u32, usize>>,
    /// By site id.
    sites: Vec<Option<SitePlayback>>,
    reached: Vec<bool>,
    mismatch: Option<Divergence>,
}

/// The decisions of one site.
struct SitePlayback {
    site: Site,
    /// Choices made there so far.
    count: u32,
    /// Decisions yet to come, the next one last: its number, and its index in
    /// the schedule.
    ahead: Vec<(u32, usize)>,
}

impl Playback {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let mut ahead: BTreeMap<Site, BTreeMap<u32, usize>> = BTreeMap::new();
        for (index, decision) in schedule.0.iter().enumerate() {
            let there = ahead.entry(decision.site.clone()).or_default();
            there.entry(decision.nth).or_insert(index);
        }
        Self {
            reached: vec![false; schedule.len()],
            schedule,
            ahead,
            sites: Vec::new(),
            mismatch: None,
        }
    }

    /// The value of the next choice at `site`, which the run numbers `id`.
    pub(crate) fn next(&mut self, id: SiteId, site: &Site, bound: u32) -> u32 {
        let index = id.index();
        if self.sites.len() <= index {
            self.sites.resize_with(index + 1, || None);
        }
        let ahead = &mut self.ahead;
        let here = self.sites[index].get_or_insert_with(|| SitePlayback {
            site: site.clone(),
            count: 0,
            ahead: ahead
                .remove(site)
                .map(|by_number| by_number.into_iter().rev().collect())
                .unwrap_or_default(),
        });
        let nth = here.count;
        here.count += 1;
        let Some(&(_, index)) = here.ahead.last().filter(|(number, _)| *number == nth) else {
            return 0;
        };
        here.ahead.pop();
        self.reached[index] = true;
        let decision = &self.schedule.0[index];
        if decision.bound != bound && self.mismatch.as_ref().is_none_or(|m| index < m.decision) {
            self.mismatch = Some(Divergence {
                decision: index,
                site: site.clone(),
                nth,
                expected: format!("{} alternatives", decision.bound),
                found: format!("{bound} alternatives"),
            });
        }
        decision.value.min(bound - 1)
    }

    /// The first decision that the run did not come to, or met otherwise than it
    /// was recorded.
    pub(crate) fn divergence(self) -> Option<Divergence> {
        let missed = self.reached.iter().position(|reached| !reached);
        let missed = missed.map(|index| {
            let decision = &self.schedule.0[index];
            let here = self.sites.iter().flatten();
            let made = here
                .filter(|site| site.site == decision.site)
                .map(|site| site.count)
                .next();
            let found = match made {
                Some(count) if count > decision.nth => "another decision for that choice".into(),
                Some(1) => "1 choice there".to_owned(),
                Some(count) => format!("{count} choices there"),
                None => "no choice there".to_owned(),
            };
            Divergence {
                decision: index,
                site: decision.site.clone(),
                nth: decision.nth,
                expected: format!("choice {} of {} alternatives", decision.nth, decision.bound),
                found,
            }
        });
        match (self.mismatch, missed) {
            (Some(mismatch), Some(missed)) if missed.decision < mismatch.decision => Some(missed),
            (None, missed) => missed,
            (mismatch, _) => mismatch,
        }
    }
}
