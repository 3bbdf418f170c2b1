//! Interruptions of plain tasks.
//!
//! Tokio's primitives take a unit of the task's cooperative budget at each operation, and the
//! task yields when none is left. A run that interrupts a plain task at its n-th operation spends
//! all but n - 1 units before the poll begins. Then every task that is ready, of tokio and of the
//! run, has a turn before it goes on. Most operations ask for their unit before they do anything.
//! A semaphore, and with it a lock and the `send` of a bounded channel, asks when it has its
//! permits: the task is interrupted with the lock in hand, and others wait for it.
//!
//! The choice is made before the poll, once for each: 0 is no interruption, n the operation. It
//! is recorded after the poll, because the task may wait or end before it has done so many
//! operations. Then it was not interrupted, and the choice counts as 0.

use std::panic::Location;

use rand_chacha::ChaCha8Rng;

use crate::ids::HostId;
use crate::schedule::strategy::ChoiceKind;
use crate::schedule::{PlainPath, Site, SiteId, below, interruption_stream};
use crate::time::VirtualTime;
use crate::trace::Interruption;

use super::{Core, Recording};

/// The treatment of plain tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlainTaskPolicy {
    /// The run chooses before each poll whether, and at which operation, the task is interrupted.
    #[default]
    Interrupted,
    /// Each poll goes on to its end. For libraries that count for the whole process what they
    /// put into hash maps: the order of such a map, and with it that of the operations, differs
    /// between two runs of a seed in one process.
    Whole,
}

/// `true` if plain tasks can be interrupted, which takes tokio's hooks: `cfg(tokio_unstable)`.
/// Where it is `false`, a run polls them in the same order under every seed.
pub const INTERRUPTS_PLAIN_TASKS: bool = cfg!(all(tokio_unstable, target_has_atomic = "64"));

/// The last operation of a poll at which a task is interrupted. Later ones are reached by
/// more than one interruption.
const OPERATIONS_MAX: u32 = 8;

/// The alternatives of a choice: no interruption, or the operation.
const BOUND: u32 = OPERATIONS_MAX + 1;

/// The rarest rate of interruptions is 1 in 2 to this power.
const RAREST: u32 = 4;

/// The state of interruptions.
pub(super) struct Interruptions {
    seed: u64,
    policy: PlainTaskPolicy,
    /// Made when it is first drawn from: most runs have no plain tasks.
    chance: Option<Box<Chance>>,
    planned: Option<Planned>,
    pub(super) made: Vec<Interruption>,
}

/// The interruptions of a run that draws them: one poll in a power of two that is drawn once.
struct Chance {
    rng: ChaCha8Rng,
    one_in: u32,
}

/// The interruption of the plain task that is being polled.
struct Planned {
    site: Option<SiteId>,
    /// The operation, from 1; 0 for none.
    operation: u32,
    /// Yields that tokio has forced in the run before the poll.
    yields: u64,
    host: HostId,
    spawned_at: &'static Location<'static>,
    path_hash: u64,
    path: PlainPath,
    poll: u32,
}

impl Interruptions {
    pub(super) fn new(seed: u64, policy: PlainTaskPolicy) -> Self {
        Self {
            seed,
            policy,
            chance: None,
            planned: None,
            made: Vec::new(),
        }
    }

    fn draw(&mut self) -> u32 {
        let seed = self.seed;
        self.chance
            .get_or_insert_with(|| Box::new(Chance::new(seed)))
            .operation()
    }
}

impl Chance {
    fn new(seed: u64) -> Self {
        let mut rng = interruption_stream(seed);
        let one_in = 1 << (below(&mut rng, RAREST) + 1);
        Self { rng, one_in }
    }

    /// Draws the operation at which a task is interrupted; 0 for none. Each is half as
    /// likely as the one before it: most polls do few operations.
    fn operation(&mut self) -> u32 {
        if below(&mut self.rng, self.one_in) != 0 {
            return 0;
        }
        let halves = below(&mut self.rng, 1 << (OPERATIONS_MAX - 1));
        (halves | 1 << (OPERATIONS_MAX - 1)).trailing_zeros() + 1
    }
}

#[cfg_attr(not(tokio_unstable), expect(dead_code, reason = "there are no hooks"))]
impl Core {
    /// Chooses the operation at which the plain task that is being polled is interrupted.
    pub(super) fn plan_interruption(&mut self) {
        let policy = self.interruptions.policy;
        if !INTERRUPTS_PLAIN_TASKS || policy == PlainTaskPolicy::Whole {
            return;
        }
        let addressed = self.spawn_tree.is_addressed();
        let Some(task) = self.plain_tasks.polled_mut() else {
            return;
        };
        if addressed && task.site.is_none() {
            task.site = Some(self.draws.site(Site::Interrupt(task.path.clone())));
        }
        let (strategy, own) = (&mut self.strategy, &mut self.interruptions);
        let operation = self.draws.plan_fault(task.site, BOUND, || {
            let chosen = strategy.choose(ChoiceKind::Interruption, BOUND);
            chosen.unwrap_or_else(|| own.draw())
        });
        let mut yields = 0;
        let mut path = PlainPath::default();
        if let Some(units) = operation.checked_sub(1) {
            budget::leave(units);
            yields = budget::forced_yields();
            path.clone_from(&task.path);
        }
        own.planned = Some(Planned {
            site: task.site,
            operation,
            yields,
            host: task.host,
            spawned_at: task.spawned_at,
            path_hash: task.path_hash,
            path,
            poll: task.polls,
        });
    }

    /// Records the choice after the poll: 0 if the task did not come to the operation.
    pub(super) fn record_interruption(&mut self, now: VirtualTime) {
        let Some(planned) = self.interruptions.planned.take() else {
            return;
        };
        let interrupts = planned.operation != 0
            && (budget::is_spent() || budget::forced_yields() != planned.yields);
        let value = if interrupts { planned.operation } else { 0 };
        self.draws.record_fault(planned.site, BOUND, value);
        if !interrupts {
            return;
        }
        self.statistics.interruptions += 1;
        let Planned {
            path_hash, poll, ..
        } = planned;
        self.happens_before.interrupted(path_hash, poll, value);
        self.record.interruption(now, path_hash, poll, value);
        if self.record.recording >= Recording::Full {
            self.interruptions.made.push(Interruption {
                choice: self.draws.recorded() - 1,
                host: self.hosts[planned.host].name.clone(),
                spawned_at: planned.spawned_at,
                path: planned.path,
                poll,
                operation: value,
            });
        }
    }
}

/// The cooperative budget of the plain task that is being polled.
#[cfg(all(tokio_unstable, target_has_atomic = "64"))]
mod budget {
    use std::task::{Context, Poll, Waker};

    use tokio::runtime::Handle;
    use tokio::task::coop::{has_budget_remaining, poll_proceed};

    /// More units than a budget has.
    const UNITS_MAX: u32 = 1 << 16;

    /// Leaves so many units, if there are as many.
    pub(super) fn leave(units: u32) {
        let mut cx = Context::from_waker(Waker::noop());
        let whole = poll_proceed(&mut cx);
        let mut all = 1;
        while spend(&mut cx) {
            all += 1;
            assert!(all < UNITS_MAX, "the budget of a plain task has an end");
        }
        // Dropped without progress, it restores what there was before.
        drop(whole);
        for _ in units..all {
            spend(&mut cx);
        }
    }

    /// Spends a unit. Returns `false` if there is none.
    fn spend(cx: &mut Context<'_>) -> bool {
        let has_unit = has_budget_remaining();
        if has_unit && let Poll::Ready(unit) = poll_proceed(cx) {
            unit.made_progress();
        }
        has_unit
    }

    pub(super) fn is_spent() -> bool {
        !has_budget_remaining()
    }

    /// Returns the number of times that a budget of the run was used up. A part of a task may
    /// restore the budget of the whole after it has used it up, but this number it leaves.
    pub(super) fn forced_yields() -> u64 {
        Handle::current().metrics().budget_forced_yield_count()
    }
}

#[cfg(not(all(tokio_unstable, target_has_atomic = "64")))]
mod budget {
    pub(super) fn leave(_: u32) {}

    pub(super) fn is_spent() -> bool {
        false
    }

    pub(super) fn forced_yields() -> u64 {
        0
    }
}
