//! The kernels of all hosts, the links between them, and the packets in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use turmoil_net::shim::tokio::net::TcpStream;
use turmoil_net::{
    EnterGuard, KernelConfig, Net, NetstatEntry, NetstatState, Packet, Proto, Transport,
};

use super::TcpModel;
use super::flows::Flows;
use super::in_flight::Arrivals;
use super::orphans::{Orphan, Orphans};
use super::packet::{Due, Transit, ends, resets_half_open};
use super::pipes::{PipeSocket, Pipes};
use crate::ids::HostId;
use crate::index_vec::IndexVec;
use crate::schedule::SiteId;
use crate::time::VirtualTime;

pub(crate) struct Network {
    pub(crate) stack: Stack,
    pub(crate) kernels: IndexVec<HostId, (turmoil_net::HostId, IpAddr)>,
    pub(crate) spare: Vec<(turmoil_net::HostId, IpAddr)>,
    by_address: BTreeMap<IpAddr, HostId>,
    pub(crate) pinned: Option<HostId>,
    /// `true` if a kernel may have something to send. To look costs a search of all kernels.
    pub(crate) dirty: bool,
    pub(crate) out: Vec<Packet>,
    pub(crate) arrivals: Arrivals<Due>,
    /// Number of packets among the arrivals.
    pub(crate) in_flight: usize,
    /// In the order in which they were first used.
    pub(crate) links: IndexMap<(HostId, HostId), Link, FxBuildHasher>,
    pub(crate) flows: Flows,
    pub(crate) timed_out: BTreeSet<(HostId, SocketAddr)>,
    orphans: Orphans,
    tcp: TcpModel,
    pub(crate) pipes: Pipes,
}

/// A socket of a host.
pub(crate) struct Socket {
    pub(crate) proto: Proto,
    pub(crate) local: SocketAddr,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) state: Option<NetstatState>,
    /// `true` if it has sent or closed what its peer has not acknowledged.
    pub(crate) waits_for_peer: bool,
}

impl From<NetstatEntry> for Socket {
    fn from(entry: NetstatEntry) -> Self {
        let is_closed = matches!(
            entry.state,
            Some(
                NetstatState::FinWait1
                    | NetstatState::FinWait2
                    | NetstatState::Closing
                    | NetstatState::LastAck
            )
        );
        Self {
            proto: entry.proto,
            local: entry.local,
            peer: entry.peer,
            state: entry.state,
            waits_for_peer: entry.state.is_some() && (is_closed || entry.send_q > 0),
        }
    }
}

impl From<PipeSocket> for Socket {
    fn from(socket: PipeSocket) -> Self {
        Self {
            proto: Proto::Tcp,
            local: socket.local,
            peer: socket.peer,
            state: Some(socket.state),
            waits_for_peer: socket.waits_for_peer,
        }
    }
}

/// turmoil-net takes hosts only until it is entered.
pub(crate) enum Stack {
    Building(Box<Net>),
    Running(EnterGuard),
    Swapping,
}

/// One direction between two hosts.
pub(crate) struct Link {
    pub(crate) latency: SiteId,
    pub(crate) loss: SiteId,
    pub(crate) blocked: bool,
    pub(crate) held: bool,
    /// What happens to the first packets of connections.
    pub(crate) opening: Opening,
    /// In flight when the link was blocked, or its end was down.
    pub(crate) stalled: Vec<Transit>,
    pub(crate) waiting: Vec<Transit>,
}

/// The treatment of connections that are being opened over a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Opening {
    /// They come about.
    #[default]
    Works,
    /// They are refused, as by a host on which nothing listens.
    Refused,
    /// Nothing answers. TCP tries again for as long as it does with a connection that stalls.
    Hangs,
}

/// The bytes that a kernel keeps for a reader.
pub(crate) const RECEIVE_BUFFER: usize = 64 * 1024;

impl Network {
    pub(crate) fn new(tcp: TcpModel) -> Self {
        let kernel = KernelConfig::default()
            .retx_threshold(u32::MAX)
            .recv_buf_cap(RECEIVE_BUFFER);
        Self {
            stack: Stack::Building(Box::new(Net::with_config(kernel))),
            kernels: IndexVec::default(),
            spare: Vec::new(),
            by_address: BTreeMap::new(),
            pinned: None,
            dirty: false,
            out: Vec::new(),
            arrivals: Arrivals::default(),
            in_flight: 0,
            links: IndexMap::default(),
            flows: Flows::default(),
            timed_out: BTreeSet::new(),
            orphans: Orphans::default(),
            tcp,
            pipes: Pipes::default(),
        }
    }

    /// Adds a kernel for the next host.
    pub(crate) fn add_kernel(&mut self, name: &str) -> (turmoil_net::HostId, IpAddr) {
        let kernel = match &mut self.stack {
            Stack::Building(net) => (net.add_host(name), net.lookup(name)),
            Stack::Running(_) | Stack::Swapping => {
                assert!(
                    !self.spare.is_empty(),
                    "host `{name}` is added after the first socket was opened: \
                     add hosts first, or set NetConfig::spare_hosts"
                );
                self.spare.remove(0)
            }
        };
        let host = self.kernels.push(kernel);
        self.by_address.insert(kernel.1, host);
        self.pipes.add_host(kernel.1);
        kernel
    }

    /// Enters turmoil-net's network on this thread, if that is not done: it happens with the
    /// first socket.
    pub(crate) fn enter(&mut self, spare_hosts: u32) {
        if !matches!(self.stack, Stack::Building(_)) {
            return;
        }
        if let Stack::Building(mut net) = std::mem::replace(&mut self.stack, Stack::Swapping) {
            for number in 0..spare_hosts {
                let name = format!("spare-{number}");
                self.spare
                    .push((net.add_host(name.as_str()), net.lookup(&name)));
            }
            self.stack = Stack::Running(net.enter());
        }
    }

    pub(crate) fn guard(&self) -> Option<&EnterGuard> {
        match &self.stack {
            Stack::Running(guard) => Some(guard),
            Stack::Building(_) | Stack::Swapping => None,
        }
    }

    pub(crate) fn pin(&mut self, host: HostId) {
        if self.pinned == Some(host) {
            return;
        }
        if let (Stack::Running(guard), Some((kernel, _))) = (&self.stack, self.kernels.get(host)) {
            guard.set_current(*kernel);
            self.pinned = Some(host);
        }
    }

    /// Returns `true` if nothing is to be sent and nothing is in flight.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.dirty && self.in_flight == 0 && !self.pipes.has_output()
    }

    pub(crate) fn push(&mut self, at: VirtualTime, what: Due) {
        self.in_flight += usize::from(matches!(what, Due::Packet(_)));
        self.arrivals.push(at, what);
    }

    pub(crate) fn take_due(&mut self, now: VirtualTime) -> Option<Due> {
        let what = self.arrivals.take_due(now)?;
        self.in_flight -= usize::from(matches!(what, Due::Packet(_)));
        Some(what)
    }

    pub(crate) fn deliver(&mut self, packet: Packet) {
        if self.guard().is_none() {
            return;
        }
        if self.is_of_a_pipe(&packet) {
            if let (Some(to), Some(from)) = (self.host_at(packet.dst), self.host_at(packet.src)) {
                self.pipes.arrive(to, from, packet);
            }
            return;
        }
        let answers = self.may_answer(&packet);
        if resets_half_open(&packet) {
            return;
        }
        let orphan = self.host_at(packet.dst);
        let orphan = orphan.and_then(|host| self.orphans.take(host, &packet));
        if let Some(guard) = self.guard() {
            guard.deliver(packet);
            self.dirty |= answers;
        }
        if let Some(orphan) = orphan {
            self.close(orphan);
        }
    }

    fn is_of_a_pipe(&self, packet: &Packet) -> bool {
        self.tcp == TcpModel::Pipes && matches!(packet.payload, Transport::Tcp(_))
    }

    /// Returns `true` if a packet is a reset for an end whose handshake is not over.
    pub(crate) fn resets_half_open(&self, packet: &Packet) -> bool {
        if !self.is_of_a_pipe(packet) {
            return resets_half_open(packet);
        }
        let (Some((peer, local)), Some(host)) = (ends(packet), self.host_at(packet.dst)) else {
            return false;
        };
        self.pipes.is_half_open(host, local, peer)
    }

    /// Keeps the socket of a connection that its program has closed, and that its peer has not.
    pub(crate) fn adopt(&mut self, host: HostId, stream: TcpStream) {
        let orphan = Orphan { host, stream };
        if let Some(refused) = self.orphans.add(orphan) {
            self.close(refused);
        }
    }

    /// Closes a socket. Its kernel resets the connection if there is data that no task reads.
    fn close(&mut self, orphan: Orphan) {
        self.pin(orphan.host);
        drop(orphan.stream);
        self.dirty = true;
    }

    /// Records what kernels have sent, also if it is discarded.
    pub(crate) fn record_sent(&mut self, packets: &[Packet]) {
        for packet in packets {
            if let Transport::Tcp(segment) = &packet.payload
                && let Some(from) = self.host_at(packet.src)
                && let Some(to) = self.host_at(packet.dst)
            {
                self.flows.sent(from, to, segment);
            }
        }
    }

    /// Returns `true` if a kernel may have something to send once it has that packet.
    fn may_answer(&mut self, packet: &Packet) -> bool {
        let Transport::Tcp(segment) = &packet.payload else {
            // Not even that nothing listens is reported to the sender.
            return false;
        };
        match (self.host_at(packet.src), self.host_at(packet.dst)) {
            (Some(from), Some(to)) => self.flows.received(from, to, segment),
            _ => true,
        }
    }

    /// Returns the host with that address.
    pub(crate) fn host_at(&self, address: IpAddr) -> Option<HostId> {
        // Addresses are handed out one after the other.
        let (_, first) = self.kernels.get(HostId::WORLD)?;
        let guess = match (first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                address.to_bits().checked_sub(first.to_bits()).map(HostId)
            }
            _ => None,
        };
        let is_at = |host: &HostId| self.address(*host) == Some(address);
        guess
            .filter(is_at)
            .or_else(|| self.by_address.get(&address).copied())
    }

    pub(crate) fn address(&self, host: HostId) -> Option<IpAddr> {
        self.kernels.get(host).map(|kernel| kernel.1)
    }

    /// Returns both addresses of each TCP connection of the host.
    pub(crate) fn connections(&self, host: HostId) -> Vec<(SocketAddr, SocketAddr)> {
        let sockets = self.sockets(host).into_iter();
        sockets
            .filter(|socket| socket.proto == Proto::Tcp)
            .filter_map(|socket| Some((socket.local, socket.peer?)))
            .collect()
    }

    /// Returns both addresses of each TCP connection of the host to `peer` that has
    /// unacknowledged data, or that its program has closed.
    pub(crate) fn waiting_for(
        &self,
        host: HostId,
        peer: IpAddr,
    ) -> impl Iterator<Item = (SocketAddr, SocketAddr)> + use<> {
        let sockets = self.sockets(host).into_iter();
        sockets.filter_map(move |socket| {
            let remote = socket.peer.filter(|remote| remote.ip() == peer)?;
            socket.waits_for_peer.then_some((socket.local, remote))
        })
    }

    /// Returns the sockets of a host that are not closed.
    pub(crate) fn sockets(&self, host: HostId) -> Vec<Socket> {
        let (Some(_), Some(address)) = (self.guard(), self.address(host)) else {
            return Vec::new();
        };
        let entries = turmoil_net::netstat(address).entries.into_iter();
        let pipes = self.pipes.sockets(host).into_iter();
        entries
            .map(Socket::from)
            .chain(pipes.map(Socket::from))
            .collect()
    }

    /// Puts a packet of TCP aside until it can be sent again.
    pub(crate) fn stall(&mut self, transit: Transit, give_up_after: Duration) {
        let key = (transit.from, transit.to);
        let deadline = transit.sent + give_up_after;
        let Some(link) = self.links.get_mut(&key) else {
            return;
        };
        let first = link.stalled.is_empty();
        link.stalled.push(transit);
        if first {
            self.push(deadline, Due::GiveUp(key.0, key.1));
        }
    }
}

/// turmoil-net's sockets need its network for their drop.
impl Drop for Network {
    fn drop(&mut self) {
        while let Some(orphan) = self.orphans.pop() {
            self.close(orphan);
        }
    }
}
