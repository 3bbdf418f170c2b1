//! The host and the run of a simulated socket.
//!
//! turmoil-net's sockets use the kernel that is current on their thread, and panic without one,
//! even when they are dropped. So each one is kept together with its host and run, and used in
//! these only.

use std::future::Future;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use turmoil_net::shim::tokio::net::TcpStream;

use super::addr::{ToSocketAddrs, no_address, resolve};
use crate::engine::interest::Interests;
use crate::engine::network;
use crate::ids::HostId;
use crate::net::pipes::Pipes;
use crate::operation::Operation;
use crate::point::{Op, Resource};

/// A host in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunHost {
    host: HostId,
    serial: u32,
}

impl RunHost {
    /// Returns the host of the running task; none outside a run.
    pub(super) fn current() -> Option<Self> {
        Some(Self {
            host: network::current_host()?,
            serial: network::serial()?,
        })
    }

    /// Makes the host's kernel the one that turmoil-net's sockets use.
    ///
    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn enter(self) -> io::Result<()> {
        if network::pin(self.host, self.serial) {
            return Ok(());
        }
        Err(run_is_over())
    }

    /// Accesses the pipes of the run.
    ///
    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn pipes<R>(self, f: impl FnOnce(&mut Pipes, HostId) -> R) -> io::Result<R> {
        network::pipes(self.serial, |pipes| f(pipes, self.host)).ok_or_else(run_is_over)
    }

    /// Keeps the socket of a connection that its program has closed, and that its peer has not.
    pub(super) fn adopt(self, stream: TcpStream) {
        network::adopt(self.host, stream);
    }

    /// Returns the error of a connection to `peer` as tokio would report it. The simulator can
    /// end a connection only by a reset, also when it times out.
    pub(super) fn explain(self, peer: SocketAddr, error: io::Error) -> io::Error {
        let reset = matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
        );
        if reset && network::timed_out(self.host, peer) {
            io::ErrorKind::TimedOut.into()
        } else {
            error
        }
    }
}

/// Returns the error of an operation that needs a socket of the machine.
pub(super) fn not_of_the_machine() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "a simulated socket is no socket of the machine",
    )
}

/// An object of turmoil-net's that is used on its host and in its run only, and leaked if the
/// run is over.
#[derive(Debug)]
pub(super) struct OnHost<S> {
    host: RunHost,
    // `None` only during its drop.
    inner: Option<S>,
}

impl<S> OnHost<S> {
    pub(super) fn new(host: RunHost, inner: S) -> Self {
        Self {
            host,
            inner: Some(inner),
        }
    }

    pub(super) fn host(&self) -> RunHost {
        self.host
    }

    /// Takes the object, on its host. Returns `None` if the run is over: it is leaked then.
    pub(super) fn take(&mut self) -> Option<S> {
        self.host.enter().ok()?;
        self.inner.take()
    }

    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn get(&self) -> io::Result<&S> {
        self.host.enter()?;
        self.inner.as_ref().ok_or_else(gone)
    }

    /// Returns the object, to make a future of that is then polled on its host.
    ///
    /// # Errors
    ///
    /// If it is being dropped.
    pub(super) fn elsewhere(&self) -> io::Result<&S> {
        self.inner.as_ref().ok_or_else(gone)
    }

    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn get_mut(&mut self) -> io::Result<&mut S> {
        self.host.enter()?;
        self.inner.as_mut().ok_or_else(gone)
    }
}

/// Returns the error of an operation outside the run of its socket.
pub(super) fn run_is_over() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "the run of this simulated socket is over",
    )
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl<S> Drop for OnHost<S> {
    fn drop(&mut self) {
        let inner = self.inner.take();
        if self.host.enter().is_ok() {
            drop(inner);
            network::dirty();
        } else {
            mem::forget(inner);
        }
    }
}

pin_project! {
    /// A future of turmoil-net's that is polled on its host. Only for futures whose drop uses
    /// no kernel.
    pub(super) struct PolledOnHost<'a, F> {
        host: RunHost,
        interests: Option<&'a Interests>,
        #[pin]
        inner: F,
    }
}

impl<'a, F> PolledOnHost<'a, F> {
    /// Creates a future that waits for an event of the socket, and sends nothing.
    pub(super) fn waiting(host: RunHost, interests: &'a Interests, inner: F) -> Self {
        Self {
            host,
            interests: Some(interests),
            inner,
        }
    }

    /// Creates a future that does not wait, and may send.
    pub(super) fn at_once(host: RunHost, inner: F) -> Self {
        Self {
            host,
            interests: None,
            inner,
        }
    }
}

impl<F, T> Future for PolledOnHost<'_, F>
where
    F: Future<Output = io::Result<T>>,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.host.enter()?;
        let inner = this.inner;
        if let Some(interests) = this.interests {
            return interests.poll(cx, |cx| inner.poll(cx));
        }
        let result = ready!(inner.poll(cx));
        network::dirty();
        Poll::Ready(result)
    }
}

/// Binds a socket to the first of the addresses that is free.
pub(super) async fn bind<S, F>(
    host: RunHost,
    resource: &Resource,
    addr: impl ToSocketAddrs,
    bind: impl Fn(SocketAddr) -> F,
) -> io::Result<S>
where
    F: Future<Output = io::Result<S>>,
{
    let mut outcome = Err(no_address());
    for address in resolve(host, &addr)? {
        outcome = Op::new(
            resource,
            Operation::Bind,
            PolledOnHost::at_once(host, bind(address)),
        )
        .await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// A connection attempt.
pub(super) struct Connecting<T> {
    future: OnHost<Pin<Box<dyn Future<Output = io::Result<T>> + Send>>>,
    interests: Interests,
}

impl<T> Connecting<T> {
    pub(super) fn new(
        host: RunHost,
        future: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> Self {
        Self {
            future: OnHost::new(host, Box::pin(future)),
            interests: Interests::default(),
        }
    }
}

impl<T> Future for Connecting<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, interests } = &mut *self;
        let future = future.get_mut()?.as_mut();
        let result = interests.poll(cx, |cx| future.poll(cx));
        // Also if it is pending: the first poll sends a packet.
        network::dirty();
        result
    }
}
