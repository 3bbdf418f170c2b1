//! A stream of bytes whose messages are effects, for protocols that write on their own.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Begun, Effect, begin};

/// A stream whose writes up to the next flush are one [`Effect::Frame`]: of HTTP, a request, a
/// reply or a part of a streamed one.
pub(crate) struct CountedStream<S> {
    stream: S,
    writing: Writing,
}

/// The state of the effect of the writing side.
enum Writing {
    /// Everything that was written is flushed.
    Idle,
    /// A fault may strike before the first write.
    Beginning(BoxFuture<'static, Begun>),
    /// Something is written.
    Begun(Option<Begun>),
    /// A fault may strike after the flush.
    Ending(BoxFuture<'static, ()>),
}

impl<S> CountedStream<S> {
    /// Counts the messages that are written to the stream.
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            writing: Writing::Idle,
        }
    }

    /// Begins an effect, unless one has begun.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.writing {
                Writing::Idle => {
                    self.writing = Writing::Beginning(begin(Effect::Frame).boxed());
                }
                Writing::Beginning(beginning) => {
                    let begun = ready!(beginning.poll_unpin(cx));
                    self.writing = Writing::Begun(Some(begun));
                }
                Writing::Begun(_) => return Poll::Ready(()),
                Writing::Ending(_) => ready!(self.poll_end(cx)),
            }
        }
    }

    /// Ends the effect, if one has begun.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.writing {
                Writing::Idle | Writing::Beginning(_) => return Poll::Ready(()),
                Writing::Begun(begun) => match begun.take() {
                    Some(begun) => self.writing = Writing::Ending(begun.end().boxed()),
                    None => self.writing = Writing::Idle,
                },
                Writing::Ending(ending) => {
                    ready!(ending.poll_unpin(cx));
                    self.writing = Writing::Idle;
                }
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for CountedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedStream")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_begin(cx));
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        ready!(this.poll_end(cx));
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_begin(cx));
        Pin::new(&mut this.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
