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

use super::timer::Timer;

/// Waits for a future, but no longer than that.
///
/// # Panics
///
/// Outside both a run and a tokio runtime with time, as tokio does. Polled after its run.
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    let mut in_range = true;
    let timer = Timer::new(|now| {
        now.checked_add(duration).unwrap_or_else(|| {
            in_range = false;
            now
        })
    });
    Timeout::with(match timer {
        Some(timer) => Inner::Simulated {
            value: future.into_future(),
            timer: in_range.then_some(timer),
        },
        None => Inner::Real {
            timeout: real::timeout(duration, future),
        },
    })
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
    Timeout::with(match Timer::new(|_| deadline) {
        Some(timer) => Inner::Simulated {
            value: future.into_future(),
            timer: Some(timer),
        },
        None => Inner::Real {
            timeout: real::timeout_at(deadline, future),
        },
    })
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<T> {
        #[pin]
        inner: Inner<T>,
        point: Point,
        waiting: Option<Waiting>,
        resource: Resource,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = InnerPinned]
    enum Inner<T> {
        Simulated {
            #[pin]
            value: T,
            // None for a time that is out of range.
            timer: Option<Timer>,
        },
        Real {
            #[pin]
            timeout: real::Timeout<T>,
        },
    }
}

impl<T> Timeout<T> {
    #[track_caller]
    fn with(inner: Inner<T>) -> Self {
        Self {
            inner,
            point: Point::default(),
            waiting: None,
            resource: Resource::new(ResourceKind::Timer),
        }
    }

    /// Returns the future.
    pub fn get_ref(&self) -> &T {
        match &self.inner {
            Inner::Simulated { value, .. } => value,
            Inner::Real { timeout } => timeout.get_ref(),
        }
    }

    /// Returns the future.
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.inner {
            Inner::Simulated { value, .. } => value,
            Inner::Real { timeout } => timeout.get_mut(),
        }
    }

    /// Returns the future, without the time-out.
    pub fn into_inner(self) -> T {
        match self.inner {
            Inner::Simulated { value, .. } => value,
            Inner::Real { timeout } => timeout.into_inner(),
        }
    }
}

impl<T: Future> Inner<T> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T::Output, TimeIsOver>> {
        let (value, timer) = match self.project() {
            InnerPinned::Simulated { value, timer } => (value, timer),
            InnerPinned::Real { timeout } => {
                return timeout.poll(cx).map_err(|_| TimeIsOver);
            }
        };
        if let Poll::Ready(output) = value.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match timer {
            Some(timer) => timer.poll(cx).map(|()| Err(TimeIsOver)),
            None => Poll::Pending,
        }
    }
}

/// The end of the time before that of the future. Tokio's error costs a timer to make.
struct TimeIsOver;

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
            Poll::Ready(Err(TimeIsOver)) => {
                // If another task ran first in this poll, the future might have been ready
                // otherwise, and then it takes precedence. It is polled again at the task's
                // next turn, which is in this instant.
                ready!(
                    this.point
                        .poll(cx, Some((this.resource, Operation::Timeout)))
                );
                *this.waiting = None;
                Poll::Ready(Err(elapsed()))
            }
            Poll::Ready(Ok(output)) => {
                *this.waiting = None;
                Poll::Ready(Ok(output))
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
