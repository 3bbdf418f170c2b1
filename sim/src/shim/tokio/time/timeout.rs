//! `timeout`.

use std::future::{Future, IntoFuture, pending};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use ::tokio::time as real;
use ::tokio::time::error::Elapsed;
use ::tokio::time::{Duration, Instant};
use pin_project_lite::pin_project;

use crate::engine::cancellations::{Part, PartKind, PartPoll, poll_part};
use crate::engine::context;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Point, Resource, Waiting};

/// Waits for a future, but no longer than that.
///
/// # Panics
///
/// Outside both a run and a tokio runtime with time, as tokio does.
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    Timeout::around(real::timeout(duration, future))
}

/// Waits for a future, but no longer than until then.
///
/// # Panics
///
/// As [`timeout`].
#[track_caller]
pub fn timeout_at<F>(deadline: Instant, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    Timeout::around(real::timeout_at(deadline, future))
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<T> {
        #[pin]
        inner: real::Timeout<T>,
        point: Point,
        waiting: Option<Waiting>,
        resource: Resource,
    }
}

impl<T> Timeout<T> {
    #[track_caller]
    fn around(inner: real::Timeout<T>) -> Self {
        Self {
            inner,
            point: Point::default(),
            waiting: None,
            resource: Resource::new(ResourceKind::Timer),
        }
    }

    /// Returns the future.
    pub fn get_ref(&self) -> &T {
        self.inner.get_ref()
    }

    /// Returns the future.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// Returns the future, without the time-out.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let part = Part {
            kind: PartKind::Timeout,
            place: this.resource.created_at(),
            was_polled: this.waiting.is_some(),
        };
        let inner = this.inner;
        let polled = match poll_part(part, || inner.poll(cx)) {
            PartPoll::Polled(polled) => polled,
            PartPoll::Dropped => {
                *this.waiting = None;
                return Poll::Ready(Err(elapsed()));
            }
        };
        match polled {
            Poll::Ready(Err(elapsed)) => {
                // If another task ran first in this poll, the future might have been ready
                // otherwise, and then it takes precedence. It is polled again at the task's
                // next turn, which is in this instant.
                ready!(
                    this.point
                        .poll(cx, Some((this.resource, Operation::Timeout)))
                );
                *this.waiting = None;
                Poll::Ready(Err(elapsed))
            }
            Poll::Ready(output) => {
                *this.waiting = None;
                Poll::Ready(output)
            }
            Poll::Pending => {
                // Once the time is over there is no need for a point.
                *this.point = Point::passed();
                Waiting::renew(this.waiting, this.resource, Operation::Timeout);
                Poll::Pending
            }
        }
    }
}

/// Returns the error of a time-out that has fired; only tokio can make one. The start of the run
/// is past on every tick of tokio's clock.
fn elapsed() -> Elapsed {
    let past = context::with(|engine| engine.start).unwrap_or_else(Instant::now);
    let fired = real::timeout_at(past, pending::<()>());
    match pin!(fired).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(elapsed)) => elapsed,
        Poll::Ready(Ok(())) | Poll::Pending => unreachable!("the time is past"),
    }
}
