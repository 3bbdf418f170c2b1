//! Fifo: each stream's messages reach an actor in the order of the stream, numbered
//! from 1 without holes; and a message that was sent only after its sender knew that
//! another had been accepted arrives after that one.
//!
//! Excused: a hole all of whose messages are gap-marked. A message without an answer
//! may have taken a number, and it is unknown which; such a hole must at least have a
//! gap marker between its neighbours. When a new epoch begins, numbers need not
//! continue from the old one; but the new epoch's own messages must all be there.
//! Repeats are checked by `exactly-once`.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Accepted, Epoch, Offset};
use crate::facets::messages::{Delivery, Sending};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, EntityId, StreamId};

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
    /// The stream's accepted messages.
    accepted: Vec<(&'r Sending<'a>, &'a Accepted)>,
    /// The furthest delivery so far.
    last: Option<Delivery<'a>>,
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
            last: None,
            arrived: BTreeMap::new(),
        }
    }

    fn add(&mut self, delivery: Delivery<'a>, sending: &'r Sending<'a>) {
        if let Some(clock) = sending.clock {
            let place = (clock.of(sending.stream()), self.arrived.len());
            self.arrived.insert(place, sending);
        }
        let furthest = self.last.is_none_or(|last| rank(&last) < rank(&delivery));
        if furthest {
            self.last = Some(delivery);
        }
    }

    fn fault(&self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        self.contradicts_answer(now, sending)
            .or_else(|| self.out_of_sequence(now, sending))
            .or_else(|| self.out_of_program_order(sending))
    }

    fn contradicts_answer(&self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        let accepted = sending.accepted()?;
        let (told, came) = (accepted.position, now.received.position);
        let told = (accepted.seq, told.epoch.0, told.offset.0);
        let came = (now.received.seq, came.epoch.0, came.offset.0);
        (told != came).then(|| Fault {
            rule: "contradicts-answer",
            other: None,
            message: format!(
                "{} reached {} as seq {}, epoch {}, offset {}, but its sender was told \
                 seq {}, epoch {}, offset {}",
                self.run.describe(sending),
                self.run.name(self.actor),
                came.0,
                came.1,
                came.2,
                told.0,
                told.1,
                told.2
            ),
        })
    }

    fn out_of_sequence(&self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        if let Some(last) = self.last
            && rank(now) <= rank(&last)
        {
            return Some(self.late(now, sending, &last));
        }
        if self.last.is_some_and(|last| is_next(&last, now)) {
            return None;
        }
        self.missing_before(now)
            .map(|missing| self.hole(now, sending, missing))
            .or_else(|| self.unexplained_number(now, sending))
    }

    fn late(&self, now: &Delivery<'_>, sending: &Sending<'_>, last: &Delivery<'_>) -> Fault {
        let (name, actor) = (self.run.describe(sending), self.run.name(self.actor));
        let later = self.run.describe_received(last.received);
        Fault {
            rule: "late",
            other: Some(last.received.message.into()),
            message: format!(
                "{name} (seq {}, epoch {}) reached {actor} after {later} (seq {}, epoch {})",
                now.received.seq,
                now.received.position.epoch.0,
                last.received.seq,
                last.received.position.epoch.0
            ),
        }
    }

    /// Returns an accepted message that should have come before `now`, and that no
    /// gap marker covers.
    fn missing_before(&self, now: &Delivery<'_>) -> Option<&'r Sending<'a>> {
        let due = |accepted: &Accepted| {
            let epoch = accepted.position.epoch;
            let place = (epoch, accepted.seq);
            let after_last = match self.last {
                Some(last) if epoch_of(&last) == epoch_of(now) => place > rank(&last),
                Some(_) => epoch == epoch_of(now),
                None => true,
            };
            place < rank(now) && after_last
        };
        self.accepted
            .iter()
            .filter(|(_, accepted)| due(accepted))
            .map(|(sending, _)| *sending)
            .find(|sending| !self.run.messages().is_covered(self.actor, sending))
    }

    fn hole(&self, now: &Delivery<'_>, sending: &Sending<'_>, missing: &Sending<'_>) -> Fault {
        let (name, other) = (self.run.describe(sending), self.run.describe(missing));
        let (actor, seq) = (self.run.name(self.actor), now.received.seq);
        let arrives_later = self.run.messages().place(self.actor, missing.id());
        let (rule, message) = match arrives_later {
            Some(_) => (
                "overtaken",
                format!("{name} (seq {seq}) reached {actor} before {other}"),
            ),
            None => (
                "hole",
                format!("{name} (seq {seq}) reached {actor}, but {other} is missing before it"),
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
    fn unexplained_number(&self, now: &Delivery<'_>, sending: &Sending<'_>) -> Option<Fault> {
        let (floor, low) = match self.last {
            Some(last) if epoch_of(&last) == epoch_of(now) => {
                (last.received.seq, last.received.position.offset)
            }
            Some(_) => return None,
            None => (0, Offset(0)),
        };
        let seq = now.received.seq;
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

    /// Returns how many numbers between the two belong to accepted messages.
    fn known_between(&self, floor: u64, now: &Delivery<'_>) -> u64 {
        let mut known: Vec<u64> = self
            .accepted
            .iter()
            .filter(|(_, accepted)| accepted.position.epoch <= epoch_of(now))
            .map(|(_, accepted)| accepted.seq)
            .filter(|seq| floor < *seq && *seq < now.received.seq)
            .collect();
        known.sort_unstable();
        known.dedup();
        known.len() as u64
    }

    fn gap_between(&self, low: Offset, now: &Delivery<'_>) -> bool {
        let position = now.received.position;
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

fn epoch_of(delivery: &Delivery<'_>) -> Epoch {
    delivery.received.position.epoch
}

/// Returns `true` if nothing can lie between the two.
fn is_next(last: &Delivery<'_>, now: &Delivery<'_>) -> bool {
    epoch_of(last) == epoch_of(now) && last.received.seq.checked_add(1) == Some(now.received.seq)
}

/// Returns the place of a delivery in its stream.
fn rank(delivery: &Delivery<'_>) -> (Epoch, u64) {
    (epoch_of(delivery), delivery.received.seq)
}
