//! Probabilistic concurrency testing.
//!
//! S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatti: "A Randomized Scheduler with
//! Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Tasks get random priorities and the
//! highest that is ready runs; at `depth - 1` random points of the run the running task falls
//! behind all others. A bug that needs `depth` ordering constraints is then found with a
//! probability that does not shrink exponentially with the length of the run.
//!
//! The length of the run, of which the paper takes an upper bound, is that of the
//! profile.
//!
//! Two departures. A bug that needs one task starved until all others are done shows in runs
//! without a change point, so one seed in four has none. And the paper's scheduler is unfair: a
//! task that polls for something would run for ever. So a task falls behind too when it has run
//! longer than the default schedule in all while others waited, and sooner each time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::profile::HOLD_LIMITS;
use super::remaining::below_wide;
use super::{
    Candidates, Following, Parameter, Profile, Sampler, Strategy, StrategyInfo, StrategyKind,
    StrategyName,
};
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
        build: |depth, profile| Box::new(Pct::new(depth, profile)),
        needs_profile: true,
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

/// One seed in so many has no change points.
const UNCHANGED: u32 = 4;

/// Random priorities with `depth - 1` changes.
#[derive(Debug)]
pub struct Pct {
    name: String,
    depth: u32,
    /// Steps that the run is expected to take; at least 1.
    length: u64,
    rng: ChaCha8Rng,
    /// By task number.
    standings: Vec<Standing>,
    /// Present while there are many candidates.
    listing: Option<Listing>,
    /// Listings made so far.
    listings: u32,
    /// Steps after which the task that took it falls behind, and its priority then; latest
    /// first.
    changes: Vec<(u64, i64)>,
    steps: u64,
    /// The next priority for a task that was times_behind, less than all others.
    floor: i64,
    in_a_row: (Option<TaskId>, u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// None until the task is a candidate. Higher runs first. Those of change points are below
    /// the drawn ones, and those of times_behind tasks below zero.
    priority: Option<i64>,
    /// Times that the task was times_behind.
    times_behind: u32,
    /// The number of the listing in which there is an entry of the task with its priority.
    listed: u32,
}

/// The ready tasks by their priorities.
#[derive(Debug, Default)]
struct Listing {
    /// Of equal ones the oldest is first. An entry stays when its task has run, or has another
    /// priority: it is left out when it comes up.
    ready: BinaryHeap<(i64, Reverse<TaskId>)>,
    /// The tasks that became ready and have no priority: they draw theirs at the next pick.
    new: Vec<TaskId>,
}

impl Pct {
    /// Creates the strategy for bugs that need `depth` ordering constraints, at least 1, in
    /// runs of about the length of the profiled one.
    pub fn new(depth: u32, profile: &Profile) -> Self {
        let depth = depth.max(1);
        Self {
            name: format!("{}:{depth}", INFO.name),
            depth,
            length: profile.steps().max(1),
            rng: strategy_stream(0),
            standings: Vec::new(),
            listing: None,
            listings: 0,
            changes: Vec::new(),
            steps: 0,
            floor: 0,
            in_a_row: (None, 0),
        }
    }

    fn standing(&mut self, task: TaskId) -> &mut Standing {
        let index = task.index() as usize;
        if self.standings.len() <= index {
            self.standings.resize(index + 1, Standing::default());
        }
        &mut self.standings[index]
    }

    #[inline]
    fn priority(&mut self, task: TaskId) -> i64 {
        let standing = self.standings.get(task.index() as usize);
        match standing.and_then(|standing| standing.priority) {
            Some(priority) => priority,
            None => self.draw_priority(task),
        }
    }

    #[inline(never)]
    fn draw_priority(&mut self, task: TaskId) -> i64 {
        let priority = i64::from(self.depth) + i64::from(self.rng.next_u32());
        self.standing(task).priority = Some(priority);
        priority
    }

    /// Draws the change points. The one that was drawn first gives the highest priority of
    /// them, wherever in the run it is: of two tasks that fall behind, the second may end up
    /// above the first.
    fn draw_changes(&mut self) {
        if self.depth > 1 && below(&mut self.rng, UNCHANGED) == 0 {
            return;
        }
        for label in (1..self.depth).rev() {
            let at = 1 + below_wide(&mut self.rng, self.length);
            self.changes.push((at, i64::from(label)));
        }
        self.changes.sort_by_key(|(at, _)| Reverse(*at));
    }

    /// Lists the ready tasks.
    #[cold]
    fn make_listing(&mut self, candidates: &Candidates<'_>) {
        self.listings += 1;
        self.listing = Some(Listing::default());
        candidates.for_each(|_, task| {
            self.priority(task);
            if candidates.is_ready(task) {
                self.list(task);
            }
        });
    }

    /// Lists a task that is ready, if there is a listing.
    fn list(&mut self, task: TaskId) {
        let number = self.listings;
        let standing = *self.standing(task);
        let Some(listing) = &mut self.listing else {
            return;
        };
        match standing.priority {
            None => listing.new.push(task),
            Some(_) if standing.listed == number => {}
            Some(priority) => {
                listing.ready.push((priority, Reverse(task)));
                self.standing(task).listed = number;
            }
        }
    }

    /// Returns the index of the candidate with the highest priority, by the listing.
    fn highest(&mut self, candidates: &Candidates<'_>) -> usize {
        let running = candidates.running().map(|task| self.priority(task));
        let new = self
            .listing
            .as_mut()
            .map(|listing| std::mem::take(&mut listing.new));
        for task in new.into_iter().flatten() {
            // One that has run since becomes ready again.
            if candidates.is_ready(task) {
                self.priority(task);
                self.list(task);
            }
        }
        while let Some(listing) = &mut self.listing
            && let Some((priority, Reverse(task))) = listing.ready.peek().copied()
        {
            let is_current = self.standings[task.index() as usize].priority == Some(priority);
            if is_current && candidates.is_ready(task) {
                return match running.is_some_and(|running| running >= priority) {
                    true => 0,
                    false => candidates.index_of_ready(task),
                };
            }
            listing.ready.pop();
            if is_current {
                self.standing(task).listed = 0;
            }
        }
        0
    }

    /// Gives a task another priority.
    fn set_priority(&mut self, candidates: &Candidates<'_>, task: TaskId, priority: i64) {
        let standing = self.standing(task);
        standing.priority = Some(priority);
        standing.listed = 0;
        if candidates.is_ready(task) {
            self.list(task);
        }
    }

    /// Applies the change points at this step to the task that takes it.
    fn change(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        while let Some((at, priority)) = self.changes.last().copied()
            && at <= self.steps
        {
            self.changes.pop();
            self.set_priority(candidates, task, priority);
        }
    }

    /// Counts a step that a task takes while others wait. After too many in a row it falls
    /// behind all others.
    fn count(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        let (last, count) = self.in_a_row;
        let count = if last == Some(task) { count + 1 } else { 1 };
        self.in_a_row = (Some(task), count);
        let times_behind = self.standing(task).times_behind;
        let limit = self
            .length
            .min(*HOLD_LIMITS.end())
            .checked_shr(times_behind);
        if count > limit.unwrap_or(0).max(*HOLD_LIMITS.start()) {
            self.in_a_row = (None, 0);
            self.floor -= 1;
            self.standing(task).times_behind += 1;
            self.set_priority(candidates, task, self.floor);
        }
    }
}

impl Strategy for Pct {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self, seed: u64) {
        self.rng = strategy_stream(seed);
        self.draw_changes();
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        if self.listing.is_some() {
            return self.highest(candidates);
        }
        let highest = candidates.highest(|_, task| Some(self.priority(task)));
        highest.unwrap_or(0)
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        self.steps += 1;
        self.change(candidates, task);
        if candidates.len() > 1 {
            self.count(candidates, task);
        } else {
            self.in_a_row = (None, 0);
        }
    }

    fn became_ready(&mut self, _candidates: &Candidates<'_>, task: TaskId) {
        self.list(task);
    }

    fn follows_ready(&self) -> Following {
        Following::Many
    }

    fn follow(&mut self, candidates: Option<&Candidates<'_>>) {
        self.listing = None;
        if let Some(candidates) = candidates {
            self.make_listing(candidates);
        }
    }
}
