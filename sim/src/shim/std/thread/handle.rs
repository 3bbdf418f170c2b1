//! `Builder` and `JoinHandle`.

use ::std::any::Any;
use ::std::fmt;
use ::std::io;
use ::std::panic::Location;
use ::std::thread as real;

use super::{Result, Thread};
use crate::blocking;
use crate::task;

/// The name in reports of threads that have none.
const UNNAMED: &str = "thread";

/// Starts threads with settings; as `std::thread::Builder`.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// Returns the settings of a thread without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name: in a run, also that of its task in reports.
    #[must_use]
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the size of the stack in bytes. Without effect in a run, whose stacks have the size of
    /// its configuration.
    #[must_use]
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// Starts a thread; in a run, a task.
    ///
    /// # Errors
    ///
    /// Outside a run, if the system has no threads left.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        start(self, f, Location::caller())
    }

    fn real(self) -> real::Builder {
        let mut builder = real::Builder::new();
        if let Some(name) = self.name {
            builder = builder.name(name);
        }
        match self.stack_size {
            Some(size) => builder.stack_size(size),
            None => builder,
        }
    }
}

/// Starts a thread, or a task of the run.
///
/// # Errors
///
/// Outside a run, if the system has no threads left.
pub(super) fn start<F, T>(
    builder: Builder,
    f: F,
    caller: &'static Location<'static>,
) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let name = builder.name.as_deref().unwrap_or(UNNAMED);
    match blocking::start(f, None, name, caller) {
        Ok(handle) => {
            let thread = Thread::of_task(&handle, builder.name, caller);
            Ok(JoinHandle(Handle::Simulated { handle, thread }))
        }
        Err(f) => {
            let handle = builder.real().spawn(f)?;
            let thread = Thread::real(handle.thread().clone());
            Ok(JoinHandle(Handle::Real { handle, thread }))
        }
    }
}

/// Waits for the end of a thread; as `std::thread::JoinHandle`. Dropped, it detaches the thread.
pub struct JoinHandle<T>(Handle<T>);

enum Handle<T> {
    Simulated {
        handle: task::JoinHandle<T>,
        thread: Thread,
    },
    Real {
        handle: real::JoinHandle<T>,
        thread: Thread,
    },
}

impl<T> JoinHandle<T> {
    /// Waits for the end of the thread. Returns its result.
    ///
    /// # Errors
    ///
    /// The payload of its panic. In a run also a `String`, if the thread has ended with its host.
    ///
    /// # Panics
    ///
    /// In a task that would have to wait and cannot be suspended.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Handle::Real { handle, .. } => handle.join(),
            Handle::Simulated { handle, .. } => {
                let joined = blocking::wait("`JoinHandle::join`", handle);
                joined.map_err(|error| match error.try_into_panic() {
                    Ok(payload) => payload as Box<dyn Any + Send>,
                    Err(error) => Box::new(error.to_string()),
                })
            }
        }
    }

    /// Returns a handle of the thread itself.
    pub fn thread(&self) -> &Thread {
        match &self.0 {
            Handle::Simulated { thread, .. } | Handle::Real { thread, .. } => thread,
        }
    }

    /// Returns `true` if the thread has ended.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Simulated { handle, .. } => handle.is_finished(),
            Handle::Real { handle, .. } => handle.is_finished(),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
