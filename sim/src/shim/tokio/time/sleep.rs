//! `sleep`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time as real;
use ::tokio::time::{Duration, Instant};
use pin_project_lite::pin_project;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

use super::safe_delay;
use super::timer::Timer;

/// Waits that long, in whole milliseconds, rounded up.
///
/// # Panics
///
/// Outside both a run and a tokio runtime with time, as tokio does. Polled after its run.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    match Timer::new(|now| now + safe_delay(duration)) {
        Some(timer) => Sleep::with(Inner::Simulated { timer }),
        None => Sleep::with(Inner::Real {
            sleep: real::sleep(duration),
        }),
    }
}

/// Waits until then.
///
/// # Panics
///
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    match Timer::new(|_| deadline) {
        Some(timer) => Sleep::with(Inner::Simulated { timer }),
        None => Sleep::with(Inner::Real {
            sleep: real::sleep_until(deadline),
        }),
    }
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        inner: Inner,
        progress: Progress,
        resource: Resource,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = InnerPinned]
    enum Inner {
        Simulated { timer: Timer },
        Real { #[pin] sleep: real::Sleep },
    }
}

impl Sleep {
    #[track_caller]
    fn with(inner: Inner) -> Self {
        Self {
            inner,
            progress: Progress::default(),
            resource: Resource::new(ResourceKind::Timer),
        }
    }

    /// Returns the instant at which it ends.
    pub fn deadline(&self) -> Instant {
        self.inner.deadline()
    }

    /// Returns `true` if it has ended.
    pub fn is_elapsed(&self) -> bool {
        match &self.inner {
            Inner::Simulated { timer } => timer.is_elapsed(),
            Inner::Real { sleep } => sleep.is_elapsed(),
        }
    }

    /// Moves its end to another instant, even if it has ended.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        match self.project().inner.project() {
            InnerPinned::Simulated { timer } => timer.reset(deadline),
            InnerPinned::Real { sleep } => sleep.reset(deadline),
        }
    }
}

impl Inner {
    fn deadline(&self) -> Instant {
        match self {
            Self::Simulated { timer } => timer.deadline(),
            Self::Real { sleep } => sleep.deadline(),
        }
    }

    fn is_due(&self) -> bool {
        match self {
            Self::Simulated { timer } => timer.deadline() <= timer.now(),
            Self::Real { sleep } => sleep.deadline() <= Instant::now(),
        }
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            InnerPinned::Simulated { timer } => timer.poll(cx),
            InnerPinned::Real { sleep } => sleep.poll(cx),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        // A timer that is due does not suspend its task, and a loop over such
        // timers must still pass scheduling points.
        if inner.is_due() {
            this.progress
                .drive(this.resource, Operation::Sleep, cx, |cx| inner.poll(cx))
        } else {
            this.progress
                .wait(this.resource, Operation::Sleep, cx, |cx| inner.poll(cx))
        }
    }
}
