//! The network under a system: the facade's TCP, or that of another runtime.
//!
//! A system that takes its sockets from a [`Network`] runs wherever there is one: in the
//! simulator, on another simulator, on plain tokio.

use std::future::Future;
use std::io;

use rehearsal_sim::tokio::io::{AsyncRead, AsyncWrite};
use rehearsal_sim::tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};

/// A stream of bytes in both directions, in order and without loss. Whatever
/// can be one is one.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> ByteStream for S {}

/// A source of connections: [`TcpListener`] of the facade, or another, for example
/// that of another simulator or one behind TLS.
pub trait Listener: Send + 'static {
    /// The type of a connection.
    type Stream: ByteStream;

    /// Waits for the next connection. May be given up at any time without
    /// losing one.
    ///
    /// # Errors
    ///
    /// If there is none this time; the server rests a little and asks again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        Ok(stream)
    }
}

/// A network of hosts with names.
pub trait Network: Clone + Send + Sync + 'static {
    /// The type of a connection.
    type Stream: ByteStream;
    /// The type of a source of connections.
    type Listener: Listener<Stream = Self::Stream>;
    /// The reading half of a connection.
    type Reader: AsyncRead + Unpin + Send + 'static;
    /// The writing half of a connection.
    type Writer: AsyncWrite + Unpin + Send + 'static;

    /// Listens on a port of this host.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    fn listen(&self, port: u16) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Connects to a port of a host.
    ///
    /// # Errors
    ///
    /// If there is no connection.
    fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Takes a connection apart.
    fn split(stream: Self::Stream) -> (Self::Reader, Self::Writer);
}

/// The TCP of the facade: simulated in a run, and otherwise tokio's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Network for Tcp {
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    async fn listen(&self, port: u16) -> io::Result<TcpListener> {
        TcpListener::bind(("0.0.0.0", port)).await
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        TcpStream::connect((host, port)).await
    }

    fn split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
        stream.into_split()
    }
}
