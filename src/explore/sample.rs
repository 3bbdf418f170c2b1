//! Seeds, each run once.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

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
            let _closing = ClosedAtTheEnd(&queue);
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
            queue.counted(row.next);
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

/// Seeds that may be taken while an earlier one is still run. Their results wait for its result,
/// so without a limit a seed that takes long would fill the memory with them.
const AHEAD_MAX: u64 = 1 << 15;

/// The interval at which a worker that waits looks whether there is more to run at all.
const TICK: Duration = Duration::from_millis(100);

/// Seeds that no worker has taken yet. They are taken in order, so that those that
/// were taken are always the first ones.
struct Queue {
    first: u64,
    /// None for all seeds that there are.
    size: Option<u64>,
    taken: AtomicU64,
    closed: AtomicBool,
    /// The number of results that have come, up to the first that has not.
    counted: Mutex<u64>,
    more_counted: Condvar,
}

impl Queue {
    fn new(seeds: &Seeds) -> Self {
        Self {
            first: seeds.first(),
            size: seeds.size(),
            taken: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            counted: Mutex::default(),
            more_counted: Condvar::new(),
        }
    }

    /// Ends the row before the next seed.
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.more_counted.notify_all();
    }

    /// Notes that so many results have come, in the order of their seeds.
    fn counted(&self, counted: u64) {
        let mut before = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != counted {
            *before = counted;
            self.more_counted.notify_all();
        }
    }

    fn is_too_far_ahead(&self, counted: u64) -> bool {
        self.taken.load(Ordering::Relaxed) >= counted.saturating_add(AHEAD_MAX)
    }

    /// Waits while too many seeds are ahead of one whose result has not come.
    fn wait(&self, options: &Options<'_>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_too_far_ahead(*counted)
            && !(self.closed.load(Ordering::Relaxed) || options.is_stopped() || options.is_late())
        {
            let waited = self.more_counted.wait_timeout(counted, TICK);
            counted = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns the next seed and its number in the row, if there is one and it is wanted.
    fn take(&self, options: &Options<'_>) -> Option<(u64, u64)> {
        self.wait(options);
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

/// Closes the queue when a worker ends: there are no seeds left, or nothing takes its results any
/// more, for which others must not wait.
struct ClosedAtTheEnd<'a>(&'a Queue);

impl Drop for ClosedAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
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
    use std::path::Path;

    use super::*;
    use crate::run::StrategyName;

    fn queue_of(size: u64) -> Queue {
        Queue::new(&Seeds::count(size).expect("a seed"))
    }

    fn options(stop: &AtomicBool) -> Options<'_> {
        let out = Path::new("unused");
        Options {
            stop,
            ..Options::one_by_one(StrategyName::RANDOM, out, Keep::Nothing)
        }
    }

    #[test]
    fn seed_that_takes_long_holds_up_those_far_behind_it() {
        let (stop, queue) = (AtomicBool::new(false), queue_of(AHEAD_MAX + 2));
        let options = options(&stop);
        for index in 0..AHEAD_MAX {
            assert!(!queue.is_too_far_ahead(0));
            assert_eq!(queue.take(&options), Some((index, index)));
        }
        assert!(queue.is_too_far_ahead(0));
        // The first result lets one more begin, and the second another.
        let taken = std::thread::scope(|scope| {
            let other = scope.spawn(|| [queue.take(&options), queue.take(&options)]);
            queue.counted(1);
            queue.counted(2);
            other.join().expect("no panic")
        });
        let next = [AHEAD_MAX, AHEAD_MAX + 1];
        assert_eq!(taken, next.map(|index| Some((index, index))));
    }

    #[test]
    fn worker_that_waits_ends_with_the_queue() {
        let (stop, queue) = (AtomicBool::new(false), queue_of(u64::MAX));
        let options = options(&stop);
        queue.taken.store(AHEAD_MAX, Ordering::Relaxed);
        let taken = std::thread::scope(|scope| {
            let other = scope.spawn(|| queue.take(&options));
            drop(ClosedAtTheEnd(&queue));
            other.join().expect("no panic")
        });
        assert_eq!(taken, None);
        let queue = queue_of(u64::MAX);
        queue.taken.store(AHEAD_MAX, Ordering::Relaxed);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(queue.take(&options), None);
    }

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
