//! Cancellation, as in `tokio_util::sync`.
//!
//! A wait for a cancellation is a scheduling point. A cancellation, also one by a guard's drop,
//! counts for the order of operations; the point of the task's next operation follows it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio_util::sync as real;
use pin_project_lite::pin_project;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Point, Progress, Resource};

/// As `tokio_util::sync::CancellationToken`. A token and all tokens derived from it are one
/// resource, created where the first of them was.
pub struct CancellationToken {
    inner: real::CancellationToken,
    resource: Arc<Resource>,
}

impl CancellationToken {
    /// Creates a token that is not cancelled.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            inner: real::CancellationToken::new(),
            resource: Arc::new(Resource::new(ResourceKind::CancellationToken)),
        }
    }

    /// Creates a token that is cancelled with this one, but does not cancel it.
    pub fn child_token(&self) -> Self {
        Self {
            inner: self.inner.child_token(),
            resource: Arc::clone(&self.resource),
        }
    }

    /// Cancels the token, its clones and its children.
    pub fn cancel(&self) {
        self.resource.operate(Operation::Cancel);
        self.inner.cancel();
    }

    /// Returns `true` if it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.resource.look(Operation::IsCancelled);
        self.inner.is_cancelled()
    }

    /// Waits until it is cancelled. Cancel safe.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture {
            inner: self.inner.cancelled(),
            progress: Progress::default(),
            resource: &self.resource,
        }
    }

    /// As [`CancellationToken::cancelled`]; the future keeps the token.
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned {
            inner: self.inner.cancelled_owned(),
            progress: Progress::default(),
            resource: self.resource,
        }
    }

    /// Returns a guard whose drop cancels the token.
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }

    /// Returns a guard whose drop cancels the token.
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef { token: Some(self) }
    }

    /// Waits for a future. Returns none if the token is cancelled while it is pending, or
    /// before it starts.
    pub async fn run_until_cancelled<F>(&self, fut: F) -> Option<F::Output>
    where
        F: Future,
    {
        let mut point = Point::default();
        poll_fn(|cx| point.poll(cx, Some((&self.resource, Operation::Cancelled)))).await;
        if self.is_cancelled() {
            return None;
        }
        let run = RunUntilCancelled {
            cancellation: self.cancelled(),
            future: fut,
        };
        run.await
    }

    /// As [`CancellationToken::run_until_cancelled`]; the future keeps the token.
    pub async fn run_until_cancelled_owned<F>(self, fut: F) -> Option<F::Output>
    where
        F: Future,
    {
        self.run_until_cancelled(fut).await
    }
}

impl Clone for CancellationToken {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            resource: Arc::clone(&self.resource),
        }
    }
}

impl Default for CancellationToken {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

pin_project! {
    /// The future of [`CancellationToken::cancelled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFuture<'a> {
        #[pin]
        inner: real::WaitForCancellationFuture<'a>,
        progress: Progress,
        resource: &'a Resource,
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        this.progress
            .drive(this.resource, Operation::Cancelled, cx, |cx| inner.poll(cx))
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

pin_project! {
    /// The future of [`CancellationToken::cancelled_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFutureOwned {
        #[pin]
        inner: real::WaitForCancellationFutureOwned,
        progress: Progress,
        resource: Arc<Resource>,
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        this.progress
            .drive(this.resource, Operation::Cancelled, cx, |cx| inner.poll(cx))
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

pin_project! {
    /// A future that ends without a value once its token is cancelled.
    struct RunUntilCancelled<'a, F> {
        #[pin]
        cancellation: WaitForCancellationFuture<'a>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for RunUntilCancelled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        this.cancellation.poll(cx).map(|()| None)
    }
}

/// A guard that cancels its token when dropped; see [`CancellationToken::drop_guard`].
#[derive(Debug)]
pub struct DropGuard {
    // `None` only once it is disarmed.
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Returns the token.
    pub fn token(&self) -> &CancellationToken {
        match &self.token {
            Some(token) => token,
            None => unreachable!("disarming consumes the guard"),
        }
    }

    /// Returns the token, and does not cancel it.
    pub fn disarm(mut self) -> CancellationToken {
        match self.token.take() {
            Some(token) => token,
            None => unreachable!("disarming consumes the guard"),
        }
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

/// A guard that cancels its token when dropped; see [`CancellationToken::drop_guard_ref`].
#[derive(Debug)]
pub struct DropGuardRef<'a> {
    // `None` only once it is disarmed.
    token: Option<&'a CancellationToken>,
}

impl<'a> DropGuardRef<'a> {
    /// Returns the token.
    pub fn token(&self) -> &CancellationToken {
        match self.token {
            Some(token) => token,
            None => unreachable!("disarming consumes the guard"),
        }
    }

    /// Returns the token, and does not cancel it.
    pub fn disarm(mut self) -> &'a CancellationToken {
        match self.token.take() {
            Some(token) => token,
            None => unreachable!("disarming consumes the guard"),
        }
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            token.cancel();
        }
    }
}
