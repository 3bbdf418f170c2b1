//! The sockets of pipes.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Waker, ready};

use ::tokio::io::ReadBuf;

use super::run_host::RunHost;
use crate::net::pipes::EndId;

const DEFAULT_TTL: u8 = 64;

/// An end of a connection.
#[derive(Debug)]
pub(super) struct PipeStream {
    host: RunHost,
    end: EndId,
    ttl: TimeToLive,
    nodelay: bool,
}

/// A socket that listens.
#[derive(Debug)]
pub(super) struct PipeListener {
    host: RunHost,
    at: SocketAddr,
    ttl: TimeToLive,
}

/// An option without effect. Its range is checked.
#[derive(Debug)]
pub(super) struct TimeToLive(AtomicU8);

impl PipeStream {
    fn new(host: RunHost, end: EndId) -> Self {
        Self {
            host,
            end,
            ttl: TimeToLive::default(),
            nodelay: false,
        }
    }

    pub(super) async fn connect(host: RunHost, peer: SocketAddr) -> io::Result<Self> {
        let end = host.pipes(|pipes, host| pipes.connect(host, peer))??;
        let stream = Self::new(host, end);
        poll_fn(|cx| host.pipes(|pipes, _| pipes.poll_connect(end, cx))?).await?;
        Ok(stream)
    }

    pub(super) fn poll_read(
        &self,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.host
            .pipes(|pipes, _| pipes.poll_read(self.end, waker, buffer))?
    }

    pub(super) fn poll_peek(
        &self,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.host
            .pipes(|pipes, _| pipes.poll_peek(self.end, waker, buffer))?
    }

    pub(super) fn poll_write(
        &self,
        waker: Option<&Waker>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.host
            .pipes(|pipes, _| pipes.poll_write(self.end, waker, bytes))?
    }

    pub(super) fn shut_down(&self) -> io::Result<()> {
        self.host.pipes(|pipes, _| pipes.shut_down(self.end))?
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.host.pipes(|pipes, _| pipes.local_addr(self.end))
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.host.pipes(|pipes, _| pipes.peer_addr(self.end))
    }

    pub(super) fn nodelay(&self) -> bool {
        self.nodelay
    }

    pub(super) fn set_nodelay(&mut self, nodelay: bool) {
        self.nodelay = nodelay;
    }

    pub(super) fn ttl(&self) -> &TimeToLive {
        &self.ttl
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        // Fails if the run is over, and its connections with it.
        let _over = self.host.pipes(|pipes, _| pipes.close(self.end));
    }
}

impl PipeListener {
    pub(super) fn bind(host: RunHost, at: SocketAddr) -> io::Result<Self> {
        let at = host.pipes(|pipes, host| pipes.listen(host, at))??;
        Ok(Self {
            host,
            at,
            ttl: TimeToLive::default(),
        })
    }

    pub(super) fn poll_accept(
        &self,
        cx: &Context<'_>,
    ) -> Poll<io::Result<(PipeStream, SocketAddr)>> {
        let accepted = self
            .host
            .pipes(|pipes, host| pipes.poll_accept(host, self.at, cx))?;
        let (end, peer) = ready!(accepted);
        Poll::Ready(Ok((PipeStream::new(self.host, end), peer)))
    }

    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.host.pipes(|_, _| self.at)
    }

    pub(super) fn ttl(&self) -> &TimeToLive {
        &self.ttl
    }
}

impl Drop for PipeListener {
    fn drop(&mut self) {
        // Fails if the run is over, and its listeners with it.
        let _over = self
            .host
            .pipes(|pipes, host| pipes.stop_listening(host, self.at));
    }
}

impl Default for TimeToLive {
    fn default() -> Self {
        Self(AtomicU8::new(DEFAULT_TTL))
    }
}

impl TimeToLive {
    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed).into()
    }

    /// # Errors
    ///
    /// `InvalidInput` if it is over 255.
    pub(super) fn set(&self, hops: u32) -> io::Result<()> {
        let hops = u8::try_from(hops).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.0.store(hops, Ordering::Relaxed);
        Ok(())
    }
}
