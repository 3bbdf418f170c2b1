//! The network: turmoil-net's socket stack, driven by our clock and our tape.
//!
//! turmoil-net counts egress passes, not time. So its own retransmission is put
//! out of reach; kernels are emptied whenever the current instant is quiet; and
//! what a packet meets on its way is decided here. TCP never loses a byte of an
//! open connection: what a real network would lose and send again arrives late
//! instead, in order per connection. What is sent over UDP is really lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use turmoil_net::{
    EnterGuard, KernelConfig, Net, NetstatState, Packet, TcpFlags, TcpSegment, Transport,
};

use crate::arrivals::Arrivals;
use crate::context;
use crate::engine::{Core, Engine};
use crate::history::Effect;
use crate::host::{HostId, HostState};
use crate::tape::SiteId;
use crate::time::{VirtualTime, micros};
use crate::wait::LiveSocket;

/// How packets travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetConfig {
    /// Least time that a packet travels.
    pub latency_min: Duration,
    /// Most time; each packet's is drawn, to the microsecond. A segment without
    /// data or flags takes the least.
    pub latency_max: Duration,
    /// Packets in a thousand that are lost. On TCP they are sent again.
    pub loss_per_mille: u32,
    /// UDP packets in a thousand that arrive twice.
    pub duplicate_per_mille: u32,
    /// TCP's first wait before it sends again; it doubles each time.
    pub retransmit_after: Duration,
    /// How long TCP tries before it gives a connection up as timed out.
    pub give_up_after: Duration,
    /// Hosts that may still be added once the first socket is open.
    pub spare_hosts: u32,
}

impl Default for NetConfig {
    /// 1 ms, nothing lost; TCP sends again after 200 ms and gives up after 60 s.
    fn default() -> Self {
        Self {
            latency_min: Duration::from_millis(1),
            latency_max: Duration::from_millis(1),
            loss_per_mille: 0,
            duplicate_per_mille: 0,
            retransmit_after: Duration::from_millis(200),
            give_up_after: Duration::from_secs(60),
            spare_hosts: 0,
        }
    }
}

/// Which way between two hosts `a` and `b`.
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
    fn pairs(self, a: HostId, b: HostId) -> impl Iterator<Item = (HostId, HostId)> {
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

// For the facade's sockets ---------------------------------------------------

/// The host of the running task; none outside a run.
pub(crate) fn current_host() -> Option<HostId> {
    context::with(Engine::current_host)
}

/// Makes the host's kernel the one that turmoil-net's sockets talk to. False if
/// the run with that serial is not the one that this thread is in.
pub(crate) fn pin(host: HostId, serial: u32) -> bool {
    context::with(|engine| {
        let alive = engine.serial() == serial;
        if alive {
            engine.core.borrow_mut().network().pin(host);
        }
        alive
    })
    .unwrap_or(false)
}

/// A socket may have something to send.
pub(crate) fn dirty() {
    context::with(|engine| engine.core.borrow_mut().network().dirty = true);
}

/// The serial of the run that this thread is in.
pub(crate) fn serial() -> Option<u32> {
    context::with(Engine::serial)
}

/// Whether TCP gave up a connection of `host` to `peer` since this was asked
/// last. turmoil-net knows resets only; the facade turns the error around.
pub(crate) fn timed_out(host: HostId, peer: SocketAddr) -> bool {
    context::with(|engine| {
        let mut core = engine.core.borrow_mut();
        core.network().timed_out.remove(&(host, peer))
    })
    .unwrap_or(false)
}

/// The address of the host with that name.
pub(crate) fn lookup(name: &str) -> Option<IpAddr> {
    context::with(|engine| {
        let mut core = engine.core.borrow_mut();
        // Addresses are handed out when the network is first needed: now.
        core.ensure_network();
        core.hosts
            .iter()
            .find(|host| host.name == name)
            .and_then(|host| host.kernel)
            .map(|(_, address)| address)
    })
    .flatten()
}

// The network ----------------------------------------------------------------

pub(crate) struct Network {
    stack: Stack,
    kernels: Vec<(turmoil_net::HostId, IpAddr)>,
    spare: Vec<(turmoil_net::HostId, IpAddr)>,
    by_address: BTreeMap<Packed, HostId>,
    pinned: Option<HostId>,
    dirty: bool,
    out: Vec<Packet>,
    arrivals: Arrivals<Due>,
    /// How many of the arrivals are packets.
    in_flight: usize,
    links: BTreeMap<(HostId, HostId), Link>,
    /// The latest arrival of each.
    flows: BTreeMap<(Packed, Packed, u32), VirtualTime>,
    timed_out: BTreeSet<(HostId, SocketAddr)>,
}

/// turmoil-net takes hosts only until it is entered.
enum Stack {
    Building(Box<Net>),
    Running(EnterGuard),
    Swapping,
}

/// One direction of one TCP connection.
type Flow = (IpAddr, u16, IpAddr, u16);

/// An address as a number: each packet is looked up by its addresses, and
/// numbers compare several times faster.
type Packed = u128;

fn packed(address: IpAddr) -> Packed {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// One direction between two hosts.
struct Link {
    latency: SiteId,
    loss: SiteId,
    blocked: bool,
    held: bool,
    /// On their way when the link was blocked, or its end was down.
    stalled: Vec<Transit>,
    waiting: Vec<Transit>,
}

/// A packet between two hosts.
#[derive(Clone)]
struct Transit {
    from: HostId,
    to: HostId,
    sent: VirtualTime,
    /// Counts packets. Faults that overlap put packets aside in any order; TCP
    /// gets them back in this one, because turmoil-net drops what overtakes.
    number: u64,
    packet: Packet,
}

enum Due {
    Packet(Transit),
    /// Look whether TCP must give up what stalls on this link.
    GiveUp(HostId, HostId),
}

fn payload_len(packet: &Packet) -> u32 {
    let len = match &packet.payload {
        Transport::Tcp(segment) => segment.payload.len(),
        Transport::Udp(datagram) => datagram.payload.len(),
    };
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn flow(packet: &Packet) -> Option<Flow> {
    match &packet.payload {
        Transport::Tcp(s) => Some((packet.src, s.src_port, packet.dst, s.dst_port)),
        Transport::Udp(_) => None,
    }
}

/// Whether a segment only acknowledges.
fn is_pure_ack(packet: &Packet) -> bool {
    match &packet.payload {
        Transport::Tcp(s) => {
            s.payload.is_empty() && s.flags.ack && !(s.flags.syn || s.flags.fin || s.flags.rst)
        }
        Transport::Udp(_) => false,
    }
}

/// Whether the packet resets a connection that its receiver has not accepted
/// and whose handshake is not over. turmoil-net would close that socket and
/// never free it, and its port could not be bound again. Left half open, it
/// goes with its listener.
fn resets_half_open(packet: &Packet) -> bool {
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

/// A reset of the connection `local` ↔ `peer`, as `local` would receive it.
fn forged_reset(local: SocketAddr, peer: SocketAddr) -> Packet {
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

impl Network {
    fn new() -> Self {
        let kernel = KernelConfig::default().retx_threshold(u32::MAX);
        Self {
            stack: Stack::Building(Box::new(Net::with_config(kernel))),
            kernels: Vec::new(),
            spare: Vec::new(),
            by_address: BTreeMap::new(),
            pinned: None,
            dirty: false,
            out: Vec::new(),
            arrivals: Arrivals::default(),
            in_flight: 0,
            links: BTreeMap::new(),
            flows: BTreeMap::new(),
            timed_out: BTreeSet::new(),
        }
    }

    /// A kernel for the next host.
    fn add_kernel(&mut self, name: &str) -> (turmoil_net::HostId, IpAddr) {
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
        let host = HostId(u32::try_from(self.kernels.len()).unwrap_or(u32::MAX));
        self.by_address.insert(packed(kernel.1), host);
        self.kernels.push(kernel);
        kernel
    }

    /// From the first socket on, turmoil-net's kernels are this thread's.
    fn enter(&mut self, spare_hosts: u32) {
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

    fn guard(&self) -> Option<&EnterGuard> {
        match &self.stack {
            Stack::Running(guard) => Some(guard),
            Stack::Building(_) | Stack::Swapping => None,
        }
    }

    fn pin(&mut self, host: HostId) {
        if self.pinned == Some(host) {
            return;
        }
        if let (Stack::Running(guard), Some((kernel, _))) =
            (&self.stack, self.kernels.get(host.0 as usize))
        {
            guard.set_current(*kernel);
            self.pinned = Some(host);
        }
    }

    /// Nothing to send and nothing on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.dirty && self.in_flight == 0
    }

    fn push(&mut self, at: VirtualTime, what: Due) {
        self.in_flight += usize::from(matches!(what, Due::Packet(_)));
        self.arrivals.push(at, what);
    }

    fn take_due(&mut self, now: VirtualTime) -> Option<Due> {
        let what = self.arrivals.take_due(now)?;
        self.in_flight -= usize::from(matches!(what, Due::Packet(_)));
        Some(what)
    }

    fn deliver(&mut self, packet: Packet) {
        if self.guard().is_none() || resets_half_open(&packet) {
            return;
        }
        if let Some(guard) = self.guard() {
            guard.deliver(packet);
            self.dirty = true;
        }
    }

    fn address(&self, host: HostId) -> Option<IpAddr> {
        self.kernels.get(host.0 as usize).map(|kernel| kernel.1)
    }

    /// The ends of the host's TCP connections.
    fn connections(&self, host: HostId) -> Vec<(SocketAddr, SocketAddr)> {
        let (Some(_), Some(address)) = (self.guard(), self.address(host)) else {
            return Vec::new();
        };
        turmoil_net::netstat(address)
            .entries
            .into_iter()
            .filter(|entry| entry.proto == turmoil_net::Proto::Tcp)
            .filter_map(|entry| Some((entry.local, entry.peer?)))
            .collect()
    }

    /// The ends of the host's TCP connections to `peer` that have sent something
    /// which is not acknowledged, or whose program has closed them.
    fn waiting_for(
        &self,
        host: HostId,
        peer: IpAddr,
    ) -> impl Iterator<Item = (SocketAddr, SocketAddr)> + use<> {
        let entries = match (self.guard(), self.address(host)) {
            (Some(_), Some(address)) => turmoil_net::netstat(address).entries,
            _ => Vec::new(),
        };
        entries.into_iter().filter_map(move |entry| {
            let closed = matches!(
                entry.state?,
                NetstatState::FinWait1
                    | NetstatState::FinWait2
                    | NetstatState::Closing
                    | NetstatState::LastAck
            );
            let remote = entry.peer.filter(|remote| remote.ip() == peer)?;
            (closed || entry.send_q > 0).then_some((entry.local, remote))
        })
    }

    /// TCP puts a packet aside until it can be sent again.
    fn stall(&mut self, transit: Transit, give_up_after: Duration) {
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

impl Core {
    /// The network, which is made when it is first needed.
    fn network(&mut self) -> &mut Network {
        let running = |network: &Network| matches!(network.stack, Stack::Running(_));
        if !self.network.as_ref().is_some_and(running) {
            self.ensure_network();
        }
        match &mut self.network {
            Some(network) => network,
            None => unreachable!("the network was just made"),
        }
    }

    fn ensure_network(&mut self) {
        self.build_network();
        let spare = self.net_config.spare_hosts;
        if let Some(network) = &mut self.network {
            network.enter(spare);
        }
    }

    /// Makes the network with a kernel for each host, but does not enter it yet.
    fn build_network(&mut self) {
        if self.network.is_none() {
            self.network = Some(Network::new());
            for index in 0..self.hosts.len() {
                self.attach(HostId(u32::try_from(index).unwrap_or(u32::MAX)));
            }
        }
    }

    /// Gives a host its kernel. While the network is not needed this only keeps
    /// the name; addresses are handed out in the order of the hosts.
    pub(crate) fn attach(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0 as usize];
        if let (Some(network), None) = (&mut self.network, host.kernel) {
            host.kernel = Some(network.add_kernel(&host.name));
        }
    }

    fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        // A link may be cut before the first socket is opened.
        self.build_network();
        let Self {
            network,
            hosts,
            draws,
            ..
        } = self;
        let network = network.get_or_insert_with(Network::new);
        network.links.entry((from, to)).or_insert_with(|| {
            let name = |host: HostId| hosts[host.0 as usize].name.as_str();
            let path = format!("{} -> {}", name(from), name(to));
            Link {
                latency: draws.site(&format!("latency {path}")),
                loss: draws.site(&format!("loss {path}")),
                blocked: false,
                held: false,
                stalled: Vec::new(),
                waiting: Vec::new(),
            }
        })
    }

    /// Sends a packet on its way, or puts it where it waits.
    fn route(&mut self, packet: Packet, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let (Some(&from), Some(&to)) = (
            network.by_address.get(&packed(packet.src)),
            network.by_address.get(&packed(packet.dst)),
        ) else {
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

    /// Decides what a packet meets that leaves at `now` after a `delay`, and
    /// when it arrives; none if it does not, for now or for ever.
    fn forward(
        &mut self,
        transit: Transit,
        now: VirtualTime,
        mut delay: Duration,
    ) -> Option<VirtualTime> {
        let (from, to) = (transit.from, transit.to);
        let tcp = matches!(transit.packet.payload, Transport::Tcp(_));
        let config = self.net_config;
        let down = self.hosts[to.0 as usize].state == HostState::Down;
        let link = self.link(from, to);
        let (latency, loss) = (link.latency, link.loss);
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
            // Six losses in a row are enough for any test of patience.
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

    fn arrival_time(
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
        match flow(&transit.packet) {
            None => at,
            Some((src, src_port, dst, dst_port)) => {
                let ports = u32::from(src_port) << 16 | u32::from(dst_port);
                let flow = (packed(src), packed(dst), ports);
                let last = self.network().flows.entry(flow).or_default();
                *last = at.max(*last);
                *last
            }
        }
    }

    /// A packet is there.
    fn arrive(&mut self, transit: Transit, now: VirtualTime) {
        let (from, to) = (transit.from, transit.to);
        if self.hosts[to.0 as usize].state == HostState::Down {
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

    /// Held packets go on their way now.
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

    /// What stalled between two hosts is sent again when TCP next tries.
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

    /// The same for everything that stalled on its way to a host.
    pub(crate) fn resend_to(&mut self, to: HostId, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let links: Vec<HostId> = network
            .links
            .keys()
            .filter(|(_, end)| *end == to)
            .map(|(from, _)| *from)
            .collect();
        for from in links {
            self.resend(from, to, now);
        }
        self.answer_orphans(to, now);
    }

    /// Others may wait for an acknowledgement that died with the host. They send
    /// again, and the host, which knows nothing of them, answers with a reset.
    fn answer_orphans(&mut self, host: HostId, now: VirtualTime) {
        let Some(network) = &self.network else { return };
        let Some(address) = network.address(host) else {
            return;
        };
        let known = network.connections(host);
        let others = (0u32..).map(HostId).take(network.kernels.len());
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

    fn resend(&mut self, from: HostId, to: HostId, now: VirtualTime) {
        let first = self.net_config.retransmit_after;
        let mut stalled = std::mem::take(&mut self.link(from, to).stalled);
        stalled.sort_by_key(|transit| transit.number);
        for transit in stalled {
            let delay = until_retransmission(transit.sent, now, first);
            self.forward(transit, now, delay);
        }
    }

    /// Connections whose packets got nowhere for too long are given up by their
    /// senders.
    fn give_up(&mut self, from: HostId, to: HostId, now: VirtualTime) {
        let patience = self.net_config.give_up_after;
        let network = self.network();
        let Some(link) = network.links.get_mut(&(from, to)) else {
            return;
        };
        let lost: BTreeSet<Flow> = link
            .stalled
            .iter()
            .filter(|transit| transit.sent + patience <= now)
            .filter_map(|transit| flow(&transit.packet))
            .collect();
        link.stalled
            .retain(|transit| flow(&transit.packet).is_none_or(|flow| !lost.contains(&flow)));
        if let Some(next) = link.stalled.first().map(|transit| transit.sent + patience) {
            network.push(next, Due::GiveUp(from, to));
        }
        for (src, src_port, dst, dst_port) in lost {
            let local = SocketAddr::new(src, src_port);
            let peer = SocketAddr::new(dst, dst_port);
            let network = self.network();
            network.timed_out.insert((from, peer));
            network.deliver(forged_reset(local, peer));
            let name = |host: HostId| self.hosts[host.0 as usize].name.as_str();
            let what = format!("time-out of {local} {} -> {peer} {}", name(from), name(to));
            self.record(now, Effect::Fault { what });
        }
    }
}

/// How long until TCP tries again what it first sent at `sent` and has sent
/// again after 1, 3, 7, … times `first` since.
fn until_retransmission(sent: VirtualTime, now: VirtualTime, first: Duration) -> Duration {
    let mut next = sent + first;
    let mut wait = first;
    while next < now && !wait.is_zero() {
        wait *= 2;
        next = next + wait;
    }
    next - now
}

impl Engine {
    /// Takes what kernels have to send and delivers what is due. True if either
    /// was done: kernels deliver to themselves what they send to themselves, so
    /// tasks may have been woken.
    pub(crate) fn advance_network(&self) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let now = self.now();
        let mut done = core.collect_packets(now, None);
        while let Some(arrival) = core.take_due(now) {
            done = true;
            match arrival {
                Due::Packet(transit) => core.arrive(transit, now),
                Due::GiveUp(from, to) => core.give_up(from, to, now),
            }
        }
        done
    }

    pub(crate) fn next_arrival(&self) -> Option<VirtualTime> {
        self.core.borrow().network.as_ref()?.arrivals.next()
    }

    /// The host's connections end without a word, and what it had sent but not
    /// got through is not sent again.
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

    /// What the host's kernel still wants to send is lost.
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
            network.deliver(forged_reset(*local, *peer));
            network.deliver(forged_reset(*peer, *local));
        }
        connections.len()
    }

    /// Every socket that is not closed.
    pub(crate) fn sockets(&self) -> Vec<LiveSocket> {
        let core = self.core.borrow();
        let Some(network) = core.network.as_ref().filter(|n| n.guard().is_some()) else {
            return Vec::new();
        };
        let entries = |host: &crate::host::Host| {
            let name = host.name.clone();
            host.kernel.into_iter().flat_map(move |(_, address)| {
                let name = name.clone();
                let entries = turmoil_net::netstat(address).entries;
                entries.into_iter().map(move |entry| LiveSocket {
                    host: name.clone(),
                    description: describe(&entry),
                })
            })
        };
        debug_assert_eq!(network.kernels.len(), core.hosts.len());
        core.hosts.iter().flat_map(entries).collect()
    }
}

fn describe(entry: &turmoil_net::NetstatEntry) -> String {
    let peer = entry
        .peer
        .map_or_else(String::new, |peer| format!(" -> {peer}"));
    let state = entry
        .state
        .map_or_else(String::new, |state| format!(" {state}"));
    format!("{} {}{peer}{state}", entry.proto, entry.local)
}

impl Core {
    /// Empties the kernels' output onto the links, but for that of `discard`.
    /// False if no kernel was touched since the last time.
    fn collect_packets(&mut self, now: VirtualTime, discard: Option<HostId>) -> bool {
        let Some(network) = &mut self.network else {
            return false;
        };
        if !std::mem::take(&mut network.dirty) {
            return false;
        }
        let mut out = std::mem::take(&mut network.out);
        if let Some(guard) = network.guard() {
            guard.egress_all(&mut out);
        }
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

    fn take_due(&mut self, now: VirtualTime) -> Option<Due> {
        self.network.as_mut()?.take_due(now)
    }
}
