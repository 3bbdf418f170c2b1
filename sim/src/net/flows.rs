//! The directions of TCP connections, as the packets in flight show them.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use turmoil_net::TcpSegment;

use crate::ids::HostId;
use crate::time::VirtualTime;

/// Every direction of a TCP connection so far.
#[derive(Default)]
pub(crate) struct Flows(IndexMap<FlowKey, Flow, FxBuildHasher>);

/// Two hosts and two ports, the sender's first, in one number: each packet is looked up, and
/// numbers compare several times faster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct FlowKey(u128);

/// One direction of a connection.
#[derive(Default)]
struct Flow {
    /// The latest arrival.
    last: VirtualTime,
    /// The number of the first byte that was not sent.
    next: u32,
    /// The number of the first byte that the sender cannot take for received.
    acknowledged: u32,
    /// The bytes that the receiver had room for, as far as the sender has heard.
    window: u16,
    /// `true` from the handshake until either end closes or resets the connection.
    is_open: bool,
}

impl FlowKey {
    fn new(from: HostId, to: HostId, segment: &TcpSegment) -> Self {
        Self::of(from, segment.src_port, to, segment.dst_port)
    }

    fn opposite(from: HostId, to: HostId, segment: &TcpSegment) -> Self {
        Self::of(to, segment.dst_port, from, segment.src_port)
    }

    fn of(from: HostId, from_port: u16, to: HostId, to_port: u16) -> Self {
        let host = |host: HostId| host.index() as u128;
        let ports = u128::from(from_port) << 16 | u128::from(to_port);
        Self(host(from) << 64 | host(to) << 32 | ports)
    }
}

impl Flow {
    /// Returns `true` if the sender had more to send than the receiver had room for, perhaps.
    fn is_full(&self) -> bool {
        self.next.wrapping_sub(self.acknowledged) >= u32::from(self.window)
    }
}

impl Flows {
    /// Puts off an arrival until the latest one of its direction: segments do not overtake.
    pub(crate) fn in_order(
        &mut self,
        from: HostId,
        to: HostId,
        segment: &TcpSegment,
        at: VirtualTime,
    ) -> VirtualTime {
        let flow = self.0.entry(FlowKey::new(from, to, segment)).or_default();
        flow.last = at.max(flow.last);
        flow.last
    }

    /// Records a segment that a kernel has sent.
    pub(crate) fn sent(&mut self, from: HostId, to: HostId, segment: &TcpSegment) {
        let flags = segment.flags;
        if flags.fin || flags.rst {
            self.close(from, to, segment);
            return;
        }
        let len = u32::try_from(segment.payload.len()).expect("a segment of less than 4 GiB");
        if flags.syn {
            let flow = self.0.entry(FlowKey::new(from, to, segment)).or_default();
            flow.next = segment.seq.wrapping_add(1);
            flow.acknowledged = flow.next;
            flow.window = u16::MAX;
            flow.is_open = true;
        } else if len > 0
            && let Some(flow) = self.0.get_mut(&FlowKey::new(from, to, segment))
        {
            flow.next = segment.seq.wrapping_add(len);
        }
    }

    /// Records a segment that a kernel receives. Returns `true` if the kernel may have something
    /// to send because of it.
    pub(crate) fn received(&mut self, from: HostId, to: HostId, segment: &TcpSegment) -> bool {
        let flags = segment.flags;
        if flags.fin || flags.rst {
            self.close(from, to, segment);
            return true;
        }
        let Some(answered) = self.0.get_mut(&FlowKey::opposite(from, to, segment)) else {
            return true;
        };
        let was_full = answered.is_full();
        if flags.ack {
            let newly = segment.ack.wrapping_sub(answered.acknowledged);
            if newly <= answered.next.wrapping_sub(answered.acknowledged) {
                answered.acknowledged = segment.ack;
            }
            answered.window = segment.window;
        }
        let only_acknowledges = flags.ack && !flags.syn && segment.payload.is_empty();
        !only_acknowledges || was_full || !answered.is_open
    }

    /// Records that a connection ends: from now on any segment of it may be answered.
    fn close(&mut self, from: HostId, to: HostId, segment: &TcpSegment) {
        let keys = [
            FlowKey::new(from, to, segment),
            FlowKey::opposite(from, to, segment),
        ];
        for key in keys {
            if let Some(flow) = self.0.get_mut(&key) {
                flow.is_open = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use turmoil_net::TcpFlags;

    use super::*;

    const CLIENT: HostId = HostId(1);
    const SERVER: HostId = HostId(2);

    fn segment(from_client: bool, seq: u32, ack: u32, bytes: usize) -> TcpSegment {
        let (src_port, dst_port) = if from_client {
            (50_000, 80)
        } else {
            (80, 50_000)
        };
        TcpSegment {
            src_port,
            dst_port,
            seq,
            ack,
            flags: TcpFlags {
                ack: true,
                ..TcpFlags::default()
            },
            window: 1_000,
            payload: vec![0; bytes].into(),
        }
    }

    /// Returns the flows of a connection that is open, with 1,000 bytes of room at each end.
    fn open() -> Flows {
        let mut flows = Flows::default();
        let mut opens = segment(true, 10, 0, 0);
        opens.flags.syn = true;
        opens.flags.ack = false;
        flows.sent(CLIENT, SERVER, &opens);
        assert!(flows.received(CLIENT, SERVER, &opens));
        let mut answers = segment(false, 20, 11, 0);
        answers.flags.syn = true;
        flows.sent(SERVER, CLIENT, &answers);
        assert!(flows.received(SERVER, CLIENT, &answers));
        flows
    }

    #[test]
    fn an_acknowledgement_with_which_nothing_begins_has_nothing_sent() {
        let mut flows = open();
        flows.sent(CLIENT, SERVER, &segment(true, 11, 21, 999));
        assert!(!flows.received(SERVER, CLIENT, &segment(false, 21, 1_010, 0)));
    }

    #[test]
    fn data_is_answered() {
        let mut flows = open();
        assert!(flows.received(SERVER, CLIENT, &segment(false, 21, 11, 5)));
    }

    #[test]
    fn an_acknowledgement_may_make_room_for_more() {
        let mut flows = open();
        flows.sent(CLIENT, SERVER, &segment(true, 11, 21, 1_000));
        assert!(flows.received(SERVER, CLIENT, &segment(false, 21, 511, 0)));
        assert!(!flows.received(SERVER, CLIENT, &segment(false, 21, 1_011, 0)));
    }

    #[test]
    fn a_window_that_was_closed_may_make_room_for_more() {
        let mut flows = open();
        let mut full = segment(false, 21, 11, 0);
        full.window = 0;
        flows.received(SERVER, CLIENT, &full);
        assert!(flows.received(SERVER, CLIENT, &segment(false, 21, 11, 0)));
    }

    #[test]
    fn an_acknowledgement_of_a_connection_that_ends_may_be_answered() {
        for (fin, rst) in [(true, false), (false, true)] {
            for from_client in [true, false] {
                let mut flows = open();
                let mut last = segment(from_client, 21, 11, 0);
                last.flags.fin = fin;
                last.flags.rst = rst;
                if from_client {
                    flows.sent(CLIENT, SERVER, &last);
                } else {
                    flows.received(SERVER, CLIENT, &last);
                }
                assert!(flows.received(SERVER, CLIENT, &segment(false, 21, 11, 0)));
            }
        }
        assert!(Flows::default().received(SERVER, CLIENT, &segment(false, 21, 11, 0)));
    }
}
