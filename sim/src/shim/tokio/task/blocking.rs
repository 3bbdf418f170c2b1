//! Functions that block their thread.

use std::panic::Location;

use super::JoinHandle;
use crate::blocking;

/// The name of the tasks that [`spawn_blocking`] starts.
pub(crate) const NAME: &str = "spawn_blocking";

/// Calls a function that blocks on a thread for such functions; as
/// `tokio::task::spawn_blocking`.
///
/// In a run it is called by a task of the run. What waits in it (`Handle::block_on`,
/// `blocking_lock`, a lock of [`std::sync`](crate::std::sync)) lets other tasks go on. Once it
/// has begun, the task can be neither aborted nor cancelled; it ends with its host, and with the
/// run. A wait that no task of the run ends, such as a `sleep` of the standard library, takes
/// real time.
///
/// # Panics
///
/// Outside both a run and a tokio runtime, as tokio does.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match blocking::start(f, None, NAME, Location::caller()) {
        Ok(handle) => handle,
        Err(f) => JoinHandle::real(::tokio::task::spawn_blocking(f)),
    }
}

/// Calls a function that blocks, in the middle of a task; as `tokio::task::block_in_place`.
///
/// In a run, what waits in it lets other tasks go on. The task is not cancelled while it is in the
/// function.
///
/// # Panics
///
/// Outside a run, as tokio does. In a run whose operations are no scheduling points, what has to
/// wait panics, unless the run had a task that blocks before this one was polled.
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    match blocking::is_in_a_task() {
        true => blocking::in_place(f),
        false => ::tokio::task::block_in_place(f),
    }
}
