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
//! - [`spawn_blocking`] and [`block_in_place`] are tokio's own: in a run the first is a leak,
//!   because its thread leaves the run, and the second panics.

mod blocking;
mod builder;
mod join_set;
mod local;

pub use crate::task::{AbortHandle, JoinError, JoinHandle, consume_budget, spawn, yield_now};
pub use crate::task::{Id, id, try_id};
pub use ::tokio::task::{LocalKey, block_in_place, coop, futures, unconstrained};
pub use blocking::spawn_blocking;
pub use builder::Builder;
pub use join_set::JoinSet;
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
