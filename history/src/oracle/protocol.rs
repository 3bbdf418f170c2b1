//! Protocol: each span's messages follow the rules of the history's profile, both as
//! the system accepted them and as each actor received them.
//!
//! The opening message first; each part and each child begins once, then ends once, and
//! none is left open when the span completes; numbers that must increase do; a terminal
//! message last. A span that completes has shown the kinds that are required of it, and
//! has sent as many messages as planned.
//!
//! Nothing is called missing where gap markers, or messages without an answer, may hide
//! some of a span's messages from an observer; `no-loss` and `fifo` check that
//! holes are marked. Nor is it where an actor subscribed, to what is sent from then on, in
//! the middle of a span. A span that was cut off by its deadline, by a cancellation or by the
//! death of its host may end before it opened.

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::SpanEnd;
use crate::facets::messages::{SendOutcome, Sending};
use crate::facets::spans::SpanRecord;
use crate::facets::{CheckedRun, Facet};
use crate::ids::ActorId;
use crate::profile::{Machine, Profile, Terms};
use crate::validation::Validation;

/// The oracle `protocol`.
#[derive(Debug)]
pub struct Protocol;

impl Oracle for Protocol {
    fn name(&self) -> &'static str {
        "protocol"
    }

    fn claim(&self) -> &'static str {
        "each span's messages follow the rules of their protocol"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages, Facet::Spans]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "unknown-kind",
                meaning: "The protocol has no message of that kind.",
            },
            Rule {
                name: "opening",
                meaning: "A span does not begin with its opening message, or has it twice.",
            },
            Rule {
                name: "after-end",
                meaning: "A message follows the one that ended its span.",
            },
            Rule {
                name: "unnamed",
                meaning: "A message lacks the field that says what it is about.",
            },
            Rule {
                name: "begun-twice",
                meaning: "A part or a child begins while it is open.",
            },
            Rule {
                name: "begun-after-end",
                meaning: "A part or a child begins again after it has ended.",
            },
            Rule {
                name: "ended-twice",
                meaning: "A part or a child ends twice.",
            },
            Rule {
                name: "ended-before-begin",
                meaning: "A part or a child ends before it has begun.",
            },
            Rule {
                name: "not-increasing",
                meaning: "A number that must increase stands still or goes back.",
            },
            Rule {
                name: "unexplained",
                meaning: "A terminal message does not say what went wrong.",
            },
            Rule {
                name: "left-open",
                meaning: "A span completes while a part or a child is open.",
            },
            Rule {
                name: "required",
                meaning: "A span completes without a message that it must send.",
            },
            Rule {
                name: "count",
                meaning: "A span completes with another number of messages than planned.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::Timing]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        if let Some(profile) = run.history.profile {
            for record in run.spans().iter() {
                report.check(1);
                check_span(run, profile, record, &mut report);
            }
        }
        report.finish()
    }
}

fn check_span(
    run: &CheckedRun<'_>,
    profile: &'static Profile,
    record: &SpanRecord<'_>,
    report: &mut Report,
) {
    check_accepted(run, profile, record, report);
    check_count(run, record, report);
    let channel = record.began.channel;
    let subscribers = channel.map(|channel| run.messages().subscribers_of(channel));
    for actor in subscribers.into_iter().flatten() {
        check_received(run, profile, record, *actor, report);
    }
}

fn terms(record: &SpanRecord<'_>, may_miss: bool) -> Terms {
    let end = record.end();
    Terms {
        may_miss,
        may_be_cut_off: matches!(
            end,
            Some(SpanEnd::HostDied | SpanEnd::TimedOut | SpanEnd::Cancelled)
        ),
        required: record.began.required.clone(),
    }
}

/// Checks the span as it stands in the system's log.
fn check_accepted(
    run: &CheckedRun<'_>,
    profile: &'static Profile,
    record: &SpanRecord<'_>,
    report: &mut Report,
) {
    let span = record.began.span;
    let accepted = run.messages().accepted_in_order(span);
    let unanswered = run
        .messages()
        .of_span(span)
        .any(|sending| sending.outcome == SendOutcome::Indeterminate);
    let names = &run.history.names;
    let mut machine = Machine::new(profile, terms(record, unanswered));
    for (sending, _) in accepted {
        for fault in machine.step(&sending.sent.body, names) {
            let witness = [sending.id().into(), span.into()];
            report.broken(fault.rule, witness, sending.at, || {
                let name = run.describe(sending);
                format!("{name} as the system accepted it: {}", fault.message)
            });
        }
    }
}

/// Messages that were never even sent are missed by nothing else.
fn check_count(run: &CheckedRun<'_>, record: &SpanRecord<'_>, report: &mut Report) {
    let Some(planned) = record.began.planned else {
        return;
    };
    if record.end() != Some(SpanEnd::Completed) || !run.at_rest() {
        return;
    }
    let span = record.began.span;
    let accepted = run.messages().accepted_of_span(span).count() as u64;
    if accepted != planned {
        report.broken("count", [span.into()], None, || {
            let name = run.describe_record(record);
            format!(
                "{name} completed with {accepted} accepted messages of the {planned} it planned"
            )
        });
    }
}

/// Checks the span as an actor received it.
fn check_received(
    run: &CheckedRun<'_>,
    profile: &'static Profile,
    record: &SpanRecord<'_>,
    actor: ActorId,
    report: &mut Report,
) {
    let span = record.began.span;
    let terms = terms(record, may_miss(run, record, actor));
    let mut machine = Machine::new(profile, terms);
    for arrival in run.messages().span_inbox(actor, span) {
        let received = arrival.delivery.received;
        for fault in machine.step(&received.body, &run.history.names) {
            let witness = [received.message.into(), span.into(), actor.into()];
            report.broken(fault.rule, witness, arrival.delivery.at, || {
                let (name, actor) = (run.describe_received(received), run.name(actor));
                format!("{name} as {actor} received it: {}", fault.message)
            });
        }
    }
}

/// Returns `true` if gap markers may hide some of the span's messages from the actor, or it
/// subscribed only after some of them were sent.
fn may_miss(run: &CheckedRun<'_>, record: &SpanRecord<'_>, actor: ActorId) -> bool {
    let messages = run.messages();
    let came_later = |sending: &Sending<'_>| !messages.is_owed(actor, sending);
    if messages.of_span(record.began.span).any(came_later) {
        return true;
    }
    let mut gaps = messages.covering_gaps(actor).iter();
    let counted = messages.missed().iter();
    let mut counted = counted.filter(|told| told.actor == actor && told.fault.is_none());
    let marked = gaps.any(|received| Some(received.gap.channel) == record.began.channel)
        || counted.any(|told| Some(told.channel) == record.began.channel);
    let hidden = |sending: &&Sending<'_>| match sending.outcome {
        SendOutcome::Accepted(_) => messages.is_covered(actor, sending),
        // Its position is unknown, and so is whether a marker covers it.
        SendOutcome::Indeterminate => true,
        SendOutcome::Rejected(_) => false,
    };
    let missing = |sending: &&Sending<'_>| messages.place(actor, sending.id()).is_none();
    marked
        && messages
            .of_span(record.began.span)
            .filter(missing)
            .any(|sending| hidden(&sending))
}
