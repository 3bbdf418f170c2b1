//! `TcpListener`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Waker, ready};

use ::tokio::net as real;
use rehearsal_hermetic::ConfinedLock;

use super::addr::ToSocketAddrs;
use super::run_host::{PolledOnHost, RunHost, bind, not_of_the_machine, run_is_over};
use super::simulated::Connection;
use super::stream::TcpStream;
use super::transport::Listener;
use crate::engine::interest::Interests;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Progress, Resource};

/// As `tokio::net::TcpListener`.
pub struct TcpListener(Inner);

enum Inner {
    Simulated(Simulated),
    Real(real::TcpListener),
}

struct Simulated {
    host: RunHost,
    socket: Listener,
    resource: Resource,
    /// Progress of `poll_accept`, which has no future to keep it in.
    accepting: ConfinedLock<Progress>,
    accepters: Interests,
}

impl TcpListener {
    /// Listens at the first of the addresses that is free. Port 0 gives a free one.
    ///
    /// # Errors
    ///
    /// If none of the addresses is free, or is this host's.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<Self>> {
        let caller = Location::caller();
        async move {
            match RunHost::current() {
                Some(host) => Simulated::bind(host, addr, caller)
                    .await
                    .map(|simulated| Self(Inner::Simulated(simulated))),
                None => Ok(Self(Inner::Real(real::TcpListener::bind(addr).await?))),
            }
        }
    }

    /// Makes it of a socket of the machine.
    ///
    /// # Errors
    ///
    /// If tokio cannot register it.
    ///
    /// # Panics
    ///
    /// Outside a runtime, as tokio does.
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        real::TcpListener::from_std(listener).map(|listener| Self(Inner::Real(listener)))
    }

    /// Returns the socket of the machine.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a simulated one, which the machine does not have.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        match self.0 {
            Inner::Simulated(_) => Err(not_of_the_machine()),
            Inner::Real(listener) => listener.into_std(),
        }
    }

    pub(super) fn real(listener: real::TcpListener) -> Self {
        Self(Inner::Real(listener))
    }

    /// Listens at an address at once, without a scheduling point.
    pub(super) fn listen(
        host: RunHost,
        addr: SocketAddr,
        caller: &'static Location<'static>,
    ) -> io::Result<Self> {
        let resource = Resource::at(ResourceKind::Socket, caller);
        let bind = pin!(PolledOnHost::at_once(host, Listener::bind(host, addr)));
        let Poll::Ready(socket) = bind.poll(&mut Context::from_waker(Waker::noop())) else {
            unreachable!("a simulated bind does not wait")
        };
        resource.touch();
        Ok(Self(Inner::Simulated(Simulated {
            host,
            socket: socket?,
            resource,
            accepting: ConfinedLock::new(Progress::default()),
            accepters: Interests::default(),
        })))
    }

    /// Waits for a connection. Returns it and the peer's address.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> {
        let caller = Location::caller();
        async move {
            match &self.0 {
                Inner::Simulated(simulated) => {
                    let accept = poll_fn(|cx| simulated.poll_accept(cx, caller));
                    Op::new(&simulated.resource, Operation::Accept, accept).await
                }
                Inner::Real(listener) => accepted(listener.accept().await),
            }
        }
    }

    /// Polls for a connection, as [`TcpListener::accept`].
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let caller = Location::caller();
        match &self.0 {
            Inner::Simulated(simulated) => {
                let mut accepting = simulated.accepting.try_lock().ok_or_else(run_is_over)?;
                accepting.drive(&simulated.resource, Operation::Accept, cx, |cx| {
                    simulated.poll_accept(cx, caller)
                })
            }
            Inner::Real(listener) => listener.poll_accept(cx).map(accepted),
        }
    }

    /// Returns the address at which it listens.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.local_addr(),
            Inner::Real(listener) => listener.local_addr(),
        }
    }

    /// Returns the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::local_addr`].
    pub fn ttl(&self) -> io::Result<u32> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.ttl(),
            Inner::Real(listener) => listener.ttl(),
        }
    }

    /// Sets the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::local_addr`], and if it is out of range.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.set_ttl(ttl),
            Inner::Real(listener) => listener.set_ttl(ttl),
        }
    }
}

fn accepted(
    result: io::Result<(real::TcpStream, SocketAddr)>,
) -> io::Result<(TcpStream, SocketAddr)> {
    result.map(|(stream, peer)| (TcpStream::real(stream), peer))
}

impl Simulated {
    async fn bind(
        host: RunHost,
        addr: impl ToSocketAddrs,
        caller: &'static Location<'static>,
    ) -> io::Result<Self> {
        let resource = Resource::at(ResourceKind::Socket, caller);
        let socket = bind(host, &resource, addr, |at| Listener::bind(host, at)).await?;
        Ok(Self {
            host,
            socket,
            resource,
            accepting: ConfinedLock::new(Progress::default()),
            accepters: Interests::default(),
        })
    }

    fn poll_accept(
        &self,
        cx: &mut Context<'_>,
        caller: &'static Location<'static>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.accepters.poll(cx, |cx| self.socket.poll_accept(cx));
        let (stream, peer) = ready!(accepted)?;
        let resource = Resource::at(ResourceKind::Socket, caller);
        let connection = Connection::new(self.host, stream, peer, resource);
        Poll::Ready(Ok((TcpStream::simulated(connection), peer)))
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.fmt(f),
            Inner::Real(listener) => listener.fmt(f),
        }
    }
}
