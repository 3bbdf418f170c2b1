//! Metrics of the times between the hops of a message.

use rehearsal_sim::VirtualTime;

use super::messages::{SENT, first_arrivals};
use super::{Better, Fold, Metric, Sample, Unit};
use crate::facets::CheckedRun;
use crate::facets::messages::Sending;
use crate::validation::Validation;

pub(super) const ACCEPTANCE: Metric = Metric {
    name: "acceptance",
    meaning: "the time from the sending of each message to the answer that accepts it",
    unit: Unit::Time,
    fold: Fold::Each,
    better: Better::Lower,
    validates: Validation::Timing,
    samples: |run| {
        let sendings = run.messages().sendings().iter();
        let accepted = sendings.filter_map(|sending| {
            let witness = vec![sending.id().into()];
            let at = accepted_at(run, sending)?;
            Some(Sample::between(
                sending.kind().clone(),
                sending.at,
                at,
                witness,
            ))
        });
        accepted.collect()
    },
    ..SENT
};

pub(super) const TRANSIT: Metric = Metric {
    name: "transit",
    meaning: "the time from the answer that accepts a message to its receipt, zero if that comes first",
    shown: false,
    samples: |run| hop(run, |sending| accepted_at(run, sending)),
    ..ACCEPTANCE
};

pub(super) const DELIVERY: Metric = Metric {
    name: "delivery",
    meaning: "the time from the sending of each message to its receipt, repeats left out",
    shown: true,
    samples: |run| hop(run, |sending| Some(sending.at)),
    ..ACCEPTANCE
};

/// Returns the times from a moment of each message to its receipts, in the order of receipt.
fn hop(run: &CheckedRun<'_>, start: impl Fn(&Sending<'_>) -> Option<VirtualTime>) -> Vec<Sample> {
    let received = first_arrivals(run).filter_map(|(sending, arrival)| {
        let delivery = arrival.delivery;
        let witness = vec![sending.id().into(), delivery.actor.into()];
        let kind = sending.kind().clone();
        Some(Sample::between(kind, start(sending)?, delivery.at, witness))
    });
    let mut samples: Vec<Sample> = received.collect();
    samples.sort_by_key(|sample| sample.at);
    samples
}

fn accepted_at(run: &CheckedRun<'_>, sending: &Sending<'_>) -> Option<VirtualTime> {
    sending.accepted()?;
    let answer = run.history.entries.get(sending.answered?)?;
    Some(answer.at)
}
