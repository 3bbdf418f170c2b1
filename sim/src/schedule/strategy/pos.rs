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
//! Where there are many tasks, no pick looks at each: their ranks are drawn in [pools](super::pools).

use std::cmp::Reverse;

use rand_chacha::ChaCha8Rng;

use super::exponential::exponential;
use super::pools::{Class, Pools, Race, Rank, Standing};
use super::{
    Candidates, Following, PendingOperation, Sampler, Strategy, StrategyInfo, StrategyKind,
    StrategyName,
};
use crate::ids::TaskId;
use crate::schedule::tape::strategy_stream;

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

    /// Returns the index of the candidate with the lowest rank whose class is allowed.
    pub(super) fn lowest(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
    ) -> Option<usize> {
        if self.pools.is_some() {
            return self.lowest_by_pools(candidates, classes);
        }
        candidates.highest(|index, task| {
            let pending = || Pending::of(candidates, index, task);
            let class = classes.class(candidates, task, pending);
            if !classes.allows(class) {
                classes.hold(class);
                return None;
            }
            Some(Reverse(self.rank(task)))
        })
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
            && let (Some(pool), Rank::Pooled(member)) = (standing.pool, rank)
        {
            pools.leave(&mut self.standings, &mut self.rng, pool, member);
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
    fn make_pools(&mut self, candidates: &Candidates<'_>, classes: &mut impl Classes) {
        self.pools = Some(Pools::default());
        candidates.for_each(|index, task| {
            let pending = Pending::of(candidates, index, task);
            self.enter(candidates, classes, task, pending);
            if candidates.is_ready(task) {
                self.list(task);
            }
        });
    }

    /// Draws what is not known.
    #[cold]
    fn drop_pools(&mut self) {
        let pools = self.pools.take().unwrap_or_default();
        for (task, rank) in pools.drawn(&mut self.rng) {
            self.standing(task).rank = Rank::Known(rank);
        }
    }

    /// Draws the rank of a candidate, if it has none, and adds it to those it races with.
    fn enter(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
        task: TaskId,
        pending: Option<Pending>,
    ) -> u64 {
        if let Rank::Pooled(_) = self.standing(task).rank {
            self.forget(task);
        }
        let rank = self.rank(task);
        let class = classes.class(candidates, task, || pending);
        let race = pending.map(|pending| pending.operation);
        let race = race.map(|now| Race::of(now.resource(), candidates.reads(now)));
        let pools = self.pools.as_mut();
        let pool = pools.zip(race).map(|(pools, race)| {
            let pool = pools.pool(race, class);
            pools.add_to_pool(&self.standings, pool, task);
            pool
        });
        self.standing(task).pool = pool;
        rank
    }

    /// Lists a ready task whose rank is known.
    fn list(&mut self, task: TaskId) {
        let standing = *self.standing(task);
        if let (Some(pools), Rank::Known(rank)) = (&mut self.pools, standing.rank) {
            pools.add(standing, rank, task);
        }
    }

    fn lowest_by_pools(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
    ) -> Option<usize> {
        let mut lowest = self
            .running_rank(candidates, classes)
            .map(|rank| (rank, None));
        let mut held = Vec::new();
        let pools = self.pools.as_mut()?;
        for class in pools.classes() {
            let ready = pools.lowest_ready(&mut self.standings, &mut self.rng, candidates, class);
            let Some((rank, task)) = ready else {
                continue;
            };
            if !classes.allows(class) {
                held.push((rank, class));
            } else if lowest.is_none_or(|(lowest, _)| rank < lowest) {
                lowest = Some((rank, Some(task)));
            }
        }
        for (rank, class) in held {
            if lowest.is_none_or(|(lowest, _)| rank < lowest) {
                classes.hold(class);
            }
        }
        let (_, task) = lowest?;
        Some(task.map_or(0, |task| candidates.index_of_ready(task)))
    }

    /// Returns the rank of the running task, if it can go on and is allowed to.
    fn running_rank(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
    ) -> Option<u64> {
        let task = candidates.running()?;
        let pending = || Pending::at_point(candidates.point(0));
        let class = classes.class(candidates, task, pending);
        if !classes.allows(class) {
            classes.hold(class);
            return None;
        }
        Some(match self.standing(task).rank {
            Rank::Known(rank) => rank,
            Rank::None | Rank::Pooled(_) => self.enter(candidates, classes, task, pending()),
        })
    }

    /// Receives that a task became ready, as [`Strategy::became_ready`].
    pub(super) fn add_ready(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
        task: TaskId,
    ) {
        // A member of a pool was on a host that was paused, and is in its place still.
        if !matches!(self.standing(task).rank, Rank::Pooled(_)) {
            let pending = Pending::of_ready(candidates, task);
            self.enter(candidates, classes, task, pending);
            self.list(task);
        }
    }

    /// Receives whether there are many candidates, as [`Strategy::follow`].
    pub(super) fn follow_many(
        &mut self,
        candidates: Option<&Candidates<'_>>,
        classes: &mut impl Classes,
    ) {
        match candidates {
            Some(candidates) => self.make_pools(candidates, classes),
            None => self.drop_pools(),
        }
    }

    /// Forgets the rank of what comes now, and of what races with it, as [`Strategy::step`].
    pub(super) fn begin(
        &mut self,
        candidates: &Candidates<'_>,
        classes: &mut impl Classes,
        index: usize,
    ) {
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
            self.add_ready(candidates, classes, task);
        }
    }
}

/// A division of the pending operations into classes.
pub(super) trait Classes {
    /// Returns the class of a task's pending operation; none is pending if the task is about to
    /// run to its next one.
    fn class(
        &mut self,
        candidates: &Candidates<'_>,
        task: TaskId,
        pending: impl FnOnce() -> Option<Pending>,
    ) -> Class;

    /// Returns `true` if the operations of a class may come next.
    fn allows(&self, class: Class) -> bool;

    /// Receives that an operation of a class would be next if it were allowed to.
    fn hold(&mut self, class: Class);
}

/// The operation that a task is about to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) operation: PendingOperation,
    /// `true` if the task begins it, `false` if it was woken from it.
    pub(super) begins: bool,
}

impl Pending {
    /// Returns that of a candidate.
    pub(super) fn of(candidates: &Candidates<'_>, index: usize, task: TaskId) -> Option<Self> {
        let point = candidates.point_of(index, task);
        Self::at_point(point).or_else(|| Self::woken(candidates.operation_of(index, task)?))
    }

    /// Returns that of a ready task.
    fn of_ready(candidates: &Candidates<'_>, task: TaskId) -> Option<Self> {
        let point = candidates.point_of_ready(task);
        Self::at_point(point).or_else(|| Self::woken(candidates.operation_of_ready(task)?))
    }

    fn at_point(point: Option<PendingOperation>) -> Option<Self> {
        point.map(|operation| Self {
            operation,
            begins: true,
        })
    }

    fn woken(operation: PendingOperation) -> Option<Self> {
        Some(Self {
            operation,
            begins: false,
        })
    }
}

/// One class, which is always allowed.
struct OneClass;

impl Classes for OneClass {
    #[inline]
    fn class(
        &mut self,
        _candidates: &Candidates<'_>,
        _task: TaskId,
        _pending: impl FnOnce() -> Option<Pending>,
    ) -> Class {
        Class::FREE
    }

    #[inline]
    fn allows(&self, _class: Class) -> bool {
        true
    }

    fn hold(&mut self, _class: Class) {}
}

impl Strategy for Pos {
    fn name(&self) -> &str {
        INFO.name
    }

    fn start(&mut self, seed: u64) {
        *self = Self::with(strategy_stream(seed));
    }

    fn pick(&mut self, candidates: &Candidates<'_>) -> usize {
        self.lowest(candidates, &mut OneClass).unwrap_or(0)
    }

    fn step(&mut self, candidates: &Candidates<'_>, index: usize) {
        self.begin(candidates, &mut OneClass, index);
    }

    fn became_ready(&mut self, candidates: &Candidates<'_>, task: TaskId) {
        self.add_ready(candidates, &mut OneClass, task);
    }

    fn follows_ready(&self) -> Following {
        Following::Many
    }

    fn follow(&mut self, candidates: Option<&Candidates<'_>>) {
        self.follow_many(candidates, &mut OneClass);
    }

    fn ended(&mut self, task: TaskId) {
        self.forget(task);
    }
}
