//! Segments that arrive at a host.

use std::net::SocketAddr;

use turmoil_net::{Packet, TcpSegment, Transport};

use super::end::{End, Handshake};
use super::segment::Message;
use super::{EndId, Pipes};
use crate::ids::HostId;

/// The two addresses of a segment that has arrived, and the hosts that have them.
#[derive(Clone, Copy)]
struct Route {
    to: HostId,
    local: SocketAddr,
    from: HostId,
    peer: SocketAddr,
}

impl Pipes {
    /// Delivers a packet of TCP.
    pub(crate) fn arrive(&mut self, to: HostId, from: HostId, packet: Packet) {
        let Transport::Tcp(segment) = packet.payload else {
            unreachable!("pipes have segments of TCP only");
        };
        let route = Route {
            to,
            local: SocketAddr::new(packet.dst, segment.dst_port),
            from,
            peer: SocketAddr::new(packet.src, segment.src_port),
        };
        match self.receiver(route, &segment) {
            Some(id) => self.receive(id, route, Message::of(segment)),
            None => self.receive_unknown(route, &Message::of(segment)),
        }
    }

    /// Returns the end that a segment is for.
    fn receiver(&self, route: Route, segment: &TcpSegment) -> Option<EndId> {
        let Route {
            to, local, peer, ..
        } = route;
        let named = EndId::numbered(segment.seq).filter(|id| {
            let end = self.ends.get(id.0 as usize).and_then(Option::as_ref);
            end.is_some_and(|end| end.host == to && end.local == local && end.peer == peer)
        });
        named.or_else(|| self.find(to, local, peer))
    }

    /// Accepts a new connection, or resets one that the host does not have.
    fn receive_unknown(&mut self, route: Route, message: &Message) {
        let Route {
            to,
            local,
            from,
            peer,
        } = route;
        let listens = self.listener_at(to, local).is_some();
        if *message == Message::Open && listens {
            self.ports(to).add(local);
            let mut end = End::new(to, local, peer, Handshake::Answered);
            end.other = self.find(from, peer, local);
            let id = self.add_end(end);
            self.send(id, Message::Accept);
        } else if *message != Message::Reset {
            let reset = Message::Reset.packet(local, peer, None);
            self.out.push_back((to, reset));
        }
    }

    fn receive(&mut self, id: EndId, route: Route, message: Message) {
        let end = self.end_mut(id);
        if end.is_reset {
            return;
        }
        match message {
            Message::Reset => self.receive_reset(id),
            // The other end has forgotten the connection, and opens another.
            Message::Open => {}
            Message::Accept => {
                if end.handshake == Handshake::Requested {
                    end.handshake = Handshake::Done;
                    end.wake_opener();
                    self.end_mut(id).other = self.find(route.from, route.peer, route.local);
                    self.send(id, Message::Acknowledgement);
                }
            }
            Message::Acknowledgement if end.handshake == Handshake::Answered => {
                end.handshake = Handshake::Done;
                self.hand_to_listener(id, route);
            }
            Message::Acknowledgement => {
                end.sending.end_is_received();
                self.remove_if_over(id);
            }
            Message::Room(read) => {
                let read = usize::try_from(read).expect("no more than a buffer");
                end.sending.make_room(read);
                self.touch(id);
            }
            Message::Data(bytes) if end.has_program => {
                end.receiving.receive(bytes);
                self.acknowledge_if_gone(id, route);
            }
            // No program will read it.
            Message::Data(_) => self.abort(id),
            Message::End => {
                end.receiving.end();
                self.send(id, Message::Acknowledgement);
                self.remove_if_over(id);
            }
        }
    }

    fn hand_to_listener(&mut self, id: EndId, route: Route) {
        let at = self.listener_at(route.to, route.local);
        let listener = at.and_then(|at| self.listeners.get_mut(&(route.to, at)));
        // A half-open connection goes with its listener.
        let listener = listener.expect("the listener of a half-open connection");
        listener.ready.push_back(id);
        for waker in std::mem::take(&mut listener.wakers) {
            waker.wake();
        }
    }

    fn receive_reset(&mut self, id: EndId) {
        let end = self.end_mut(id);
        let is_half_open = end.handshake == Handshake::Answered;
        end.reset();
        if is_half_open || !end.has_program {
            self.remove(id);
        }
    }

    /// Acknowledges what a sender that has forgotten the connection had sent before. Its host
    /// answers that with a reset.
    fn acknowledge_if_gone(&mut self, id: EndId, route: Route) {
        let Some(end) = &self.ends[id.0 as usize] else {
            return;
        };
        let other = end
            .other
            .and_then(|other| self.ends[other.0 as usize].as_ref());
        let is_sender = |other: &End| {
            other.host == route.from && other.local == route.peer && other.peer == route.local
        };
        if !other.is_some_and(is_sender) {
            self.send(id, Message::Acknowledgement);
        }
    }

    fn remove_if_over(&mut self, id: EndId) {
        let end = self.end(id);
        if end.is_over() && !end.has_program {
            self.remove(id);
        }
    }
}
