//! `interval`.

use std::future::poll_fn;
use std::task::{Context, Poll};

use ::tokio::time as real;
use ::tokio::time::{Duration, Instant, MissedTickBehavior};

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

/// Creates an interval that ticks at once, and then after each `period`.
///
/// # Panics
///
/// If `period` is zero. Outside both a run and a tokio runtime with time.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    Interval::around(real::interval(period))
}

/// Creates an interval that ticks at `start`, and then after each `period`.
///
/// # Panics
///
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::around(real::interval_at(start, period))
}

/// As `tokio::time::Interval`.
#[derive(Debug)]
pub struct Interval {
    inner: real::Interval,
    progress: Progress,
    resource: Resource,
}

impl Interval {
    #[track_caller]
    fn around(inner: real::Interval) -> Self {
        Self {
            inner,
            progress: Progress::default(),
            resource: Resource::new(ResourceKind::Timer),
        }
    }

    /// Waits for the next tick. Returns the instant at which it was due.
    pub async fn tick(&mut self) -> Instant {
        let Self {
            inner, resource, ..
        } = self;
        // Local to this future, so that its drop ends the wait.
        let mut progress = Progress::default();
        poll_fn(|cx| progress.drive(resource, Operation::Tick, cx, |cx| inner.poll_tick(cx))).await
    }

    /// Polls for the next tick, as [`Interval::tick`].
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let inner = &mut self.inner;
        self.progress
            .drive(&self.resource, Operation::Tick, cx, |cx| {
                inner.poll_tick(cx)
            })
    }

    /// Moves the next tick to one period from now.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// Moves the next tick to now.
    pub fn reset_immediately(&mut self) {
        self.inner.reset_immediately();
    }

    /// Moves the next tick to that time from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.inner.reset_after(after);
    }

    /// Moves the next tick to that instant.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.inner.reset_at(deadline);
    }

    /// Returns the behaviour when ticks were missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.inner.missed_tick_behavior()
    }

    /// Sets the behaviour when ticks were missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.inner.set_missed_tick_behavior(behavior);
    }

    /// Returns the period.
    pub fn period(&self) -> Duration {
        self.inner.period()
    }
}
