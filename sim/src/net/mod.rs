//! The network: turmoil-net's socket stack, driven by our clock and our tape.
//!
//! turmoil-net counts egress passes, not time. So its own retransmission is put out of reach;
//! kernels are emptied whenever the current instant is quiet; and latency, loss and order of
//! packets are decided here. TCP never loses a byte of an open connection: a segment that a
//! real network would lose and send again arrives late instead, in order per connection. Lost
//! datagrams are really lost.

mod flows;
mod in_flight;
mod network;
mod orphans;
pub(crate) mod packet;
pub(crate) mod pipes;

use std::fmt;
use std::time::Duration;

use crate::ids::HostId;

pub use network::Opening;
pub(crate) use network::{Link, Network, RECEIVE_BUFFER, Socket, Stack};

/// The behaviour of links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetConfig {
    /// Least latency of a packet.
    pub latency_min: Duration,
    /// Greatest latency; each packet's is drawn, to the microsecond. A segment without data or
    /// flags takes the least.
    pub latency_max: Duration,
    /// Packets in a thousand that are lost. On TCP they are sent again.
    pub loss_per_mille: u32,
    /// UDP packets in a thousand that arrive twice.
    pub duplicate_per_mille: u32,
    /// TCP's first wait before it sends again; it doubles each time.
    pub retransmit_after: Duration,
    /// Time for which TCP tries before a connection times out.
    pub give_up_after: Duration,
    /// Hosts that may still be added once the first socket is open.
    pub spare_hosts: u32,
    /// The simulation of TCP.
    pub tcp: TcpModel,
}

/// A simulation of TCP. Programs see the same of both, but for details of timing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TcpModel {
    /// turmoil-net's state machines, with sequence numbers and acknowledgements.
    #[default]
    Machine,
    /// Pipes of segments, which links deliver in order. They take a fraction of the time.
    Pipes,
}

impl TcpModel {
    /// All models.
    pub const ALL: [Self; 2] = [Self::Machine, Self::Pipes];

    /// Returns the name of the model.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Pipes => "pipes",
        }
    }
}

impl Default for NetConfig {
    /// Returns 1 ms of latency and no loss; TCP sends again after 200 ms and times out after 60
    /// s.
    fn default() -> Self {
        Self {
            latency_min: Duration::from_millis(1),
            latency_max: Duration::from_millis(1),
            loss_per_mille: 0,
            duplicate_per_mille: 0,
            retransmit_after: Duration::from_millis(200),
            give_up_after: Duration::from_secs(60),
            spare_hosts: 0,
            tcp: TcpModel::default(),
        }
    }
}

/// A direction between two hosts `a` and `b`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From `a` to `b` and from `b` to `a`.
    Both,
    /// From `a` to `b` only.
    Forward,
    /// From `b` to `a` only.
    Backward,
}

impl Direction {
    pub(crate) fn pairs(self, a: HostId, b: HostId) -> impl Iterator<Item = (HostId, HostId)> {
        let forward = (self != Self::Backward).then_some((a, b));
        let backward = (self != Self::Forward).then_some((b, a));
        forward.into_iter().chain(backward)
    }
}

/// `<->`, `->` or `<-`.
impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "<->",
            Self::Forward => "->",
            Self::Backward => "<-",
        })
    }
}
