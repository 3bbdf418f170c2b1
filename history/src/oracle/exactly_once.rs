//! Exactly-once: no actor receives a message twice, and no position in a log carries
//! two messages. (`no-loss` checks that none is missing.)

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

/// The oracle `exactly-once`.
#[derive(Debug)]
pub struct ExactlyOnce;

impl Oracle for ExactlyOnce {
    fn name(&self) -> &'static str {
        "exactly-once"
    }

    fn claim(&self) -> &'static str {
        "no actor receives a message twice"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "twice",
                meaning: "An actor received the same message a second time.",
            },
            Rule {
                name: "shared-position",
                meaning: "An actor received two messages at one position of a log.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::EventCount]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        let mut received = BTreeMap::new();
        let mut positions = BTreeMap::new();
        for delivery in run.messages().deliveries() {
            report.check(1);
            let (actor, message) = (delivery.actor, delivery.received.message);
            if let Some(before) = received.insert((actor, message), delivery.at) {
                let witness = [message.into(), actor.into()];
                report.broken("twice", witness, delivery.at, || {
                    let name = run.describe_received(delivery.received);
                    let (actor, at) = (run.name(actor), delivery.at);
                    format!("{name} reached {actor} again at {at}; it had come at {before}")
                });
                continue;
            }
            let Some(position) = delivery.received.position else {
                continue;
            };
            let first = *positions
                .entry((actor, position))
                .or_insert(delivery.received);
            if first.message != message {
                let witness = [first.message.into(), message.into(), actor.into()];
                report.broken("shared-position", witness, delivery.at, || {
                    let (one, other) = (
                        run.describe_received(first),
                        run.describe_received(delivery.received),
                    );
                    let (actor, position) = (run.name(actor), run.describe_position(&position));
                    format!("{actor} received two messages at {position}: {one}, and {other}")
                });
            }
        }
        report.finish()
    }
}
