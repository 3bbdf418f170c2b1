//! `TcpSocket`.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use ::tokio::net as real;

use super::listener::TcpListener;
use super::run_host::RunHost;
use super::stream::TcpStream;

/// A socket that neither listens nor is connected; as `tokio::net::TcpSocket`. Its options have
/// no effect inside a run.
#[derive(Debug)]
pub struct TcpSocket(Inner);

#[derive(Debug)]
enum Inner {
    Simulated {
        host: RunHost,
        // Never contended: a run has one thread.
        address: Mutex<SocketAddr>,
    },
    Real(real::TcpSocket),
}

/// Defines setters of options.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($type:ty);)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// If the system reports one.
        pub fn $name(&self, value: $type) -> io::Result<()> {
            match &self.0 {
                Inner::Simulated { .. } => Ok(()),
                Inner::Real(socket) => socket.$name(value),
            }
        }
    )*};
}

impl TcpSocket {
    /// Creates a socket for addresses of version 4.
    ///
    /// # Errors
    ///
    /// If the system has no sockets left.
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Ipv4Addr::UNSPECIFIED.into(), real::TcpSocket::new_v4)
    }

    /// Creates a socket for addresses of version 6.
    ///
    /// # Errors
    ///
    /// If the system has no sockets left.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Ipv6Addr::UNSPECIFIED.into(), real::TcpSocket::new_v6)
    }

    fn new(
        unspecified: std::net::IpAddr,
        new: impl FnOnce() -> io::Result<real::TcpSocket>,
    ) -> io::Result<Self> {
        Ok(Self(match RunHost::current() {
            Some(host) => Inner::Simulated {
                host,
                address: Mutex::new(SocketAddr::new(unspecified, 0)),
            },
            None => Inner::Real(new()?),
        }))
    }

    /// Makes it of a socket of the machine.
    pub fn from_std_stream(std_stream: std::net::TcpStream) -> Self {
        Self(Inner::Real(real::TcpSocket::from_std_stream(std_stream)))
    }

    options! {
        /// Sets whether packets keep an idle connection alive.
        set_keepalive(bool);
        /// Sets whether the address may be used again at once.
        set_reuseaddr(bool);
        /// Sets the size of the buffer for sending, in bytes.
        set_send_buffer_size(u32);
        /// Sets the size of the buffer for receiving, in bytes.
        set_recv_buffer_size(u32);
        /// Sets whether small writes are sent at once.
        set_nodelay(bool);
    }

    /// Sets whether several sockets may have the address.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    #[cfg(all(unix, not(target_os = "solaris"), not(target_os = "illumos")))]
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { .. } => Ok(()),
            Inner::Real(socket) => socket.set_reuseport(reuseport),
        }
    }

    /// Returns the address to which it is bound.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Inner::Simulated { address, .. } => Ok(*lock(address)),
            Inner::Real(socket) => socket.local_addr(),
        }
    }

    /// Binds it to an address. In a run the address is taken when it listens.
    ///
    /// # Errors
    ///
    /// If the address is not free, or not this host's.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated { address, .. } => {
                *lock(address) = addr;
                Ok(())
            }
            Inner::Real(socket) => socket.bind(addr),
        }
    }

    /// Connects it. In a run the address of this end is any that is free.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`]. In a run: `Unsupported`, if it is bound to a port.
    #[track_caller]
    pub fn connect(self, addr: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> {
        let caller = Location::caller();
        async move {
            match self.0 {
                Inner::Simulated { host, address } if lock(&address).port() == 0 => {
                    TcpStream::connect_from(host, addr, caller).await
                }
                Inner::Simulated { .. } => Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "a simulated connection has no chosen port at its own end",
                )),
                Inner::Real(socket) => Ok(TcpStream::real(socket.connect(addr).await?)),
            }
        }
    }

    /// Listens at the address to which it is bound. In a run there is no limit to the
    /// connections that wait.
    ///
    /// # Errors
    ///
    /// If the address is not free, or not this host's.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        match self.0 {
            Inner::Simulated { host, address } => {
                TcpListener::listen(host, *lock(&address), Location::caller())
            }
            Inner::Real(socket) => Ok(TcpListener::real(socket.listen(backlog)?)),
        }
    }
}

fn lock(address: &Mutex<SocketAddr>) -> std::sync::MutexGuard<'_, SocketAddr> {
    address.lock().unwrap_or_else(PoisonError::into_inner)
}
