//! Connections of any network: the facade's TCP, or another stream of bytes.

use std::future::Future;
use std::io;

use rehearsal_sim::tokio::io::{AsyncRead, AsyncWrite};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};

use super::wire::PORT;

/// A stream of bytes in both directions, in order and without loss.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> ByteStream for S {}

/// A source of connections.
pub trait Listener: Send + 'static {
    /// The type of a connection.
    type Stream: ByteStream;

    /// Waits for the next connection. Cancel safe.
    ///
    /// # Errors
    ///
    /// If there is none this time; the server waits a little and asks again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        Ok(stream)
    }
}

/// A way to a server by the name of its host.
pub trait Connector: Clone + Send + Sync + 'static {
    /// The type of a connection.
    type Stream: ByteStream;

    /// Connects to the host of that name.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    fn connect(&self, host: &str) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// The facade's network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SimConnector;

impl Connector for SimConnector {
    type Stream = TcpStream;

    async fn connect(&self, host: &str) -> io::Result<TcpStream> {
        TcpStream::connect((host, PORT)).await
    }
}
