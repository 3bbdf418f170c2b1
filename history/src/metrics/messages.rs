//! Metrics that count messages.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use super::{Better, Fold, Metric, Sample, Unit};
use crate::body::Symbol;
use crate::facets::messages::{Arrival, SendOutcome, Sending};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, ChannelId};
use crate::validation::Validation;

const KINDS: Option<&str> = Some("kind of message");

pub(super) const SENT: Metric = Metric {
    name: "sent",
    meaning: "the number of messages that were handed to the system",
    unit: Unit::Count,
    fold: Fold::Sum,
    groups: KINDS,
    reads: Some(Facet::Messages),
    better: Better::Neither,
    validates: Validation::EventCount,
    shown: false,
    samples: |run| sendings(run, |_| true),
};

pub(super) const ACCEPTED: Metric = Metric {
    name: "accepted",
    meaning: "the number of messages that the system said it had accepted",
    samples: |run| sendings(run, |sending| sending.accepted().is_some()),
    ..SENT
};

pub(super) const REFUSED: Metric = Metric {
    name: "refused",
    meaning: "the number of messages that the system refused",
    better: Better::Lower,
    samples: |run| {
        sendings(run, |sending| {
            matches!(sending.outcome, SendOutcome::Rejected(_))
        })
    },
    ..SENT
};

pub(super) const RECEIVED: Metric = Metric {
    name: "received",
    meaning: "the number of messages that actors received, repeats included",
    samples: |run| {
        let deliveries = run.messages().deliveries().iter();
        let received = deliveries.map(|delivery| {
            let witness = vec![delivery.received.message.into(), delivery.actor.into()];
            Sample::one(delivery.received.body.kind.clone(), delivery.at, witness)
        });
        received.collect()
    },
    ..SENT
};

pub(super) const DELIVERED: Metric = Metric {
    name: "delivered",
    meaning: "the share of owed deliveries that were made, one for each accepted message and subscriber",
    unit: Unit::Share,
    fold: Fold::Share,
    better: Better::Higher,
    samples: |run| {
        let sendings = run.messages().sendings().iter();
        let accepted = sendings.filter(|sending| run.messages().is_accepted(sending));
        accepted.flat_map(|sending| owed(run, sending)).collect()
    },
    ..SENT
};

pub(super) const THROUGHPUT: Metric = Metric {
    name: "throughput",
    meaning: "the messages that arrived for each second, from the first sending to the last receipt",
    unit: Unit::Rate,
    fold: Fold::Rate,
    better: Better::Higher,
    validates: Validation::Performance,
    shown: true,
    samples: |run| {
        let mut arrivals: Vec<Sample> = first_arrivals(run)
            .map(|(sending, arrival)| {
                let delivery = arrival.delivery;
                let witness = vec![sending.id().into(), delivery.actor.into()];
                Sample {
                    from: sending.at,
                    ..Sample::one(sending.kind().clone(), delivery.at, witness)
                }
            })
            .collect();
        arrivals.sort_by_key(|sample| sample.at);
        arrivals
    },
    ..SENT
};

pub(super) const BATCH: Metric = Metric {
    name: "batch",
    meaning: "the number of messages of one channel that reach an actor at one moment",
    fold: Fold::Each,
    groups: Some("channel"),
    validates: Validation::Performance,
    samples: |run| {
        let mut batches: BTreeMap<(VirtualTime, ActorId, ChannelId), u64> = BTreeMap::new();
        for delivery in run.messages().deliveries() {
            let channel = delivery.received.envelope.channel;
            let key = (delivery.at, delivery.actor, channel);
            *batches.entry(key).or_default() += 1;
        }
        let batches = batches.into_iter().map(|((at, actor, channel), size)| {
            let name = Symbol::from(run.name(channel).to_string());
            Sample {
                part: size,
                ..Sample::one(name, at, vec![channel.into(), actor.into()])
            }
        });
        batches.collect()
    },
    ..SENT
};

pub(super) const ENTRIES: Metric = Metric {
    name: "entries",
    meaning: "the number of entries of the history",
    groups: Some("kind of entry"),
    reads: None,
    samples: |run| {
        let entries = run.history.entries.iter();
        let entries = entries.map(|entry| {
            let kind = Symbol::from(entry.kind.name());
            Sample::one(kind, entry.at, entry.kind.mentions())
        });
        entries.collect()
    },
    ..SENT
};

fn sendings(run: &CheckedRun<'_>, counts: impl Fn(&Sending<'_>) -> bool) -> Vec<Sample> {
    let sendings = run.messages().sendings().iter();
    let counted = sendings.filter(|sending| counts(sending));
    let samples = counted.map(|sending| {
        let witness = vec![sending.id().into()];
        Sample::one(sending.kind().clone(), sending.at, witness)
    });
    samples.collect()
}

/// Returns the first receipt of each message at each actor, with the message as it was sent.
pub(super) fn first_arrivals<'r>(
    run: &'r CheckedRun<'_>,
) -> impl Iterator<Item = (&'r Sending<'r>, &'r Arrival<'r>)> {
    let arrivals = run.messages().inboxes().flat_map(|(_, inbox)| inbox);
    arrivals.filter_map(|arrival| Some((run.messages().sending_of(arrival)?, arrival)))
}

/// Returns the deliveries that an accepted message is owed. One without a subscriber is owed
/// once, and not made.
fn owed(run: &CheckedRun<'_>, sending: &Sending<'_>) -> Vec<Sample> {
    let one = |part: bool, witness| Sample {
        part: u64::from(part),
        ..Sample::one(sending.kind().clone(), sending.at, witness)
    };
    let channel = sending.sent.envelope.channel;
    if run.messages().subscribers_of(channel).is_empty() {
        return vec![one(false, vec![sending.id().into(), channel.into()])];
    }
    let actors = run.messages().owed_to(sending);
    let owed = actors.map(|actor| {
        let arrived = run.messages().place(actor, sending.id()).is_some();
        one(arrived, vec![sending.id().into(), actor.into()])
    });
    owed.collect()
}
