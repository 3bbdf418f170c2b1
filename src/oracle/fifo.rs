//! Fifo: each run's events reach a client in the order of the run, numbered
//! from 1 without holes; and what an agent emitted only after it knew that
//! another event was accepted arrives after that one.
//!
//! Excused: a hole whose every event is gap-marked. An event without an answer
//! may have taken a number, and nobody knows which; such a hole must at least
//! have a gap marker between its neighbours. When a new epoch begins, numbers
//! need not continue from the old one; but the new epoch's own events must all
//! be there. Events that come twice are exactly-once's affair.

use std::collections::BTreeMap;

use rehearsal_agents::event::{ClientId, RunId};
use rehearsal_agents::record::{Delivery, Emission, Epoch, Offset, Receipt};

use super::finding::Report;
use super::view::{Arrival, View, receipt};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Fifo);
    for (client, stream) in view.streams() {
        let mut tracks: BTreeMap<RunId, Track<'_>> = BTreeMap::new();
        for arrival in stream {
            let Some(emission) = arrival.emission else {
                continue;
            };
            report.check(1);
            let track = tracks
                .entry(emission.run)
                .or_insert_with(|| Track::new(view, client, emission.run));
            let fault = differs_from_receipt(view, arrival.delivery, emission)
                .or_else(|| track.out_of_sequence(arrival.delivery, emission))
                .or_else(|| track.out_of_program_order(emission));
            if let Some(message) = fault {
                report.broken(arrival.delivery.at, || message);
            }
            track.add(arrival, emission);
        }
    }
    report.finish()
}

fn differs_from_receipt(
    view: &View<'_>,
    delivery: &Delivery,
    emission: &Emission,
) -> Option<String> {
    let receipt = receipt(emission)?;
    let told = (receipt.seq, receipt.epoch.0, receipt.offset.0);
    let came = (delivery.event.seq, delivery.epoch.0, delivery.offset.0);
    (told != came).then(|| {
        let (name, client) = (view.name(emission), delivery.client);
        format!(
            "{name} reached {client} as seq {}, epoch {}, offset {}, but its emitter was told \
             seq {}, epoch {}, offset {}",
            came.0, came.1, came.2, told.0, told.1, told.2
        )
    })
}

/// One run as one client sees it.
struct Track<'v> {
    view: &'v View<'v>,
    client: ClientId,
    /// The run's accepted events.
    accepted: Vec<(&'v Emission, &'v Receipt)>,
    /// The furthest delivery so far.
    last: Option<&'v Delivery>,
    /// What has come, by its place in the run and then in order of arrival.
    came: BTreeMap<(u32, usize), &'v Emission>,
}

impl<'v> Track<'v> {
    fn new(view: &'v View<'v>, client: ClientId, run: RunId) -> Self {
        Self {
            view,
            client,
            accepted: view.accepted_of(run).collect(),
            last: None,
            came: BTreeMap::new(),
        }
    }

    fn add(&mut self, arrival: &Arrival<'v>, emission: &'v Emission) {
        let place = (emission.clock.of(emission.run), self.came.len());
        self.came.insert(place, emission);
        let furthest = self
            .last
            .is_none_or(|last| rank(last) < rank(arrival.delivery));
        if furthest {
            self.last = Some(arrival.delivery);
        }
    }

    fn out_of_sequence(&self, now: &Delivery, emission: &Emission) -> Option<String> {
        if let Some(last) = self.last
            && rank(now) <= rank(last)
        {
            let name = self.view.name(emission);
            let late = self.view.wire_name(&last.event);
            return Some(format!(
                "{name} (seq {}, epoch {}) reached {} after {late} (seq {}, epoch {})",
                now.event.seq, now.epoch.0, self.client, last.event.seq, last.epoch.0
            ));
        }
        if self.last.is_some_and(|last| is_next(last, now)) {
            return None;
        }
        self.missing_before(now)
            .map(|missing| self.describe_hole(now, emission, missing))
            .or_else(|| self.unknown_before(now, emission))
    }

    /// An accepted event that should have come before `now`, and of which the
    /// client knows nothing.
    fn missing_before(&self, now: &Delivery) -> Option<&'v Emission> {
        let due = |receipt: &Receipt| {
            let before_now = (receipt.epoch, receipt.seq) < rank(now);
            let after_last = match self.last {
                Some(last) if last.epoch == now.epoch => (receipt.epoch, receipt.seq) > rank(last),
                Some(_) => receipt.epoch == now.epoch,
                None => true,
            };
            before_now && after_last
        };
        self.accepted
            .iter()
            .filter(|(_, receipt)| due(receipt))
            .map(|(emission, _)| *emission)
            .find(|emission| !self.view.gap_marked(self.client, emission))
    }

    fn describe_hole(&self, now: &Delivery, emission: &Emission, missing: &Emission) -> String {
        let (name, other) = (self.view.name(emission), self.view.name(missing));
        let (client, seq) = (self.client, now.event.seq);
        match self.view.place(client, missing.id) {
            Some(_) => format!("{name} (seq {seq}) reached {client} before {other}"),
            None => {
                format!("{name} (seq {seq}) reached {client}, but {other} is missing before it")
            }
        }
    }

    /// A hole in the numbers that no accepted event explains, without a gap
    /// marker in which the unknown event may lie.
    fn unknown_before(&self, now: &Delivery, emission: &Emission) -> Option<String> {
        let (floor, low) = match self.last {
            Some(last) if last.epoch == now.epoch => (last.event.seq, last.offset),
            Some(_) => return None,
            None => (0, Offset(0)),
        };
        let between = now.event.seq.saturating_sub(floor).saturating_sub(1);
        let mut known: Vec<u64> = self
            .accepted
            .iter()
            .filter(|(_, receipt)| receipt.epoch <= now.epoch)
            .map(|(_, receipt)| receipt.seq)
            .filter(|seq| floor < *seq && *seq < now.event.seq)
            .collect();
        known.sort_unstable();
        known.dedup();
        let explained = known.len() as u64 == between || self.gap_between(low, now);
        if now.event.seq > floor && explained {
            return None;
        }
        let name = self.view.name(emission);
        let expected = floor.saturating_add(1);
        Some(format!(
            "{name} reached {} as seq {}, but seq {expected} was due and nothing accounts for the hole",
            self.client, now.event.seq
        ))
    }

    fn gap_between(&self, low: Offset, now: &Delivery) -> bool {
        self.view.gaps(self.client).iter().any(|received| {
            let gap = received.gap;
            let same_epoch =
                gap.epoch == now.epoch && gap.from < now.offset && gap.to.is_none_or(|to| low < to);
            let earlier_epoch = self.last.is_none() && gap.epoch < now.epoch;
            gap.thread == now.event.thread && (same_epoch || earlier_epoch)
        })
    }

    fn out_of_program_order(&self, emission: &Emission) -> Option<String> {
        let next = emission.clock.of(emission.run).saturating_add(1);
        let later = self
            .came
            .range((next, 0)..)
            .map(|(_, came)| *came)
            .find(|came| emission.clock.before(&came.clock))?;
        let (name, later) = (self.view.name(emission), self.view.name(later));
        Some(format!(
            "{name} reached {} after {later}, which was emitted after it",
            self.client
        ))
    }
}

/// Whether nothing can lie between the two.
fn is_next(last: &Delivery, now: &Delivery) -> bool {
    last.epoch == now.epoch && last.event.seq.checked_add(1) == Some(now.event.seq)
}

/// Where a delivery stands in its run.
fn rank(delivery: &Delivery) -> (Epoch, u64) {
    (delivery.epoch, delivery.event.seq)
}
