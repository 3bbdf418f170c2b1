//! Tasks, as in `tokio::task`.
//!
//! Inside a run the simulator polls them; outside, tokio does. [`JoinError`] is
//! our own type. `JoinSet`, `LocalSet`, `spawn_local`, `spawn_blocking`,
//! `block_in_place` and task ids are absent.

pub use crate::task::{AbortHandle, JoinError, JoinHandle, spawn, yield_now};
