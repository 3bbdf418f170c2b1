//! `Runtime`.

use std::future::Future;
use std::io;
use std::time::Duration;

use ::tokio::runtime as real;

use super::{EnterGuard, Handle, RuntimeMetrics};
use crate::shim::tokio::task::JoinHandle;

/// A runtime of tokio's; as `tokio::runtime::Runtime`.
///
/// It has its own threads or blocks the one that it runs on: inside a run it cannot block, and
/// its tasks are no tasks of the run.
#[derive(Debug)]
pub struct Runtime {
    inner: real::Runtime,
    handle: Handle,
}

impl Runtime {
    /// Creates a runtime of several threads, with all drivers.
    ///
    /// # Errors
    ///
    /// If the system has no threads or files left.
    pub fn new() -> io::Result<Self> {
        real::Runtime::new().map(Self::around)
    }

    pub(super) fn around(inner: real::Runtime) -> Self {
        Self {
            handle: Handle::real(inner.handle().clone()),
            inner,
        }
    }

    pub(crate) fn real(&self) -> &real::Runtime {
        &self.inner
    }

    /// Returns a handle of the runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
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
        self.handle.enter()
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
