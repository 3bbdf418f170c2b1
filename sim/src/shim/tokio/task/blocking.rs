//! `spawn_blocking`.

use super::JoinHandle;

/// Runs a function on a thread for operations that block; as `tokio::task::spawn_blocking`. In a
/// run that thread is a leak, and fails the run unless leaks are allowed.
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
    JoinHandle::real(::tokio::task::spawn_blocking(f))
}
