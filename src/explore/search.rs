//! Every schedule of a seed within a bound.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rehearsal_sim::{Exhaustive, PickDeviation};

use super::keeper::Keeper;
use super::tally::{Played, Tally};
use super::{Audience, Exploration, Options, Progress, RunKey, Search, crew, now};
use crate::run::RunOptions;
use crate::scenario::Scenario;
use crate::subject::play_deviating;
use crate::sweep::Seeds;

/// Plays every schedule of each seed that leaves the boring one at most `bound`
/// times; what the world draws is drawn from the seed.
///
/// # Errors
///
/// If the audience cannot show something, or no thread can be started.
pub fn search(
    scenario: &Scenario,
    seeds: &Seeds,
    bound: u32,
    options: &Options<'_>,
    audience: &mut dyn Audience,
) -> io::Result<Exploration> {
    let mut hunt = Hunt {
        scenario,
        bound,
        options,
        keeper: Keeper::new(scenario, options.out),
        started: now(),
        tally: Tally::default(),
        estimate: 0,
    };
    let mut remaining = Some(seeds.clone());
    let mut searched = 0;
    while let Some(ahead) = remaining.take() {
        let complete = !options.is_stopped() && hunt.seed(ahead.first(), audience)?;
        if !complete {
            remaining = Some(ahead);
            break;
        }
        searched += 1;
        let next = ahead.first().checked_add(1);
        remaining = next.and_then(|next| Seeds::between(next, ahead.last()));
    }
    for warning in hunt.keeper.warnings() {
        audience.warning(&warning);
    }
    for finding in hunt.tally.findings.values() {
        audience.failure(finding)?;
    }
    Ok(Exploration {
        strategy: options.strategy,
        seeds: searched,
        first: Some(seeds.first()),
        interrupted: options.is_stopped(),
        search: Some(Search {
            complete: remaining.is_none(),
            ..hunt.so_far()
        }),
        remaining,
        wall: now() - hunt.started,
        tally: hunt.tally,
        repros: hunt.keeper.into_repros(),
    })
}

/// A search under way.
struct Hunt<'a> {
    scenario: &'a Scenario,
    bound: u32,
    options: &'a Options<'a>,
    keeper: Keeper<'a>,
    started: Instant,
    tally: Tally,
    estimate: u64,
}

impl Hunt<'_> {
    fn so_far(&self) -> Search {
        Search {
            bound: self.bound,
            schedules: self.tally.runs,
            estimate: self.estimate,
            complete: false,
        }
    }

    /// Plays the schedules of a seed. Whether these were all.
    fn seed(&mut self, seed: u64, audience: &mut dyn Audience) -> io::Result<bool> {
        let before = self.estimate;
        let frontier = Frontier::new(self.bound, self.tally.runs);
        let mut progress = Progress {
            done: self.tally.runs,
            total: None,
            failures: self.tally.failures(),
            virtual_ms: self.tally.virtual_ms,
            elapsed: now() - self.started,
            deadline_in: None,
        };
        // The boring schedule comes first: it says about how many there are.
        if let Some(next) = frontier.take(self.options) {
            let played = self.play(seed, &next);
            progress.done += 1;
            progress.failures += u64::from(played.has_failed());
            progress.virtual_ms += played.virtual_ms;
            self.tally.add(played);
        }
        self.estimate = before.saturating_add(frontier.lock().search.estimate());
        progress.total = Some(self.estimate);
        audience.estimate(seed, self.so_far())?;
        let mut tally = std::mem::take(&mut self.tally);
        let work = |line: &crew::Line<'_, Played>| {
            while let Some(next) = frontier.take(self.options) {
                if !line.say(self.play(seed, &next)) {
                    return frontier.abandon();
                }
            }
        };
        crew::perform(self.options.jobs, work, |message| {
            for warning in self.keeper.warnings() {
                audience.warning(&warning);
            }
            if let Some(played) = message {
                progress.done += 1;
                progress.failures += u64::from(played.has_failed());
                progress.virtual_ms += played.virtual_ms;
                tally.add(played);
            }
            let time = now();
            progress.elapsed = time - self.started;
            let deadline = self.options.deadline;
            progress.deadline_in = deadline.map(|at| at.saturating_duration_since(time));
            audience.progress(&progress);
            Ok(())
        })?;
        self.tally = tally;
        Ok(frontier.is_done())
    }

    /// Plays a schedule, tells the frontier where it leads, and, if it fails,
    /// keeps that at once.
    fn play(&self, seed: u64, next: &Playing<'_>) -> Played {
        let how = RunOptions::new(seed, self.options.strategy);
        let (report, picks) = play_deviating(self.scenario, how.clone(), &next.deviations);
        next.learn(&picks);
        let key = RunKey::of_schedule(seed, next.deviations.clone());
        self.keeper.keep(&key, &report, || {
            play_deviating(self.scenario, how.recorded(), &next.deviations).0
        });
        Played::of(self.scenario, key, &report)
    }
}

/// What is still to be played, shared by all threads.
struct Frontier {
    state: Mutex<State>,
    changed: Condvar,
    /// Schedules of earlier seeds, which count against the limit.
    before: u64,
}

struct State {
    search: Exhaustive,
    /// Schedules that are being played and may lead to more.
    playing: u32,
    stopped: bool,
}

impl Frontier {
    fn new(bound: u32, before: u64) -> Self {
        Self {
            state: Mutex::new(State {
                search: Exhaustive::new(bound),
                playing: 0,
                stopped: false,
            }),
            changed: Condvar::new(),
            before,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next schedule; waits for one if there may yet be more. None if there
    /// is none, or no more are wanted.
    fn take(&self, options: &Options<'_>) -> Option<Playing<'_>> {
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
                state.playing += 1;
                return Some(Playing {
                    frontier: self,
                    deviations,
                });
            }
            if state.playing == 0 {
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

    /// Nobody wants to hear of more.
    fn abandon(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn is_done(&self) -> bool {
        let state = self.lock();
        !state.stopped && state.search.ahead() == 0 && state.playing == 0
    }
}

/// A schedule that is being played, until it is dropped.
struct Playing<'a> {
    frontier: &'a Frontier,
    deviations: Vec<PickDeviation>,
}

impl Playing<'_> {
    fn learn(&self, picks: &[u32]) {
        let mut state = self.frontier.lock();
        state.search.learn(&self.deviations, picks);
        self.frontier.changed.notify_all();
    }
}

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        self.frontier.lock().playing -= 1;
        self.frontier.changed.notify_all();
    }
}
