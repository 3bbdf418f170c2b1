//! The default schedule but for a few picks, and a search through all such
//! schedules.
//!
//! M. Emmi, S. Qadeer, Z. Rakamarić: "Delay-Bounded Scheduling", POPL 2011: most bugs need few
//! deviations from a fixed deterministic schedule, and the schedules with at most `d` of them
//! are polynomially many. Those with at most `d` preemptions (M. Musuvathi, S. Qadeer:
//! "Iterative Context Bounding", PLDI 2007) are not, because every pick at which no task could
//! go on is free. A preemption is a deviation, so within the bound all preemptions are covered.

use std::cell::RefCell;
use std::rc::Rc;

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
    /// The index of the candidate; at least 1.
    pub value: u32,
}

/// The choices that a search goes through; every other one is the default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// All of the strategy's: tasks, branches of `select!`, cancellations.
    #[default]
    Everything,
    /// Cancellations.
    Cancellations,
}

/// The default schedule but for the given picks. Records the number of candidates of each pick.
#[derive(Debug)]
pub struct Deviate {
    ahead: Vec<PickDeviation>,
    picks: Picks,
    scope: Scope,
}

/// The number of candidates of each pick of a run. Shared with the [`Deviate`] that fills it.
pub type Picks = Rc<RefCell<Vec<u32>>>;

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
}

impl Deviate {
    /// Returns the alternative of the next choice, out of so many.
    fn next(&mut self, alternatives: u32) -> u32 {
        let mut picks = self.picks.borrow_mut();
        let number = picks.len();
        picks.push(alternatives);
        match self.ahead.last() {
            Some(deviation) if deviation.pick as usize == number => {
                let value = deviation.value;
                self.ahead.pop();
                value
            }
            _ => 0,
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

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        if self.scope == Scope::Cancellations {
            return 0;
        }
        let candidates = u32::try_from(candidates.len()).expect("tasks have numbers of 32 bits");
        self.next(candidates) as usize
    }

    fn choose(&mut self, kind: ChoiceKind, bound: u32) -> Option<u32> {
        let is_pick = self.scope == Scope::Everything || kind == ChoiceKind::Cancellation;
        Some(if is_pick { self.next(bound) } else { 0 })
    }
}

/// Every schedule with at most so many deviations, depth first. Each is run by a [`Deviate`];
/// its picks lead to the next ones.
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
    pub fn learn(&mut self, deviations: &[PickDeviation], picks: &[u32]) {
        let left = self.bound.saturating_sub(deviations.len() as u32);
        if deviations.is_empty() {
            self.estimate = estimate(picks, self.bound);
        }
        if left == 0 {
            return;
        }
        let from = deviations.last().map_or(0, |last| last.pick as usize + 1);
        // The last to be pushed is the first to be taken.
        for (pick, candidates) in picks.iter().enumerate().skip(from).rev() {
            for value in (1..*candidates).rev() {
                let mut next = deviations.to_vec();
                next.push(PickDeviation {
                    pick: u32::try_from(pick).expect("fewer than 2^32 picks in a run"),
                    value,
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

/// Returns the number of ways to take at most `bound` alternatives of these picks, no two of
/// the same pick: the number of schedules if each had these picks.
fn estimate(picks: &[u32], bound: u32) -> u64 {
    // ways[k]: with k deviations among the picks so far.
    let mut ways = vec![0u64; bound as usize + 1];
    ways[0] = 1;
    for candidates in picks {
        let alternatives = u64::from(candidates.saturating_sub(1));
        for k in (1..ways.len()).rev() {
            ways[k] = ways[k].saturating_add(ways[k - 1].saturating_mul(alternatives));
        }
    }
    ways.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimate_counts_schedules_of_fixed_picks() {
        assert_eq!(estimate(&[], 2), 1);
        // None, one of four alternatives, two of two picks.
        assert_eq!(estimate(&[3, 3], 2), 1 + 4 + 4);
        assert_eq!(estimate(&[3, 3], 1), 1 + 4);
        assert_eq!(estimate(&[u32::MAX; 9], 9), u64::MAX);
    }

    #[test]
    fn every_schedule_within_the_bound_is_taken_once() {
        let picks = [2, 3, 2];
        let mut search = Exhaustive::new(2);
        let mut seen = std::collections::BTreeSet::new();
        while let Some(deviations) = search.take() {
            assert!(seen.insert(deviations.clone()), "{deviations:?} twice");
            search.learn(&deviations, &picks);
        }
        assert_eq!(seen.len() as u64, estimate(&picks, 2));
        assert_eq!(search.taken(), search.estimate());
        assert!(seen.iter().all(|deviations| deviations.len() <= 2));
    }
}
