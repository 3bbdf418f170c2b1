//! Every schedule of a seed within a bound.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rehearsal_sim::{Exhaustive, Pick, PickDeviation, Scope};

use super::failure_store::FailureStore;
use super::meter::Meter;
use super::sample::ends;
use super::totals::{Executed, Totals};
use super::workers::{Results, run_workers};
use super::{Exploration, Options, Repeat, Reporter, RunKey, Search, determinism};
use crate::run::seeds::Seeds;
use crate::run::{RunOptions, RunVerdict, StrategyName};
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
    let store = FailureStore::new(target, options.keep, options.out);
    let mut state = SearchState::new(target, options.strategy, search, options, &store);
    let mut remaining = seeds.cloned();
    let mut searched = 0;
    while let Some(ahead) = remaining.take() {
        let seed = ahead.first();
        let complete = !options.is_stopped() && {
            let frontier = state.default_schedule(seed);
            // A default schedule that fails is the result, however many others there are.
            if state.unexpected.is_none() {
                reporter.estimate(seed, state.so_far())?;
            }
            state.rest(seed, &frontier, reporter)?
        };
        if !complete {
            remaining = Some(ahead);
            break;
        }
        searched += 1;
        let next = ahead.first().checked_add(1);
        remaining = next.and_then(|next| Seeds::between(next, ahead.last()));
    }
    for warning in store.warnings() {
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
        search: Some(Search {
            complete: remaining.is_none(),
            ..state.so_far()
        }),
        begun_with: None,
        remaining,
        wall: state.meter.elapsed(),
        unexpected: state.unexpected,
        totals: state.totals,
        repros: store.into_repros(),
    })
}

/// A search under way.
pub(super) struct SearchState<'a> {
    target: &'a dyn Target,
    strategy: StrategyName,
    scope: Scope,
    bound: u32,
    options: &'a Options<'a>,
    store: &'a FailureStore<'a>,
    meter: Meter,
    pub(super) totals: Totals,
    pub(super) unexpected: Option<Executed>,
    estimate: u64,
}

impl<'a> SearchState<'a> {
    pub(super) fn new(
        target: &'a dyn Target,
        strategy: StrategyName,
        search: &Exhaustive,
        options: &'a Options<'a>,
        store: &'a FailureStore<'a>,
    ) -> Self {
        Self {
            target,
            strategy,
            scope: search.scope(),
            bound: search.bound(),
            options,
            store,
            meter: Meter::new(None, options.deadline),
            totals: Totals::default(),
            unexpected: None,
            estimate: 0,
        }
    }

    pub(super) fn so_far(&self) -> Search {
        Search {
            scope: self.scope,
            bound: self.bound,
            schedules: self.totals.runs,
            estimate: self.estimate,
            complete: false,
        }
    }

    /// Runs the default schedule of a seed, which comes first: it says about how many there
    /// are.
    pub(super) fn default_schedule(&mut self, seed: u64) -> Frontier {
        let before = self.estimate;
        let frontier = Frontier::new(Exhaustive::within(self.scope, self.bound), self.totals.runs);
        if let Some(next) = frontier.take(self.options) {
            let run = self.run(seed, &next);
            if ends(&run, self.options.keep) {
                frontier.abandon();
            }
            self.meter.add(&run);
            self.totals.add(&run);
            self.unexpected = Some(run).filter(|run| ends(run, self.options.keep));
        }
        self.estimate = before.saturating_add(frontier.lock().search.estimate());
        self.meter.expect(self.estimate);
        frontier
    }

    /// Runs the other schedules of a seed. Returns `true` if these were all.
    pub(super) fn rest(
        &mut self,
        seed: u64,
        frontier: &Frontier,
        reporter: &mut dyn Reporter,
    ) -> io::Result<bool> {
        // The workers share the rest.
        let mut totals = std::mem::take(&mut self.totals);
        let mut meter = std::mem::replace(&mut self.meter, Meter::new(None, None));
        let mut unexpected = self.unexpected.take();
        let work = |results: &Results<'_, Executed>| {
            while let Some(next) = frontier.take(self.options) {
                let run = self.run(seed, &next);
                if ends(&run, self.options.keep) {
                    frontier.abandon();
                }
                if !results(run) {
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
                if ends(&run, self.options.keep) && unexpected.is_none() {
                    unexpected = Some(run);
                }
            }
            reporter.progress(meter.read())
        })?;
        self.totals = totals;
        self.meter = meter;
        self.unexpected = unexpected;
        Ok(frontier.is_done())
    }

    /// Runs a schedule, adds to the frontier the ones that it leads to, and, if it fails,
    /// writes that to the disk at once.
    fn run(&self, seed: u64, next: &Taken<'_>) -> Executed {
        let how = RunOptions::new(seed, self.strategy);
        let (mut report, picks) = run_deviating(self.target, how.clone(), &next.deviations);
        next.learn(&picks);
        if next.deviations.is_empty() && self.options.repeat != Repeat::Never {
            let twice = determinism::run_twice(self.target, how.clone());
            if twice.verdict == RunVerdict::Nondeterminism {
                report = twice;
            }
        }
        let key = RunKey::of_schedule(seed, next.deviations.clone());
        let mut run = Executed::new(key, &report, self.target.expected().verdict);
        self.store.keep(&mut run, &report, || {
            run_deviating(self.target, how.recorded(), &next.deviations).0
        });
        run
    }
}

/// Schedules that are still to be run, shared by all workers.
pub(super) struct Frontier {
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
    fn learn(&self, picks: &[Pick]) {
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
