//! `TcpStream`.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net as real;

use super::addr::{ToSocketAddrs, destination, no_address, resolve};
use super::run_host::{Connecting, RunHost, not_of_the_machine};
use super::simulated::Connection;
use super::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::transport::Stream;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Progress, Resource};

/// As `tokio::net::TcpStream`.
pub struct TcpStream(Inner);

enum Inner {
    Simulated {
        connection: Arc<Connection>,
        reading: Progress,
        writing: Progress,
    },
    Real(real::TcpStream),
}

impl TcpStream {
    /// Connects to the first of the addresses that accepts.
    ///
    /// # Errors
    ///
    /// The error of the last address, if none does: `ConnectionRefused` without a listener
    /// there, `TimedOut` without an answer.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<Self>> {
        let caller = Location::caller();
        async move {
            match RunHost::current() {
                Some(host) => connect(host, addr, caller).await.map(Self::simulated),
                None => Ok(Self::real(real::TcpStream::connect(addr).await?)),
            }
        }
    }

    pub(super) async fn connect_from(
        host: RunHost,
        addr: SocketAddr,
        caller: &'static Location<'static>,
    ) -> io::Result<Self> {
        connect(host, addr, caller).await.map(Self::simulated)
    }

    pub(super) fn simulated(connection: Connection) -> Self {
        Self::around(Arc::new(connection))
    }

    pub(super) fn around(connection: Arc<Connection>) -> Self {
        Self(Inner::Simulated {
            connection,
            reading: Progress::default(),
            writing: Progress::default(),
        })
    }

    pub(super) fn real(stream: real::TcpStream) -> Self {
        Self(Inner::Real(stream))
    }

    /// Makes it of a socket of the machine.
    ///
    /// # Errors
    ///
    /// If tokio cannot register it.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as tokio does.
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        real::TcpStream::from_std(stream).map(Self::real)
    }

    /// Returns the socket of the machine.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a simulated one, which the machine does not have.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        match self.0 {
            Inner::Simulated { .. } => Err(not_of_the_machine()),
            Inner::Real(stream) => stream.into_std(),
        }
    }

    /// Returns the error that the system keeps for it, if there is one. In a run there is none.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &self.0 {
            Inner::Simulated { .. } => Ok(None),
            Inner::Real(stream) => stream.take_error(),
        }
    }

    /// Returns the address of this end.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.local_addr(),
            Inner::Real(stream) => stream.local_addr(),
        }
    }

    /// Returns the address of the other end.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.peer_addr(),
            Inner::Real(stream) => stream.peer_addr(),
        }
    }

    /// Waits for bytes to read and copies them, but does not consume them. Returns their
    /// number: 0 if the other end has ended the stream.
    ///
    /// # Errors
    ///
    /// As a read.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.peek(buf).await,
            Inner::Real(stream) => stream.peek(buf).await,
        }
    }

    /// Waits until there are bytes to read, or the stream has ended.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub async fn readable(&self) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.readable().await,
            Inner::Real(stream) => stream.readable().await,
        }
    }

    /// Waits until there is room to write, or the stream has ended.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub async fn writable(&self) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.writable().await,
            Inner::Real(stream) => stream.writable().await,
        }
    }

    /// Reads the available bytes.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there are none, and as a read.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.try_read(buf),
            Inner::Real(stream) => stream.try_read(buf),
        }
    }

    /// Writes as many bytes as there is room for.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none, and as a write.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.try_write(buf),
            Inner::Real(stream) => stream.try_write(buf),
        }
    }

    /// Returns `true` if small writes are sent at once. In a run they always are.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn nodelay(&self) -> io::Result<bool> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.with(|stream| stream.nodelay()),
            Inner::Real(stream) => stream.nodelay(),
        }
    }

    /// Sets whether small writes are sent at once. In a run they always are.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { connection, .. } => {
                connection.with(|stream| stream.set_nodelay(nodelay))
            }
            Inner::Real(stream) => stream.set_nodelay(nodelay),
        }
    }

    /// Returns the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`].
    pub fn ttl(&self) -> io::Result<u32> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.with(|stream| stream.ttl()),
            Inner::Real(stream) => stream.ttl(),
        }
    }

    /// Sets the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::local_addr`], and if it is out of range.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.with(|stream| stream.set_ttl(ttl)),
            Inner::Real(stream) => stream.set_ttl(ttl),
        }
    }

    /// Splits it into its two directions, to use at once in one task.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        match &mut self.0 {
            Inner::Simulated {
                connection,
                reading,
                writing,
            } => (
                ReadHalf::simulated(connection, reading),
                WriteHalf::simulated(connection, writing),
            ),
            Inner::Real(stream) => {
                let (read, write) = stream.split();
                (ReadHalf::real(read), WriteHalf::real(write))
            }
        }
    }

    /// Splits it into its two directions, for two tasks. The write half ends its direction when
    /// it is dropped.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        match self.0 {
            Inner::Simulated { connection, .. } => (
                OwnedReadHalf::simulated(Arc::clone(&connection)),
                OwnedWriteHalf::simulated(connection),
            ),
            Inner::Real(stream) => {
                let (read, write) = stream.into_split();
                (OwnedReadHalf::real(read), OwnedWriteHalf::real(write))
            }
        }
    }
}

async fn connect(
    host: RunHost,
    addr: impl ToSocketAddrs,
    caller: &'static Location<'static>,
) -> io::Result<Connection> {
    let resource = Resource::at(ResourceKind::Socket, caller);
    let mut failure = no_address();
    for peer in resolve(host, &addr)?.into_iter().map(destination) {
        let attempt = Connecting::new(host, Stream::connect(host, peer));
        match Op::new(&resource, Operation::Connect, attempt).await {
            Ok(stream) => return Ok(Connection::new(host, stream, peer, resource)),
            Err(error) => failure = host.explain(peer, error),
        }
    }
    Err(failure)
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Inner::Simulated {
                connection,
                reading,
                ..
            } => connection.drive_read(reading, cx, buf),
            Inner::Real(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Inner::Simulated {
                connection,
                writing,
                ..
            } => connection.drive_write(writing, cx, buf),
            Inner::Real(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Inner::Simulated {
                connection,
                writing,
                ..
            } => connection.drive_write_vectored(writing, cx, bufs),
            Inner::Real(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Inner::Simulated { .. } => false,
            Inner::Real(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Inner::Simulated { .. } => Poll::Ready(Ok(())),
            Inner::Real(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Inner::Simulated {
                connection,
                writing,
                ..
            } => connection.drive_shutdown(writing, cx),
            Inner::Real(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Simulated { connection, .. } => connection.fmt(f),
            Inner::Real(stream) => stream.fmt(f),
        }
    }
}
