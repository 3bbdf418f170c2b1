//! Pools of operations whose ranks are drawn as far as they are needed.
//!
//! Only the order of the ranks matters, so any distribution does. With the exponential one no
//! pick has to look at every task where there are many: of `n` operations whose ranks are only
//! known to be above `x`, the lowest has a rank of `x` plus an exponential draw by `n`, and is
//! that of each with the same chance. So those that race with what has just run are a pool of
//! which only the lowest rank is drawn.
//!
//! A caller can divide the operations into classes that it allows or holds back as a whole. The
//! ranks of each class are in a heap of its own, so that a pick does not pass over the tasks of a
//! class one by one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZero;

use rand_chacha::ChaCha8Rng;

use super::Candidates;
use super::exponential::exponential;
use crate::ids::{ResourceId, TaskId};
use crate::schedule::tape::below;

/// The ready tasks in an order that is known as far as it is needed.
#[derive(Debug, Default)]
pub(super) struct Pools {
    pools: Vec<Pool>,
    /// The pools of each [`Race`], by its number.
    of_races: Vec<Vec<PoolId>>,
    /// By the number of the [`Class`].
    ranks: Vec<Ranks>,
}

/// Operations that are allowed or held back together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Class(pub(super) u32);

impl Class {
    /// The operations that are always allowed.
    pub(super) const FREE: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The operations that race with the same others: those on one resource that read it, or those
/// that do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Race(u32);

impl Race {
    pub(super) fn of(resource: ResourceId, reads: bool) -> Self {
        Self(2 * resource.index() + u32::from(reads))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct PoolId(u32);

impl PoolId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The pool and the rank of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// The pool that its pending operation would be in. None without pools, and if the operation
    /// races with nothing.
    pub(super) pool: Option<PoolId>,
    pub(super) rank: Rank,
}

/// The rank of a pending operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Rank {
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
    Pool(PoolId),
}

/// Operations of one class that race with the same others.
#[derive(Debug)]
struct Pool {
    class: Class,
    /// The tasks of which no more is known than that their ranks are not below `lowest`.
    members: Vec<TaskId>,
    /// The lowest rank among the members, if there are any.
    lowest: u64,
    /// Tasks whose ranks were known when they were listed.
    others: Vec<TaskId>,
}

/// The ranks of a class that are known.
#[derive(Debug, Default)]
struct Ranks {
    /// Lowest first. An entry stays when it is known no more: it is left out when it comes up.
    known: BinaryHeap<Reverse<(u64, Entry)>>,
    /// The number of entries from which they are looked through for outdated ones.
    limit: usize,
}

/// So many entries are never looked through.
const FEWEST_ENTRIES: usize = 256;

impl Pools {
    /// Returns the classes up to the last in which a task has been listed.
    pub(super) fn classes(&self) -> impl Iterator<Item = Class> + use<> {
        (0..self.ranks.len() as u32).map(Class)
    }

    /// Returns the pool of the operations of a class in a race.
    pub(super) fn pool(&mut self, race: Race, class: Class) -> PoolId {
        if self.of_races.len() <= race.index() {
            self.of_races.resize_with(race.index() + 1, Vec::new);
        }
        let pools = &mut self.of_races[race.index()];
        let mut known = pools.iter();
        if let Some(known) = known.find(|pool| self.pools[pool.index()].class == class) {
            return *known;
        }
        let new = PoolId(self.pools.len() as u32);
        pools.push(new);
        self.pools.push(Pool {
            class,
            members: Vec::new(),
            lowest: 0,
            others: Vec::new(),
        });
        new
    }

    /// Lists a task whose rank is known in its pool.
    pub(super) fn add_to_pool(&mut self, standings: &[Standing], pool: PoolId, task: TaskId) {
        let others = &mut self.pools[pool.index()].others;
        if others.len() == others.capacity() {
            // What has run since it was listed goes out, so that the list stays in proportion.
            others.retain(|other| standings[other.index() as usize].is_known_in(pool));
            others.reserve(others.len() + 1);
        }
        others.push(task);
    }

    /// Lists a ready task with its rank.
    pub(super) fn add(&mut self, standing: Standing, rank: u64, task: TaskId) {
        let pool = standing.pool.map(|pool| &self.pools[pool.index()]);
        let class = pool.map_or(Class::FREE, |pool| pool.class);
        self.push(class, rank, Entry::Task(task));
    }

    fn push(&mut self, class: Class, rank: u64, entry: Entry) {
        if self.ranks.len() <= class.index() {
            self.ranks.resize_with(class.index() + 1, Ranks::default);
        }
        let ranks = &mut self.ranks[class.index()];
        ranks.known.push(Reverse((rank, entry)));
    }

    /// Returns the ready task of a class with the lowest rank, and that.
    pub(super) fn lowest_ready(
        &mut self,
        standings: &mut [Standing],
        rng: &mut ChaCha8Rng,
        candidates: &Candidates<'_>,
        class: Class,
    ) -> Option<(u64, TaskId)> {
        self.tidy(standings, class);
        loop {
            let Reverse((rank, entry)) = self.ranks[class.index()].known.peek().copied()?;
            let is_known = is_known(&self.pools, standings, rank, entry);
            if let Entry::Task(task) = entry
                && is_known
                && candidates.is_ready(task)
            {
                return Some((rank, task));
            }
            self.ranks[class.index()].known.pop();
            if let Entry::Pool(pool) = entry
                && is_known
            {
                self.draw_lowest(standings, rng, pool);
            }
        }
    }

    /// Draws which member of a pool has the lowest rank, and what the lowest of the rest is.
    fn draw_lowest(&mut self, standings: &mut [Standing], rng: &mut ChaCha8Rng, id: PoolId) {
        let pool = &mut self.pools[id.index()];
        let (class, lowest) = (pool.class, pool.lowest);
        let member = below(rng, pool.members.len() as u32);
        let task = pool.take_member(standings, member);
        standings[task.index() as usize].rank = Rank::Known(lowest);
        self.add_to_pool(standings, id, task);
        self.push(class, lowest, Entry::Task(task));
        self.draw_above(rng, id, lowest);
    }

    /// Draws the lowest rank of a pool, whose members all have higher ones than `floor`.
    fn draw_above(&mut self, rng: &mut ChaCha8Rng, id: PoolId, floor: u64) {
        let pool = &mut self.pools[id.index()];
        if let Some(members) = NonZero::new(pool.members.len() as u64) {
            pool.lowest = floor + exponential(rng) / members;
            let (class, lowest) = (pool.class, pool.lowest);
            self.push(class, lowest, Entry::Pool(id));
        }
    }

    /// Takes out a member whose rank is forgotten.
    pub(super) fn leave(
        &mut self,
        standings: &mut [Standing],
        rng: &mut ChaCha8Rng,
        id: PoolId,
        member: u32,
    ) {
        let pool = &mut self.pools[id.index()];
        let (members, lowest) = (pool.members.len() as u32, pool.lowest);
        pool.take_member(standings, member);
        // The lowest rank was that of each member with the same chance.
        if below(rng, members) == 0 {
            self.draw_above(rng, id, lowest);
        }
    }

    /// Forgets the ranks of the candidates of a race.
    pub(super) fn forget_all(
        &mut self,
        standings: &mut [Standing],
        rng: &mut ChaCha8Rng,
        candidates: &Candidates<'_>,
        race: Race,
    ) {
        let pools = self.of_races.get(race.index()).map_or(0, Vec::len);
        for number in 0..pools {
            let id = self.of_races[race.index()][number];
            let pool = &mut self.pools[id.index()];
            for task in pool.others.drain(..) {
                let standing = &mut standings[task.index() as usize];
                let is_candidate = candidates.is_ready(task) || candidates.running() == Some(task);
                if standing.is_known_in(id) && is_candidate {
                    standing.rank = Rank::Pooled(pool.members.len() as u32);
                    pool.members.push(task);
                }
            }
            self.draw_above(rng, id, 0);
        }
    }

    /// Draws what is not known, and returns each such task with its rank.
    pub(super) fn drawn(self, rng: &mut ChaCha8Rng) -> Vec<(TaskId, u64)> {
        let mut drawn = Vec::new();
        for pool in self.pools.iter().filter(|pool| !pool.members.is_empty()) {
            let first = below(rng, pool.members.len() as u32) as usize;
            drawn.extend(pool.members.iter().enumerate().map(|(member, task)| {
                let above = match member == first {
                    true => 0,
                    false => exponential(rng),
                };
                (*task, pool.lowest + above)
            }));
        }
        drawn
    }

    /// Leaves out entries of a class that are known no more, once there may be many.
    fn tidy(&mut self, standings: &[Standing], class: Class) {
        let ranks = &mut self.ranks[class.index()];
        if ranks.known.len() > ranks.limit {
            let known = std::mem::take(&mut ranks.known).into_vec().into_iter();
            let known = known
                .filter(|Reverse((rank, entry))| is_known(&self.pools, standings, *rank, *entry));
            ranks.known = known.collect();
            ranks.limit = FEWEST_ENTRIES.max(2 * ranks.known.len());
        }
    }
}

fn is_known(pools: &[Pool], standings: &[Standing], rank: u64, entry: Entry) -> bool {
    match entry {
        Entry::Task(task) => standings[task.index() as usize].rank == Rank::Known(rank),
        Entry::Pool(pool) => {
            let pool = &pools[pool.index()];
            pool.lowest == rank && !pool.members.is_empty()
        }
    }
}

impl Pool {
    fn take_member(&mut self, standings: &mut [Standing], member: u32) -> TaskId {
        let task = self.members.swap_remove(member as usize);
        if let Some(moved) = self.members.get(member as usize) {
            standings[moved.index() as usize].rank = Rank::Pooled(member);
        }
        task
    }
}

impl Standing {
    fn is_known_in(self, pool: PoolId) -> bool {
        self.pool == Some(pool) && matches!(self.rank, Rank::Known(_))
    }
}
