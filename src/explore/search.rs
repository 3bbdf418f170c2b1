//! Every schedule of a seed within a bound.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rehearsal_sim::{Exhaustive, PickDeviation, Scope};

use super::failure_store::FailureStore;
use super::meter::Meter;
use super::totals::{Executed, Totals};
use super::workers::{Results, run_workers};
use super::{Exploration, Options, Reporter, RunKey, Search};
use crate::run::RunOptions;
use crate::run::seeds::Seeds;
use crate::target::{Target, run_deviating};

/// Runs every schedule of each seed that leaves the default one as that search does;
/// what the world draws is drawn from the seed.
pub(super) fn search(
    target: &dyn Target,
    seeds: Option<&Seeds>,
    search: &Exhaustive,
    options: &Options<'_>,
    reporter: &mut dyn Reporter,
) -> io::Result<Exploration> {
    let mut state = SearchState {
        target,
        scope: search.scope(),
        bound: search.bound(),
        options,
        store: FailureStore::new(target, options.keep, options.out),
        meter: Meter::new(None, options.deadline),
        totals: Totals::default(),
        estimate: 0,
    };
    let mut remaining = seeds.cloned();
    let mut searched = 0;
    while let Some(ahead) = remaining.take() {
        let complete = !options.is_stopped() && state.seed(ahead.first(), reporter)?;
        if !complete {
            remaining = Some(ahead);
            break;
        }
        searched += 1;
        let next = ahead.first().checked_add(1);
        remaining = next.and_then(|next| Seeds::between(next, ahead.last()));
    }
    for warning in state.store.warnings() {
        reporter.warning(&warning);
    }
    for failure in state.totals.failures.values() {
        reporter.failure(failure)?;
    }
    Ok(Exploration {
        strategy: options.strategy,
        seeds: searched,
        first: seeds.map(Seeds::first),
        interrupted: options.is_stopped(),
        unexpected: None,
        search: Some(Search {
            complete: remaining.is_none(),
            ..state.so_far()
        }),
        remaining,
        wall: state.meter.elapsed(),
        totals: state.totals,
        repros: state.store.into_repros(),
    })
}

/// A search under way.
struct SearchState<'a> {
    target: &'a dyn Target,
    scope: Scope,
    bound: u32,
    options: &'a Options<'a>,
    store: FailureStore<'a>,
    meter: Meter,
    totals: Totals,
    estimate: u64,
}

impl SearchState<'_> {
    fn so_far(&self) -> Search {
        Search {
            scope: self.scope,
            bound: self.bound,
            schedules: self.totals.runs,
            estimate: self.estimate,
            complete: false,
        }
    }

    /// Runs the schedules of a seed. Returns `true` if these were all.
    fn seed(&mut self, seed: u64, reporter: &mut dyn Reporter) -> io::Result<bool> {
        let before = self.estimate;
        let frontier = Frontier::new(Exhaustive::within(self.scope, self.bound), self.totals.runs);
        // The default schedule comes first: it says about how many there are.
        if let Some(next) = frontier.take(self.options) {
            let run = self.run(seed, &next);
            self.meter.add(&run);
            self.totals.add(&run);
        }
        self.estimate = before.saturating_add(frontier.lock().search.estimate());
        self.meter.expect(self.estimate);
        reporter.estimate(seed, self.so_far())?;
        // The workers share the rest.
        let mut totals = std::mem::take(&mut self.totals);
        let mut meter = std::mem::replace(&mut self.meter, Meter::new(None, None));
        let work = |results: &Results<'_, Executed>| {
            while let Some(next) = frontier.take(self.options) {
                if !results(self.run(seed, &next)) {
                    return frontier.abandon();
                }
            }
        };
        run_workers(self.options.jobs, work, |run| {
            for warning in self.store.warnings() {
                reporter.warning(&warning);
            }
            if let Some(run) = run {
                meter.add(&run);
                totals.add(&run);
            }
            reporter.progress(meter.read())
        })?;
        self.totals = totals;
        self.meter = meter;
        Ok(frontier.is_done())
    }

    /// Runs a schedule, tells the frontier where it leads, and, if it fails, writes that
    /// to the disk at once.
    fn run(&self, seed: u64, next: &Taken<'_>) -> Executed {
        let how = RunOptions::new(seed, self.options.strategy);
        let (report, picks) = run_deviating(self.target, how.clone(), &next.deviations);
        next.learn(&picks);
        let key = RunKey::of_schedule(seed, next.deviations.clone());
        let mut run = Executed::new(key, &report, self.target.expected().verdict);
        self.store.keep(&mut run, &report, || {
            run_deviating(self.target, how.recorded(), &next.deviations).0
        });
        run
    }
}

/// Schedules that are still to be run, shared by all workers.
struct Frontier {
    state: Mutex<State>,
    changed: Condvar,
    /// Schedules of earlier seeds, which count against the limit.
    before: u64,
}

struct State {
    search: Exhaustive,
    /// Schedules that are being run and may lead to more.
    running: u32,
    stopped: bool,
}

impl Frontier {
    fn new(search: Exhaustive, before: u64) -> Self {
        Self {
            state: Mutex::new(State {
                search,
                running: 0,
                stopped: false,
            }),
            changed: Condvar::new(),
            before,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next schedule; waits for one if there may yet be more. None if there
    /// is none, or no more are wanted.
    fn take(&self, options: &Options<'_>) -> Option<Taken<'_>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if state.search.ahead() > 0 {
                if self.is_over(&state, options) {
                    state.stopped = true;
                    self.changed.notify_all();
                    return None;
                }
                let deviations = state.search.take()?;
                state.running += 1;
                return Some(Taken {
                    frontier: self,
                    deviations,
                });
            }
            if state.running == 0 {
                return None;
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_over(&self, state: &State, options: &Options<'_>) -> bool {
        let taken = self.before + state.search.taken();
        let enough = options.max_runs.is_some_and(|most| taken >= most);
        enough || options.is_stopped() || (taken > 0 && options.is_late())
    }

    /// Takes no more schedules.
    fn abandon(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn is_done(&self) -> bool {
        let state = self.lock();
        !state.stopped && state.search.ahead() == 0 && state.running == 0
    }
}

/// A schedule that is being run, until it is dropped.
struct Taken<'a> {
    frontier: &'a Frontier,
    deviations: Vec<PickDeviation>,
}

impl Taken<'_> {
    fn learn(&self, picks: &[u32]) {
        let mut state = self.frontier.lock();
        state.search.learn(&self.deviations, picks);
        self.frontier.changed.notify_all();
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.frontier.lock().running -= 1;
        self.frontier.changed.notify_all();
    }
}
