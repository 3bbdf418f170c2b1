//! Connections that one program has closed while its peer may still send.
//!
//! turmoil-net's kernel goes on to receive for such a socket, and acknowledges data that no task
//! will read, until its buffer is full. A real kernel answers it with a reset. So the socket is
//! kept, shut down for writing, until something arrives for it; closed with unread data in it,
//! it resets the connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use turmoil_net::shim::tokio::net::TcpStream;
use turmoil_net::{Packet, Transport};

use super::packet::is_pure_ack;
use crate::ids::HostId;

/// A socket that no program has any more.
pub(crate) struct Orphan {
    pub(crate) host: HostId,
    pub(crate) stream: TcpStream,
}

/// The orphans of all hosts, by host, port, and address of the peer.
#[derive(Default)]
pub(crate) struct Orphans(BTreeMap<(HostId, u16, SocketAddr), Orphan>);

impl Orphans {
    /// Adds a socket. Returns it if it is not connected, or another one if that had the same
    /// addresses.
    pub(crate) fn add(&mut self, orphan: Orphan) -> Option<Orphan> {
        let (Ok(local), Ok(peer)) = (orphan.stream.local_addr(), orphan.stream.peer_addr()) else {
            return Some(orphan);
        };
        self.0.insert((orphan.host, local.port(), peer), orphan)
    }

    /// Takes the socket to which that packet brings more than an acknowledgement.
    pub(crate) fn take(&mut self, host: HostId, packet: &Packet) -> Option<Orphan> {
        if self.0.is_empty() || is_pure_ack(packet) {
            return None;
        }
        let Transport::Tcp(segment) = &packet.payload else {
            return None;
        };
        let peer = SocketAddr::new(packet.src, segment.src_port);
        self.0.remove(&(host, segment.dst_port, peer))
    }

    pub(crate) fn pop(&mut self) -> Option<Orphan> {
        self.0.pop_first().map(|(_, orphan)| orphan)
    }
}
