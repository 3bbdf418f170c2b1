//! Tasks with an owner, as in `tokio_util::task`.
//!
//! `spawn_on`, `spawn_blocking` and the like are absent, as in
//! [`tokio::task`](crate::tokio::task).

mod abort_on_drop;
pub mod task_tracker;

pub use abort_on_drop::AbortOnDropHandle;
pub use task_tracker::TaskTracker;
