//! `sleep`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time as real;
use ::tokio::time::{Duration, Instant};
use pin_project_lite::pin_project;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

/// Waits that long, in whole milliseconds, rounded up.
///
/// # Panics
///
/// Outside both a run and a tokio runtime with time, as tokio does.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::around(real::sleep(duration))
}

/// Waits until then.
///
/// # Panics
///
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::around(real::sleep_until(deadline))
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        inner: real::Sleep,
        progress: Progress,
        resource: Resource,
    }
}

impl Sleep {
    #[track_caller]
    fn around(inner: real::Sleep) -> Self {
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
        self.inner.is_elapsed()
    }

    /// Moves its end to another instant, even if it has ended.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().inner.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        // A timer that is due does not suspend its task, and a loop over such
        // timers must still pass scheduling points.
        if inner.deadline() <= Instant::now() {
            this.progress
                .drive(this.resource, Operation::Sleep, cx, |cx| inner.poll(cx))
        } else {
            this.progress
                .wait(this.resource, Operation::Sleep, cx, |cx| inner.poll(cx))
        }
    }
}
