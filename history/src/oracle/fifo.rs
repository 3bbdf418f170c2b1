//! Fifo: each stream's messages reach an actor in the order of the stream, numbered
//! from 1 without holes; and a message that was sent only after its sender knew that
//! another had been accepted arrives after that one. Where a system gives messages no
//! numbers, the order of a stream is the order in which its messages were sent.
//!
//! Excused: a hole all of whose messages are gap-marked. A message without an answer
//! may have taken a number, and it is unknown which; such a hole must at least have a
//! gap marker between its neighbours. When a new epoch begins, numbers need not
//! continue from the old one; but the new epoch's own messages must all be there. Without
//! numbers, a message without an answer may come late, and never, because the system may
//! accept it at any later time.
//! Repeats are checked by `exactly-once`.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Accepted, Epoch, Offset, Position, Received};
use crate::facets::messages::{Delivery, Sending};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, EntityId, StreamId};
use crate::validation::Validation;

/// The oracle `fifo`.
#[derive(Debug)]
pub struct Fifo;

impl Oracle for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn claim(&self) -> &'static str {
        "each stream's messages arrive in its order, without holes"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "contradicts-answer",
                meaning: "A message arrived with another number or position than its sender was told.",
            },
            Rule {
                name: "late",
                meaning: "A message arrived after one with a higher number.",
            },
            Rule {
                name: "overtaken",
                meaning: "A message arrived before one with a lower number.",
            },
            Rule {
                name: "hole",
                meaning: "An accepted message with a lower number never arrived.",
            },
            Rule {
                name: "unexplained-number",
                meaning: "A number is skipped or wrong, and no message or gap marker explains it.",
            },
            Rule {
                name: "program-order",
                meaning: "A message arrived after one that was sent later.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::Timing]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        let messages = run.messages();
        for (actor, inbox) in messages.inboxes() {
            let mut tracks: BTreeMap<StreamId, Track<'_, '_>> = BTreeMap::new();
            for arrival in inbox {
                let Some(sending) = messages.sending_of(arrival) else {
                    continue;
                };
                report.check(1);
                let stream = sending.stream();
                let track = tracks
                    .entry(stream)
                    .or_insert_with(|| Track::new(run, actor, stream));
                if let Some(fault) = track.fault(&arrival.delivery, sending) {
                    let witness = [Some(sending.id().into()), fault.other, Some(actor.into())];
                    let at = arrival.delivery.at;
                    report.broken(fault.rule, witness.into_iter().flatten(), at, || {
                        fault.message
                    });
                }
                track.add(arrival.delivery, sending);
            }
        }
        report.finish()
    }
}

/// A broken rule.
struct Fault {
    rule: &'static str,
    /// The other message that shows it.
    other: Option<EntityId>,
    message: String,
}

/// One stream as one actor sees it.
struct Track<'r, 'a> {
    run: &'r CheckedRun<'a>,
    actor: ActorId,
    /// The stream's accepted messages, in the order of sending.
    accepted: Vec<(&'r Sending<'a>, &'a Accepted)>,
    /// The accepted messages without numbers that have been looked for.
    looked_for: usize,
    /// The furthest delivery with a number so far.
    last: Option<Numbered<'a>>,
    /// Arrived messages, by their place in the stream and then in order of arrival.
    arrived: BTreeMap<(u64, usize), &'r Sending<'a>>,
}

impl<'r, 'a> Track<'r, 'a> {
    fn new(run: &'r CheckedRun<'a>, actor: ActorId, stream: StreamId) -> Self {
        let of_stream = run.messages().of_stream(stream);
        Self {
            run,
            actor,
            accepted: of_stream
                .filter_map(|sending| Some((sending, sending.accepted()?)))
                .collect(),
            looked_for: 0,
            last: None,
            arrived: BTreeMap::new(),
        }
    }

    fn add(&mut self, delivery: Delivery<'a>, sending: &'r Sending<'a>) {
        if let Some(clock) = sending.clock {
            let place = (clock.of(sending.stream()), self.arrived.len());
            self.arrived.insert(place, sending);
        }
        let Some(numbered) = Numbered::of(delivery.received) else {
            return;
        };
        if self.last.is_none_or(|last| last.rank() < numbered.rank()) {
            self.last = Some(numbered);
        }
    }

    fn fault(&mut self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        if let Some(fault) = self.contradicts_answer(now, sending) {
            return Some(fault);
        }
        let Some(numbered) = Numbered::of(now.received) else {
            return self.out_of_sending_order(sending);
        };
        self.out_of_sequence(&numbered, sending)
            .or_else(|| self.out_of_program_order(sending))
    }

    /// Compares what the sender was told with what arrived, as far as the system says both.
    fn contradicts_answer(&self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        let accepted = sending.accepted()?;
        let (told, came) = (accepted.position, now.received.position);
        let same_seq = is_same(accepted.seq, now.received.seq);
        let place = |position: Option<Position>| position.map(|at| (at.epoch, at.offset));
        let same_place = is_same(place(told), place(came));
        (!same_seq || !same_place).then(|| Fault {
            rule: "contradicts-answer",
            other: None,
            message: format!(
                "{} reached {} as {}, but its sender was told {}",
                self.run.describe(sending),
                self.run.name(self.actor),
                numbers(now.received.seq, came),
                numbers(accepted.seq, told),
            ),
        })
    }

    /// Looks for an accepted message that was sent before this one, and that the actor
    /// should have received by now. Each is reported once.
    fn out_of_sending_order(&mut self, sending: &Sending<'_>) -> Option<Fault> {
        let messages = self.run.messages();
        while let Some((earlier, _)) = self.accepted.get(self.looked_for).copied() {
            if earlier.index >= sending.index {
                return None;
            }
            self.looked_for += 1;
            let place = messages.place(self.actor, earlier.id());
            let own = messages.place(self.actor, sending.id());
            let came = place.is_some() && place < own;
            let owed = messages.is_owed(self.actor, earlier);
            if !came && owed && !messages.is_covered(self.actor, earlier) {
                return Some(self.hole(&self.run.describe(sending), earlier));
            }
        }
        None
    }

    fn out_of_sequence(&self, now: &Numbered<'_>, sending: &Sending<'_>) -> Option<Fault> {
        if let Some(last) = self.last
            && now.rank() <= last.rank()
        {
            return Some(self.late(now, sending, &last));
        }
        if self.last.is_some_and(|last| is_next(&last, now)) {
            return None;
        }
        self.missing_before(now)
            .map(|missing| {
                let name = self.run.describe(sending);
                self.hole(&format!("{name} (seq {})", now.seq), missing)
            })
            .or_else(|| self.unexplained_number(now, sending))
    }

    fn late(&self, now: &Numbered<'_>, sending: &Sending<'_>, last: &Numbered<'_>) -> Fault {
        let (name, actor) = (self.run.describe(sending), self.run.name(self.actor));
        let later = self.run.describe_received(last.received);
        Fault {
            rule: "late",
            other: Some(last.received.message.into()),
            message: format!(
                "{name} (seq {}, epoch {}) reached {actor} after {later} (seq {}, epoch {})",
                now.seq, now.epoch.0, last.seq, last.epoch.0
            ),
        }
    }

    /// Returns an accepted message that should have come before `now`, and that no
    /// gap marker covers.
    fn missing_before(&self, now: &Numbered<'_>) -> Option<&'r Sending<'a>> {
        let due = |accepted: &Accepted| {
            let Some(rank) = rank_of(accepted) else {
                return false;
            };
            let after_last = match self.last {
                Some(last) if last.epoch == now.epoch => rank > last.rank(),
                Some(_) => rank.0 == now.epoch,
                None => true,
            };
            rank < now.rank() && after_last
        };
        let messages = self.run.messages();
        self.accepted
            .iter()
            .filter(|(_, accepted)| due(accepted))
            .map(|(sending, _)| *sending)
            .filter(|sending| messages.is_owed(self.actor, sending))
            .find(|sending| !messages.is_covered(self.actor, sending))
    }

    /// Returns the fault that a message arrived, under that name, without an earlier one.
    fn hole(&self, name: &str, missing: &Sending<'_>) -> Fault {
        let (actor, other) = (self.run.name(self.actor), self.run.describe(missing));
        let arrives_later = self.run.messages().place(self.actor, missing.id());
        let (rule, message) = match arrives_later {
            Some(_) => (
                "overtaken",
                format!("{name} reached {actor} before {other}"),
            ),
            None => (
                "hole",
                format!("{name} reached {actor}, but {other} is missing before it"),
            ),
        };
        Fault {
            rule,
            other: Some(missing.id().into()),
            message,
        }
    }

    /// Returns a fault for a hole in the numbers that no accepted message explains,
    /// without a gap marker in which the unknown message may lie.
    fn unexplained_number(&self, now: &Numbered<'_>, sending: &Sending<'_>) -> Option<Fault> {
        let (floor, low) = match self.last {
            Some(last) if last.epoch == now.epoch => (last.seq, last.offset()),
            Some(_) => return None,
            None if self.came_later(sending) => return None,
            None => (0, Offset(0)),
        };
        let seq = now.seq;
        let explained = seq > floor
            && (self.known_between(floor, now) == seq - floor - 1 || self.gap_between(low, now));
        (!explained).then(|| Fault {
            rule: "unexplained-number",
            other: None,
            message: format!(
                "{} reached {} as seq {seq}, but seq {} was due and nothing explains the hole",
                self.run.describe(sending),
                self.run.name(self.actor),
                floor.saturating_add(1)
            ),
        })
    }

    /// Returns `true` if the actor subscribed after the stream's first message was sent, and
    /// only to what is sent from then on.
    fn came_later(&self, sending: &Sending<'_>) -> bool {
        let messages = self.run.messages();
        let mut stream = messages.of_stream(sending.stream());
        stream.any(|earlier| !messages.is_owed(self.actor, earlier))
    }

    /// Returns how many numbers between the two belong to accepted messages.
    fn known_between(&self, floor: u64, now: &Numbered<'_>) -> u64 {
        let mut known: Vec<u64> = self
            .accepted
            .iter()
            .filter_map(|(_, accepted)| rank_of(accepted))
            .filter(|(epoch, _)| *epoch <= now.epoch)
            .map(|(_, seq)| seq)
            .filter(|seq| floor < *seq && *seq < now.seq)
            .collect();
        known.sort_unstable();
        known.dedup();
        known.len() as u64
    }

    fn gap_between(&self, low: Offset, now: &Numbered<'_>) -> bool {
        let Some(position) = now.received.position else {
            return false;
        };
        let mut gaps = self.run.messages().covering_gaps(self.actor).iter();
        gaps.any(|received| {
            let gap = received.gap;
            let same_epoch = gap.epoch == position.epoch
                && gap.from < position.offset
                && gap.to.is_none_or(|to| low < to);
            let earlier_epoch = self.last.is_none() && gap.epoch < position.epoch;
            gap.channel == position.channel && (same_epoch || earlier_epoch)
        })
    }

    fn out_of_program_order(&self, sending: &Sending<'_>) -> Option<Fault> {
        let next = sending.clock?.of(sending.stream()).saturating_add(1);
        let mut arrived = self.arrived.range((next, 0)..).map(|(_, came)| *came);
        let later = arrived.find(|arrived| sending.before(arrived))?;
        let (name, actor) = (self.run.describe(sending), self.run.name(self.actor));
        let other = self.run.describe(later);
        Some(Fault {
            rule: "program-order",
            other: Some(later.id().into()),
            message: format!("{name} reached {actor} after {other}, which was sent after it"),
        })
    }
}

/// A received message with a number in its stream.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    received: &'a Received,
    epoch: Epoch,
    seq: u64,
}

impl<'a> Numbered<'a> {
    fn of(received: &'a Received) -> Option<Self> {
        Some(Self {
            received,
            epoch: epoch_of(received.position),
            seq: received.seq?,
        })
    }

    /// Returns the place of the message in its stream.
    fn rank(&self) -> (Epoch, u64) {
        (self.epoch, self.seq)
    }

    fn offset(&self) -> Offset {
        let position = self.received.position;
        position.map(|position| position.offset).unwrap_or_default()
    }
}

/// Returns the place that the system gave a message in its stream, if it gave it a number.
fn rank_of(accepted: &Accepted) -> Option<(Epoch, u64)> {
    Some((epoch_of(accepted.position), accepted.seq?))
}

/// A system that names no incarnation has one.
fn epoch_of(position: Option<Position>) -> Epoch {
    position.map_or(Epoch(1), |position| position.epoch)
}

/// Returns `true` if nothing can lie between the two.
fn is_next(last: &Numbered<'_>, now: &Numbered<'_>) -> bool {
    last.epoch == now.epoch && last.seq.checked_add(1) == Some(now.seq)
}

/// Returns `false` if both are known and differ.
fn is_same<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Returns `seq 3, epoch 1, offset 7`, as far as it is known.
fn numbers(seq: Option<u64>, position: Option<Position>) -> String {
    let seq = seq.map(|seq| format!("seq {seq}"));
    let position = position
        .map(|position| format!("epoch {}, offset {}", position.epoch.0, position.offset.0));
    let parts: Vec<String> = seq.into_iter().chain(position).collect();
    parts.join(", ")
}
