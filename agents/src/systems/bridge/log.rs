//! The log of a thread: a ring of its latest events. What falls out of it
//! before a client has seen it becomes a gap marker for that client.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::event::{Event, ThreadId};
use crate::record::{Epoch, Gap, Offset};

/// An event with its place. All subscribers share it, and its text on the wire.
#[derive(Debug)]
pub struct Logged {
    /// The bridge's incarnation.
    pub epoch: Epoch,
    /// The place in the log.
    pub offset: Offset,
    /// The event.
    pub event: Arc<Event>,
    text: OnceLock<Utf8Bytes>,
}

/// As [`super::ServerFrame::Event`], but borrowed.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum EventFrame<'a> {
    Event {
        epoch: Epoch,
        offset: Offset,
        event: &'a Event,
    },
}

impl Logged {
    /// The frame as JSON, made when it is first asked for.
    pub fn text(&self) -> Utf8Bytes {
        let make = || {
            let frame = EventFrame::Event {
                epoch: self.epoch,
                offset: self.offset,
                event: &self.event,
            };
            // An event has nothing in it that JSON could not say.
            serde_json::to_string(&frame).unwrap_or_default().into()
        };
        self.text.get_or_init(make).clone()
    }
}

/// The result of a read.
#[derive(Debug)]
pub struct Reading {
    /// The positions that the reader has missed for good.
    pub gap: Option<Gap>,
    /// The events that follow it.
    pub events: Vec<Arc<Logged>>,
    /// The position to continue at.
    pub next: Offset,
}

/// The latest events of one thread in one incarnation of the bridge.
#[derive(Debug)]
pub struct ThreadLog {
    thread: ThreadId,
    epoch: Epoch,
    capacity: usize,
    /// The offset that the next event gets.
    next: u64,
    ring: VecDeque<Arc<Logged>>,
}

impl ThreadLog {
    /// An empty log that keeps at most `capacity` events, and at least one.
    pub fn new(thread: ThreadId, epoch: Epoch, capacity: usize) -> Self {
        Self {
            thread,
            epoch,
            capacity: capacity.max(1),
            next: 1,
            ring: VecDeque::new(),
        }
    }

    /// Returns the thread.
    pub fn thread(&self) -> ThreadId {
        self.thread
    }

    /// The bridge's incarnation.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The offset that the next event gets.
    pub fn end(&self) -> Offset {
        Offset(self.next)
    }

    /// Adds an event; the oldest goes if there is no room. The event's place.
    pub fn append(&mut self, event: Event) -> Offset {
        let offset = self.end();
        self.next += 1;
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(Arc::new(Logged {
            epoch: self.epoch,
            offset,
            event: Arc::new(event),
            text: OnceLock::new(),
        }));
        offset
    }

    /// At most `most` events from `from` on. What has fallen out of the ring
    /// since is reported as a gap, exactly.
    pub fn read(&self, from: Offset, most: usize) -> Reading {
        let kept = self.ring.len() as u64;
        let oldest = self.next - kept;
        let gap = (from.0 < oldest).then(|| Gap {
            thread: self.thread,
            epoch: self.epoch,
            from: Offset(from.0.max(1)),
            to: Some(Offset(oldest - 1)),
        });
        let skip = from.0.saturating_sub(oldest).min(kept);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let events: Vec<_> = self.ring.iter().skip(skip).take(most).cloned().collect();
        let next = Offset(from.0.max(oldest) + events.len() as u64);
        Reading { gap, events, next }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{EventId, EventKind, Payload, RunId, UserId};
    use crate::systems::bridge::{Position, ServerFrame};

    fn event(id: u64) -> Event {
        Event {
            id: EventId(id),
            kind: EventKind::Progress,
            user: UserId(1),
            thread: ThreadId(1),
            run: RunId(1),
            parent_run: None,
            agent: Arc::from("hammer-1"),
            seq: id,
            at_ms: 0,
            payload: Payload::default(),
        }
    }

    fn log(capacity: usize, events: u64) -> ThreadLog {
        let mut log = ThreadLog::new(ThreadId(1), Epoch(1), capacity);
        for id in 1..=events {
            assert_eq!(log.append(event(id)), Offset(id));
        }
        log
    }

    #[test]
    fn the_oldest_fall_out_and_are_reported_exactly() {
        let reading = log(4, 10).read(Offset(3), 2);
        let gap = reading.gap.expect("a gap");
        assert_eq!((gap.from, gap.to), (Offset(3), Some(Offset(6))));
        let offsets: Vec<u64> = reading.events.iter().map(|event| event.offset.0).collect();
        assert_eq!(offsets, [7, 8]);
        assert_eq!(reading.next, Offset(9));
    }

    #[test]
    fn a_frame_says_on_the_wire_what_it_says_in_memory() {
        let logged = &log(4, 1).read(Offset(1), 1).events[0];
        let frame: ServerFrame = serde_json::from_str(&logged.text()).expect("a frame");
        let ServerFrame::Event {
            epoch,
            offset,
            event,
        } = frame
        else {
            panic!("{frame:?}")
        };
        assert_eq!(
            Position { epoch, offset },
            Position {
                epoch: logged.epoch,
                offset: logged.offset,
            }
        );
        assert_eq!(event, logged.event);
    }

    proptest! {
        #[test]
        fn a_reader_sees_each_offset_once_or_in_a_gap(
            capacity in 1..20usize,
            rounds in prop::collection::vec((0..30u64, 1..10usize), 1..20),
        ) {
            let mut log = log(capacity, 0);
            let mut next = Offset(1);
            let mut accounted = 0;
            let mut read = |log: &ThreadLog, most| {
                let reading = log.read(next, most);
                if let Some(gap) = reading.gap {
                    assert_eq!(gap.from.0, accounted + 1);
                    accounted = gap.to.map_or(0, |to| to.0);
                }
                for event in &reading.events {
                    assert_eq!(event.offset.0, accounted + 1);
                    assert_eq!(event.event.id.0, event.offset.0);
                    accounted += 1;
                }
                assert_eq!(reading.next.0, accounted + 1);
                next = reading.next;
                accounted
            };
            let mut appended = 0;
            for (events, most) in rounds {
                for _ in 0..events {
                    appended += 1;
                    log.append(event(appended));
                }
                read(&log, most);
            }
            prop_assert_eq!(read(&log, usize::MAX), appended);
        }
    }
}
