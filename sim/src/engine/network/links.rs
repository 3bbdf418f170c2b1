//! Partitions and holds: packets that stall or wait on a link, and travel on later.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::Core;
use crate::ids::HostId;
use crate::net::packet::{Due, Flow, Transit, ends, flow, forged_reset};
use crate::net::{Direction, Opening};
use crate::time::VirtualTime;
use crate::trace::Effect;

impl Core {
    pub(crate) fn set_blocked(&mut self, a: HostId, b: HostId, direction: Direction, on: bool) {
        for (from, to) in direction.pairs(a, b) {
            self.link(from, to).blocked = on;
        }
    }

    pub(crate) fn set_held(&mut self, a: HostId, b: HostId, direction: Direction, on: bool) {
        for (from, to) in direction.pairs(a, b) {
            self.link(from, to).held = on;
        }
    }

    pub(crate) fn set_opening(&mut self, from: HostId, to: HostId, opening: Opening) {
        self.link(from, to).opening = opening;
    }

    /// Refuses a connection, or leaves its first packet without an answer.
    pub(super) fn keep_from_opening(
        &mut self,
        transit: Transit,
        opening: Opening,
        now: VirtualTime,
    ) {
        if opening == Opening::Hangs {
            let give_up_after = self.net_config.give_up_after;
            self.network().stall(transit, give_up_after);
            return;
        }
        let Some((client, server)) = ends(&transit.packet) else {
            return;
        };
        let refusal = Transit {
            from: transit.to,
            to: transit.from,
            sent: now,
            number: self.statistics.packets,
            packet: forged_reset(client, server),
        };
        self.forward(refusal, now, Duration::ZERO);
    }

    /// Sends held packets on.
    pub(crate) fn release_between(
        &mut self,
        a: HostId,
        b: HostId,
        direction: Direction,
        now: VirtualTime,
    ) {
        for (from, to) in direction.pairs(a, b) {
            let mut waiting = std::mem::take(&mut self.link(from, to).waiting);
            waiting.sort_by_key(|transit| transit.number);
            for transit in waiting {
                self.forward(transit, now, Duration::ZERO);
            }
        }
    }

    /// Resends packets that stalled between two hosts, when TCP next tries.
    pub(crate) fn resend_between(
        &mut self,
        a: HostId,
        b: HostId,
        direction: Direction,
        now: VirtualTime,
    ) {
        for (from, to) in direction.pairs(a, b) {
            self.resend(from, to, now);
        }
    }

    /// Resends packets that stalled on any link to a host.
    pub(crate) fn resend_to(&mut self, to: HostId, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let links = network.links.keys().filter(|(_, end)| *end == to);
        let mut sources: Vec<HostId> = links.map(|(from, _)| *from).collect();
        sources.sort_unstable();
        for from in sources {
            self.resend(from, to, now);
        }
        self.reset_orphans(to, now);
    }

    /// Resets connections whose peers wait for an acknowledgement that the crash has lost. They
    /// would send again, and the host, which has no such connections any more, would answer
    /// with a reset.
    pub(super) fn reset_orphans(&mut self, host: HostId, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let Some(address) = network.address(host) else {
            return;
        };
        let known = network.connections(host);
        let others = network.kernels.ids();
        let orphans: Vec<(HostId, SocketAddr, SocketAddr)> = others
            .filter(|other| *other != host)
            .flat_map(|other| {
                let waiting = network.waiting_for(other, address);
                waiting.map(move |(local, peer)| (other, local, peer))
            })
            .filter(|(_, local, peer)| !known.contains(&(*peer, *local)))
            .collect();
        let wait = self.net_config.retransmit_after;
        for (other, local, peer) in orphans {
            let transit = Transit {
                from: host,
                to: other,
                sent: now,
                number: self.statistics.packets,
                packet: forged_reset(local, peer),
            };
            self.forward(transit, now, wait);
        }
    }

    pub(super) fn resend(&mut self, from: HostId, to: HostId, now: VirtualTime) {
        let first = self.net_config.retransmit_after;
        let mut stalled = std::mem::take(&mut self.link(from, to).stalled);
        stalled.sort_by_key(|transit| transit.number);
        for transit in stalled {
            let delay = until_retransmission(transit.sent, now, first);
            self.forward(transit, now, delay);
        }
    }

    /// Times out connections whose packets have stalled for too long.
    pub(super) fn give_up(&mut self, from: HostId, to: HostId, now: VirtualTime) {
        let limit = self.net_config.give_up_after;
        let network = self.network();
        let Some(link) = network.links.get_mut(&(from, to)) else {
            return;
        };
        let lost: BTreeSet<Flow> = link
            .stalled
            .iter()
            .filter(|transit| transit.sent + limit <= now)
            .filter_map(|transit| flow(&transit.packet))
            .collect();
        link.stalled
            .retain(|transit| flow(&transit.packet).is_none_or(|flow| !lost.contains(&flow)));
        if let Some(next) = link.stalled.first().map(|transit| transit.sent + limit) {
            network.push(next, Due::GiveUp(from, to));
        }
        for (src, src_port, dst, dst_port) in lost {
            let local = SocketAddr::new(src, src_port);
            let peer = SocketAddr::new(dst, dst_port);
            let network = self.network();
            network.timed_out.insert((from, peer));
            network.deliver(forged_reset(local, peer));
            let name = |host: HostId| self.hosts[host].name.as_str();
            let what = format!("time-out of {local} {} -> {peer} {}", name(from), name(to));
            self.record(now, Effect::Fault { what });
        }
    }
}

/// Returns the time until the next retransmission of a segment that TCP sent at `sent`, and
/// again after 1, 3, 7, … times `first`.
fn until_retransmission(sent: VirtualTime, now: VirtualTime, first: Duration) -> Duration {
    let mut next = sent + first;
    let mut wait = first;
    while next < now && !wait.is_zero() {
        wait *= 2;
        next = next + wait;
    }
    next - now
}
