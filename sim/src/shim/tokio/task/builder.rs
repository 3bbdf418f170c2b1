//! `Builder`.

use std::future::Future;
use std::io;
use std::marker::PhantomData;

use super::{JoinHandle, LocalSet, spawn, spawn_blocking, spawn_local};
use crate::shim::tokio::runtime::Handle;

/// Spawns tasks with a name; as `tokio::task::Builder`. The name is for tools that look at a
/// process from outside, and is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builder<'a> {
    name: PhantomData<&'a str>,
}

impl<'a> Builder<'a> {
    /// Returns a builder of tasks without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name.
    #[must_use]
    pub fn name(self, _name: &'a str) -> Self {
        self
    }

    /// Spawns a task, as [`spawn`].
    ///
    /// # Errors
    ///
    /// None: that it returns a `Result` is tokio's signature.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(spawn(future))
    }

    /// Spawns a task, as [`Handle::spawn`].
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    #[track_caller]
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(handle.spawn(future))
    }

    /// Spawns a task that need not be `Send`, as [`spawn_local`].
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(spawn_local(future))
    }

    /// Spawns a task of a set.
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(set.spawn_local(future))
    }

    /// Runs a function that blocks, as [`spawn_blocking`].
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, function: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(spawn_blocking(function))
    }
}
