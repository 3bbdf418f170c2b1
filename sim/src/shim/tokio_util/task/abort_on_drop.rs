//! `AbortOnDropHandle`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::tokio::task::{AbortHandle, JoinError, JoinHandle};

/// As `tokio_util::task::AbortOnDropHandle`: a `JoinHandle` whose drop aborts the
/// task.
#[must_use = "the task is aborted at once if its handle is not kept"]
pub struct AbortOnDropHandle<T> {
    // `None` only once it is detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> AbortOnDropHandle<T> {
    /// Creates a handle of that task.
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self {
            handle: Some(handle),
        }
    }

    /// Aborts the task: it is dropped at its next turn.
    pub fn abort(&self) {
        self.as_ref().abort();
    }

    /// Returns `true` if the task has ended.
    pub fn is_finished(&self) -> bool {
        self.as_ref().is_finished()
    }

    /// Returns a handle that can only abort, and not by its drop.
    pub fn abort_handle(&self) -> AbortHandle {
        self.as_ref().abort_handle()
    }

    /// Returns the handle, and does not abort the task.
    pub fn detach(mut self) -> JoinHandle<T> {
        match self.handle.take() {
            Some(handle) => handle,
            None => unreachable!("detaching consumes the handle"),
        }
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.handle {
            Some(handle) => Pin::new(handle).poll(cx),
            None => unreachable!("detaching consumes the handle"),
        }
    }
}

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        match &self.handle {
            Some(handle) => handle,
            None => unreachable!("detaching consumes the handle"),
        }
    }
}

impl<T> fmt::Debug for AbortOnDropHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortOnDropHandle")
            .field("id", &self.as_ref().id())
            .finish()
    }
}
