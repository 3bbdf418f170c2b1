//! Threads, as in `std::thread`: in a run they are tasks of the run.
//!
//! Differences from the standard library:
//!
//! - In a run, a thread is on the host of the task that starts it. It goes on until it waits, and
//!   with [`Interleave::Operations`](crate::Interleave) until a scheduling point. Time is
//!   virtual. A panic in a thread ends the run, as one in any task.
//! - All threads of a run share the thread-locals of the run's one thread.
//! - A wait in a task whose poll cannot be suspended panics: in a run whose operations are no
//!   scheduling points, that is each task which was polled before the first thread was started.
//! - [`JoinHandle`], [`Thread`] and [`ThreadId`] are the facade's own types.
//! - Absent: `scope`, and what the standard library calls unstable.

mod handle;
mod parker;

use ::std::io;
use ::std::panic::Location;
use ::std::thread as real;
use ::std::time::Duration;

pub use handle::{Builder, JoinHandle};
pub use parker::{Thread, ThreadId};
pub use real::{AccessError, LocalKey, Result, available_parallelism, panicking};

use crate::blocking;
use crate::engine::stacks;
use crate::tokio::time;

/// Starts a thread; as `std::thread::spawn`. In a run, a task.
///
/// # Panics
///
/// Outside a run, if the system has no threads left.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let started: io::Result<JoinHandle<T>> = handle::start(Builder::new(), f, Location::caller());
    started.unwrap_or_else(|error| panic!("failed to spawn thread: {error}"))
}

/// Returns a handle of the current thread; in a task of a run, of the task.
pub fn current() -> Thread {
    parker::current()
}

/// Waits until the current thread is unparked, or returns at once if that has happened since it
/// last parked. As `std::thread::park`.
///
/// # Panics
///
/// In a task that would have to wait and cannot be suspended.
pub fn park() {
    parker::park(None);
}

/// As [`park`], for so long at most. In a run, in virtual time.
///
/// # Panics
///
/// As [`park`].
pub fn park_timeout(most: Duration) {
    parker::park(Some(most));
}

/// Waits that long; as `std::thread::sleep`. In a run, in virtual time.
///
/// # Panics
///
/// In a task that would have to wait and cannot be suspended.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "outside a run it is the standard library's"
)]
pub fn sleep(duration: Duration) {
    match blocking::is_in_a_task() {
        true => blocking::wait("`thread::sleep`", time::sleep(duration)),
        false => real::sleep(duration),
    }
}

/// Has every other ready task go first, in a task of a run that can be suspended. As
/// `std::thread::yield_now`.
pub fn yield_now() {
    if !stacks::yield_now() {
        real::yield_now();
    }
}
