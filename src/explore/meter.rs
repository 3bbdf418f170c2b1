//! The progress of an exploration.

use std::time::{Duration, Instant};

use super::totals::Executed;
use super::{now, per_second};

/// The progress of an exploration.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
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
    /// Returns runs a second.
    pub fn rate(&self) -> f64 {
        per_second(self.done as f64, self.elapsed)
    }

    /// Returns virtual seconds in a real one.
    pub fn speed(&self) -> f64 {
        per_second(self.virtual_ms as f64 / 1_000.0, self.elapsed)
    }

    /// Returns about how long it will still take.
    pub fn left(&self) -> Option<Duration> {
        let of_runs = self.total.filter(|_| self.done > 0).and_then(|total| {
            let left = total.saturating_sub(self.done) as f64;
            Duration::try_from_secs_f64(left / self.rate().max(1e-6)).ok()
        });
        of_runs.into_iter().chain(self.deadline_in).min()
    }

    /// Returns the share that is done, from 0 to 1; none if there is no end.
    pub fn share(&self) -> Option<f64> {
        let left = self.left()?.as_secs_f64();
        let elapsed = self.elapsed.as_secs_f64();
        Some(elapsed / (elapsed + left).max(1e-6))
    }
}

/// Counts runs as they come in, in any order.
pub(super) struct Meter {
    started: Instant,
    deadline: Option<Instant>,
    progress: Progress,
}

impl Meter {
    pub(super) fn new(total: Option<u64>, deadline: Option<Instant>) -> Self {
        let progress = Progress {
            done: 0,
            total,
            failures: 0,
            virtual_ms: 0,
            elapsed: Duration::ZERO,
            deadline_in: None,
        };
        Self {
            started: now(),
            deadline,
            progress,
        }
    }

    pub(super) fn expect(&mut self, total: u64) {
        self.progress.total = Some(total);
    }

    pub(super) fn add(&mut self, run: &Executed) {
        self.progress.done += 1;
        self.progress.failures += u64::from(run.failure.is_some());
        self.progress.virtual_ms += run.virtual_ms;
    }

    /// Returns the progress at this moment.
    pub(super) fn read(&mut self) -> &Progress {
        let time = now();
        self.progress.elapsed = time - self.started;
        let deadline = self.deadline;
        self.progress.deadline_in = deadline.map(|at| at.saturating_duration_since(time));
        &self.progress
    }

    pub(super) fn elapsed(&self) -> Duration {
        now() - self.started
    }
}
