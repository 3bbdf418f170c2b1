//! Partial order sampling.
//!
//! X. Yuan, J. Yang, R. Gu: "Partial Order Aware Concurrency Sampling", CAV
//! 2018. Each pending operation has a random rank and the lowest runs; when
//! it has run, the ranks of the operations that raced with it (those about
//! to touch the same resource, unless both read it) are drawn anew. Schedules that differ only
//! in the order of independent operations share their chance, so the dependent orders
//! get more of it.
//!
//! The operation of a task that was woken is the wait that it wakes from. A new task, and one
//! that has yielded, is about to run to its next operation, which races with nothing.
//!
//! Only the order of the ranks matters, so any distribution does. Here it is the exponential
//! one, by which no pick has to look at every task: of `n` operations whose ranks are only
//! known to be above `x`, the lowest has a rank of `x` plus an exponential draw by `n`, and is
//! each of them with the same chance. So those that race with what has just run are one pool of
//! which only the lowest rank is drawn.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZero;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::{
    Candidates, PendingOperation, Sampler, Strategy, StrategyInfo, StrategyKind, StrategyName,
};
use crate::ids::{ResourceId, TaskId};
use crate::schedule::tape::{below, strategy_stream};

/// The entry of the table.
pub(super) static INFO: StrategyInfo = StrategyInfo {
    name: "pos",
    parameter: None,
    summary: "Gives tasks random priorities, redrawn for tasks that race.",
    paper: Some("X. Yuan, J. Yang, R. Gu: Partial Order Aware Concurrency Sampling, CAV 2018"),
    kind: StrategyKind::Sampler(Sampler {
        build: |_, _| Box::new(Pos::default()),
        needs_profile: false,
        portfolio: &[0],
    }),
};

impl StrategyName {
    /// Random priorities, redrawn for tasks that race.
    pub const POS: Self = Self::of(&INFO);
}

/// Random ranks of operations, drawn anew for those that race with the last.
#[derive(Debug)]
pub struct Pos {
    rng: ChaCha8Rng,
    /// By task number.
    standings: Vec<Standing>,
    /// By the number of a [`Race`].
    pools: Vec<Pool>,
    /// The ranks that are known, lowest first. An entry stays when it is known no more: it is
    /// left out when it comes up.
    known: BinaryHeap<Reverse<(u64, Entry)>>,
    /// The number of entries from which they are looked through for outdated ones.
    limit: usize,
}

/// The operations that race with the same others: those on one resource that read it, or those
/// that do not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Race(u32);

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// None if the pending operation races with nothing.
    race: Option<Race>,
    rank: Rank,
}

/// The rank of a pending operation, in units of [`exponential`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Rank {
    /// It has none.
    #[default]
    None,
    Known(u64),
    /// It is among the members of the pool, at that index.
    Pooled(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Entry {
    Task(TaskId),
    Pool(Race),
}

/// Operations that race with the same others.
#[derive(Debug, Default)]
struct Pool {
    /// The tasks of which no more is known than that their ranks are not below `lowest`.
    members: Vec<TaskId>,
    /// The lowest rank among the members, if there are any.
    lowest: u64,
    /// Tasks whose ranks were known when they were listed.
    others: Vec<TaskId>,
}

/// So many entries are never looked through.
const FEWEST_ENTRIES: usize = 256;

/// The bits of a rank behind the point.
const FRACTION: u32 = 32;

/// Draws from the exponential distribution with the mean 1, in units of 2⁻³².
///
/// J. von Neumann: "Various Techniques Used in Connection with Random Digits", 1951. It takes
/// comparisons only: a logarithm may differ from one machine to another.
fn exponential(rng: &mut ChaCha8Rng) -> u64 {
    let mut whole = 0;
    loop {
        let first = rng.next_u32();
        let mut last = first;
        let mut is_odd = true;
        loop {
            let next = rng.next_u32();
            if next >= last {
                break;
            }
            last = next;
            is_odd = !is_odd;
        }
        if is_odd {
            return (whole << FRACTION) + u64::from(first);
        }
        whole += 1;
    }
}

impl Default for Pos {
    fn default() -> Self {
        Self::with(strategy_stream(0))
    }
}

impl Pos {
    /// Creates the strategy with a generator from which others have drawn.
    pub(super) fn with(rng: ChaCha8Rng) -> Self {
        Self {
            rng,
            standings: Vec::new(),
            pools: Vec::new(),
            known: BinaryHeap::new(),
            limit: FEWEST_ENTRIES,
        }
    }

    /// Returns the index of the allowed candidate with the lowest rank.
    pub(super) fn lowest(
        &mut self,
        candidates: &Candidates<'_>,
        mut is_allowed: impl FnMut(usize, TaskId) -> bool,
    ) -> Option<usize> {
        self.tidy();
        let running = candidates.running().filter(|task| is_allowed(0, *task));
        let running = running.map(|task| self.rank(candidates, task));
        let mut held = Vec::new();
        let lowest = loop {
            let Some((rank, task)) = self.lowest_ready(candidates) else {
                break running.map(|_| 0);
            };
            if running.is_some_and(|running| running <= rank) {
                break Some(0);
            }
            let index = candidates.index_of_ready(task);
            if is_allowed(index, task) {
                break Some(index);
            }
            held.extend(self.known.pop());
        };
        self.known.extend(held);
        lowest
    }

    /// Returns the rank of the running task.
    fn rank(&mut self, candidates: &Candidates<'_>, task: TaskId) -> u64 {
        if let Rank::Known(rank) = self.standing(task).rank {
            return rank;
        }
        self.forget(task);
        self.draw(candidates, task, candidates.point(0))
    }

    /// Draws the rank of a task whose operation is pending.
    fn draw(
        &mut self,
        candidates: &Candidates<'_>,
        task: TaskId,
        operation: Option<PendingOperation>,
    ) -> u64 {
        let rank = exponential(&mut self.rng);
        let race = operation.map(|operation| self.race(candidates, operation));
        *self.standing(task) = Standing {
            race,
            rank: Rank::Known(rank),
        };
        if let Some(race) = race {
            self.list(race, task);
        }
        rank
    }

    fn race(&mut self, candidates: &Candidates<'_>, operation: PendingOperation) -> Race {
        let race = Race::of(operation.resource(), candidates.reads(operation));
        if self.pools.len() <= race.index() {
            self.pools.resize_with(race.index() + 1, Pool::default);
        }
        race
    }

    fn standing(&mut self, task: TaskId) -> &mut Standing {
        let index = task.index() as usize;
        if self.standings.len() <= index {
            self.standings.resize(index + 1, Standing::default());
        }
        &mut self.standings[index]
    }

    /// Lists a task whose rank is known among those that race.
    fn list(&mut self, race: Race, task: TaskId) {
        let others = &mut self.pools[race.index()].others;
        if others.len() == others.capacity() {
            // What has run since it was listed goes out, so that the list stays in proportion.
            let standings = &self.standings;
            others.retain(|other| standings[other.index() as usize].is_known_in(race));
            others.reserve(others.len() + 1);
        }
        others.push(task);
    }

    /// Returns the ready task with the lowest rank, and that.
    fn lowest_ready(&mut self, candidates: &Candidates<'_>) -> Option<(u64, TaskId)> {
        loop {
            let Reverse((rank, entry)) = self.known.peek().copied()?;
            let is_known = self.is_known(rank, entry);
            if let Entry::Task(task) = entry
                && is_known
                && candidates.is_ready(task)
            {
                return Some((rank, task));
            }
            self.known.pop();
            if let Entry::Pool(race) = entry
                && is_known
            {
                self.draw_lowest(race);
            }
        }
    }

    fn is_known(&self, rank: u64, entry: Entry) -> bool {
        match entry {
            Entry::Task(task) => self.standings[task.index() as usize].rank == Rank::Known(rank),
            Entry::Pool(race) => {
                let pool = &self.pools[race.index()];
                pool.lowest == rank && !pool.members.is_empty()
            }
        }
    }

    /// Draws which member of a pool has the lowest rank, and what the lowest of the rest is.
    fn draw_lowest(&mut self, race: Race) {
        let pool = &self.pools[race.index()];
        let lowest = pool.lowest;
        let member = below(&mut self.rng, pool.members.len() as u32) as usize;
        let task = self.take_member(race, member);
        self.standing(task).rank = Rank::Known(lowest);
        self.known.push(Reverse((lowest, Entry::Task(task))));
        self.list(race, task);
        self.draw_above(race, lowest);
    }

    /// Draws the lowest rank of a pool, whose members all have higher ones than `floor`.
    fn draw_above(&mut self, race: Race, floor: u64) {
        let pool = &mut self.pools[race.index()];
        if let Some(members) = NonZero::new(pool.members.len() as u64) {
            pool.lowest = floor + exponential(&mut self.rng) / members;
            self.known.push(Reverse((pool.lowest, Entry::Pool(race))));
        }
    }

    /// Takes a member out of a pool.
    fn take_member(&mut self, race: Race, member: usize) -> TaskId {
        let members = &mut self.pools[race.index()].members;
        let task = members.swap_remove(member);
        if let Some(moved) = members.get(member) {
            self.standings[moved.index() as usize].rank = Rank::Pooled(member as u32);
        }
        task
    }

    /// Forgets the rank of a task.
    fn forget(&mut self, task: TaskId) {
        let Standing { race, rank } = std::mem::take(self.standing(task));
        if let (Some(race), Rank::Pooled(member)) = (race, rank) {
            let pool = &self.pools[race.index()];
            let (members, lowest) = (pool.members.len() as u32, pool.lowest);
            self.take_member(race, member as usize);
            // The lowest rank was that of each member with the same chance.
            if below(&mut self.rng, members) == 0 {
                self.draw_above(race, lowest);
            }
        }
    }

    /// Forgets the ranks of the candidates that race with one another.
    fn forget_all(&mut self, candidates: &Candidates<'_>, race: Race) {
        let Some(pool) = self.pools.get_mut(race.index()) else {
            return;
        };
        for task in pool.others.drain(..) {
            let standing = &mut self.standings[task.index() as usize];
            let is_candidate = candidates.is_ready(task) || candidates.running() == Some(task);
            if standing.is_known_in(race) && is_candidate {
                standing.rank = Rank::Pooled(pool.members.len() as u32);
                pool.members.push(task);
            }
        }
        self.draw_above(race, 0);
    }

    /// Leaves out entries that are known no more, once there may be many.
    fn tidy(&mut self) {
        if self.known.len() > self.limit {
            let known = std::mem::take(&mut self.known).into_vec().into_iter();
            let known = known.filter(|Reverse((rank, entry))| self.is_known(*rank, *entry));
            self.known = known.collect();
            self.limit = FEWEST_ENTRIES.max(2 * self.known.len());
        }
    }
}

impl Race {
    fn of(resource: ResourceId, reads: bool) -> Self {
        Self(2 * resource.index() + u32::from(reads))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Standing {
    fn is_known_in(self, race: Race) -> bool {
        self.race == Some(race) && matches!(self.rank, Rank::Known(_))
    }
}

impl Strategy for Pos {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        *self = Self::with(strategy_stream(seed));
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        self.lowest(candidates, |_, _| true).unwrap_or(0)
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        let Some(task) = candidates.task(index) else {
            return;
        };
        // The operation that comes now is past, also if the task went on alone.
        self.forget(task);
        if let Some(now) = candidates.operation_of(index, task) {
            let reads = candidates.reads(now);
            self.forget_all(candidates, Race::of(now.resource(), false));
            if !reads {
                self.forget_all(candidates, Race::of(now.resource(), true));
            }
        }
        if candidates.is_running(index) && candidates.is_ready(task) {
            // It was woken while it ran, and is in the queue already.
            self.became_ready(candidates, task);
        }
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        let rank = match self.standing(task).rank {
            Rank::None => self.draw(candidates, task, candidates.operation_of_ready(task)),
            Rank::Known(rank) => {
                // It was the running task, or on a host that was paused.
                if let Some(race) = self.standing(task).race {
                    self.list(race, task);
                }
                rank
            }
            Rank::Pooled(_) => return,
        };
        self.known.push(Reverse((rank, Entry::Task(task))));
    }

    fn follows_ready(&self) -> bool {
        true
    }

    fn ended(&mut self, task: TaskId) {
        self.forget(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_the_exponential_distribution() {
        let mut rng = strategy_stream(0);
        let draws: Vec<u64> = (0..40_000).map(|_| exponential(&mut rng)).collect();
        // Above 0, 1, 2 and 3 there are 1, e⁻¹, e⁻² and e⁻³ of them.
        for (above, expected) in [(0, 40_000), (1, 14_715), (2, 5_413), (3, 1_991)] {
            let count = draws
                .iter()
                .filter(|draw| **draw >= above << FRACTION)
                .count();
            assert!(count.abs_diff(expected) < 300, "{count} are above {above}");
        }
        let mean = draws.iter().sum::<u64>() / 40_000;
        assert!(mean.abs_diff(1 << FRACTION) < 1 << (FRACTION - 6), "{mean}");
    }
}
