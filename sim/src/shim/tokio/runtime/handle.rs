//! `Handle`.

use std::future::Future;
use std::panic::Location;

use ::tokio::runtime as real;

use super::{Id, RuntimeFlavor, RuntimeMetrics, TryCurrentError};
use crate::blocking;
use crate::engine::context;
use crate::ids::HostId;
use crate::shim::tokio::task::{BLOCKING_NAME, JoinHandle};
use crate::task::start_on_host;

/// A reference to a runtime or to a run; as `tokio::runtime::Handle`.
#[derive(Clone, Debug)]
pub struct Handle(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Simulated(RunHandle),
    Real(real::Handle),
}

/// A host of one run.
#[derive(Clone, Copy, Debug)]
struct RunHandle {
    host: HostId,
    serial: u32,
}

impl RunHandle {
    fn current() -> Option<Self> {
        context::with(|engine| Self {
            host: engine.current_host(),
            serial: engine.serial(),
        })
    }

    /// Asserts that the run is not over.
    #[track_caller]
    fn check(self) {
        let current = context::with(|engine| engine.serial() == self.serial);
        assert_eq!(
            current,
            Some(true),
            "the run of this runtime handle is over, or on another thread"
        );
    }
}

/// The result of [`Handle::enter`]; as `tokio::runtime::EnterGuard`.
#[derive(Debug)]
#[must_use = "the runtime is left at once if its guard is not kept"]
pub struct EnterGuard<'a> {
    // Held for its drop.
    _inner: Option<real::EnterGuard<'a>>,
}

impl<'a> EnterGuard<'a> {
    pub(super) fn real(guard: real::EnterGuard<'a>) -> Self {
        Self {
            _inner: Some(guard),
        }
    }
}

impl Handle {
    pub(super) fn real(handle: real::Handle) -> Self {
        Self(Kind::Real(handle))
    }

    /// Returns a handle of the run; outside one, of the current runtime.
    ///
    /// # Panics
    ///
    /// Outside both.
    #[track_caller]
    pub fn current() -> Self {
        match RunHandle::current() {
            Some(handle) => Self(Kind::Simulated(handle)),
            None => Self::real(real::Handle::current()),
        }
    }

    /// Returns a handle of the run; outside one, of the current runtime.
    ///
    /// # Errors
    ///
    /// Outside both.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        match RunHandle::current() {
            Some(handle) => Ok(Self(Kind::Simulated(handle))),
            None => real::Handle::try_current().map(Self::real),
        }
    }

    /// Enters the runtime, so that operations that need one find it.
    pub fn enter(&self) -> EnterGuard<'_> {
        match &self.0 {
            Kind::Simulated(_) => EnterGuard { _inner: None },
            Kind::Real(handle) => EnterGuard::real(handle.enter()),
        }
    }

    /// Spawns a task.
    ///
    /// # Panics
    ///
    /// If this is a handle of a run, and that is over.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.0 {
            Kind::Simulated(run) => {
                run.check();
                match start_on_host(future, Some(run.host), Location::caller()) {
                    Ok(handle) => handle,
                    Err(_) => unreachable!("the run was there just now"),
                }
            }
            Kind::Real(handle) => JoinHandle::real(handle.spawn(future)),
        }
    }

    /// Calls a function that blocks, as [`spawn_blocking`](crate::tokio::task::spawn_blocking).
    ///
    /// # Panics
    ///
    /// If this is a handle of a run, and that is over.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match &self.0 {
            Kind::Simulated(run) => {
                run.check();
                match blocking::start(f, Some(run.host), BLOCKING_NAME, Location::caller()) {
                    Ok(handle) => handle,
                    Err(_) => unreachable!("the run was there just now"),
                }
            }
            Kind::Real(handle) => JoinHandle::real(handle.spawn_blocking(f)),
        }
    }

    /// Runs a future to its end on this thread. In a task of a run that may block
    /// ([`spawn_blocking`](crate::tokio::task::spawn_blocking)) other tasks go on meanwhile.
    ///
    /// # Panics
    ///
    /// As tokio's, in any other task; and if this is a handle of a run, and that is over.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Kind::Simulated(run) if blocking::may_block() => {
                run.check();
                blocking::block_on(future)
            }
            Kind::Simulated(_) => real::Handle::current().block_on(future),
            Kind::Real(handle) => handle.block_on(future),
        }
    }

    /// Returns the kind of the runtime: that of one thread, if it is a run.
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match &self.0 {
            Kind::Simulated(_) => RuntimeFlavor::CurrentThread,
            Kind::Real(handle) => handle.runtime_flavor(),
        }
    }

    /// Returns the runtime's id.
    ///
    /// # Panics
    ///
    /// If this is a handle of a run, and that is over.
    #[track_caller]
    pub fn id(&self) -> Id {
        self.underlying().id()
    }

    /// Returns the runtime's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Simulated(_) => None,
            Kind::Real(handle) => handle.name(),
        }
    }

    /// Returns the runtime's metrics. In a run they do not count its tasks.
    ///
    /// # Panics
    ///
    /// If this is a handle of a run, and that is over.
    #[track_caller]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.underlying().metrics()
    }

    /// Returns tokio's own handle, if this is not a handle of a run.
    pub(crate) fn outside(&self) -> Option<&real::Handle> {
        match &self.0 {
            Kind::Simulated(_) => None,
            Kind::Real(handle) => Some(handle),
        }
    }

    /// Returns tokio's own handle: in a run, of the runtime that drives it.
    #[track_caller]
    fn underlying(&self) -> real::Handle {
        match &self.0 {
            Kind::Simulated(run) => {
                run.check();
                real::Handle::current()
            }
            Kind::Real(handle) => handle.clone(),
        }
    }
}
