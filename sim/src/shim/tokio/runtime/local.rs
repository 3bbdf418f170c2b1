//! `LocalRuntime`.

use std::future::Future;
use std::io;
use std::time::Duration;

use ::tokio::runtime as real;

use super::{EnterGuard, Handle, RuntimeMetrics};
use crate::shim::tokio::task::JoinHandle;

/// A runtime of tokio's whose tasks need not be `Send`; as `tokio::runtime::LocalRuntime`.
/// Inside a run it cannot block, as [`Runtime`](super::Runtime).
#[derive(Debug)]
pub struct LocalRuntime {
    inner: real::LocalRuntime,
    handle: Handle,
}

impl LocalRuntime {
    /// Creates a runtime of this thread, with all drivers.
    ///
    /// # Errors
    ///
    /// If the system has no files left.
    pub fn new() -> io::Result<Self> {
        let inner = real::LocalRuntime::new()?;
        let handle = Handle::real(inner.handle().clone());
        Ok(Self { inner, handle })
    }

    /// Returns a handle of the runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        JoinHandle::real(self.inner.spawn_local(future))
    }

    /// Runs a function on a thread for operations that block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(func)
    }

    /// Runs a future to its end on this thread.
    ///
    /// # Panics
    ///
    /// If this thread drives a runtime already; so it does in a run.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.inner.block_on(future)
    }

    /// Enters the runtime, so that operations that need one find it.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::real(self.inner.enter())
    }

    /// Ends the runtime, and waits that long for functions that block.
    pub fn shutdown_timeout(self, duration: Duration) {
        self.inner.shutdown_timeout(duration);
    }

    /// Ends the runtime without waiting for functions that block.
    pub fn shutdown_background(self) {
        self.inner.shutdown_background();
    }

    /// Returns the runtime's metrics.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.inner.metrics()
    }
}
