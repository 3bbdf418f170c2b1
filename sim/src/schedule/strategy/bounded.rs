//! The default schedule but for a few picks, and a search through all such
//! schedules.
//!
//! M. Emmi, S. Qadeer, Z. Rakamarić: "Delay-Bounded Scheduling", POPL 2011: most bugs need few
//! deviations from a fixed deterministic schedule, and the schedules with at most `d` of them
//! are polynomially many. Those with at most `d` preemptions (M. Musuvathi, S. Qadeer:
//! "Iterative Context Bounding", PLDI 2007) are not, because every pick at which no task could
//! go on is free. A preemption is a deviation, so within the bound all preemptions are covered.
//!
//! A deviation gives away one turn, or postpones a task until no other can go on. Without the
//! second kind a program that yields is out of reach: its tasks take turns, and to let one of
//! them do five steps takes five deviations of the first kind.

use std::cell::RefCell;
use std::rc::Rc;

use crate::ids::TaskId;

use super::{
    Candidates, ChoiceKind, Parameter, Strategy, StrategyInfo, StrategyKind, StrategyName,
};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "exhaustive",
    parameter: Some(Parameter {
        name: "deviations",
        range: 0..=16,
        default: 2,
    }),
    summary: "Runs every schedule of a seed that leaves the default one at most so many times.",
    paper: Some("M. Emmi, S. Qadeer, Z. Rakamarić: Delay-Bounded Scheduling, POPL 2011"),
    kind: StrategyKind::Search(Exhaustive::new),
};

impl StrategyName {
    /// Returns the strategy for every schedule of a seed with at most `bound` deviations. Only
    /// an exploration can run them all; as the strategy of a single run it is the first of
    /// them, the default one.
    ///
    /// # Panics
    ///
    /// If `bound` is more than 16.
    pub const fn exhaustive(bound: u32) -> Self {
        Self::with(&INFO, bound)
    }
}

/// A pick that is not the default, by the number of the pick.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PickDeviation {
    /// Number of the pick in the run, from 0.
    pub pick: u32,
    /// The alternative to the default.
    pub instead: Alternative,
}

/// An alternative to the default of a pick.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Alternative {
    /// The candidate with that index, which is at least 1, has this turn.
    Take(u32),
    /// The default candidate is postponed until no other task can go on.
    Postpone,
}

/// One pick of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pick {
    /// Number of candidates; at least 2.
    pub candidates: u32,
    /// The default candidate; none where a task makes a choice by itself, whose alternatives
    /// are then the candidates.
    pub default: Option<TaskId>,
    /// The turns that it had had.
    pub turn: u32,
    /// `true` if it stood at a scheduling point and could go on; else it was the one in the
    /// ready queue that was ready longest.
    pub is_running: bool,
    /// `true` if the default candidate is up for this turn for the first time, and another
    /// candidate is not postponed: else to postpone this one changes nothing.
    pub is_postponable: bool,
}

/// The choices that a search goes through; every other one is the default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// All of the strategy's: tasks, branches of `select!`, cancellations, interruptions.
    #[default]
    Everything,
    /// Cancellations.
    Cancellations,
}

/// The default schedule but for the given picks. Records each pick.
#[derive(Debug)]
pub struct Deviate {
    ahead: Vec<PickDeviation>,
    picks: Picks,
    scope: Scope,
}

/// The picks of a run. Shared with the [`Deviate`] that fills it.
pub type Picks = Rc<RefCell<Vec<Pick>>>;

impl Deviate {
    /// Creates a strategy that makes these picks, in ascending order, and the default one
    /// everywhere else. The second value fills up during the run.
    pub fn new(deviations: &[PickDeviation]) -> (Self, Picks) {
        Self::within(Scope::Everything, deviations)
    }

    /// As [`Deviate::new`], where only choices of that scope are picks.
    pub fn within(scope: Scope, deviations: &[PickDeviation]) -> (Self, Picks) {
        let picks = Picks::default();
        let deviate = Self {
            ahead: deviations.iter().rev().copied().collect(),
            picks: Rc::clone(&picks),
            scope,
        };
        (deviate, picks)
    }

    /// Takes the deviation at the newest pick, if `wanted` is true of it.
    fn take(&mut self, wanted: impl FnOnce(Alternative) -> bool) -> Option<Alternative> {
        let newest = self.picks.borrow().len().checked_sub(1)?;
        let due = self
            .ahead
            .pop_if(|next| usize::try_from(next.pick) == Ok(newest) && wanted(next.instead));
        due.map(|due| due.instead)
    }

    /// Returns the alternative that is taken at the newest pick.
    fn taken(&mut self) -> u32 {
        match self.take(|instead| instead != Alternative::Postpone) {
            Some(Alternative::Take(index)) => index,
            Some(Alternative::Postpone) | None => 0,
        }
    }
}

impl Strategy for Deviate {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, _seed: u64) {
        self.picks.borrow_mut().clear();
    }

    fn can_postpone(&self) -> bool {
        self.scope == Scope::Everything
    }

    fn postpones(&mut self, candidates: &Candidates<'_>, turn: u32, is_postponable: bool) -> bool {
        self.picks.borrow_mut().push(Pick {
            candidates: u32::try_from(candidates.len()).expect("tasks have numbers of 32 bits"),
            default: candidates.task(0),
            turn,
            is_running: candidates.running().is_some(),
            is_postponable,
        });
        let due = self.take(|instead| instead == Alternative::Postpone);
        due.is_some()
    }

    fn pick(&mut self, _candidates: &Candidates<'_>) -> usize {
        match self.scope {
            Scope::Everything => self.taken() as usize,
            Scope::Cancellations => 0,
        }
    }

    fn choose(&mut self, kind: ChoiceKind, bound: u32) -> Option<u32> {
        let is_pick = self.scope == Scope::Everything || kind == ChoiceKind::Cancellation;
        if !is_pick {
            return Some(0);
        }
        self.picks.borrow_mut().push(Pick {
            candidates: bound,
            default: None,
            turn: 0,
            is_running: true,
            is_postponable: false,
        });
        Some(self.taken())
    }
}

/// Every schedule with at most so many deviations, depth first. Each is run by a [`Deviate`];
/// its picks lead to the next ones.
///
/// To postpone a task differs from giving its turn to the next one only if it would have had
/// another turn before the others are done. So that schedule is taken where the run of the
/// other shows that it would.
#[derive(Debug)]
pub struct Exhaustive {
    scope: Scope,
    bound: u32,
    ahead: Vec<Vec<PickDeviation>>,
    taken: u64,
    estimate: u64,
}

impl Exhaustive {
    /// Creates a search that has run nothing yet: it begins with the default schedule.
    pub fn new(bound: u32) -> Self {
        Self::within(Scope::Everything, bound)
    }

    /// As [`Exhaustive::new`], where only choices of that scope are picks.
    pub fn within(scope: Scope, bound: u32) -> Self {
        Self {
            scope,
            bound,
            ahead: vec![Vec::new()],
            taken: 0,
            estimate: 1,
        }
    }

    /// Returns the choices that the search goes through.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Returns the largest number of deviations.
    pub fn bound(&self) -> u32 {
        self.bound
    }

    /// Returns the next schedule to run, if there is one. There may be more once those
    /// that are running have been [learned](Self::learn).
    pub fn take(&mut self) -> Option<Vec<PickDeviation>> {
        let next = self.ahead.pop()?;
        self.taken += 1;
        Some(next)
    }

    /// Records that a schedule has run and had these picks: every deviation after its last
    /// leads to another schedule.
    pub fn learn(&mut self, deviations: &[PickDeviation], picks: &[Pick]) {
        let left = self.bound.saturating_sub(deviations.len() as u32);
        if deviations.is_empty() {
            self.estimate = estimate(&alternatives(picks), self.bound);
        }
        // The last to be pushed is the first to be taken.
        if let Some((last, others)) = deviations.split_last()
            && postponing_differs(*last, picks)
        {
            let mut next = others.to_vec();
            next.push(PickDeviation {
                instead: Alternative::Postpone,
                ..*last
            });
            self.ahead.push(next);
        }
        if left == 0 {
            return;
        }
        let from = deviations.last().map_or(0, |last| last.pick as usize + 1);
        for (pick, Pick { candidates, .. }) in picks.iter().enumerate().skip(from).rev() {
            for index in (1..*candidates).rev() {
                let mut next = deviations.to_vec();
                next.push(PickDeviation {
                    pick: u32::try_from(pick).expect("fewer than 2^32 picks in a run"),
                    instead: Alternative::Take(index),
                });
                self.ahead.push(next);
            }
        }
    }

    /// Returns the number of schedules that are known and have not been taken.
    pub fn ahead(&self) -> u64 {
        self.ahead.len() as u64
    }

    /// Returns the number of schedules taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Returns an estimate of the number of schedules in all, from the default one;
    /// saturates.
    pub fn estimate(&self) -> u64 {
        self.estimate.max(self.taken + self.ahead())
    }
}

/// Returns `true` if the last deviation of a schedule with these picks gave one turn to the
/// next candidate, and the task that lost it would have had the next one before the others
/// were done: to postpone it is then another schedule.
fn postponing_differs(last: PickDeviation, picks: &[Pick]) -> bool {
    if last.instead != Alternative::Take(1) {
        return false;
    }
    let mut after = picks.iter().skip(last.pick as usize);
    let Some(there) = after.next().filter(|there| there.is_postponable) else {
        return false;
    };
    after.any(|pick| (pick.default, pick.turn) == (there.default, there.turn))
}

/// Returns the number of alternatives at each pick of the default schedule. A task can be
/// postponed with an effect if there are turns to give away later, so where the queue is picked
/// from again; that is more often than not.
fn alternatives(picks: &[Pick]) -> Vec<u32> {
    let last_of_queue = picks.iter().rposition(|pick| !pick.is_running);
    let alternatives = |(number, pick): (usize, &Pick)| {
        let others = pick.candidates.saturating_sub(1);
        let lasts = pick.is_postponable && Some(number) < last_of_queue;
        others.saturating_add(u32::from(lasts))
    };
    picks.iter().enumerate().map(alternatives).collect()
}

/// Returns the number of ways to take at most `bound` of these alternatives, no two of the same
/// pick: the number of schedules if each had these picks.
fn estimate(alternatives: &[u32], bound: u32) -> u64 {
    // ways[k]: with k deviations among the picks so far.
    let mut ways = vec![0u64; bound as usize + 1];
    ways[0] = 1;
    for alternatives in alternatives {
        for k in (1..ways.len()).rev() {
            let more = ways[k - 1].saturating_mul(u64::from(*alternatives));
            ways[k] = ways[k].saturating_add(more);
        }
    }
    ways.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Picks out of the queue with so many candidates, each with another default one.
    fn picks(candidates: &[u32]) -> Vec<Pick> {
        let pick = |(number, candidates): (usize, &u32)| Pick {
            candidates: *candidates,
            default: Some(TaskId(u32::try_from(number).expect("few"))),
            turn: 0,
            is_running: false,
            is_postponable: true,
        };
        candidates.iter().enumerate().map(pick).collect()
    }

    #[test]
    fn estimate_counts_schedules_of_fixed_picks() {
        assert_eq!(estimate(&[], 2), 1);
        // None, one of four alternatives, two of two picks.
        assert_eq!(estimate(&[2, 2], 2), 1 + 4 + 4);
        assert_eq!(estimate(&[2, 2], 1), 1 + 4);
        assert_eq!(estimate(&[u32::MAX; 9], 9), u64::MAX);
    }

    #[test]
    fn postponing_counts_where_the_queue_is_picked_from_again() {
        let mut picks = picks(&[2, 3, 2, 2]);
        assert_eq!(alternatives(&picks), [2, 3, 2, 1]);
        picks[3].is_running = true;
        assert_eq!(alternatives(&picks), [2, 3, 1, 1]);
    }

    #[test]
    fn every_schedule_within_the_bound_is_taken_once() {
        let picks = picks(&[2, 3, 2]);
        let mut search = Exhaustive::new(2);
        let mut seen = std::collections::BTreeSet::new();
        while let Some(deviations) = search.take() {
            assert!(seen.insert(deviations.clone()), "{deviations:?} twice");
            search.learn(&deviations, &picks);
        }
        // No task comes back before the others are done, so none is postponed.
        assert_eq!(seen.len() as u64, estimate(&[1, 2, 1], 2));
        assert_eq!(search.taken(), seen.len() as u64);
        assert!(seen.iter().all(|deviations| deviations.len() <= 2));
    }

    #[test]
    fn task_is_postponed_where_it_would_have_the_next_turn() {
        let mut picks = picks(&[2, 3, 2]);
        // The task that loses its turn at the first pick is the default at the second.
        picks[1].default = picks[0].default;
        let mut search = Exhaustive::new(1);
        let mut seen = Vec::new();
        while let Some(deviations) = search.take() {
            search.learn(&deviations, &picks);
            seen.extend(deviations);
        }
        let postponed = seen.iter().filter(|d| d.instead == Alternative::Postpone);
        assert_eq!(postponed.map(|d| d.pick).collect::<Vec<_>>(), [0]);
        assert_eq!(seen.len(), 1 + 1 + 2 + 1);
        // It has had a turn in between: to postpone it would change nothing.
        picks[1].turn = 1;
        let give = PickDeviation {
            pick: 0,
            instead: Alternative::Take(1),
        };
        assert!(!postponing_differs(give, &picks));
    }
}
