//! Signals, as in `tokio::signal`.
//!
//! Signals are sent to a process, and a run has none: what waits for one inside a run waits until
//! it is dropped, as in a process that is left alone. A run whose every task waits so is a deadlock.

#[cfg(unix)]
pub mod unix;

use std::future::pending;
use std::io;

use ::tokio::signal as real;

use crate::engine::context;

/// Completes when the process receives an interrupt; as `tokio::signal::ctrl_c`. Never in a run.
///
/// # Errors
///
/// Outside a run as tokio does.
pub async fn ctrl_c() -> io::Result<()> {
    match context::is_in_run() {
        true => pending().await,
        false => real::ctrl_c().await,
    }
}
