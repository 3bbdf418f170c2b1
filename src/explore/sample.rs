//! Seeds, each played once.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::keeper::Keeper;
use super::tally::{Played, Tally};
use super::{Audience, Exploration, Options, Progress, RunKey, crew, now};
use crate::run::{self, RunOptions};
use crate::scenario::Scenario;
use crate::sweep::Seeds;

/// Plays seeds in parallel and counts in their order. Without seeds (an empty
/// shard) nothing is played.
///
/// # Errors
///
/// If the audience cannot show something, or no thread can be started.
pub fn sample(
    scenario: &Scenario,
    seeds: Option<&Seeds>,
    options: &Options<'_>,
    audience: &mut dyn Audience,
) -> io::Result<Exploration> {
    let started = now();
    let keeper = Keeper::new(scenario, options.out);
    let mut tally = Tally::default();
    if let Some(seeds) = seeds {
        let queue = Queue::new(seeds);
        let mut line = InOrder::default();
        let mut progress = Progress {
            done: 0,
            total: queue.size,
            failures: 0,
            virtual_ms: 0,
            elapsed: now() - started,
            deadline_in: None,
        };
        let work = |line: &crew::Line<'_, (u64, Played)>| {
            while let Some((index, seed)) = queue.take(options) {
                if !line.say((index, play(scenario, seed, options, &keeper))) {
                    return;
                }
            }
        };
        crew::perform(options.jobs, work, |message| {
            for warning in keeper.warnings() {
                audience.warning(&warning);
            }
            if let Some((index, played)) = message {
                progress.done += 1;
                progress.failures += u64::from(played.has_failed());
                progress.virtual_ms += played.virtual_ms;
                line.put(index, played);
            }
            while let Some(played) = line.next() {
                if let Some(finding) = tally.add(played) {
                    audience.failure(finding)?;
                }
            }
            let time = now();
            progress.elapsed = time - started;
            let deadline = options.deadline;
            progress.deadline_in = deadline.map(|at| at.saturating_duration_since(time));
            audience.progress(&progress);
            Ok(())
        })?;
    }
    for warning in keeper.warnings() {
        audience.warning(&warning);
    }
    let played = tally.runs;
    Ok(Exploration {
        strategy: options.strategy,
        tally,
        seeds: played,
        first: seeds.map(Seeds::first),
        remaining: seeds.and_then(|seeds| {
            let next = seeds.first().checked_add(played)?;
            Seeds::between(next, seeds.last())
        }),
        interrupted: options.is_stopped(),
        search: None,
        repros: keeper.into_repros(),
        wall: now() - started,
    })
}

/// Plays a seed and, if it fails, keeps that at once.
fn play(scenario: &Scenario, seed: u64, options: &Options<'_>, keeper: &Keeper<'_>) -> Played {
    let how = RunOptions::new(seed, options.strategy);
    let report = run::play(scenario, how.clone());
    let key = RunKey::of_seed(seed);
    keeper.keep(&key, &report, || run::play(scenario, how.recorded()));
    Played::of(scenario, key, &report)
}

/// Seeds that nobody has taken yet. They are taken in order, so that those that
/// were taken are always the first ones.
struct Queue {
    first: u64,
    /// None: all seeds that there are.
    size: Option<u64>,
    taken: AtomicU64,
}

impl Queue {
    fn new(seeds: &Seeds) -> Self {
        Self {
            first: seeds.first(),
            size: (seeds.last() - seeds.first()).checked_add(1),
            taken: AtomicU64::new(0),
        }
    }

    /// The next seed and its number in the row, if there is one and it is wanted.
    fn take(&self, options: &Options<'_>) -> Option<(u64, u64)> {
        if options.is_stopped() {
            return None;
        }
        // The first is played however late it is.
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

/// Puts what comes in any order into a row.
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

    /// The next in the row, if it has come.
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
    fn what_comes_early_waits_for_its_turn() {
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
