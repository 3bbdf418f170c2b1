//! The choices of a crash: which of the changes to a disk that are not durable survive it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;

use crate::ambient::WALL_CLOCK_START;
use crate::ids::HostId;
use crate::schedule::strategy::ChoiceKind;
use crate::schedule::{Site, below, durability_stream};
use crate::trace::{DiskLoss, Effect, LostChange};

use super::{Engine, Recording};

/// The state of the losses of crashes.
pub(super) struct Losses {
    seed: u64,
    /// Made when it is first drawn from: most runs have no disks.
    rng: Option<Box<ChaCha8Rng>>,
    pub(super) made: Vec<DiskLoss>,
}

/// The severity of a crash that is left to chance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Severity {
    /// Everything survives, as where a process crashes and its machine does not.
    Nothing,
    /// Nothing survives that is not durable, as where the power fails.
    Everything,
    /// Each change by itself.
    Some,
}

/// The alternatives for one or several changes that a crash may lose: 0, everything survives,
/// and others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alternatives {
    pub(crate) bound: u32,
    /// The alternative in which the most is lost.
    pub(crate) worst: u32,
}

impl Losses {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            rng: None,
            made: Vec::new(),
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        let seed = self.seed;
        let rng = self
            .rng
            .get_or_insert_with(|| Box::new(durability_stream(seed)));
        below(rng, bound)
    }

    fn draw(&mut self, severity: Severity, alternatives: Alternatives) -> u32 {
        match severity {
            Severity::Nothing => 0,
            Severity::Everything => alternatives.worst,
            Severity::Some => match self.below(2) {
                0 => 0,
                _ => 1 + self.below(alternatives.bound - 1),
            },
        }
    }
}

impl Engine {
    /// Draws how much the next crash loses, where that is left to chance: a quarter of the
    /// crashes nothing, a quarter everything.
    pub(crate) fn draw_severity(&self) -> Severity {
        match self.core.borrow_mut().losses.below(4) {
            0 => Severity::Nothing,
            1 => Severity::Everything,
            _ => Severity::Some,
        }
    }

    /// Chooses what survives, in the crash of a host, of a change to its disk. There are at least
    /// two alternatives.
    pub(crate) fn choose_loss(
        &self,
        host: HostId,
        severity: Severity,
        alternatives: Alternatives,
    ) -> u32 {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let name = core.hosts[host].name.clone();
        let site = Some(core.draws.site(Site::Durability(name)));
        let (strategy, losses) = (&mut core.strategy, &mut core.losses);
        let bound = alternatives.bound;
        core.draws.choose_fault(site, bound, || {
            let chosen = strategy.choose(ChoiceKind::Durability, bound);
            chosen.unwrap_or_else(|| losses.draw(severity, alternatives))
        })
    }

    /// Records what the choice made last has taken.
    pub(crate) fn record_loss(&self, host: HostId, change: LostChange, line: Option<String>) {
        let mut core = self.core.borrow_mut();
        let mut loss = DiskLoss {
            choice: 0,
            host: core.hosts[host].name.clone(),
            change,
            line,
        };
        if core.record.recording >= Recording::Full {
            loss.choice = core.draws.recorded() - 1;
            core.losses.made.push(loss.clone());
        }
        let what = loss.effect();
        core.record(self.now(), Effect::Fault { what });
    }

    /// Returns the line of user code that runs, if the recording is full.
    pub(crate) fn recorded_call_site(&self) -> Option<String> {
        let is_recorded = self.core.borrow().record.recording >= Recording::Full;
        is_recorded
            .then(rehearsal_hermetic::own_call_site)
            .flatten()
    }

    /// Returns the wall clock of a host.
    pub(crate) fn wall_clock(&self, host: HostId) -> SystemTime {
        let now = self.now();
        let shift = self.core.borrow().hosts[host].clock_shift(now);
        let elapsed = Duration::from_micros(now.as_micros());
        let right = UNIX_EPOCH + WALL_CLOCK_START + elapsed;
        let skew = Duration::from_micros(shift.unsigned_abs());
        let shown = match shift < 0 {
            true => right.checked_sub(skew),
            false => right.checked_add(skew),
        };
        shown.unwrap_or(right)
    }
}
