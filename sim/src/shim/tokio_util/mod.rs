//! A stand-in for the crate `tokio-util`: `use rehearsal_sim::tokio_util;` next to
//! [`tokio`](crate::tokio).
//!
//! Here is what tasks wait for or are ended by: [`sync::CancellationToken`],
//! [`task::TaskTracker`] and [`task::AbortOnDropHandle`], thin over the crate's own
//! and labelled as all of the facade is. What the crate has for `AsyncRead` and
//! `AsyncWrite` (`codec`, `io`, `compat`) goes with the facade's sockets as it is.
//!
//! Absent: `PollSender`, `PollSemaphore`, `JoinMap`, `JoinQueue`, `DelayQueue` and
//! `FutureExt`, and `LocalPoolHandle`, which needs threads.

pub mod sync;
pub mod task;
