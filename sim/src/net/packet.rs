//! Packets, and the properties that their headers show.

use std::net::{IpAddr, SocketAddr};

use turmoil_net::{NetstatState, Packet, TcpFlags, TcpSegment, Transport};

use crate::ids::HostId;
use crate::time::VirtualTime;

/// One direction of one TCP connection.
pub(crate) type Flow = (IpAddr, u16, IpAddr, u16);

/// A packet between two hosts.
#[derive(Clone)]
pub(crate) struct Transit {
    pub(crate) from: HostId,
    pub(crate) to: HostId,
    pub(crate) sent: VirtualTime,
    /// Counts packets. Faults that overlap put packets aside in any order; they return in this
    /// one, because turmoil-net drops TCP segments that overtake others.
    pub(crate) number: u64,
    pub(crate) packet: Packet,
}

pub(crate) enum Due {
    Packet(Transit),
    /// A check for stalled connections of this link that time out.
    GiveUp(HostId, HostId),
}

pub(crate) fn payload_len(packet: &Packet) -> u32 {
    let len = match &packet.payload {
        Transport::Tcp(segment) => segment.payload.len(),
        Transport::Udp(datagram) => datagram.payload.len(),
    };
    u32::try_from(len).expect("a packet of less than 4 GiB")
}

pub(crate) fn flow(packet: &Packet) -> Option<Flow> {
    match &packet.payload {
        Transport::Tcp(s) => Some((packet.src, s.src_port, packet.dst, s.dst_port)),
        Transport::Udp(_) => None,
    }
}

/// Returns `true` if a segment only acknowledges.
pub(crate) fn is_pure_ack(packet: &Packet) -> bool {
    match &packet.payload {
        Transport::Tcp(s) => {
            s.payload.is_empty() && s.flags.ack && !(s.flags.syn || s.flags.fin || s.flags.rst)
        }
        Transport::Udp(_) => false,
    }
}

/// Returns `true` if the packet is the first of a TCP connection.
pub(crate) fn opens(packet: &Packet) -> bool {
    match &packet.payload {
        Transport::Tcp(segment) => segment.flags.syn && !segment.flags.ack,
        Transport::Udp(_) => false,
    }
}

/// Returns both addresses of a packet of TCP, the sender's first.
pub(crate) fn ends(packet: &Packet) -> Option<(SocketAddr, SocketAddr)> {
    let (src, src_port, dst, dst_port) = flow(packet)?;
    Some((
        SocketAddr::new(src, src_port),
        SocketAddr::new(dst, dst_port),
    ))
}

/// Returns `true` if the packet resets a connection that its receiver has not accepted
/// and whose handshake is not over. turmoil-net would close that socket and
/// never free it, and its port could not be bound again. Left half open, it
/// goes with its listener.
pub(crate) fn resets_half_open(packet: &Packet) -> bool {
    let Transport::Tcp(segment) = &packet.payload else {
        return false;
    };
    let peer = SocketAddr::new(packet.src, segment.src_port);
    segment.flags.rst
        && turmoil_net::netstat(packet.dst)
            .entries
            .iter()
            .any(|entry| {
                entry.peer == Some(peer)
                    && entry.local.port() == segment.dst_port
                    && entry.state == Some(NetstatState::SynReceived)
            })
}

/// Returns a reset of the connection `local` ↔ `peer`, as `local` would receive it.
pub(crate) fn forged_reset(local: SocketAddr, peer: SocketAddr) -> Packet {
    Packet {
        src: peer.ip(),
        dst: local.ip(),
        ttl: 64,
        payload: Transport::Tcp(TcpSegment {
            src_port: peer.port(),
            dst_port: local.port(),
            seq: 0,
            ack: 0,
            flags: TcpFlags {
                rst: true,
                ..TcpFlags::default()
            },
            window: 0,
            payload: Default::default(),
        }),
    }
}
