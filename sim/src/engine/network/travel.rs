//! The travel of a packet: the effects of its link, and its time of arrival.

use std::time::Duration;

use turmoil_net::{Packet, Transport};

use crate::engine::host::HostState;
use crate::engine::{Core, Engine};
use crate::ids::HostId;
use crate::net::packet::{Due, Transit, is_pure_ack, opens, payload_len};
use crate::net::{Link, Opening};
use crate::schedule::{self, Site, SiteId};
use crate::time::{VirtualTime, micros};
use crate::trace::Effect;

impl Core {
    pub(super) fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        let known = self.network.as_ref();
        let known = known.and_then(|network| network.links.get_index_of(&(from, to)));
        let index = known.unwrap_or_else(|| self.add_link(from, to));
        let network = self.network.as_mut();
        let links = network.map(|network| &mut network.links);
        let link = links.and_then(|links| links.get_index_mut(index));
        let (_, link) = link.expect("links are never removed");
        link
    }

    /// Adds a link that was not used before. Returns its index.
    #[cold]
    fn add_link(&mut self, from: HostId, to: HostId) -> usize {
        // A link may be cut before the first socket is opened.
        self.build_network();
        let name = |host: HostId| self.hosts[host].name.clone();
        let path = schedule::Link {
            from: name(from),
            to: name(to),
        };
        let link = Link {
            latency: self.draws.site(Site::Latency(path.clone())),
            loss: self.draws.site(Site::Loss(path)),
            blocked: false,
            held: false,
            opening: Opening::Works,
            stalled: Vec::new(),
            waiting: Vec::new(),
        };
        let network = self.network.as_mut();
        let network = network.expect("the network was just built");
        network.links.insert_full((from, to), link).0
    }

    /// Sends a packet over its link, or puts it aside.
    pub(super) fn route(&mut self, packet: Packet, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let (Some(from), Some(to)) = (network.host_at(packet.src), network.host_at(packet.dst))
        else {
            return;
        };
        self.statistics.packets += 1;
        let transit = Transit {
            from,
            to,
            sent: now,
            number: self.statistics.packets,
            packet,
        };
        let len = payload_len(&transit.packet);
        let arrives = self.forward(transit, now, Duration::ZERO);
        self.record(
            now,
            Effect::Packet {
                from,
                to,
                len,
                arrives,
            },
        );
    }

    /// Decides the effects of its link on a packet that leaves at `now` after a `delay`.
    /// Returns its time of arrival; none if it does not arrive, for now or for ever.
    pub(super) fn forward(
        &mut self,
        transit: Transit,
        now: VirtualTime,
        mut delay: Duration,
    ) -> Option<VirtualTime> {
        let (from, to) = (transit.from, transit.to);
        let tcp = matches!(transit.packet.payload, Transport::Tcp(_));
        let config = self.net_config;
        let down = self.hosts[to].state == HostState::Down;
        let link = self.link(from, to);
        let (latency, loss) = (link.latency, link.loss);
        let opening = link.opening;
        if opening != Opening::Works && opens(&transit.packet) {
            self.keep_from_opening(transit, opening, now);
            return None;
        }
        if link.held {
            link.waiting.push(transit);
            return None;
        }
        if link.blocked || down {
            if tcp {
                self.network().stall(transit, config.give_up_after);
            }
            return None;
        }
        if config.loss_per_mille > 0 {
            let mut wait = config.retransmit_after;
            // Six losses in a row are enough to test any retransmission.
            for _ in 0..6 {
                if self.draws.draw(loss, 1_000) < 1_000 - config.loss_per_mille.min(1_000) {
                    break;
                }
                if !tcp {
                    return None;
                }
                delay += wait;
                wait *= 2;
            }
        }
        let twice = !tcp
            && config.duplicate_per_mille > 0
            && self.draws.draw(loss, 1_000) >= 1_000 - config.duplicate_per_mille.min(1_000);
        let first = self.arrival_time(&transit, latency, now + delay);
        if twice {
            let second = self.arrival_time(&transit, latency, now + delay);
            let copy = transit.clone();
            self.network().push(first, Due::Packet(copy));
            self.network().push(second, Due::Packet(transit));
        } else {
            self.network().push(first, Due::Packet(transit));
        }
        Some(first)
    }

    pub(super) fn arrival_time(
        &mut self,
        transit: &Transit,
        latency: SiteId,
        now: VirtualTime,
    ) -> VirtualTime {
        let config = self.net_config;
        let span = micros(config.latency_max.saturating_sub(config.latency_min));
        let extra = if span == 0 || is_pure_ack(&transit.packet) {
            0
        } else {
            let bound = u32::try_from(span)
                .unwrap_or(u32::MAX - 1)
                .saturating_add(1);
            self.draws.draw(latency, bound)
        };
        let at = now + config.latency_min + Duration::from_micros(u64::from(extra));
        match &transit.packet.payload {
            Transport::Udp(_) => at,
            Transport::Tcp(segment) => {
                let flows = &mut self.network().flows;
                flows.in_order(transit.from, transit.to, segment, at)
            }
        }
    }

    /// Delivers a packet that has arrived, or stalls it if its host is down.
    pub(super) fn arrive(&mut self, transit: Transit, now: VirtualTime) {
        let (from, to) = (transit.from, transit.to);
        if self.hosts[to].state == HostState::Down {
            if matches!(transit.packet.payload, Transport::Tcp(_)) {
                let give_up_after = self.net_config.give_up_after;
                self.link(from, to);
                self.network().stall(transit, give_up_after);
            }
            return;
        }
        let len = payload_len(&transit.packet);
        self.record(now, Effect::Arrival { from, to, len });
        self.network().deliver(transit.packet);
    }

    /// Empties the kernels' output onto the links, except the output of `discard`. Returns
    /// `false` if no kernel was touched since the last call.
    pub(super) fn collect_packets(&mut self, now: VirtualTime, discard: Option<HostId>) -> bool {
        let Some(network) = &mut self.network else {
            return false;
        };
        let kernels = std::mem::take(&mut network.dirty);
        if !kernels && !network.pipes.has_output() {
            return false;
        }
        let mut out = std::mem::take(&mut network.out);
        if kernels && let Some(guard) = network.guard() {
            guard.egress_all(&mut out);
            network.record_sent(&out);
        }
        network.pipes.collect(&mut out);
        let discarded = discard.and_then(|host| network.address(host));
        for packet in out.drain(..) {
            if Some(packet.src) != discarded {
                self.route(packet, now);
            }
        }
        if let Some(network) = &mut self.network {
            network.out = out;
        }
        true
    }

    pub(super) fn take_due(&mut self, now: VirtualTime) -> Option<Due> {
        self.network.as_mut()?.take_due(now)
    }
}

/// The result of an advance of the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Advance {
    /// No packet has left or arrived.
    Nothing,
    /// Packets have left their hosts, of which none is due. Those that a host sends to itself are
    /// with it already.
    Sent,
    /// Packets that were due have arrived.
    Delivered,
}

impl Engine {
    /// Collects the kernels' packets and delivers those that are due.
    pub(crate) fn advance_network(&self) -> Advance {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let now = self.now();
        let mut advance = match core.collect_packets(now, None) {
            true => Advance::Sent,
            false => Advance::Nothing,
        };
        while let Some(arrival) = core.take_due(now) {
            advance = Advance::Delivered;
            match arrival {
                Due::Packet(transit) => core.arrive(transit, now),
                Due::GiveUp(from, to) => core.give_up(from, to, now),
            }
        }
        advance
    }

    pub(crate) fn next_arrival(&self) -> Option<VirtualTime> {
        self.core.borrow().network.as_ref()?.arrivals.next()
    }
}
