//! Seeds, each run once.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::beginning::{self, BegunWith};
use super::failure_store::FailureStore;
use super::meter::Meter;
use super::totals::{Executed, Expectedness, Totals};
use super::workers::{Results, run_workers};
use super::{Exploration, Keep, Options, Reporter, RunKey, run_seed};
use crate::run::seeds::Seeds;
use crate::run::signature::Signature;
use crate::target::{self, Profiles, Target};

/// Runs seeds in parallel and counts them in their order.
pub(super) fn sample(
    target: &dyn Target,
    seeds: Option<&Seeds>,
    options: &Options<'_>,
    reporter: &mut dyn Reporter,
) -> io::Result<Exploration> {
    let store = FailureStore::new(target, options.keep, options.out);
    let begun = match seeds {
        Some(seeds) => beginning::begin(target, seeds, options, &store, reporter)?,
        None => None,
    };
    let (begun_with, unexpected) = begun.unzip();
    let mut unexpected: Option<Executed> = unexpected.flatten();
    let known = |signature: &Signature| {
        let begun: Option<&BegunWith> = begun_with.as_ref();
        begun.is_some_and(|begun| begun.totals.failures.contains_key(signature))
    };
    let mut meter = Meter::new(seeds.and_then(Seeds::size), options.deadline);
    let mut totals = Totals::default();
    if let Some(seeds) = seeds.filter(|_| unexpected.is_none()) {
        let queue = Queue::new(seeds);
        let profiles = Profiles::default();
        let mut row = InOrder::default();
        let work = |results: &Results<'_, (u64, io::Result<Executed>)>| {
            while let Some((index, seed)) = queue.take(options) {
                let run = run_and_keep(target, seed, &queue, &profiles, options, &store);
                if !results((index, run)) {
                    return;
                }
            }
        };
        run_workers(options.jobs, work, |result| {
            for warning in store.warnings() {
                reporter.warning(&warning);
            }
            if let Some((index, run)) = result {
                let run = run?;
                meter.add(&run);
                row.put(index, run);
            }
            while let Some(run) = row.next().filter(|_| unexpected.is_none()) {
                let failure = totals.add(&run).cloned();
                reporter.run(&run, &totals)?;
                if let Some(failure) = failure.filter(|failure| !known(&failure.signature)) {
                    reporter.failure(&failure)?;
                }
                if ends(&run, options.keep) {
                    unexpected = Some(run);
                }
            }
            reporter.progress(meter.read())
        })?;
    }
    for warning in store.warnings() {
        reporter.warning(&warning);
    }
    let done = totals.runs;
    Ok(Exploration {
        strategy: options.strategy,
        totals,
        seeds: done,
        first: seeds.map(Seeds::first),
        remaining: seeds.and_then(|seeds| {
            let next = seeds.first().checked_add(done)?;
            Seeds::between(next, seeds.last())
        }),
        interrupted: options.is_stopped(),
        unexpected,
        search: None,
        begun_with,
        repros: store.into_repros(),
        wall: meter.elapsed(),
    })
}

/// Returns `true` if nothing is to be run after that run.
pub(super) fn ends(run: &Executed, keep: Keep) -> bool {
    keep == Keep::FirstUnexpected && run.expectedness == Expectedness::Unexpected
}

/// Runs a seed and, if it fails, writes that to the disk at once.
fn run_and_keep(
    target: &dyn Target,
    seed: u64,
    queue: &Queue,
    profiles: &Profiles,
    options: &Options<'_>,
    store: &FailureStore<'_>,
) -> io::Result<Executed> {
    let (how, report) = run_seed(target, seed, queue.first, options, profiles);
    let key = RunKey::of_seed(seed);
    let mut run = Executed::new(key, &report, target.expected().verdict);
    store.keep(&mut run, &report, || {
        target::run_with(target, how.recorded(), profiles)
    });
    if let Some(describe) = options.describe {
        run.text = Some(describe(&report, run.repro.as_deref())?);
    }
    if ends(&run, options.keep) {
        queue.close();
    }
    Ok(run)
}

/// Seeds that no worker has taken yet. They are taken in order, so that those that
/// were taken are always the first ones.
struct Queue {
    first: u64,
    /// None for all seeds that there are.
    size: Option<u64>,
    taken: AtomicU64,
    closed: AtomicBool,
}

impl Queue {
    fn new(seeds: &Seeds) -> Self {
        Self {
            first: seeds.first(),
            size: seeds.size(),
            taken: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// Ends the row before the next seed.
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Returns the next seed and its number in the row, if there is one and it is wanted.
    fn take(&self, options: &Options<'_>) -> Option<(u64, u64)> {
        if options.is_stopped() || self.closed.load(Ordering::Relaxed) {
            return None;
        }
        // The first is run however late it is.
        if self.taken.load(Ordering::Relaxed) > 0 && options.is_late() {
            return None;
        }
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.size.is_some_and(|size| index >= size) {
            return None;
        }
        Some((index, self.first.checked_add(index)?))
    }
}

/// Puts items that come in any order into a row.
struct InOrder<T> {
    next: u64,
    early: BTreeMap<u64, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            next: 0,
            early: BTreeMap::new(),
        }
    }
}

impl<T> InOrder<T> {
    fn put(&mut self, index: u64, item: T) {
        self.early.insert(index, item);
    }

    /// Returns the next in the row, if it has come.
    fn next(&mut self) -> Option<T> {
        let item = self.early.remove(&self.next)?;
        self.next += 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_results_wait_for_their_turn() {
        let mut row = InOrder::default();
        row.put(1, 'b');
        assert_eq!(row.next(), None);
        row.put(0, 'a');
        row.put(3, 'd');
        assert_eq!(
            [row.next(), row.next(), row.next()],
            [Some('a'), Some('b'), None]
        );
    }
}
