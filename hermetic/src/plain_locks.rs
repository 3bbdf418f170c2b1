//! Waits for locks of the standard library, by code on a stack of its own.
//!
//! A lock that another suspended job holds would block the thread for ever, and with it that
//! job. On Linux such a wait is one system call, which this crate sees: the
//! code that runs the jobs may have another one go on instead.

use std::cell::Cell;
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
use std::time::Duration;

#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
use crate::stacks;

/// The end of a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitEnd {
    /// The lock may be free.
    Woken,
    /// Time is up.
    TimedOut,
    /// No other job can go on: the thread is to wait.
    Refused,
}

/// The functions that are called in the place of a wait, and beside a wake.
#[derive(Clone, Copy, Debug)]
pub struct PlainLocks {
    /// Suspends the job until the address is woken. `true`: until a time, at most.
    pub wait: fn(usize, bool) -> WaitEnd,
    /// Wakes so many jobs at most that wait at the address. Returns how many it has woken.
    pub wake: fn(usize, u32) -> u32,
}

thread_local! {
    static HANDLERS: Cell<Option<PlainLocks>> = const { Cell::new(None) };
}

/// A guard that ends the effect of [`handle_plain_locks`] when dropped.
#[derive(Debug)]
#[must_use = "the functions are called until this is dropped"]
pub struct HandlingPlainLocks(Option<PlainLocks>);

/// Calls these functions on this thread, until the guard is dropped. Only waits on an
/// [`OwnStack`](crate::OwnStack) are handled, and only on x86-64.
pub fn handle_plain_locks(handlers: PlainLocks) -> HandlingPlainLocks {
    HandlingPlainLocks(HANDLERS.replace(Some(handlers)))
}

impl Drop for HandlingPlainLocks {
    fn drop(&mut self) {
        HANDLERS.set(self.0);
    }
}

/// The real time for which a thread waits before a job is suspended. A lock that another thread
/// holds must be free by then, or the run would not be what its seed makes it; and a thread
/// can be without a processor for long. So it is long, and code that is to be interrupted with a
/// lock in hand takes one of the facade's.
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// Returns the function that handles a wait at this place.
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
pub(crate) fn wait_handler() -> Option<fn(usize, bool) -> WaitEnd> {
    HANDLERS
        .get()
        .filter(|_| stacks::is_on_own_stack())
        .map(|handlers| handlers.wait)
}

/// Wakes jobs that wait at the address.
#[cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    target_arch = "x86_64"
))]
pub(crate) fn wake(address: usize, most: u32) -> u32 {
    HANDLERS
        .get()
        .map_or(0, |handlers| (handlers.wake)(address, most))
}
