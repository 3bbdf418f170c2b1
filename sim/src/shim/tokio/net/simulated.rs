//! One end of a simulated TCP connection. A stream and its halves share it.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use ::tokio::io::ReadBuf;
use rehearsal_hermetic::ConfinedLock;

use super::run_host::{RunHost, run_is_over};
use super::transport::Stream;
use crate::engine::interest::Interests;
use crate::operation::Operation;
use crate::point::{Op, Progress, Resource};

#[derive(Debug)]
pub(super) struct Connection {
    // A stream needs exclusive access to read and write, which two halves cannot
    // have. Never contended: a run has one thread.
    stream: ConfinedLock<Stream>,
    host: RunHost,
    peer: SocketAddr,
    resource: Resource,
    readers: Interests,
    writers: Interests,
}

impl Connection {
    pub(super) fn new(host: RunHost, stream: Stream, peer: SocketAddr, resource: Resource) -> Self {
        Self {
            stream: ConfinedLock::new(stream),
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
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Stream) -> io::Result<R>) -> io::Result<R> {
        let mut stream = self.stream.try_lock().ok_or_else(run_is_over)?;
        f(&mut stream).map_err(|error| self.host.explain(self.peer, error))
    }

    /// Polls an operation of the stream.
    fn operate<R>(
        &self,
        f: impl FnOnce(&mut Stream) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let mut stream = self.stream.try_lock().ok_or_else(run_is_over)?;
        let result = ready!(f(&mut stream));
        Poll::Ready(result.map_err(|error| self.host.explain(self.peer, error)))
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.readers
            .poll(cx, |cx| self.operate(|stream| stream.poll_read(cx, buffer)))
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
                self.operate(|stream| stream.poll_peek(cx, &mut buffer))
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
                self.operate(|stream| stream.poll_peek(cx, &mut buffer).map(|_| Ok(())))
            })
        });
        Op::new(&self.resource, Operation::Readable, readable).await
    }

    /// Returns `Ready` if a write would, with any outcome.
    pub(super) async fn writable(&self) -> io::Result<()> {
        let writable = poll_fn(|cx| {
            self.writers
                .poll(cx, |cx| self.operate(|stream| stream.poll_writable(cx)))
        });
        Op::new(&self.resource, Operation::Writable, writable).await
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.resource.touch();
        self.with(|stream| stream.try_read(buffer))
    }

    pub(super) fn try_write(&self, buffer: &[u8]) -> io::Result<usize> {
        self.resource.touch();
        self.with(|stream| stream.try_write(buffer))
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.with(|stream| stream.local_addr())
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.with(|stream| stream.peer_addr())
    }
}
