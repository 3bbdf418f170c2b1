//! The host and the run of a simulated socket.
//!
//! turmoil-net's sockets talk to whichever host's kernel is current on their
//! thread, and panic without one, even when they are dropped. So each one is
//! kept together with its place, and touched there only.

use std::future::Future;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::addr::{ToSocketAddrs, no_address, resolve};
use crate::engine::network;
use crate::ids::HostId;
use crate::operation::Operation;
use crate::point::{Op, Resource};

/// A host in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    host: HostId,
    serial: u32,
}

impl Place {
    /// That of the running task; none outside a run.
    pub(super) fn here() -> Option<Self> {
        Some(Self {
            host: network::current_host()?,
            serial: network::serial()?,
        })
    }

    /// Makes the host's kernel the one that turmoil-net's sockets talk to.
    ///
    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn enter(self) -> io::Result<()> {
        if network::pin(self.host, self.serial) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::NotConnected,
            "the run of this simulated socket is over",
        ))
    }

    /// An error of a connection to `peer`, as the user's. The simulator can end a
    /// connection only by a reset, also if it meant to give it up.
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

/// Something of turmoil-net's that is touched at its place only, and forgotten
/// if the place is no more.
#[derive(Debug)]
pub(super) struct Placed<S> {
    place: Place,
    // None only while it is dropped.
    inner: Option<S>,
}

impl<S> Placed<S> {
    pub(super) fn new(place: Place, inner: S) -> Self {
        Self {
            place,
            inner: Some(inner),
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn get(&self) -> io::Result<&S> {
        self.place.enter()?;
        self.inner.as_ref().ok_or_else(gone)
    }

    /// # Errors
    ///
    /// If the run is over.
    pub(super) fn get_mut(&mut self) -> io::Result<&mut S> {
        self.place.enter()?;
        self.inner.as_mut().ok_or_else(gone)
    }
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl<S> Drop for Placed<S> {
    fn drop(&mut self) {
        let inner = self.inner.take();
        if self.place.enter().is_ok() {
            drop(inner);
            network::dirty();
        } else {
            mem::forget(inner);
        }
    }
}

pin_project! {
    /// A future of turmoil-net's that is polled at its place. Only for futures
    /// that touch nothing when they are dropped.
    pub(super) struct At<F> {
        place: Place,
        #[pin]
        inner: F,
    }
}

impl<F> At<F> {
    pub(super) fn new(place: Place, inner: F) -> Self {
        Self { place, inner }
    }
}

impl<F, T> Future for At<F>
where
    F: Future<Output = io::Result<T>>,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.place.enter()?;
        let result = ready!(this.inner.poll(cx));
        network::dirty();
        Poll::Ready(result)
    }
}

/// Binds a socket to the first of the addresses that will have it.
pub(super) async fn bind<S, F>(
    place: Place,
    resource: &Resource,
    addr: impl ToSocketAddrs,
    bind: impl Fn(SocketAddr) -> F,
) -> io::Result<Placed<S>>
where
    F: Future<Output = io::Result<S>>,
{
    let mut outcome = Err(no_address());
    for address in resolve(place, &addr)? {
        outcome = Op::new(resource, Operation::Bind, At::new(place, bind(address))).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map(|socket| Placed::new(place, socket))
}

/// A connection that is being made.
pub(super) struct Connecting<T> {
    future: Placed<Pin<Box<dyn Future<Output = io::Result<T>> + Send>>>,
}

impl<T> Connecting<T> {
    pub(super) fn new(
        place: Place,
        future: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> Self {
        Self {
            future: Placed::new(place, Box::pin(future)),
        }
    }
}

impl<T> Future for Connecting<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.future.get_mut()?.as_mut().poll(cx);
        // Also if it is pending: the first poll sends something.
        network::dirty();
        result
    }
}
