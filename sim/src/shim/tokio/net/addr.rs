//! Addresses and names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::run_host::RunHost;
use crate::engine::network;

/// Values that resolve to addresses: those of `tokio::net::ToSocketAddrs`.
/// Sealed, as tokio's is.
pub trait ToSocketAddrs: ::tokio::net::ToSocketAddrs + sealed::Resolve {}

impl<T: ::tokio::net::ToSocketAddrs + sealed::Resolve + ?Sized> ToSocketAddrs for T {}

/// Returns the addresses of a name, or of another value that can be resolved.
///
/// # Errors
///
/// If the name is not known, or has no address.
pub async fn lookup_host<T>(target: T) -> io::Result<impl Iterator<Item = SocketAddr>>
where
    T: ToSocketAddrs,
{
    let addresses = match RunHost::current() {
        Some(host) => resolve(host, &target)?,
        None => ::tokio::net::lookup_host(target).await?.collect(),
    };
    Ok(addresses.into_iter())
}

/// Returns the addresses of `target` in the current run, as seen from `host`.
pub(super) fn resolve(host: RunHost, target: &impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    // Hosts have addresses once there is a network.
    host.enter()?;
    target.resolve()
}

/// Returns the address to which packets go: for the unspecified one, this host's, as on
/// Linux.
pub(super) fn destination(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Returns the error for a target without any address.
pub(super) fn no_address() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "could not resolve to any address",
    )
}

fn resolve_name(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let ip = match literal.parse::<IpAddr>() {
        Ok(ip) => Some(ip),
        Err(_) if host == "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Err(_) => network::lookup(host),
    };
    match ip {
        Some(ip) => Ok(vec![SocketAddr::new(ip, port)]),
        None => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("no host of this run is called `{host}`"),
        )),
    }
}

fn resolve_text(text: &str) -> io::Result<Vec<SocketAddr>> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
    let (host, port) = text
        .rsplit_once(':')
        .ok_or_else(|| invalid("invalid socket address"))?;
    let port = port.parse().map_err(|_| invalid("invalid port value"))?;
    resolve_name(host, port)
}

mod sealed {
    use super::{
        IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, io, resolve_name,
        resolve_text,
    };

    pub trait Resolve {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>>;
    }

    impl<T: Resolve + ?Sized> Resolve for &T {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            (**self).resolve()
        }
    }

    macro_rules! addresses {
        ($($address:ty),*) => {$(
            impl Resolve for $address {
                fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
                    Ok(vec![SocketAddr::from(*self)])
                }
            }
        )*};
    }

    addresses!(
        SocketAddr,
        SocketAddrV4,
        SocketAddrV6,
        (IpAddr, u16),
        (Ipv4Addr, u16),
        (Ipv6Addr, u16)
    );

    impl Resolve for &[SocketAddr] {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            Ok(self.to_vec())
        }
    }

    impl Resolve for str {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            resolve_text(self)
        }
    }

    impl Resolve for String {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            resolve_text(self)
        }
    }

    impl Resolve for (&str, u16) {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            resolve_name(self.0, self.1)
        }
    }

    impl Resolve for (String, u16) {
        fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
            resolve_name(&self.0, self.1)
        }
    }
}
