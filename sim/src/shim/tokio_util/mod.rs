//! A stand-in for the crate `tokio-util`: `use rehearsal_sim::tokio_util;` next to
//! [`tokio`](crate::tokio).
//!
//! It has the types for which tasks wait or by which they are ended:
//! [`sync::CancellationToken`], [`task::TaskTracker`] and [`task::AbortOnDropHandle`], thin
//! wrappers of the crate's own, with scheduling points as in the rest of the facade. The parts
//! of the crate for `AsyncRead` and `AsyncWrite` (`codec`, `io`, `compat`) work with the
//! facade's sockets unchanged.
//!
//! Absent: `PollSender`, `PollSemaphore`, `JoinMap`, `JoinQueue`, `DelayQueue` and
//! `FutureExt`, and `LocalPoolHandle`, which needs threads.

pub mod sync;
pub mod task;
