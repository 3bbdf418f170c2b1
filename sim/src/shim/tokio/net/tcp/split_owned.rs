//! Owned halves.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Waker};

use ::tokio::net::tcp as real;

use super::super::TcpStream;
use super::super::simulated::Connection;
use crate::point::Progress;

/// The read half of a stream.
pub struct OwnedReadHalf(Inner<Arc<Connection>, real::OwnedReadHalf>);

/// The write half of a stream. Dropped, it ends the stream in its direction.
pub struct OwnedWriteHalf(Inner<WriteEnd, real::OwnedWriteHalf>);

enum Inner<C, R> {
    Simulated { connection: C, progress: Progress },
    Real(R),
}

/// A guard that ends the write direction when dropped, unless disarmed.
struct WriteEnd {
    connection: Arc<Connection>,
    on_drop: OnDrop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    ShutDown,
    LeaveOpen,
}

impl Deref for WriteEnd {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::ShutDown {
            self.connection.resource().touch();
            let mut cx = Context::from_waker(Waker::noop());
            // It never waits, and a destructor cannot report an error.
            let _ = self.connection.poll_shutdown(&mut cx);
        }
    }
}

impl OwnedReadHalf {
    pub(in super::super) fn simulated(connection: Arc<Connection>) -> Self {
        Self(Inner::Simulated {
            connection,
            progress: Progress::default(),
        })
    }

    pub(in super::super) fn real(half: real::OwnedReadHalf) -> Self {
        Self(Inner::Real(half))
    }

    /// Reunites the halves of a stream.
    ///
    /// # Errors
    ///
    /// Both halves, if they belong to different streams.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        match (self.0, other.0) {
            (
                Inner::Simulated {
                    connection,
                    progress: _,
                },
                Inner::Simulated {
                    connection: mut end,
                    progress: _,
                },
            ) if Arc::ptr_eq(&connection, &end.connection) => {
                end.on_drop = OnDrop::LeaveOpen;
                Ok(TcpStream::around(connection))
            }
            (Inner::Real(read), Inner::Real(write)) => match read.reunite(write) {
                Ok(stream) => Ok(TcpStream::real(stream)),
                Err(real::ReuniteError(read, write)) => Err(ReuniteError(
                    Self(Inner::Real(read)),
                    OwnedWriteHalf(Inner::Real(write)),
                )),
            },
            (read, write) => Err(ReuniteError(Self(read), OwnedWriteHalf(write))),
        }
    }
}

impl OwnedWriteHalf {
    pub(in super::super) fn simulated(connection: Arc<Connection>) -> Self {
        Self(Inner::Simulated {
            connection: WriteEnd {
                connection,
                on_drop: OnDrop::ShutDown,
            },
            progress: Progress::default(),
        })
    }

    pub(in super::super) fn real(half: real::OwnedWriteHalf) -> Self {
        Self(Inner::Real(half))
    }

    /// Reunites the halves of a stream.
    ///
    /// # Errors
    ///
    /// Both halves, if they belong to different streams.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }

    /// Drops it without ending its direction, which ends with the read half.
    pub fn forget(self) {
        match self.0 {
            Inner::Simulated { mut connection, .. } => connection.on_drop = OnDrop::LeaveOpen,
            Inner::Real(half) => half.forget(),
        }
    }
}

super::read_half!([] OwnedReadHalf);
super::write_half!([] OwnedWriteHalf);

/// The error of halves that belong to different streams.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tried to reunite halves that are not from the same socket")
    }
}

impl Error for ReuniteError {}
