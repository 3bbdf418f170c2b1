//! Signals of Unix, as in `tokio::signal::unix`.

use std::io;
use std::task::{Context, Poll};

use ::tokio::signal::unix as real;

pub use real::SignalKind;

use crate::engine::context;

/// A listener for signals of one kind; as `tokio::signal::unix::Signal`.
#[derive(Debug)]
pub struct Signal {
    /// None if it was made in a run, which receives no signal.
    real: Option<real::Signal>,
}

/// Creates a listener; as `tokio::signal::unix::signal`.
///
/// # Errors
///
/// Outside a run as tokio does.
///
/// # Panics
///
/// Outside a run as tokio does.
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let real = match context::is_in_run() {
        true => None,
        false => Some(real::signal(kind)?),
    };
    Ok(Signal { real })
}

impl Signal {
    /// Waits for the next signal; as `Signal::recv`. For ever if the listener was made in a run.
    pub async fn recv(&mut self) -> Option<()> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the next signal; as `Signal::poll_recv`.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        match &mut self.real {
            Some(real) => real.poll_recv(cx),
            None => Poll::Pending,
        }
    }
}
