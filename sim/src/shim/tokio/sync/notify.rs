//! `Notify`.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use ::tokio::sync as real;
use pin_project_lite::pin_project;

use super::shared::Shared;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};

/// As `tokio::sync::Notify`.
#[derive(Debug)]
pub struct Notify {
    resource: Resource,
    inner: Shared<real::Notify>,
    /// The futures that are waiting for a notification, polled or not.
    waiting: AtomicUsize,
}

/// A future's count among those that are waiting.
#[derive(Debug)]
struct Counted<N: Deref<Target = Notify>>(N);

impl<N: Deref<Target = Notify>> Counted<N> {
    fn new(notify: N) -> Self {
        notify.waiting.fetch_add(1, Ordering::Relaxed);
        Self(notify)
    }
}

impl<N: Deref<Target = Notify>> Drop for Counted<N> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Notify {
    /// Creates a `Notify` without a permit.
    #[track_caller]
    pub fn new() -> Self {
        Self::around(Resource::new(ResourceKind::Notify))
    }

    /// As [`Notify::new`], for statics.
    #[track_caller]
    pub const fn const_new() -> Self {
        Self::around(Resource::const_new(ResourceKind::Notify))
    }

    const fn around(resource: Resource) -> Self {
        Self {
            resource,
            inner: Shared::new(real::Notify::const_new()),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Returns a future that waits for a notification. It takes part in
    /// [`Notify::notify_waiters`] from this call on, and in the others from its first poll or
    /// [`Notified::enable`] on.
    pub fn notified(&self) -> Notified<'_> {
        self.resource.look(Operation::Notified);
        Notified {
            inner: self.inner.notified(),
            progress: Progress::default(),
            resource: &self.resource,
            counted: Some(Counted::new(self)),
        }
    }

    /// As [`Notify::notified`]; the future keeps the `Notify` alive.
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified {
            inner: Arc::clone(self.inner.arc()).notified_owned(),
            progress: Progress::default(),
            counted: Some(Counted::new(Arc::clone(&self))),
            notify: self,
        }
    }

    /// Wakes the task that waits longest, or leaves a permit for the next.
    pub fn notify_one(&self) {
        self.resource.operate(Operation::NotifyOne);
        self.inner.notify_one();
    }

    /// Wakes the task that came last, or leaves a permit for the next.
    pub fn notify_last(&self) {
        self.resource.operate(Operation::NotifyLast);
        self.inner.notify_last();
    }

    /// Wakes all waiting tasks, and leaves no permit.
    pub fn notify_waiters(&self) {
        self.resource.operate(Operation::NotifyWaiters);
        if self.waiting.load(Ordering::Relaxed) == 0 {
            self.resource.observe_unheard();
        }
        self.inner.notify_waiters();
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

pin_project! {
    /// The future of [`Notify::notified`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Notified<'a> {
        #[pin]
        inner: real::futures::Notified<'a>,
        progress: Progress,
        resource: &'a Resource,
        // None once it has been notified.
        counted: Option<Counted<&'a Notify>>,
    }
}

impl Notified<'_> {
    /// Joins the queue as by a poll, but without waiting. Returns `true` if it is notified
    /// already.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.resource.operate(Operation::Enable);
        this.inner.enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        let polled = this
            .progress
            .drive(this.resource, Operation::Notified, cx, |cx| inner.poll(cx));
        if polled.is_ready() {
            *this.counted = None;
        }
        polled
    }
}

pin_project! {
    /// The future of [`Notify::notified_owned`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedNotified {
        #[pin]
        inner: real::futures::OwnedNotified,
        progress: Progress,
        notify: Arc<Notify>,
        // None once it has been notified.
        counted: Option<Counted<Arc<Notify>>>,
    }
}

impl OwnedNotified {
    /// As [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.notify.resource.operate(Operation::Enable);
        this.inner.enable()
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        let resource = &this.notify.resource;
        let polled = this
            .progress
            .drive(resource, Operation::Notified, cx, |cx| inner.poll(cx));
        if polled.is_ready() {
            *this.counted = None;
        }
        polled
    }
}
