//! The beginning of an exploration by the portfolio: every schedule of the first seed with one
//! deviation, where these are few.
//!
//! Some failures need only one deviation from the default schedule, and a strategy that draws
//! meets some of these schedules late. All of them are run first if there are few beside the
//! seeds. They are extra runs: seeds keep their number and their meaning.

use std::io;

use rehearsal_sim::Exhaustive;

use super::failure_store::FailureStore;
use super::search::SearchState;
use super::totals::{Executed, Totals};
use super::{Beginning, Options, Reporter, Search, now};
use crate::run::seeds::Seeds;
use crate::run::{RunOptions, StrategyName};
use crate::target::{Target, run_deviating};

/// Most deviations of the schedules.
const BOUND: u32 = 1;

/// The schedules are run if the seeds are at least this many times as many.
const PART: u64 = 4;

/// The most schedules, however many seeds there are.
const MOST: u64 = 2_500;

/// The search that an exploration began with.
#[derive(Debug)]
pub struct BegunWith {
    /// The seed.
    pub seed: u64,
    /// Its extent.
    pub search: Search,
    /// The counts of its runs, which are not among those of the seeds.
    pub totals: Totals,
}

/// Runs the schedules, if the options say so and there are few. Also returns the first
/// unexpected failure, if that ends the exploration.
pub(super) fn begin(
    target: &dyn Target,
    seeds: &Seeds,
    options: &Options<'_>,
    store: &FailureStore<'_>,
    reporter: &mut dyn Reporter,
) -> io::Result<Option<(BegunWith, Option<Executed>)>> {
    let (seed, size) = match options.beginning {
        Beginning::Seeds => return Ok(None),
        Beginning::Search => (seeds.first(), seeds.size()),
        Beginning::SearchOf { first, size } => (first, size),
    };
    let most = size.map_or(MOST, |size| MOST.min(size / PART));
    if !options.strategy.is_portfolio() || most == 0 || options.is_stopped() {
        return Ok(None);
    }
    let options = Options {
        max_runs: Some(most),
        // Of a limited time, the seeds have the greater part.
        deadline: options.deadline.map(|end| {
            let now = now();
            now + end.saturating_duration_since(now) / 4
        }),
        ..*options
    };
    if estimate(target, seed) > most {
        return Ok(None);
    }
    let search = Exhaustive::new(BOUND);
    let strategy = StrategyName::exhaustive(BOUND);
    let mut state = SearchState::new(target, strategy, &search, &options, store);
    let frontier = state.default_schedule(seed);
    let complete = match &state.unexpected {
        Some(_) => false,
        None => state.rest(seed, &frontier, reporter)?,
    };
    let search = Search {
        complete,
        ..state.so_far()
    };
    let unexpected = state.unexpected.take();
    let totals = std::mem::take(&mut state.totals);
    for failure in totals.failures.values() {
        reporter.failure(failure)?;
    }
    let begun = BegunWith {
        seed,
        search,
        totals,
    };
    reporter.begun(&begun)?;
    Ok(Some((begun, unexpected)))
}

/// Returns about how many schedules there are, by the picks of the default one. That run is for
/// its picks only; if the search begins, its first run is the same once more.
fn estimate(target: &dyn Target, seed: u64) -> u64 {
    let options = RunOptions::new(seed, StrategyName::exhaustive(BOUND));
    let (_, picks) = run_deviating(target, options, &[]);
    let mut search = Exhaustive::new(BOUND);
    search.learn(&[], &picks);
    search.estimate()
}
