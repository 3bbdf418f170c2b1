//! `interval`.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use ::tokio::time as real;
use ::tokio::time::{Duration, Instant, MissedTickBehavior};

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

use super::safe_delay;
use super::timer::Timer;

/// Creates an interval that ticks at once, and then after each `period`.
///
/// # Panics
///
/// If `period` is zero. Outside both a run and a tokio runtime with time. Polled after its run.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    Interval::with(match Ticks::new(period, |now| now) {
        Some(ticks) => Inner::Simulated(ticks),
        None => Inner::Real(real::interval(period)),
    })
}

/// Creates an interval that ticks at `start`, and then after each `period`.
///
/// # Panics
///
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::with(match Ticks::new(period, |_| start) {
        Some(ticks) => Inner::Simulated(ticks),
        None => Inner::Real(real::interval_at(start, period)),
    })
}

/// As `tokio::time::Interval`.
#[derive(Debug)]
pub struct Interval {
    inner: Inner,
    progress: Progress,
    resource: Resource,
}

#[derive(Debug)]
enum Inner {
    Simulated(Ticks),
    Real(real::Interval),
}

impl Inner {
    fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        match self {
            Self::Simulated(ticks) => ticks.poll(cx),
            Self::Real(interval) => interval.poll_tick(cx),
        }
    }
}

/// The ticks of an interval in a run.
#[derive(Debug)]
struct Ticks {
    /// The next tick.
    timer: Timer,
    period: Duration,
    behavior: MissedTickBehavior,
}

/// The time by which a tick may be late and none is missed, as in tokio.
const PUNCTUAL: Duration = Duration::from_millis(5);

impl Ticks {
    /// Returns `None` where timers are tokio's.
    #[track_caller]
    fn new(period: Duration, first: impl FnOnce(Instant) -> Instant) -> Option<Self> {
        assert!(!period.is_zero(), "`period` must be non-zero.");
        Some(Self {
            timer: Timer::new(first)?,
            period: safe_delay(period),
            behavior: MissedTickBehavior::default(),
        })
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Instant> {
        ready!(self.timer.poll(cx));
        let due = self.timer.deadline();
        let now = self.timer.now();
        let next = if now > due + PUNCTUAL {
            self.after_missed(due, now)
        } else {
            due + self.period
        };
        self.timer.renew(next);
        Poll::Ready(due)
    }

    /// Returns the next tick after one that was due at `due` and came late.
    fn after_missed(&self, due: Instant, now: Instant) -> Instant {
        match self.behavior {
            MissedTickBehavior::Burst => due + self.period,
            MissedTickBehavior::Delay => now + self.period,
            MissedTickBehavior::Skip => {
                let late = (now - due).as_nanos();
                let into = late % self.period.as_nanos();
                let into = u64::try_from(into).expect("a period of less than 584 years");
                now + (self.period - Duration::from_nanos(into))
            }
        }
    }
}

impl Interval {
    #[track_caller]
    fn with(inner: Inner) -> Self {
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
        match &mut self.inner {
            Inner::Simulated(ticks) => ticks.timer.reset(ticks.timer.now() + ticks.period),
            Inner::Real(interval) => interval.reset(),
        }
    }

    /// Moves the next tick to now.
    pub fn reset_immediately(&mut self) {
        match &mut self.inner {
            Inner::Simulated(ticks) => ticks.timer.reset(ticks.timer.now()),
            Inner::Real(interval) => interval.reset_immediately(),
        }
    }

    /// Moves the next tick to that time from now.
    pub fn reset_after(&mut self, after: Duration) {
        match &mut self.inner {
            Inner::Simulated(ticks) => ticks.timer.reset(ticks.timer.now() + safe_delay(after)),
            Inner::Real(interval) => interval.reset_after(after),
        }
    }

    /// Moves the next tick to that instant.
    pub fn reset_at(&mut self, deadline: Instant) {
        match &mut self.inner {
            Inner::Simulated(ticks) => ticks.timer.reset(deadline),
            Inner::Real(interval) => interval.reset_at(deadline),
        }
    }

    /// Returns the behaviour when ticks were missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        match &self.inner {
            Inner::Simulated(ticks) => ticks.behavior,
            Inner::Real(interval) => interval.missed_tick_behavior(),
        }
    }

    /// Sets the behaviour when ticks were missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        match &mut self.inner {
            Inner::Simulated(ticks) => ticks.behavior = behavior,
            Inner::Real(interval) => interval.set_missed_tick_behavior(behavior),
        }
    }

    /// Returns the period.
    pub fn period(&self) -> Duration {
        match &self.inner {
            Inner::Simulated(ticks) => ticks.period,
            Inner::Real(interval) => interval.period(),
        }
    }
}
