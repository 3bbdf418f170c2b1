//! Causal: of two messages that reach an actor, one of which happened before the
//! other by the senders' vector clocks, that one arrives first. This holds between
//! streams and within one; within one stream, `fifo` says more.
//!
//! Excused: messages whose sender carries no clock, because nothing orders them; and, as
//! the late one, a message that got neither an answer nor a number, because its sender
//! never knew that it was accepted, and the system may accept it at any later time.
//!
//! An arrival that is out of order follows one whose clock already counts it. So the
//! greatest count of each stream among the clocks received so far is enough to see
//! that all is well, and only a suspect arrival is compared with those before it.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::clock::VectorClock;
use crate::facets::messages::{Arrival, Messages, SendOutcome, Sending};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, StreamId};
use crate::validation::Validation;

/// The oracle `causal`.
#[derive(Debug)]
pub struct Causal;

impl Oracle for Causal {
    fn name(&self) -> &'static str {
        "causal"
    }

    fn claim(&self) -> &'static str {
        "a cause arrives before its effect"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "effect-first",
            meaning: "An actor received a message before one that happened before it.",
        }]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::Timing]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (actor, inbox) in run.messages().inboxes() {
            check_inbox(run, actor, inbox, &mut report);
        }
        report.finish()
    }
}

fn check_inbox(run: &CheckedRun<'_>, actor: ActorId, inbox: &[Arrival<'_>], report: &mut Report) {
    let messages = run.messages();
    let mut known: BTreeMap<StreamId, u64> = BTreeMap::new();
    for (place, arrival) in inbox.iter().enumerate() {
        let Some(sending) = messages.sending_of(arrival) else {
            continue;
        };
        let Some(clock) = sending.clock else {
            continue;
        };
        let stream = sending.stream();
        if has_past(clock, stream) {
            report.check(1);
        }
        let may_be_late = sending.outcome == SendOutcome::Indeterminate
            && arrival.delivery.received.seq.is_none();
        let suspect = !may_be_late
            && known
                .get(&stream)
                .is_some_and(|count| *count >= clock.of(stream));
        if suspect && let Some(effect) = effect_among(messages, &inbox[..place], sending) {
            let witness = [effect.id().into(), sending.id().into(), actor.into()];
            report.broken("effect-first", witness, arrival.delivery.at, || {
                let (cause, effect) = (run.describe(sending), run.describe(effect));
                let actor = run.name(actor);
                format!("{actor} received {effect} before {cause}, which happened before it")
            });
        }
        for (stream, count) in clock.iter() {
            let greatest = known.entry(stream).or_default();
            *greatest = (*greatest).max(count);
        }
    }
}

/// Returns `true` if anything at all happened before a message with that clock.
fn has_past(clock: &VectorClock, own: StreamId) -> bool {
    clock
        .iter()
        .any(|(stream, count)| count > u64::from(stream == own))
}

/// Returns the first arrival that `cause` should have preceded.
fn effect_among<'r, 'a>(
    messages: &'r Messages<'a>,
    earlier: &[Arrival<'a>],
    cause: &Sending<'a>,
) -> Option<&'r Sending<'a>> {
    earlier
        .iter()
        .filter_map(|arrival| messages.sending_of(arrival))
        .find(|effect| cause.before(effect))
}
