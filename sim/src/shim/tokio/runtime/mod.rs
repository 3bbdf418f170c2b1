//! Runtimes and their handles, as in `tokio::runtime`.
//!
//! A [`Runtime`] is tokio's own, with the facade's types around it. Inside a run the only
//! runtime is the run: [`Handle::current`] returns a handle of it, and what such a handle spawns
//! is a task of the run.
//!
//! Differences from tokio:
//!
//! - A handle of a run spawns on the host on which it was made. To enter it has no effect.
//! - Absent: options of a [`LocalRuntime`], task dumps, and what tokio calls unstable.

mod builder;
mod handle;
mod local;
mod owned;

pub use ::tokio::runtime::{
    Id, RuntimeFlavor, RuntimeMetrics, TryCurrentError, is_rt_shutdown_err,
};
pub use builder::Builder;
pub use handle::{EnterGuard, Handle};
pub use local::LocalRuntime;
pub use owned::Runtime;
