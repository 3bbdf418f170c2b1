//! One end of a simulated TCP connection. A stream and its halves share it.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil_net::shim::tokio::net::TcpStream;

use super::run_host::{OnHost, RunHost};
use crate::engine::interest::Interests;
use crate::engine::network;
use crate::net::RECEIVE_BUFFER;
use crate::operation::Operation;
use crate::point::{Op, Progress, Resource};

#[derive(Debug)]
pub(super) struct Connection {
    // turmoil-net's stream needs exclusive access to read and write, which two halves cannot
    // have. Never contended: a run has one thread.
    stream: Mutex<OnHost<TcpStream>>,
    host: RunHost,
    peer: SocketAddr,
    resource: Resource,
    readers: Interests,
    writers: Interests,
}

impl Connection {
    pub(super) fn new(
        host: RunHost,
        stream: TcpStream,
        peer: SocketAddr,
        resource: Resource,
    ) -> Self {
        Self {
            stream: Mutex::new(OnHost::new(host, stream)),
            host,
            peer,
            resource,
            readers: Interests::default(),
            writers: Interests::default(),
        }
    }

    pub(super) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Accesses the stream, to read or set one of its options.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut TcpStream) -> io::Result<R>) -> io::Result<R> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        f(stream.get_mut()?).map_err(|error| self.host.explain(self.peer, error))
    }

    /// Polls an operation that sends nothing.
    fn look<R>(
        &self,
        f: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let result = ready!(f(Pin::new(stream.get_mut()?)));
        Poll::Ready(result.map_err(|error| self.host.explain(self.peer, error)))
    }

    /// Polls an operation that may send something.
    fn operate<R>(
        &self,
        f: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let result = ready!(self.look(f));
        network::dirty();
        Poll::Ready(result)
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = self
            .readers
            .poll(cx, |cx| self.look(|stream| stream.poll_read(cx, buffer)));
        has_read(buffer.filled().len() - before);
        result
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.writers.poll(cx, |cx| {
            self.operate(|stream| stream.poll_write(cx, buffer))
        })
    }

    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.operate(|stream| stream.poll_shutdown(cx))
    }

    pub(super) fn drive_read(
        &self,
        progress: &mut Progress,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        progress.drive(&self.resource, Operation::Read, cx, |cx| {
            self.poll_read(cx, buffer)
        })
    }

    pub(super) fn drive_write(
        &self,
        progress: &mut Progress,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        progress.drive(&self.resource, Operation::Write, cx, |cx| {
            self.poll_write(cx, buffer)
        })
    }

    /// Writes the first buffer that is not empty.
    pub(super) fn drive_write_vectored(
        &self,
        progress: &mut Progress,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let full = buffers.iter().find(|buffer| !buffer.is_empty());
        self.drive_write(progress, cx, full.map_or(&[], |buffer| buffer))
    }

    pub(super) fn drive_shutdown(
        &self,
        progress: &mut Progress,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        progress.drive(&self.resource, Operation::Shutdown, cx, |cx| {
            self.poll_shutdown(cx)
        })
    }

    pub(super) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let peek = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(buffer);
            self.readers.poll(cx, |cx| {
                self.look(|stream| stream.poll_peek(cx, &mut buffer))
            })
        });
        Op::new(&self.resource, Operation::Peek, peek).await
    }

    /// Returns `Ready` if a read would, with any outcome.
    pub(super) async fn readable(&self) -> io::Result<()> {
        let readable = poll_fn(|cx| {
            let mut byte = [0];
            let mut buffer = ReadBuf::new(&mut byte);
            // The read reports the error.
            self.readers.poll(cx, |cx| {
                self.look(|stream| stream.poll_peek(cx, &mut buffer).map(|_| Ok(())))
            })
        });
        Op::new(&self.resource, Operation::Readable, readable).await
    }

    /// Returns `Ready` if a write would, with any outcome.
    pub(super) async fn writable(&self) -> io::Result<()> {
        // An empty write waits for room as any other does.
        let writable = poll_fn(|cx| {
            self.writers.poll(cx, |cx| {
                self.look(|stream| stream.poll_write(cx, &[]).map(|_| Ok(())))
            })
        });
        Op::new(&self.resource, Operation::Writable, writable).await
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.resource.touch();
        let read = self.with(|stream| stream.try_read(buffer))?;
        has_read(read);
        Ok(read)
    }

    pub(super) fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.resource.touch();
        let written = self.with(|stream| stream.try_write(buffer))?;
        network::dirty();
        Ok(written)
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.with(|stream| stream.local_addr())
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.with(|stream| stream.peer_addr())
    }
}

/// Closes the connection. If the peer has not, the network keeps the socket.
impl Drop for Connection {
    fn drop(&mut self) {
        let stream = self
            .stream
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(mut stream) = stream.take() else {
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
            self.host.adopt(stream);
        } else {
            drop(stream);
        }
        network::dirty();
    }
}

/// Records that a read has made room for that many bytes. The kernel sends its peer an update of
/// the window only if they are half of its buffer.
fn has_read(bytes: usize) {
    if bytes >= RECEIVE_BUFFER / 2 {
        network::dirty();
    }
}
