//! Streams under WebSocket connections: the facade's TCP, or any other stream of
//! bytes.

use std::future::Future;
use std::io;

use rehearsal_sim::tokio::io::{AsyncRead, AsyncWrite};
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
    /// If there is none this time; the bridge rests a little and asks again.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        Ok(stream)
    }
}
