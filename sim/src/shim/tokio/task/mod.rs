//! Tasks, as in `tokio::task`.
//!
//! Inside a run the simulator polls them; outside, tokio does.
//!
//! Differences from tokio:
//!
//! - [`JoinError`], [`JoinHandle`], [`AbortHandle`] and [`Id`] are the facade's own types.
//! - Inside a run [`spawn_local`] works outside a [`LocalSet`] too, as in tokio's
//!   `LocalRuntime`, and the tasks of a set run while it is not polled.
//! - [`coop`] is tokio's own. Nothing has a budget inside a run: each operation is a scheduling
//!   point anyhow, and so is [`consume_budget`].
//! - Absent: `spawn_blocking`, `block_in_place` and `LocalSet::block_on`, which
//!   need threads; `spawn_on` of a `JoinSet`, which needs a runtime of tokio's.

mod join_set;
mod local;

pub use crate::task::{AbortHandle, JoinError, JoinHandle, consume_budget, spawn, yield_now};
pub use crate::task::{Id, id, try_id};
pub use ::tokio::task::{LocalKey, coop, futures, unconstrained};
pub use join_set::JoinSet;
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
