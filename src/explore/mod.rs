//! Many schedules of one scenario, on many threads: what they came to.
//!
//! [`sample`] plays seeds, each by the strategy that the seed draws. [`search`]
//! plays every schedule of a seed that leaves the boring one a few times at most.
//! What comes out does not depend on the number of threads, but for times.

mod coverage;
mod crew;
mod keeper;
mod report;
mod sample;
mod search;
mod shard;
mod tally;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rehearsal_sim::PickDeviation;

pub use crate::clock::now;
use crate::exit::Exit;
use crate::run::StrategyName;
use crate::scenario::{ExpectedVerdict, Goal, Scenario};
use crate::signature::Signature;
use crate::sweep::Seeds;

pub use self::coverage::{Coverage, Unseen};
pub use self::report::{finding, summary};
pub use self::sample::sample;
pub use self::search::search;
pub use self::shard::Shard;
pub use self::tally::{Finding, Tally};

/// How to explore.
#[derive(Debug)]
pub struct Options<'a> {
    /// Who picks the next task.
    pub strategy: StrategyName,
    /// Threads that play.
    pub jobs: NonZeroUsize,
    /// Where the log of failures and the repros go.
    pub out: &'a Path,
    /// No seed and no schedule is begun after this. The first always is.
    pub deadline: Option<Instant>,
    /// A search plays at most so many schedules.
    pub max_runs: Option<u64>,
    /// Once it is true, nothing more is begun.
    pub stop: &'a AtomicBool,
}

impl Options<'_> {
    /// Whether somebody wants it to end.
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| now() >= deadline)
    }
}

/// Which run of an exploration: a seed and, in a search, where it leaves the
/// boring schedule. In the order of a search's report: seed, then the fewest
/// deviations, then the first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RunKey {
    /// The seed.
    pub seed: u64,
    count: usize,
    deviations: Vec<PickDeviation>,
}

impl RunKey {
    /// The run of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self::of_schedule(seed, Vec::new())
    }

    /// The run of a seed that leaves the boring schedule there.
    pub fn of_schedule(seed: u64, deviations: Vec<PickDeviation>) -> Self {
        Self {
            seed,
            count: deviations.len(),
            deviations,
        }
    }

    /// Where it leaves the boring schedule; empty for a seed.
    pub fn deviations(&self) -> &[PickDeviation] {
        &self.deviations
    }
}

/// What an exploration came to.
#[derive(Debug)]
pub struct Exploration {
    /// What was asked for.
    pub strategy: StrategyName,
    /// What was counted.
    pub tally: Tally,
    /// Seeds that were played to the end.
    pub seeds: u64,
    /// The first seed that was to be played; none in an empty shard.
    pub first: Option<u64>,
    /// Seeds that were not, because it was interrupted or its time was up.
    pub remaining: Option<Seeds>,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
    /// What the search says of itself, if it was one.
    pub search: Option<Search>,
    /// The repro of each signature; what could not be written is missing.
    pub repros: BTreeMap<Signature, PathBuf>,
    /// How long it took.
    pub wall: Duration,
}

/// What a search played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Search {
    /// Most deviations from the boring schedule.
    pub bound: u32,
    /// Schedules played.
    pub schedules: u64,
    /// About how many there would be, judged by each seed's boring one.
    pub estimate: u64,
    /// Whether every schedule within the bound was played.
    pub complete: bool,
}

impl Exploration {
    /// How the exploration of `scenario` ends. `whole` says that it was meant to
    /// be all of it, and no shard.
    pub fn exit(&self, scenario: &Scenario, whole: bool) -> Exit {
        let mut worst = Exit::Pass;
        for verdict in self.tally.verdicts.keys() {
            worst = worse(worst, verdict.exit());
        }
        if whole && !self.missing(scenario).is_empty() {
            worst = worse(worst, Exit::Violation);
        }
        let cut_short = self.interrupted && self.remaining.is_some();
        let open = self.search.is_some_and(|search| !search.complete);
        if cut_short || open {
            worst = worse(worst, Exit::Unknown);
        }
        worst
    }

    /// The `sometimes` goals that a healthy scenario ought to have reached by
    /// now, and has not.
    pub fn missing(&self, scenario: &Scenario) -> Vec<Goal> {
        let enough = self.seeds >= u64::from(scenario.seeds);
        if !enough || self.search.is_some() || scenario.expect.verdict != ExpectedVerdict::Pass {
            return Vec::new();
        }
        self.unreached(scenario)
    }

    /// The `sometimes` goals that no run has reached.
    pub fn unreached(&self, scenario: &Scenario) -> Vec<Goal> {
        let wanted = scenario.expect.sometimes.iter().copied();
        wanted
            .filter(|goal| !self.tally.goals.contains_key(goal))
            .collect()
    }

    /// Runs a second.
    pub fn runs_per_second(&self) -> f64 {
        per_second(self.tally.runs as f64, self.wall)
    }
}

fn per_second(count: f64, time: Duration) -> f64 {
    // Shorter than a microsecond is no measurement.
    count / time.as_secs_f64().max(1e-6)
}

/// Of two ends, the one that matters more: a run that cannot be trusted, then a
/// violation, then a run that is stuck, then one of which nothing is known.
pub fn worse(a: Exit, b: Exit) -> Exit {
    let rank = |exit| match exit {
        Exit::Nondeterminism => 4,
        Exit::Violation => 3,
        Exit::Stuck => 2,
        Exit::Unknown => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// Who hears how an exploration goes on.
pub trait Audience {
    /// A failure whose signature is new.
    ///
    /// # Errors
    ///
    /// If it cannot be shown; then the exploration ends.
    fn failure(&mut self, finding: &Finding) -> io::Result<()>;

    /// A search knows about how many schedules there are.
    ///
    /// # Errors
    ///
    /// As [`Audience::failure`].
    fn estimate(&mut self, seed: u64, search: Search) -> io::Result<()>;

    /// Something is wrong that does not end the exploration.
    fn warning(&mut self, text: &str);

    /// How it goes. Called often.
    fn progress(&mut self, progress: &Progress);
}

/// How an exploration goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// Runs done.
    pub done: u64,
    /// Runs in all, as far as that is known.
    pub total: Option<u64>,
    /// Runs that failed.
    pub failures: u64,
    /// Virtual milliseconds so far.
    pub virtual_ms: u64,
    /// Real time so far.
    pub elapsed: Duration,
    /// Real time until the deadline, if there is one.
    pub deadline_in: Option<Duration>,
}

impl Progress {
    /// Runs a second.
    pub fn rate(&self) -> f64 {
        per_second(self.done as f64, self.elapsed)
    }

    /// Virtual seconds in a real one.
    pub fn speed(&self) -> f64 {
        per_second(self.virtual_ms as f64 / 1_000.0, self.elapsed)
    }

    /// About how long it will take yet.
    pub fn left(&self) -> Option<Duration> {
        let of_runs = self.total.filter(|_| self.done > 0).and_then(|total| {
            let left = total.saturating_sub(self.done) as f64;
            Duration::try_from_secs_f64(left / self.rate().max(1e-6)).ok()
        });
        of_runs.into_iter().chain(self.deadline_in).min()
    }

    /// The share that is done, from 0 to 1; none if there is no end.
    pub fn share(&self) -> Option<f64> {
        let left = self.left()?.as_secs_f64();
        let elapsed = self.elapsed.as_secs_f64();
        Some(elapsed / (elapsed + left).max(1e-6))
    }
}
