//! `TaskTracker`, and its tokens and futures.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio_util::task::task_tracker as real;
use pin_project_lite::pin_project;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Progress, Resource};
use crate::tokio::task::{self, JoinHandle, LocalSet};

/// As `tokio_util::task::TaskTracker`. A wait is a scheduling point; the begin and end of tasks,
/// and the closing, count for the order of operations.
#[derive(Clone)]
pub struct TaskTracker {
    inner: real::TaskTracker,
    resource: Arc<Resource>,
}

impl TaskTracker {
    /// Creates a tracker that is open and has no tasks.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self {
            inner: real::TaskTracker::new(),
            resource: Arc::new(Resource::new(ResourceKind::TaskTracker)),
        }
    }

    /// Waits until the tracker is closed and has no tasks. It is enough that this was so at any
    /// time since the call.
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        TaskTrackerWaitFuture {
            inner: self.inner.wait(),
            progress: Progress::default(),
            resource: &self.resource,
        }
    }

    /// Closes the tracker, so that waits can end; it still takes tasks. Returns `true` if it
    /// was open.
    pub fn close(&self) -> bool {
        self.resource.operate(Operation::Close);
        self.inner.close()
    }

    /// Opens the tracker again. Returns `true` if it was closed.
    pub fn reopen(&self) -> bool {
        self.resource.operate(Operation::Reopen);
        self.inner.reopen()
    }

    /// Returns `true` if it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Returns the number of its tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Returns `true` if it has no tasks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Spawns a task that is tracked.
    ///
    /// # Panics
    ///
    /// As [`task::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(self.track_future(task))
    }

    /// Spawns a task that is tracked and need not be `Send`.
    ///
    /// # Panics
    ///
    /// As [`task::spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        task::spawn_local(self.track_future(task))
    }

    /// Spawns a task of a [`LocalSet`] that is tracked.
    #[track_caller]
    pub fn spawn_local_on<F>(&self, task: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        local_set.spawn_local(self.track_future(task))
    }

    /// Tracks a future until it is dropped.
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture {
            future,
            token: self.token(),
        }
    }

    /// Returns a token that counts as a task until it is dropped.
    pub fn token(&self) -> TaskTrackerToken {
        self.resource.touch();
        TaskTrackerToken {
            _inner: self.inner.token(),
            task_tracker: self.clone(),
        }
    }

    /// Returns `true` if both are the same tracker.
    #[must_use]
    pub fn ptr_eq(left: &TaskTracker, right: &TaskTracker) -> bool {
        real::TaskTracker::ptr_eq(&left.inner, &right.inner)
    }
}

impl Default for TaskTracker {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A token that counts as a task of its tracker; see [`TaskTracker::token`].
#[must_use]
#[derive(Debug)]
pub struct TaskTrackerToken {
    // Held for its drop.
    _inner: real::TaskTrackerToken,
    task_tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// Returns the tracker.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.task_tracker
    }
}

impl Clone for TaskTrackerToken {
    fn clone(&self) -> Self {
        self.task_tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.task_tracker.resource.touch();
    }
}

pin_project! {
    /// The future of [`TaskTracker::track_future`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct TrackedFuture<F> {
        #[pin]
        future: F,
        // After the future: a task that waits for the tracker may rely on destructors.
        token: TaskTrackerToken,
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

pin_project! {
    /// The future of [`TaskTracker::wait`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct TaskTrackerWaitFuture<'a> {
        #[pin]
        inner: real::TaskTrackerWaitFuture<'a>,
        progress: Progress,
        resource: &'a Resource,
    }
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let inner = this.inner;
        this.progress
            .drive(this.resource, Operation::Wait, cx, |cx| inner.poll(cx))
    }
}
