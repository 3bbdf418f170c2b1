//! Many runs of one target: all of a sequence of seeds, or every schedule of a seed
//! within a bound.
//!
//! [`explore`] is the one way to run more than one seed: `cargo test`, `rehearsal run`
//! and `rehearsal explore` differ in [`Options`] and in the [`Reporter`]. The results do
//! not depend on the number of workers, except for times.

mod beginning;
mod coverage;
pub mod determinism;
mod failure_store;
pub(crate) mod json;
mod meter;
mod sample;
mod search;
mod shard;
mod shortfall;
pub(crate) mod summary;
mod totals;
mod workers;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rehearsal_history::Amount;
use rehearsal_sim::{PickDeviation, Scope};

pub use crate::clock::now;
use crate::exit::Exit;
use crate::repro::remove_surplus;
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;
use crate::run::{RunOptions, RunReport, StrategyName};
use crate::target::{self, Profiles, Target};
use crate::watchdog;

pub use self::beginning::BegunWith;
pub use self::coverage::{Coverage, Unseen};
pub use self::meter::Progress;
pub use self::shard::Shard;
pub use self::shortfall::Shortfall;
pub use self::totals::{Events, Executed, Expectedness, FailureGroup, Totals};
pub(crate) use self::workers::run_workers;

/// The manner of an exploration.
pub struct Options<'a> {
    /// The strategy.
    pub strategy: StrategyName,
    /// Worker threads.
    pub jobs: NonZeroUsize,
    /// The directory of repros, and of the log of failures.
    pub out: &'a Path,
    /// The failures that are written there.
    pub keep: Keep,
    /// The seeds that are run twice.
    pub repeat: Repeat,
    /// No seed and no schedule is begun after this. The first always is.
    pub deadline: Option<Instant>,
    /// The most schedules of a search.
    pub max_runs: Option<u64>,
    /// The beginning of an exploration by the portfolio.
    pub beginning: Beginning,
    /// Once it is true, nothing more is begun.
    pub stop: &'a AtomicBool,
    /// Makes a text of each run, whose repro is in that file, for the reporter.
    pub describe: Option<&'a Describe<'a>>,
}

/// Makes a text of a run, whose repro is in that file.
pub type Describe<'a> = dyn Fn(&RunReport, Option<&Path>) -> io::Result<String> + Sync + 'a;

/// The failures that are written to files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// A repro of each failing seed, of the first few of each signature.
    Each,
    /// A repro of the first failure that the target does not expect; it ends the
    /// exploration.
    FirstUnexpected,
    /// A line in a log for each, and a repro of the first of each signature.
    FirstOfEachKind,
    /// None.
    Nothing,
}

/// The beginning of an exploration by the portfolio. Other strategies begin with their seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// The seeds.
    Seeds,
    /// Every schedule of the first seed with at most one deviation, if these are few beside
    /// the seeds; then the seeds.
    Search,
    /// As [`Beginning::Search`], but of all the seeds of which these are a part.
    SearchOf {
        /// The first of all.
        first: u64,
        /// The number of all; none for every seed that there is.
        size: Option<u64>,
    },
}

/// The seeds that are run twice, to see whether both runs are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// None.
    Never,
    /// The first.
    First,
    /// All.
    Each,
}

impl<'a> Options<'a> {
    /// Returns options to run the seeds one after the other on this thread.
    pub fn one_by_one(strategy: StrategyName, out: &'a Path, keep: Keep) -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            strategy,
            jobs: NonZeroUsize::MIN,
            out,
            keep,
            repeat: Repeat::Never,
            deadline: None,
            max_runs: None,
            beginning: Beginning::Seeds,
            stop: &NEVER,
            describe: None,
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| now() >= deadline)
    }
}

/// Runs seeds of a target: each once or, with an exhaustive strategy, under every
/// schedule within the bound. Without seeds (an empty shard) nothing is run.
///
/// # Errors
///
/// If the reporter cannot show something, or no thread can be started.
pub fn explore(
    target: &dyn Target,
    seeds: Option<&Seeds>,
    options: &Options<'_>,
    reporter: &mut dyn Reporter,
) -> io::Result<Exploration> {
    let out = (options.keep != Keep::Nothing).then_some(options.out);
    if let Some(out) = out {
        remove_surplus(out);
    }
    watchdog::watch(target, out, || match options.strategy.search() {
        Some(search) => search::search(target, seeds, &search, options, reporter),
        None => sample::sample(target, seeds, options, reporter),
    })
}

/// The identity of a run in an exploration: a seed and, in a search, where it leaves the
/// default schedule. In the order of a search's report: seed, then the fewest
/// deviations, then the first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RunKey {
    /// The seed.
    pub seed: u64,
    count: usize,
    deviations: Vec<PickDeviation>,
}

impl RunKey {
    /// Returns the run of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self::of_schedule(seed, Vec::new())
    }

    /// Returns the run of a seed that leaves the default schedule there.
    pub fn of_schedule(seed: u64, deviations: Vec<PickDeviation>) -> Self {
        Self {
            seed,
            count: deviations.len(),
            deviations,
        }
    }

    /// Returns where it leaves the default schedule; empty for a seed.
    pub fn deviations(&self) -> &[PickDeviation] {
        &self.deviations
    }
}

/// The result of an exploration.
#[derive(Debug)]
pub struct Exploration {
    /// The strategy that was asked for.
    pub strategy: StrategyName,
    /// The counts.
    pub totals: Totals,
    /// Seeds that were run to the end.
    pub seeds: u64,
    /// The first seed to be run; none in an empty shard.
    pub first: Option<u64>,
    /// Seeds that were not, because it was interrupted or its time was up.
    pub remaining: Option<Seeds>,
    /// `true` if it was interrupted.
    pub interrupted: bool,
    /// The first unexpected failure, if that ended it.
    pub unexpected: Option<Executed>,
    /// The extent of the search, if it was one.
    pub search: Option<Search>,
    /// The search that it began with, if it did.
    pub begun_with: Option<BegunWith>,
    /// The repro of each signature; those that could not be written are missing.
    pub repros: BTreeMap<Signature, PathBuf>,
    /// Real time that it took.
    pub wall: Duration,
}

/// The extent of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Search {
    /// The choices that it goes through.
    pub scope: Scope,
    /// Most deviations from the default schedule.
    pub bound: u32,
    /// Schedules that were run.
    pub schedules: u64,
    /// About how many there are, estimated from the default schedule.
    pub estimate: u64,
    /// `true` if every schedule within the bound was run.
    pub complete: bool,
}

impl Exploration {
    /// Returns the exit code of the exploration of `target`. `whole` is false for a
    /// shard.
    pub fn exit(&self, target: &dyn Target, whole: bool) -> Exit {
        self.exit_within(target, whole, None)
    }

    /// Returns the exit code, of which failures are no part if no greater share of the runs
    /// than that failed.
    pub fn exit_within(&self, target: &dyn Target, whole: bool, share: Option<Amount>) -> Exit {
        let excused = share.is_some_and(|share| self.failure_rate() <= Some(share));
        let mut worst = Exit::Pass;
        let begun_with = self.begun_with.iter();
        let verdicts = begun_with.flat_map(|begun| begun.totals.verdicts.keys());
        for verdict in self.totals.verdicts.keys().chain(verdicts) {
            if !(excused && verdict.is_of_the_system()) {
                worst = worst.worst(verdict.exit());
            }
        }
        if whole && !self.missing(target).is_empty() {
            worst = worst.worst(Exit::Violation);
        }
        let cut_short = self.interrupted && self.remaining.is_some();
        let open = self.search.is_some_and(|search| !search.complete);
        if cut_short || open {
            worst = worst.worst(Exit::Unknown);
        }
        worst
    }

    /// Returns the share of runs that failed; none if there were no runs.
    pub fn failure_rate(&self) -> Option<Amount> {
        Amount::ratio(self.totals.failed_runs(), self.totals.runs)
    }

    /// Returns the failures of seeds and of the search that it began with, by signature. Of
    /// those that both have, the counts are added up, and the first is the search's.
    pub fn failures(&self) -> BTreeMap<&Signature, FailureGroup> {
        let begun_with = self.begun_with.iter();
        let searched = begun_with.flat_map(|begun| begun.totals.failures.values());
        let mut all: BTreeMap<&Signature, FailureGroup> = BTreeMap::new();
        for group in searched.chain(self.totals.failures.values()) {
            let known = all.entry(&group.signature);
            known
                .and_modify(|known| known.count += group.count)
                .or_insert_with(|| group.clone());
        }
        all
    }

    /// Returns runs a second.
    pub fn runs_per_second(&self) -> f64 {
        per_second(self.totals.runs as f64, self.wall)
    }
}

/// Returns a rate.
pub(crate) fn per_second(count: f64, time: Duration) -> f64 {
    // Shorter than a microsecond is no measurement.
    count / time.as_secs_f64().max(1e-6)
}

/// Receives the course of an exploration.
pub trait Reporter {
    /// Receives a run, in the order of the seeds, and the totals with it. Schedules of a
    /// search are only counted.
    ///
    /// # Errors
    ///
    /// If it cannot be shown; then the exploration ends.
    fn run(&mut self, _run: &Executed, _totals: &Totals) -> io::Result<()> {
        Ok(())
    }

    /// Receives the search before the seeds, when it has ended and no seed has begun.
    ///
    /// # Errors
    ///
    /// As [`Reporter::run`].
    fn begun(&mut self, _begun: &BegunWith) -> io::Result<()> {
        Ok(())
    }

    /// Receives a failure whose signature is new.
    ///
    /// # Errors
    ///
    /// As [`Reporter::run`].
    fn failure(&mut self, _failure: &FailureGroup) -> io::Result<()> {
        Ok(())
    }

    /// Receives the expected number of schedules of a search.
    ///
    /// # Errors
    ///
    /// As [`Reporter::run`].
    fn estimate(&mut self, _seed: u64, _search: Search) -> io::Result<()> {
        Ok(())
    }

    /// Receives a problem that does not end the exploration.
    fn warning(&mut self, text: &str);

    /// Receives the progress. Called often.
    ///
    /// # Errors
    ///
    /// As [`Reporter::run`].
    fn progress(&mut self, _progress: &Progress) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a seed, twice if that is asked for.
fn run_seed(
    target: &dyn Target,
    seed: u64,
    first: u64,
    options: &Options<'_>,
    profiles: &Profiles,
) -> (RunOptions, RunReport) {
    let how = RunOptions::new(seed, options.strategy);
    let twice = match options.repeat {
        Repeat::Never => false,
        Repeat::First => seed == first,
        Repeat::Each => true,
    };
    let report = if twice {
        determinism::run_twice(target, how.clone())
    } else {
        target::run_with(target, how.clone(), profiles)
    };
    (how, report)
}
