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
//! Only the order of the ranks matters, so any distribution does. With the exponential one no
//! pick has to look at every task where there are many: of `n` operations whose ranks are only
//! known to be above `x`, the lowest has a rank of `x` plus an exponential draw by `n`, and is
//! that of each with the same chance. So those that race with what has just run are a pool of
//! which only the lowest rank is drawn.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZero;

use rand_chacha::ChaCha8Rng;

use super::exponential::exponential;
use super::{
    Candidates, Following, PendingOperation, Sampler, Strategy, StrategyInfo, StrategyKind,
    StrategyName,
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
    /// Present while there are many candidates.
    pools: Option<Pools>,
}

/// The ready tasks in an order that is known as far as it is needed.
#[derive(Debug, Default)]
struct Pools {
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
    /// The race of the pending operation, while there are pools. None if it races with nothing.
    race: Option<Race>,
    rank: Rank,
}

/// The rank of a pending operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Rank {
    /// It has none.
    #[default]
    None,
    Known(u64),
    /// It is that of the member of the pool at this index.
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
            pools: None,
        }
    }

    /// Returns the index of the allowed candidate with the lowest rank.
    pub(super) fn lowest(
        &mut self,
        candidates: &Candidates<'_>,
        mut is_allowed: impl FnMut(usize, TaskId) -> bool,
    ) -> Option<usize> {
        if self.pools.is_some() {
            return self.lowest_by_pools(candidates, is_allowed);
        }
        candidates.highest(|index, task| is_allowed(index, task).then(|| Reverse(self.rank(task))))
    }

    /// Returns the rank of a task, where there are no pools.
    #[inline]
    fn rank(&mut self, task: TaskId) -> u64 {
        match self.standings.get(task.index() as usize) {
            Some(Standing {
                rank: Rank::Known(rank),
                ..
            }) => *rank,
            _ => self.draw_rank(task),
        }
    }

    #[inline(never)]
    fn draw_rank(&mut self, task: TaskId) -> u64 {
        let rank = exponential(&mut self.rng);
        self.standing(task).rank = Rank::Known(rank);
        rank
    }

    fn standing(&mut self, task: TaskId) -> &mut Standing {
        let index = task.index() as usize;
        if self.standings.len() <= index {
            self.standings.resize(index + 1, Standing::default());
        }
        &mut self.standings[index]
    }

    /// Forgets the rank of a task.
    #[inline]
    fn forget(&mut self, task: TaskId) {
        let Some(standing) = self.standings.get_mut(task.index() as usize) else {
            return;
        };
        let rank = std::mem::take(&mut standing.rank);
        if let Some(pools) = &mut self.pools
            && let (Some(race), Rank::Pooled(member)) = (standing.race, rank)
        {
            pools.leave(&mut self.standings, &mut self.rng, race, member);
        }
    }

    /// Forgets the ranks of the operations that race with the one that comes now.
    fn forget_racing(&mut self, candidates: &Candidates<'_>, index: usize, now: PendingOperation) {
        let Some(pools) = &mut self.pools else {
            let standings = &mut self.standings;
            return candidates.for_each(|other, task| {
                let races = || {
                    let pending = candidates.operation_of(other, task);
                    pending.is_some_and(|pending| candidates.race(now, pending))
                };
                if other != index
                    && let Some(standing) = standings.get_mut(task.index() as usize)
                    && races()
                {
                    standing.rank = Rank::None;
                }
            });
        };
        let readers = (!candidates.reads(now)).then_some(true);
        for reads in readers.into_iter().chain([false]) {
            let race = Race::of(now.resource(), reads);
            pools.forget_all(&mut self.standings, &mut self.rng, candidates, race);
        }
    }
}

/// With pools.
impl Pos {
    #[cold]
    fn make_pools(&mut self, candidates: &Candidates<'_>) {
        self.pools = Some(Pools::default());
        candidates.for_each(|index, task| {
            let operation = candidates.operation_of(index, task);
            self.enter(candidates, task, operation);
            if candidates.is_ready(task) {
                self.list(task);
            }
        });
    }

    /// Draws what is not known.
    #[cold]
    fn drop_pools(&mut self) {
        let pools = self.pools.take().into_iter().flat_map(|pools| pools.pools);
        for pool in pools.filter(|pool| !pool.members.is_empty()) {
            let first = below(&mut self.rng, pool.members.len() as u32) as usize;
            for (member, task) in pool.members.iter().enumerate() {
                let above = match member == first {
                    true => 0,
                    false => exponential(&mut self.rng),
                };
                self.standing(*task).rank = Rank::Known(pool.lowest + above);
            }
        }
    }

    /// Draws the rank of a candidate, if it has none, and adds it to those it races with.
    fn enter(
        &mut self,
        candidates: &Candidates<'_>,
        task: TaskId,
        operation: Option<PendingOperation>,
    ) -> u64 {
        if let Rank::Pooled(_) = self.standing(task).rank {
            self.forget(task);
        }
        let rank = self.rank(task);
        let race = operation.map(|now| Race::of(now.resource(), candidates.reads(now)));
        self.standing(task).race = race;
        if let (Some(pools), Some(race)) = (&mut self.pools, race) {
            pools.pool(race).list(&self.standings, race, task);
        }
        rank
    }

    /// Lists a ready task whose rank is known.
    fn list(&mut self, task: TaskId) {
        let rank = self.standing(task).rank;
        if let (Some(pools), Rank::Known(rank)) = (&mut self.pools, rank) {
            pools.known.push(Reverse((rank, Entry::Task(task))));
        }
    }

    fn lowest_by_pools(
        &mut self,
        candidates: &Candidates<'_>,
        mut is_allowed: impl FnMut(usize, TaskId) -> bool,
    ) -> Option<usize> {
        let running = candidates.running().filter(|task| is_allowed(0, *task));
        let running = running.map(|task| match self.standing(task).rank {
            Rank::Known(rank) => rank,
            Rank::None | Rank::Pooled(_) => self.enter(candidates, task, candidates.point(0)),
        });
        let pools = self.pools.as_mut()?;
        pools.tidy(&self.standings);
        let mut held = Vec::new();
        let lowest = loop {
            let ready = pools.lowest_ready(&mut self.standings, &mut self.rng, candidates);
            let Some((rank, task)) = ready else {
                break running.map(|_| 0);
            };
            if running.is_some_and(|running| running <= rank) {
                break Some(0);
            }
            let index = candidates.index_of_ready(task);
            if is_allowed(index, task) {
                break Some(index);
            }
            held.extend(pools.known.pop());
        };
        pools.known.extend(held);
        lowest
    }
}

impl Pools {
    fn pool(&mut self, race: Race) -> &mut Pool {
        if self.pools.len() <= race.index() {
            self.pools.resize_with(race.index() + 1, Pool::default);
        }
        &mut self.pools[race.index()]
    }

    /// Returns the ready task with the lowest rank, and that.
    fn lowest_ready(
        &mut self,
        standings: &mut [Standing],
        rng: &mut ChaCha8Rng,
        candidates: &Candidates<'_>,
    ) -> Option<(u64, TaskId)> {
        loop {
            let Reverse((rank, entry)) = self.known.peek().copied()?;
            let is_known = self.is_known(standings, rank, entry);
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
                self.draw_lowest(standings, rng, race);
            }
        }
    }

    fn is_known(&self, standings: &[Standing], rank: u64, entry: Entry) -> bool {
        match entry {
            Entry::Task(task) => standings[task.index() as usize].rank == Rank::Known(rank),
            Entry::Pool(race) => {
                let pool = &self.pools[race.index()];
                pool.lowest == rank && !pool.members.is_empty()
            }
        }
    }

    /// Draws which member of a pool has the lowest rank, and what the lowest of the rest is.
    fn draw_lowest(&mut self, standings: &mut [Standing], rng: &mut ChaCha8Rng, race: Race) {
        let pool = self.pool(race);
        let lowest = pool.lowest;
        let member = below(rng, pool.members.len() as u32);
        let task = pool.take_member(standings, member);
        standings[task.index() as usize].rank = Rank::Known(lowest);
        pool.list(standings, race, task);
        self.known.push(Reverse((lowest, Entry::Task(task))));
        self.draw_above(rng, race, lowest);
    }

    /// Draws the lowest rank of a pool, whose members all have higher ones than `floor`.
    fn draw_above(&mut self, rng: &mut ChaCha8Rng, race: Race, floor: u64) {
        let pool = self.pool(race);
        if let Some(members) = NonZero::new(pool.members.len() as u64) {
            pool.lowest = floor + exponential(rng) / members;
            let entry = Reverse((pool.lowest, Entry::Pool(race)));
            self.known.push(entry);
        }
    }

    /// Takes out a member whose rank is forgotten.
    fn leave(&mut self, standings: &mut [Standing], rng: &mut ChaCha8Rng, race: Race, member: u32) {
        let pool = self.pool(race);
        let (members, lowest) = (pool.members.len() as u32, pool.lowest);
        pool.take_member(standings, member);
        // The lowest rank was that of each member with the same chance.
        if below(rng, members) == 0 {
            self.draw_above(rng, race, lowest);
        }
    }

    /// Forgets the ranks of the candidates of a race.
    fn forget_all(
        &mut self,
        standings: &mut [Standing],
        rng: &mut ChaCha8Rng,
        candidates: &Candidates<'_>,
        race: Race,
    ) {
        let Some(pool) = self.pools.get_mut(race.index()) else {
            return;
        };
        for task in pool.others.drain(..) {
            let standing = &mut standings[task.index() as usize];
            let is_candidate = candidates.is_ready(task) || candidates.running() == Some(task);
            if standing.is_known_in(race) && is_candidate {
                standing.rank = Rank::Pooled(pool.members.len() as u32);
                pool.members.push(task);
            }
        }
        self.draw_above(rng, race, 0);
    }

    /// Leaves out entries that are known no more, once there may be many.
    fn tidy(&mut self, standings: &[Standing]) {
        if self.known.len() > self.limit {
            let known = std::mem::take(&mut self.known).into_vec().into_iter();
            let known =
                known.filter(|Reverse((rank, entry))| self.is_known(standings, *rank, *entry));
            self.known = known.collect();
            self.limit = FEWEST_ENTRIES.max(2 * self.known.len());
        }
    }
}

impl Pool {
    /// Lists a task whose rank is known.
    fn list(&mut self, standings: &[Standing], race: Race, task: TaskId) {
        if self.others.len() == self.others.capacity() {
            // What has run since it was listed goes out, so that the list stays in proportion.
            self.others
                .retain(|other| standings[other.index() as usize].is_known_in(race));
            self.others.reserve(self.others.len() + 1);
        }
        self.others.push(task);
    }

    fn take_member(&mut self, standings: &mut [Standing], member: u32) -> TaskId {
        let task = self.members.swap_remove(member as usize);
        if let Some(moved) = self.members.get(member as usize) {
            standings[moved.index() as usize].rank = Rank::Pooled(member);
        }
        task
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
            self.forget_racing(candidates, index, now);
        }
        if self.pools.is_some() && candidates.is_running(index) && candidates.is_ready(task) {
            // It was woken while it ran, and is in the queue already.
            self.became_ready(candidates, task);
        }
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        // A member of a pool was on a host that was paused, and is in its place still.
        if !matches!(self.standing(task).rank, Rank::Pooled(_)) {
            self.enter(candidates, task, candidates.operation_of_ready(task));
            self.list(task);
        }
    }

    fn follows_ready(&self) -> Following {
        Following::Many
    }

    fn follow(&mut self, candidates: Option<&Candidates<'_>>) {
        match candidates {
            Some(candidates) => self.make_pools(candidates),
            None => self.drop_pools(),
        }
    }

    fn ended(&mut self, task: TaskId) {
        self.forget(task);
    }
}
