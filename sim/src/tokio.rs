//! The facade (its sockets and locks are on their way).

pub use ::tokio::{io, join, pin, select, sync, time, try_join};
pub use task::spawn;

/// Tasks.
pub mod task {
    pub use crate::task::{AbortHandle, JoinError, JoinHandle, spawn, yield_now};
}

/// Sockets.
pub mod net {
    pub use turmoil_net::shim::tokio::net::*;
}
