//! Tasks, as in `tokio::task`.
//!
//! Inside a run the simulator polls them; outside, tokio does.
//!
//! Differences from tokio:
//!
//! - [`JoinError`], [`JoinHandle`], [`AbortHandle`], [`Id`] and [`LocalKey`] are the facade's own
//!   types.
//! - Inside a run [`spawn_local`] works outside a [`LocalSet`] too, as in tokio's
//!   `LocalRuntime`, and the tasks of a set run while it is not polled.
//! - [`coop`] is tokio's own. Nothing has a budget inside a run: each operation is a scheduling
//!   point anyhow, and so is [`consume_budget`].
//! - Inside a run [`spawn_blocking`] starts a task of the run, and [`block_in_place`] is no panic,
//!   although a run has one thread. What waits in them lets other tasks go on.

mod blocking;
mod builder;
mod join_set;
mod local;
mod local_key;

/// Named futures.
pub mod futures {
    pub use super::local_key::TaskLocalFuture;
}

pub use crate::task::{AbortHandle, JoinError, JoinHandle, consume_budget, spawn, yield_now};
pub use crate::task::{Id, id, try_id};
pub use ::tokio::task::{coop, unconstrained};
pub(crate) use blocking::NAME as BLOCKING_NAME;
pub use blocking::{block_in_place, spawn_blocking};
pub use builder::Builder;
pub use join_set::JoinSet;
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
pub use local_key::LocalKey;
