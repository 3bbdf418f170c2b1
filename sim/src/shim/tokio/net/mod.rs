//! Sockets, as in `tokio::net`.
//!
//! Inside a run they are simulated: a socket belongs to the host of the task that made it (or,
//! if accepted, of its listener), wherever it is moved, and host names are the names of the
//! run's hosts. Every read and every write is a scheduling point. Outside a run they are
//! tokio's own sockets.
//!
//! A simulated socket that outlives its run is dead: its operations give
//! `NotConnected`.
//!
//! Differences from tokio:
//!
//! - A connection that the network gives up shows as `TimedOut`.
//! - In a run, a name that no host has gives `NotFound`.
//! - In a run, `poll_write_vectored` writes the first buffer that is not empty.
//! - [`TcpListener::poll_accept`] and the like have one scheduling point for all callers.
//! - `into_std` of a simulated socket gives `Unsupported`.
//! - Absent: Unix sockets, raw handles, `from_std` and `into_std` of a [`UdpSocket`], `ready` and
//!   `try_io`, `poll_peek` and `try_*` of several buffers, options of the socket
//!   (`linger`, `quickack`, `tos`, multicast, devices), and `AsRef<TcpStream>` of the halves.
//!   UDP sockets have no `poll_*` but `poll_recv_from` and `poll_send_to`, no `try_peek*`, `readable` or `writable`. Of these the
//!   simulated network has `poll_peek` alone.

mod addr;
mod listener;
mod pipe;
mod run_host;
mod simulated;
mod socket;
mod stream;
mod transport;
mod udp;

pub mod tcp;

pub use addr::{ToSocketAddrs, lookup_host};
pub use listener::TcpListener;
pub use socket::TcpSocket;
pub use stream::TcpStream;
pub use udp::UdpSocket;
