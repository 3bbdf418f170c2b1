//! The crate `tokio` of a project that is built by `cargo rehearsal`.
//!
//! Tasks, timers, sockets, files, locks, channels and signals are those of Rehearsal's facade. Inside
//! a run their operations are scheduling points; outside they are tokio's own. What concerns the
//! machine and not tasks (`process`, Unix sockets) is tokio's own everywhere: in a run the threads
//! and sockets that it needs are leaks.

pub use rehearsal_sim::tokio::{
    __private, io, join, main, pin, runtime, select, spawn, sync, task, task_local, test, time,
    try_join,
};

#[cfg(feature = "process")]
pub use real::process;
#[cfg(feature = "fs")]
pub use rehearsal_sim::tokio::fs;
#[cfg(feature = "signal")]
pub use rehearsal_sim::tokio::signal;

/// Sockets.
pub mod net {
    #[cfg(all(unix, feature = "net"))]
    pub use real::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream, unix};
    pub use rehearsal_sim::tokio::net::*;
}
