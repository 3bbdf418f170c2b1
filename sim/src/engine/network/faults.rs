//! Effects of faults on connections, and the sockets of a run.

use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{Core, Engine};
use crate::ids::HostId;
use crate::net::Socket;
use crate::net::packet::{Transit, forged_reset};
use crate::time::VirtualTime;
use crate::trace::LiveSocket;

impl Engine {
    /// Ends the host's connections without notice to their peers; segments that it had sent and
    /// that have not arrived are not sent again.
    pub(crate) fn cut_off(&self, host: HostId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect_packets(self.now(), None);
        let Some(network) = &mut core.network else {
            return;
        };
        for (local, peer) in network.connections(host) {
            network.deliver(forged_reset(local, peer));
        }
        for ((from, _), link) in &mut network.links {
            if *from == host {
                link.stalled.clear();
                link.waiting.clear();
            }
        }
    }

    /// Discards the packets that the host's kernel still has to send.
    pub(crate) fn discard_output(&self, host: HostId) {
        let mut core = self.core.borrow_mut();
        if let Some(network) = &mut core.network {
            network.dirty = true;
        }
        core.collect_packets(self.now(), Some(host));
    }

    pub(crate) fn reset_between(&self, a: HostId, b: HostId) -> usize {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect_packets(self.now(), None);
        let Some(network) = &mut core.network else {
            return 0;
        };
        let Some(address) = network.address(b) else {
            return 0;
        };
        let connections: Vec<_> = network
            .connections(a)
            .into_iter()
            .filter(|(_, peer)| peer.ip() == address)
            .collect();
        for (local, peer) in &connections {
            core.reset_end(*local, *peer, self.now());
            core.reset_end(*peer, *local, self.now());
        }
        connections.len()
    }

    /// Has one end forget every connection between two hosts, without notice to the other end.
    /// Returns their number.
    pub(crate) fn forget_between(&self, host: HostId, peer: HostId) -> usize {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect_packets(self.now(), None);
        let Some(network) = &mut core.network else {
            return 0;
        };
        let Some(address) = network.address(peer) else {
            return 0;
        };
        let connections = network.connections(host).into_iter();
        let connections = connections.filter(|(_, remote)| remote.ip() == address);
        let connections: Vec<_> = connections.collect();
        for (local, remote) in &connections {
            core.reset_end(*local, *remote, self.now());
        }
        connections.len()
    }

    /// Returns every socket that is not closed. A connection whose handshake the peer has not
    /// completed is left out: it belongs to the kernel, and no program has seen it.
    pub(crate) fn sockets(&self) -> Vec<LiveSocket> {
        let core = self.core.borrow();
        let Some(network) = core.network.as_ref().filter(|n| n.guard().is_some()) else {
            return Vec::new();
        };
        debug_assert_eq!(network.kernels.len(), core.hosts.len());
        let of_host = |host: HostId| {
            let name = &core.hosts[host].name;
            let sockets = network.sockets(host).into_iter();
            let seen = sockets.filter(|socket| !is_half_open(socket));
            seen.map(move |socket| LiveSocket {
                host: name.clone(),
                description: describe(&socket),
            })
        };
        core.hosts.ids().flat_map(of_host).collect()
    }
}

impl Core {
    /// Resets one end of a connection. Where the handshake is not over, the reset comes after
    /// the segment that ends it, as it would if the other end had sent it: the end would else be
    /// accepted as if nothing had happened.
    fn reset_end(&mut self, local: SocketAddr, peer: SocketAddr, now: VirtualTime) {
        let number = self.statistics.packets;
        let Some(network) = &mut self.network else {
            return;
        };
        let packet = forged_reset(local, peer);
        let hosts = (network.host_at(peer.ip()), network.host_at(local.ip()));
        match hosts {
            (Some(from), Some(to)) if network.resets_half_open(&packet) => {
                let reset = Transit {
                    from,
                    to,
                    sent: now,
                    number,
                    packet,
                };
                self.forward(reset, now, Duration::ZERO);
            }
            _ => network.deliver(packet),
        }
    }
}

fn is_half_open(socket: &Socket) -> bool {
    socket.state == Some(turmoil_net::NetstatState::SynReceived)
}

fn describe(socket: &Socket) -> String {
    let peer = socket
        .peer
        .map_or_else(String::new, |peer| format!(" -> {peer}"));
    let state = socket
        .state
        .map_or_else(String::new, |state| format!(" {state}"));
    format!("{} {}{peer}{state}", socket.proto, socket.local)
}
