//! The segments of pipes: those of TCP, of which only the addresses, the flags and the bytes
//! count.
//!
//! Instead of sequence numbers they carry the receiving end, and instead of acknowledgements
//! the bytes that its program has read.

use std::net::SocketAddr;

use bytes::Bytes;
use turmoil_net::{Packet, TcpFlags, TcpSegment, Transport};

use super::EndId;

/// Bytes of a packet that are not data: the headers of IP and TCP.
const HEADERS: usize = 40;

/// The most bytes of data in a packet between hosts.
const MOST: usize = 1_500 - HEADERS;

/// The most bytes of data in a packet on one host.
const MOST_ON_LOOPBACK: usize = 65_536 - HEADERS;

/// What a segment says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Message {
    Open,
    Accept,
    /// The handshake is over, or the end has arrived.
    Acknowledgement,
    Data(Bytes),
    /// The program has read that many bytes.
    Room(u32),
    End,
    Reset,
}

/// Returns the most bytes of data that a segment from `local` carries.
pub(super) fn most(local: SocketAddr) -> usize {
    if local.ip().is_loopback() {
        MOST_ON_LOOPBACK
    } else {
        MOST
    }
}

impl Message {
    /// Returns the packet that carries it.
    pub(super) fn packet(self, from: SocketAddr, to: SocketAddr, end: Option<EndId>) -> Packet {
        let none = TcpFlags::default();
        let flags = match self {
            Self::Open => TcpFlags { syn: true, ..none },
            Self::Accept => TcpFlags {
                syn: true,
                ack: true,
                ..none
            },
            Self::Acknowledgement | Self::Room(_) => TcpFlags { ack: true, ..none },
            Self::Data(_) => TcpFlags {
                ack: true,
                psh: true,
                ..none
            },
            Self::End => TcpFlags {
                ack: true,
                fin: true,
                ..none
            },
            Self::Reset => TcpFlags { rst: true, ..none },
        };
        let read = match self {
            Self::Room(read) => read,
            _ => 0,
        };
        let payload = match self {
            Self::Data(payload) => payload,
            _ => Bytes::new(),
        };
        Packet {
            src: from.ip(),
            dst: to.ip(),
            ttl: 64,
            payload: Transport::Tcp(TcpSegment {
                src_port: from.port(),
                dst_port: to.port(),
                seq: EndId::number(end),
                ack: read,
                flags,
                window: 0,
                payload,
            }),
        }
    }

    /// Returns the message of a segment.
    pub(super) fn of(segment: TcpSegment) -> Self {
        let flags = segment.flags;
        match segment.ack {
            _ if flags.rst => Self::Reset,
            _ if flags.fin => Self::End,
            _ if flags.syn && flags.ack => Self::Accept,
            _ if flags.syn => Self::Open,
            _ if !segment.payload.is_empty() => Self::Data(segment.payload),
            0 => Self::Acknowledgement,
            read => Self::Room(read),
        }
    }
}
