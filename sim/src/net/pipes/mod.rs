//! TCP without its machine: connections as pipes between hosts.
//!
//! Links neither lose nor reorder the segments of a connection. So a pipe needs no sequence
//! numbers, and no acknowledgement of data: what is sent arrives, unless the connection is
//! reset. What remains is what a program can see: the handshake in three segments, data in
//! segments as large as TCP's, the ends of both directions, resets, and room for 64 KiB that are
//! not read. The segments travel as TCP's do, and meet the same faults.

mod arrive;
mod end;
mod ports;
mod segment;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::ReadBuf;
use turmoil_net::{NetstatState, Packet};

use self::end::{End, Handshake, Output};
use self::ports::Ports;
use self::segment::Message;
use crate::ids::HostId;
use crate::index_vec::IndexVec;

/// The connections and listeners of all hosts.
#[derive(Default)]
pub(crate) struct Pipes {
    hosts: IndexVec<HostId, Ports>,
    ends: Vec<Option<End>>,
    free: Vec<EndId>,
    /// Ends by host, local address and address of the peer.
    by_address: BTreeMap<(HostId, SocketAddr, SocketAddr), EndId>,
    listeners: BTreeMap<(HostId, SocketAddr), Listener>,
    /// Ends that may have something to send.
    touched: Vec<EndId>,
    /// An empty list, which takes the place of that one while its ends send.
    spare: Vec<EndId>,
    /// Packets that are not collected yet, and their hosts.
    out: VecDeque<(HostId, Packet)>,
}

/// An end of a connection. It is valid for as long as its program has the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EndId(u32);

/// A socket of a pipe.
pub(crate) struct PipeSocket {
    pub(crate) local: SocketAddr,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) state: NetstatState,
    /// `true` if its program has closed it, or has written what the peer has no room for.
    pub(crate) waits_for_peer: bool,
}

#[derive(Default)]
struct Listener {
    /// Connections whose handshake is over, in order.
    ready: VecDeque<EndId>,
    wakers: Vec<Waker>,
}

impl EndId {
    /// Returns a number for the header of a segment: 0 for no end.
    fn number(end: Option<Self>) -> u32 {
        end.map_or(0, |end| end.0 + 1)
    }

    /// Returns the end with that number.
    fn numbered(number: u32) -> Option<Self> {
        number.checked_sub(1).map(Self)
    }
}

impl Pipes {
    /// Adds the next host.
    pub(crate) fn add_host(&mut self, address: IpAddr) {
        self.hosts.push(Ports::new(address));
    }

    /// Returns `true` if there may be something to collect.
    pub(crate) fn has_output(&self) -> bool {
        !self.touched.is_empty() || !self.out.is_empty()
    }

    /// Listens at an address. Returns it, with its port.
    pub(crate) fn listen(&mut self, host: HostId, at: SocketAddr) -> io::Result<SocketAddr> {
        let bound = self.ports(host).bind(at)?;
        self.listeners.insert((host, bound), Listener::default());
        Ok(bound)
    }

    /// Takes the next connection of a listener, with its two addresses.
    pub(crate) fn poll_accept(
        &mut self,
        host: HostId,
        at: SocketAddr,
        cx: &Context<'_>,
    ) -> Poll<(EndId, SocketAddr)> {
        let Some(listener) = self.listeners.get_mut(&(host, at)) else {
            unreachable!("a listener is removed when its program drops it");
        };
        let Some(id) = listener.ready.pop_front() else {
            if !listener
                .wakers
                .iter()
                .any(|known| known.will_wake(cx.waker()))
            {
                listener.wakers.push(cx.waker().clone());
            }
            return Poll::Pending;
        };
        Poll::Ready((id, self.end(id).peer))
    }

    /// Removes a listener, and resets the connections that it has not accepted.
    pub(crate) fn stop_listening(&mut self, host: HostId, at: SocketAddr) {
        let Some(listener) = self.listeners.remove(&(host, at)) else {
            return;
        };
        self.ports(host).remove(at);
        let half_open = self.by_address.iter().filter(|((on, local, _), id)| {
            let end = self.ends[id.0 as usize].as_ref();
            *on == host
                && is_reached_at(at, *local)
                && end.is_some_and(|end| end.handshake == Handshake::Answered)
        });
        let half_open: Vec<EndId> = half_open.map(|(_, id)| *id).collect();
        for id in listener.ready.into_iter().chain(half_open) {
            self.abort(id);
        }
    }

    /// Begins a connection.
    pub(crate) fn connect(&mut self, host: HostId, peer: SocketAddr) -> io::Result<EndId> {
        let local = self.ports(host).bind_for(peer.ip())?;
        let id = self.add_end(End::new(host, local, peer, Handshake::Requested));
        self.send(id, Message::Open);
        Ok(id)
    }

    pub(crate) fn poll_connect(&mut self, id: EndId, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.end_mut(id).poll_connect(cx)
    }

    pub(crate) fn poll_read(
        &mut self,
        id: EndId,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.end_mut(id);
        if ready!(end.poll_read(waker, buffer))? {
            let released = end.receiving.take_released();
            let released = u32::try_from(released).expect("no more than a buffer");
            self.send(id, Message::Room(released));
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_peek(
        &mut self,
        id: EndId,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.end_mut(id).poll_peek(waker, buffer)
    }

    pub(crate) fn poll_write(
        &mut self,
        id: EndId,
        waker: Option<&Waker>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.end_mut(id).poll_write(waker, bytes))?;
        if written > 0 {
            self.touch(id);
        }
        Poll::Ready(Ok(written))
    }

    /// Ends the direction from this end.
    pub(crate) fn shut_down(&mut self, id: EndId) -> io::Result<()> {
        self.end_mut(id).shut_down()?;
        self.touch(id);
        Ok(())
    }

    /// Closes an end that its program drops. With unread data, or before its handshake is over,
    /// the connection goes at once; else when the peer has closed it too.
    pub(crate) fn close(&mut self, id: EndId) {
        let end = self.end_mut(id);
        if end.receiving.has_unread() {
            self.abort(id);
        } else if end.is_over() || end.handshake != Handshake::Done {
            self.remove(id);
        } else {
            end.forget_program();
            if end.shut_down().is_ok() {
                self.touch(id);
            }
        }
    }

    pub(crate) fn local_addr(&self, id: EndId) -> SocketAddr {
        self.end(id).local
    }

    pub(crate) fn peer_addr(&self, id: EndId) -> SocketAddr {
        self.end(id).peer
    }

    /// Moves all packets that leave their hosts to `leaving`. Packets to the own host arrive.
    pub(crate) fn collect(&mut self, leaving: &mut Vec<Packet>) {
        while self.has_output() {
            let mut sending = mem::replace(&mut self.touched, mem::take(&mut self.spare));
            for id in sending.drain(..) {
                self.send_ready(id, leaving);
            }
            self.spare = sending;
            while let Some((host, packet)) = self.out.pop_front() {
                if self.hosts[host].is_local(packet.dst) {
                    self.arrive(host, host, packet);
                } else {
                    leaving.push(packet);
                }
            }
        }
    }

    /// Returns the sockets of a host that are not closed, by their addresses.
    pub(crate) fn sockets(&self, host: HostId) -> Vec<PipeSocket> {
        let listeners = self.listeners.keys().filter(|(on, _)| *on == host);
        let listeners = listeners.map(|(_, local)| PipeSocket {
            local: *local,
            peer: None,
            state: NetstatState::Listen,
            waits_for_peer: false,
        });
        let ends = self.by_address.iter().filter(|((on, ..), _)| *on == host);
        let connections = ends.map(|(_, id)| self.end(*id)).map(|end| PipeSocket {
            local: end.local,
            peer: Some(end.peer),
            state: end.state(),
            waits_for_peer: end.waits_for_peer(),
        });
        let open = |socket: &PipeSocket| socket.state != NetstatState::Closed;
        listeners.chain(connections.filter(open)).collect()
    }

    /// Returns `true` if a server's handshake for those addresses is not over.
    pub(crate) fn is_half_open(&self, host: HostId, local: SocketAddr, peer: SocketAddr) -> bool {
        let id = self.find(host, local, peer);
        id.is_some_and(|id| self.end(id).handshake == Handshake::Answered)
    }

    /// Returns the end with those addresses.
    fn find(&self, host: HostId, local: SocketAddr, peer: SocketAddr) -> Option<EndId> {
        self.by_address.get(&(host, local, peer)).copied()
    }

    /// Returns the address of the listener that a segment to `local` reaches.
    fn listener_at(&self, host: HostId, local: SocketAddr) -> Option<SocketAddr> {
        let any = match local {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let candidates = [local, SocketAddr::new(any, local.port())];
        let listens = |at: &SocketAddr| self.listeners.contains_key(&(host, *at));
        candidates.into_iter().find(listens)
    }

    fn add_end(&mut self, end: End) -> EndId {
        let key = (end.host, end.local, end.peer);
        let id = match self.free.pop() {
            Some(id) => {
                self.ends[id.0 as usize] = Some(end);
                id
            }
            None => {
                let number = u32::try_from(self.ends.len()).expect("fewer than 2^32 ends");
                self.ends.push(Some(end));
                EndId(number)
            }
        };
        self.by_address.insert(key, id);
        id
    }

    /// Frees an end and its port.
    fn remove(&mut self, id: EndId) {
        let Some(end) = self.ends[id.0 as usize].take() else {
            return;
        };
        self.by_address.remove(&(end.host, end.local, end.peer));
        self.ports(end.host).remove(end.local);
        if end.is_touched {
            self.touched.retain(|touched| *touched != id);
        }
        self.free.push(id);
    }

    /// Removes an end, and resets its peer's, if the connection is not over.
    fn abort(&mut self, id: EndId) {
        if !self.end(id).is_over() {
            self.send(id, Message::Reset);
        }
        self.remove(id);
    }

    fn send(&mut self, id: EndId, message: Message) {
        let end = self.end(id);
        let packet = message.packet(end.local, end.peer, end.other);
        let host = end.host;
        self.out.push_back((host, packet));
    }

    /// Sends what the peer has room for. Packets to other hosts leave at once, unless others wait.
    fn send_ready(&mut self, id: EndId, leaving: &mut Vec<Packet>) {
        let Self {
            hosts, ends, out, ..
        } = self;
        let Some(end) = &mut ends[id.0 as usize] else {
            return;
        };
        end.is_touched = false;
        let (host, local, peer, other) = (end.host, end.local, end.peer, end.other);
        end.sending.take(segment::most(local), |output| {
            let message = match output {
                Output::Data(bytes) => Message::Data(bytes),
                Output::End => Message::End,
            };
            let packet = message.packet(local, peer, other);
            if out.is_empty() && !hosts[host].is_local(packet.dst) {
                leaving.push(packet);
            } else {
                out.push_back((host, packet));
            }
        });
    }

    fn touch(&mut self, id: EndId) {
        let end = self.end_mut(id);
        if !mem::replace(&mut end.is_touched, true) {
            self.touched.push(id);
        }
    }

    fn ports(&mut self, host: HostId) -> &mut Ports {
        &mut self.hosts[host]
    }

    fn end(&self, id: EndId) -> &End {
        let end = self.ends[id.0 as usize].as_ref();
        end.expect("an end lives as long as its socket")
    }

    fn end_mut(&mut self, id: EndId) -> &mut End {
        let end = self.ends[id.0 as usize].as_mut();
        end.expect("an end lives as long as its socket")
    }
}

/// Returns `true` if a listener at `at` accepts connections to `local`.
fn is_reached_at(at: SocketAddr, local: SocketAddr) -> bool {
    at.port() == local.port()
        && at.is_ipv4() == local.is_ipv4()
        && (at.ip().is_unspecified() || at.ip() == local.ip())
}
