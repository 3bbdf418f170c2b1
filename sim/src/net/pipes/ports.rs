//! The addresses and ports of a host's TCP sockets.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

/// Ports that are handed out.
const EPHEMERAL: RangeInclusive<u16> = 49_152..=65_535;

/// The ports of one host.
pub(super) struct Ports {
    /// The address of the host, apart from its loopback.
    address: IpAddr,
    /// The local addresses of the sockets on each port.
    taken: BTreeMap<(Family, u16), Vec<IpAddr>>,
    next: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl Ports {
    pub(super) fn new(address: IpAddr) -> Self {
        Self {
            address,
            taken: BTreeMap::new(),
            next: *EPHEMERAL.start(),
        }
    }

    /// Returns `true` if packets to that address stay on the host.
    pub(super) fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback() || address == self.address
    }

    /// Takes a port to listen at; for port 0 any that is free.
    pub(super) fn bind(&mut self, at: SocketAddr) -> io::Result<SocketAddr> {
        let address = at.ip();
        if !address.is_unspecified() && !self.is_local(address) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let port = match at.port() {
            0 => self.free_port(Family::of(address))?,
            port => port,
        };
        let others = self.taken.get(&(Family::of(address), port));
        let conflicts = |other: &IpAddr| {
            *other == address || other.is_unspecified() || address.is_unspecified()
        };
        if others.is_some_and(|others| others.iter().any(conflicts)) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let bound = SocketAddr::new(address, port);
        self.add(bound);
        Ok(bound)
    }

    /// Takes a port for a connection to `peer`.
    pub(super) fn bind_for(&mut self, peer: IpAddr) -> io::Result<SocketAddr> {
        let address = match peer {
            IpAddr::V4(ip) if ip.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_loopback() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            peer if peer.is_ipv4() == self.address.is_ipv4() => self.address,
            _ => return Err(ErrorKind::AddrNotAvailable.into()),
        };
        let bound = SocketAddr::new(address, self.free_port(Family::of(address))?);
        self.add(bound);
        Ok(bound)
    }

    /// Adds a socket that shares its port with a listener.
    pub(super) fn add(&mut self, bound: SocketAddr) {
        let key = (Family::of(bound.ip()), bound.port());
        self.taken.entry(key).or_default().push(bound.ip());
    }

    /// Removes a socket.
    pub(super) fn remove(&mut self, bound: SocketAddr) {
        let key = (Family::of(bound.ip()), bound.port());
        let Some(addresses) = self.taken.get_mut(&key) else {
            unreachable!("a socket has a port");
        };
        let place = addresses.iter().position(|address| *address == bound.ip());
        addresses.swap_remove(place.expect("a socket has an address"));
        if addresses.is_empty() {
            self.taken.remove(&key);
        }
    }

    /// Returns the next free port, in turn: one that was just freed comes last.
    fn free_port(&mut self, family: Family) -> io::Result<u16> {
        for _ in EPHEMERAL {
            let port = self.next;
            self.next = if port == *EPHEMERAL.end() {
                *EPHEMERAL.start()
            } else {
                port + 1
            };
            if !self.taken.contains_key(&(family, port)) {
                return Ok(port);
            }
        }
        Err(ErrorKind::AddrInUse.into())
    }
}
