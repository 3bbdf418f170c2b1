//! `UdpSocket`.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::ReadBuf;
use ::tokio::net as real;
use rehearsal_hermetic::ConfinedLock;
use turmoil_net::shim::tokio::net as shim;

use super::addr::{ToSocketAddrs, destination, no_address, resolve};
use super::run_host::{OnHost, PolledOnHost, RunHost, bind, run_is_over};
use crate::engine::interest::Interests;
use crate::engine::network;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Progress, Resource};

/// As `tokio::net::UdpSocket`.
pub struct UdpSocket(Inner);

enum Inner {
    Simulated(Simulated),
    Real(real::UdpSocket),
}

struct Simulated {
    socket: OnHost<shim::UdpSocket>,
    resource: Resource,
    /// Tasks that wait to receive. No task waits to send.
    receivers: Interests,
    /// Progress of `poll_recv_from` and `poll_send_to`, which have no future to keep it in.
    receiving: ConfinedLock<Progress>,
    sending: ConfinedLock<Progress>,
}

impl UdpSocket {
    /// Binds a socket to the first of the addresses that is free. Port 0 gives a free one.
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
                None => Ok(Self(Inner::Real(real::UdpSocket::bind(addr).await?))),
            }
        }
    }

    /// Returns the address of the socket.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.local_addr(),
            Inner::Real(socket) => socket.local_addr(),
        }
    }

    /// Returns the address that it is connected to.
    ///
    /// # Errors
    ///
    /// If it is not connected, and as [`UdpSocket::local_addr`].
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.peer_addr(),
            Inner::Real(socket) => socket.peer_addr(),
        }
    }

    /// Connects it to the first of the addresses: it sends to, and receives from, that one
    /// only.
    ///
    /// # Errors
    ///
    /// If it cannot send to any of them.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.connect(addr).await,
            Inner::Real(socket) => socket.connect(addr).await,
        }
    }

    /// Sends a datagram to the first of the addresses. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// If it is too long for a packet, or the system reports an error.
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.send_to(buf, addr).await,
            Inner::Real(socket) => socket.send_to(buf, addr).await,
        }
    }

    /// Sends a datagram to the connected address. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`], and if it is not connected.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => {
                let send = simulated.socket.elsewhere()?.send(buf);
                simulated.operate(Operation::Send, send).await
            }
            Inner::Real(socket) => socket.send(buf).await,
        }
    }

    /// Waits for a datagram. Returns the number of bytes, and the sender. Bytes that do not fit
    /// are lost.
    ///
    /// # Errors
    ///
    /// If the system reports one. In a run: if that is over.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.0 {
            Inner::Simulated(simulated) => {
                let receive = simulated.socket.elsewhere()?.recv_from(buf);
                simulated.operate(Operation::RecvFrom, receive).await
            }
            Inner::Real(socket) => socket.recv_from(buf).await,
        }
    }

    /// Waits for a datagram. Returns the number of bytes. Bytes that do not fit are lost.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => {
                let receive = simulated.socket.elsewhere()?.recv(buf);
                simulated.operate(Operation::Recv, receive).await
            }
            Inner::Real(socket) => socket.recv(buf).await,
        }
    }

    /// As [`UdpSocket::recv_from`], but does not consume the datagram.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.0 {
            Inner::Simulated(simulated) => {
                let peek = simulated.socket.elsewhere()?.peek_from(buf);
                simulated.operate(Operation::PeekFrom, peek).await
            }
            Inner::Real(socket) => socket.peek_from(buf).await,
        }
    }

    /// Sends a datagram to the connected address, if there is room.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none, and as [`UdpSocket::send`].
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.attempt(|socket| socket.try_send(buf)),
            Inner::Real(socket) => socket.try_send(buf),
        }
    }

    /// Polls for a datagram, as [`UdpSocket::recv_from`]. Returns the sender.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let simulated = match &self.0 {
            Inner::Simulated(simulated) => simulated,
            Inner::Real(socket) => return socket.poll_recv_from(cx, buf),
        };
        let mut receiving = simulated.receiving.try_lock().ok_or_else(run_is_over)?;
        let received = receiving.drive(&simulated.resource, Operation::RecvFrom, cx, |cx| {
            // Without a state of its own: it may be made anew for each poll.
            let receive = simulated
                .socket
                .elsewhere()?
                .recv_from(buf.initialize_unfilled());
            let host = simulated.socket.host();
            pin!(PolledOnHost::waiting(host, &simulated.receivers, receive)).poll(cx)
        });
        let (length, sender) = ready!(received)?;
        buf.advance(length);
        Poll::Ready(Ok(sender))
    }

    /// Polls to send a datagram, as [`UdpSocket::send_to`]. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let simulated = match &self.0 {
            Inner::Simulated(simulated) => simulated,
            Inner::Real(socket) => return socket.poll_send_to(cx, buf, target),
        };
        let mut sending = simulated.sending.try_lock().ok_or_else(run_is_over)?;
        sending.drive(&simulated.resource, Operation::SendTo, cx, |cx| {
            let send = simulated
                .socket
                .elsewhere()?
                .send_to(buf, destination(target));
            pin!(PolledOnHost::at_once(simulated.socket.host(), send)).poll(cx)
        })
    }

    /// Sends a datagram, if there is room.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none, and as [`UdpSocket::send_to`].
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => {
                simulated.attempt(|socket| socket.try_send_to(buf, destination(target)))
            }
            Inner::Real(socket) => socket.try_send_to(buf, target),
        }
    }

    /// Receives a datagram, if there is one.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none, and as [`UdpSocket::recv`].
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.attempt(|socket| socket.try_recv(buf)),
            Inner::Real(socket) => socket.try_recv(buf),
        }
    }

    /// Receives a datagram, if there is one.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none, and as [`UdpSocket::recv_from`].
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.attempt(|socket| socket.try_recv_from(buf)),
            Inner::Real(socket) => socket.try_recv_from(buf),
        }
    }

    /// Returns `true` if it may send to broadcast addresses. In a run such datagrams reach no
    /// host.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::local_addr`].
    pub fn broadcast(&self) -> io::Result<bool> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.broadcast(),
            Inner::Real(socket) => socket.broadcast(),
        }
    }

    /// Sets whether it may send to broadcast addresses.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::local_addr`].
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.set_broadcast(on),
            Inner::Real(socket) => socket.set_broadcast(on),
        }
    }

    /// Returns the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::local_addr`].
    pub fn ttl(&self) -> io::Result<u32> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.ttl(),
            Inner::Real(socket) => socket.ttl(),
        }
    }

    /// Sets the time to live of its packets.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::local_addr`], and if it is out of range.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.get()?.set_ttl(ttl),
            Inner::Real(socket) => socket.set_ttl(ttl),
        }
    }
}

impl Simulated {
    async fn bind(
        host: RunHost,
        addr: impl ToSocketAddrs,
        caller: &'static Location<'static>,
    ) -> io::Result<Self> {
        let resource = Resource::at(ResourceKind::Socket, caller);
        let socket = bind(host, &resource, addr, shim::UdpSocket::bind).await?;
        let socket = OnHost::new(host, socket);
        Ok(Self {
            socket,
            resource,
            receivers: Interests::default(),
            receiving: ConfinedLock::new(Progress::default()),
            sending: ConfinedLock::new(Progress::default()),
        })
    }

    async fn connect(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        let mut outcome = Err(no_address());
        for peer in resolve(self.socket.host(), &addr)? {
            let connect = self.socket.elsewhere()?.connect(destination(peer));
            outcome = self.operate(Operation::Connect, connect).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    async fn send_to(&self, buf: &[u8], addr: impl ToSocketAddrs) -> io::Result<usize> {
        let targets = resolve(self.socket.host(), &addr)?;
        let Some(target) = targets.first().copied() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no addresses to send data to",
            ));
        };
        let send = self.socket.elsewhere()?.send_to(buf, destination(target));
        self.operate(Operation::SendTo, send).await
    }

    async fn operate<T>(
        &self,
        operation: Operation,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        let host = self.socket.host();
        let polled = match operation {
            Operation::Send | Operation::SendTo => PolledOnHost::at_once(host, future),
            _ => PolledOnHost::waiting(host, &self.receivers, future),
        };
        Op::new(&self.resource, operation, polled).await
    }

    fn attempt<T>(&self, f: impl FnOnce(&shim::UdpSocket) -> io::Result<T>) -> io::Result<T> {
        self.resource.touch();
        let result = f(self.socket.get()?);
        network::dirty();
        result
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Simulated(simulated) => simulated.socket.fmt(f),
            Inner::Real(socket) => socket.fmt(f),
        }
    }
}
