//! The simulations of TCP, by the model that the run has.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil_net::shim::tokio::net as machine;

use super::pipe::{PipeListener, PipeStream};
use super::run_host::{OnHost, RunHost};
use crate::engine::network;
use crate::net::{RECEIVE_BUFFER, TcpModel};

/// One end of a connection.
#[derive(Debug)]
pub(super) enum Stream {
    Machine(OnHost<machine::TcpStream>),
    Pipe(PipeStream),
}

/// A socket that listens.
#[derive(Debug)]
pub(super) enum Listener {
    Machine(OnHost<machine::TcpListener>),
    Pipe(PipeListener),
}

impl Stream {
    pub(super) async fn connect(host: RunHost, peer: SocketAddr) -> io::Result<Self> {
        match network::tcp_model() {
            TcpModel::Machine => {
                let stream = machine::TcpStream::connect(peer).await?;
                Ok(Self::Machine(OnHost::new(host, stream)))
            }
            TcpModel::Pipes => PipeStream::connect(host, peer).await.map(Self::Pipe),
        }
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Machine(stream) => {
                let before = buffer.filled().len();
                let result = Pin::new(stream.get_mut()?).poll_read(cx, buffer);
                has_read(buffer.filled().len() - before);
                result
            }
            Self::Pipe(pipe) => pipe.poll_read(Some(cx.waker()), buffer),
        }
    }

    pub(super) fn poll_peek(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Machine(stream) => stream.get_mut()?.poll_peek(cx, buffer),
            Self::Pipe(pipe) => pipe.poll_peek(Some(cx.waker()), buffer),
        }
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Machine(stream) => {
                let written = ready!(Pin::new(stream.get_mut()?).poll_write(cx, bytes));
                network::dirty();
                Poll::Ready(written)
            }
            Self::Pipe(pipe) => pipe.poll_write(Some(cx.waker()), bytes),
        }
    }

    /// Returns `Ready` if a write would, with any outcome.
    pub(super) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An empty write waits for room as any other does.
        let written = match self {
            Self::Machine(stream) => Pin::new(stream.get_mut()?).poll_write(cx, &[]),
            Self::Pipe(pipe) => pipe.poll_write(Some(cx.waker()), &[]),
        };
        written.map(|_| Ok(()))
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Machine(stream) => {
                let ended = ready!(Pin::new(stream.get_mut()?).poll_shutdown(cx));
                network::dirty();
                Poll::Ready(ended)
            }
            Self::Pipe(pipe) => Poll::Ready(pipe.shut_down()),
        }
    }

    pub(super) fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match self {
            Self::Machine(_) => {
                self.poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer)
            }
            Self::Pipe(pipe) => pipe.poll_read(None, &mut buffer),
        };
        match read {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::Machine(_) => self.poll_write(&mut Context::from_waker(Waker::noop()), bytes),
            Self::Pipe(pipe) => pipe.poll_write(None, bytes),
        };
        match written {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Machine(stream) => stream.get()?.local_addr(),
            Self::Pipe(pipe) => pipe.local_addr(),
        }
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Machine(stream) => stream.get()?.peer_addr(),
            Self::Pipe(pipe) => pipe.peer_addr(),
        }
    }

    pub(super) fn nodelay(&self) -> io::Result<bool> {
        match self {
            Self::Machine(stream) => stream.get()?.nodelay(),
            Self::Pipe(pipe) => Ok(pipe.nodelay()),
        }
    }

    pub(super) fn set_nodelay(&mut self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Machine(stream) => stream.get()?.set_nodelay(nodelay),
            Self::Pipe(pipe) => {
                pipe.set_nodelay(nodelay);
                Ok(())
            }
        }
    }

    pub(super) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Machine(stream) => stream.get()?.ttl(),
            Self::Pipe(pipe) => Ok(pipe.ttl().get()),
        }
    }

    pub(super) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Machine(stream) => stream.get()?.set_ttl(ttl),
            Self::Pipe(pipe) => pipe.ttl().set(ttl),
        }
    }
}

impl Drop for Stream {
    /// Closes the connection. If the peer has not, the network keeps the machine.
    fn drop(&mut self) {
        let Self::Machine(on_host) = self else {
            return;
        };
        let host = on_host.host();
        let Some(mut stream) = on_host.take() else {
            return;
        };
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0];
        // Data, an end or an error are for the kernel to deal with.
        let peeked = stream.poll_peek(&mut cx, &mut ReadBuf::new(&mut byte));
        let still_open = peeked.is_pending()
            && matches!(
                Pin::new(&mut stream).poll_shutdown(&mut cx),
                Poll::Ready(Ok(()))
            );
        if still_open {
            host.adopt(stream);
        } else {
            drop(stream);
        }
        network::dirty();
    }
}

impl Listener {
    pub(super) async fn bind(host: RunHost, at: SocketAddr) -> io::Result<Self> {
        match network::tcp_model() {
            TcpModel::Machine => {
                let listener = machine::TcpListener::bind(at).await?;
                Ok(Self::Machine(OnHost::new(host, listener)))
            }
            TcpModel::Pipes => PipeListener::bind(host, at).map(Self::Pipe),
        }
    }

    pub(super) fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Stream, SocketAddr)>> {
        match self {
            Self::Machine(listener) => {
                let (stream, peer) = ready!(listener.get()?.poll_accept(cx))?;
                let stream = OnHost::new(listener.host(), stream);
                Poll::Ready(Ok((Stream::Machine(stream), peer)))
            }
            Self::Pipe(pipe) => {
                let (stream, peer) = ready!(pipe.poll_accept(cx))?;
                Poll::Ready(Ok((Stream::Pipe(stream), peer)))
            }
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Machine(listener) => listener.get()?.local_addr(),
            Self::Pipe(pipe) => pipe.local_addr(),
        }
    }

    pub(super) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Machine(listener) => listener.get()?.ttl(),
            Self::Pipe(pipe) => Ok(pipe.ttl().get()),
        }
    }

    pub(super) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Machine(listener) => listener.get()?.set_ttl(ttl),
            Self::Pipe(pipe) => pipe.ttl().set(ttl),
        }
    }
}

/// Records that a read has made room for that many bytes. The kernel sends its peer an update of
/// the window only if they are half of its buffer.
fn has_read(bytes: usize) {
    if bytes >= RECEIVE_BUFFER / 2 {
        network::dirty();
    }
}
