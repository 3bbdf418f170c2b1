//! No-loss: every message that the system accepted reaches every subscriber of its
//! channel, or a gap marker covers it there.
//!
//! Excused, because the sender knows that the message has no future: a message without
//! an answer whose span timed out, was cancelled or died with its host, and a message that was refused
//! because its span had already ended. Outside a span, a refusal or a missing answer is
//! the sender's to handle, and is not reported.
//!
//! A gap marker covers a message only if the setting `gaps` names the marker's cause:
//! `crash` explains the loss of messages that an epoch had accepted when it crashed, and
//! `overflow` the loss of the oldest messages, in the order of the log, while the setting
//! `buffer` says how many of the newest cannot be lost. Every other marker is reported: one
//! over owed messages without a named cause, over messages that arrived, over nothing, or
//! without an end unless its epoch really died. Only a marker over all the rest of a crashed
//! epoch may be empty, because the next incarnation cannot know where that log ended.
//!
//! A marker that gives a number and no positions covers as many of the oldest missing
//! messages, if there are that many and a named cause explains it: `crash` what was sent
//! before the last crash, `overflow` while `buffer` messages more were sent. What is missing
//! beyond the number is lost.
//!
//! An actor that subscribed to what is sent from then on is owed nothing that was sent
//! before.
//!
//! A message that is lost is reported with the last hop that saw it: its answer, the actors
//! that it reached, and the last operation, message or resource that names it.
//!
//! Messages that were never sent, or arrive altered, are reported here too: the ledger
//! would not balance with them. An altered secret is checked by `isolation`.

use super::last_hop::last_hop;
use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::body::Body;
use crate::entry::SpanEnd;
use crate::facets::gaps::{GapCause, GapFault};
use crate::facets::messages::{Delivery, ReceivedGap, SendOutcome, Sending, Subscriber};
use crate::facets::missed::ReceivedCount;
use crate::facets::{CheckedRun, Facet};
use crate::ids::SpanId;
use crate::ledger::{Settlement, is_phantom, settle};
use crate::validation::Validation;

/// The oracle `no-loss`.
#[derive(Debug)]
pub struct NoLoss;

impl Oracle for NoLoss {
    fn name(&self) -> &'static str {
        "no-loss"
    }

    fn claim(&self) -> &'static str {
        "every accepted message reaches every subscriber, or a gap marker covers it"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "refused",
                meaning: "A message was refused although its span had not ended.",
            },
            Rule {
                name: "unanswered",
                meaning: "A sender that was not cut off never got an answer.",
            },
            Rule {
                name: "lost",
                meaning: "An accepted message never reached a subscriber, and no gap marker covers it.",
            },
            Rule {
                name: "no-subscriber",
                meaning: "A message was accepted on a channel that has no subscriber.",
            },
            Rule {
                name: "phantom",
                meaning: "A message arrived that was never sent, or that was refused.",
            },
            Rule {
                name: "altered",
                meaning: "A message arrived with another content than it was sent with.",
            },
            Rule {
                name: "gap",
                meaning: "A gap marker covers an owed message, and no named cause explains it.",
            },
            Rule {
                name: "false-gap",
                meaning: "A gap marker covers a message that arrived or was still buffered, or came out of order.",
            },
            Rule {
                name: "empty-gap",
                meaning: "A gap marker covers nothing.",
            },
            Rule {
                name: "endless-gap",
                meaning: "A gap marker has no end although its epoch did not end in a crash.",
            },
            Rule {
                name: "not-drained",
                meaning: "A subscriber never received everything that it was owed.",
            },
        ]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: "gaps",
                meaning: "The causes from which messages may be lost if a gap marker says so.",
                values: SettingValues::Words(GapCause::WORDS),
            },
            Setting {
                name: "buffer",
                meaning: "The newest messages of a channel that an overflow can never lose.",
                values: SettingValues::Number,
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::EventCount]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        if !run.at_rest() {
            return Finding::not_applicable();
        }
        let mut report = Report::new();
        for sending in run.messages().sendings() {
            check_answer(run, sending, &mut report);
            check_settlements(run, sending, &mut report);
        }
        for delivery in run.messages().deliveries() {
            check_delivery(run, delivery, &mut report);
        }
        for received in run.messages().gaps() {
            check_gap(run, received, &mut report);
        }
        for received in run.messages().missed() {
            check_count(run, received, &mut report);
        }
        for subscriber in run.messages().subscribers() {
            check_drained(run, subscriber, &mut report);
        }
        report.finish()
    }
}

fn check_answer(run: &CheckedRun<'_>, sending: &Sending<'_>, report: &mut Report) {
    let Some(span) = sending.sent.envelope.span else {
        return;
    };
    let witness = [sending.id().into(), span.into()];
    match sending.outcome {
        SendOutcome::Accepted(_) => {}
        SendOutcome::Rejected(reason) => {
            report.check(1);
            if !ended_before(run, span, sending) {
                report.broken("refused", witness, sending.at, || {
                    let (name, span) = (run.describe(sending), run.name(span));
                    format!("{name} was refused (`{reason}`) although {span} had not ended")
                });
            }
        }
        SendOutcome::Indeterminate => {
            report.check(1);
            let end = run.spans().get(span).and_then(|record| record.end());
            if !matches!(
                end,
                Some(SpanEnd::HostDied | SpanEnd::TimedOut | SpanEnd::Cancelled)
            ) {
                report.broken("unanswered", witness, sending.at, || {
                    let (name, span) = (run.describe(sending), run.name(span));
                    let hop = hop(run, sending);
                    format!("{name} never got an answer, and {span} was not cut off{hop}")
                });
            }
        }
    }
}

/// Returns `true` if the span had its terminal accepted before it sent this message, or
/// was over before this message was refused.
fn ended_before(run: &CheckedRun<'_>, span: SpanId, sending: &Sending<'_>) -> bool {
    let ended = run.spans().get(span).and_then(|record| record.ended);
    let refused_after = |ended| sending.answered.is_some_and(|refused| ended < refused);
    if ended.is_some_and(refused_after) {
        return true;
    }
    let mut accepted = run.messages().accepted_of_span(span);
    accepted.any(|(earlier, _)| run.is_terminal(earlier.kind()) && earlier.index < sending.index)
}

fn check_settlements(run: &CheckedRun<'_>, sending: &Sending<'_>, report: &mut Report) {
    if !run.messages().is_accepted(sending) {
        return;
    }
    let channel = sending.sent.envelope.channel;
    let subscribers = run.messages().subscribers_of(channel);
    if subscribers.is_empty() {
        let witness = [sending.id().into(), channel.into()];
        report.broken("no-subscriber", witness, sending.at, || {
            let (last_seen, hop) = (last_seen(run, sending), hop(run, sending));
            let (name, channel) = (run.describe(sending), run.name(channel));
            format!("{name} was {last_seen}; {channel} has no subscriber{hop}")
        });
    }
    for actor in run.messages().owed_to(sending) {
        report.check(1);
        if settle(run, sending, actor) == Settlement::Lost {
            let witness = [sending.id().into(), actor.into()];
            report.broken("lost", witness, sending.at, || {
                let (last_seen, hop) = (last_seen(run, sending), hop(run, sending));
                let (name, actor) = (run.describe(sending), run.name(actor));
                format!(
                    "{name} was {last_seen}; never delivered to {actor}, and no gap marker \
                     covers it{hop}"
                )
            });
        }
    }
}

/// Returns `accepted at offset 3 of thread-1, epoch 1, and delivered to client-2`.
fn last_seen(run: &CheckedRun<'_>, sending: &Sending<'_>) -> String {
    let position = run.messages().position(sending);
    let position = position.map(|position| run.describe_position(&position));
    let accepted = match (sending.accepted(), position) {
        (Some(_), Some(position)) => format!("accepted at {position}"),
        (Some(_), None) => "accepted".to_owned(),
        (None, Some(position)) => format!("accepted without an answer, at {position}"),
        (None, None) => "accepted without an answer".to_owned(),
    };
    let elsewhere: Vec<String> = run
        .messages()
        .inboxes()
        .filter(|(actor, _)| run.messages().place(*actor, sending.id()).is_some())
        .map(|(actor, _)| run.name(actor).to_string())
        .collect();
    if elsewhere.is_empty() {
        accepted
    } else {
        format!("{accepted}, and delivered to {}", elsewhere.join(", "))
    }
}

/// Returns ``; last seen: given to `append` of journal at 0.012s``, if a component on the path
/// of the message recorded something of it.
fn hop(run: &CheckedRun<'_>, sending: &Sending<'_>) -> String {
    let hop = last_hop(run, sending.id());
    hop.map_or_else(String::new, |hop| format!("; last seen: {hop}"))
}

fn check_delivery(run: &CheckedRun<'_>, delivery: &Delivery<'_>, report: &mut Report) {
    let sending = run.messages().sending(delivery.received.message);
    let witness = [delivery.received.message.into(), delivery.actor.into()];
    if is_phantom(sending) {
        report.check(1);
        report.broken("phantom", witness, delivery.at, || {
            phantom(run, delivery, sending)
        });
    } else if let Some(sending) = sending
        && let Some(change) = altered(&sending.sent.body, &delivery.received.body)
    {
        report.broken("altered", witness, delivery.at, || {
            let (name, actor) = (run.describe(sending), run.name(delivery.actor));
            format!("{name} reached {actor} altered: {change}")
        });
    }
}

fn phantom(run: &CheckedRun<'_>, delivery: &Delivery<'_>, sending: Option<&Sending<'_>>) -> String {
    let name = run.describe_received(delivery.received);
    let actor = run.name(delivery.actor);
    match sending.map(|sending| sending.outcome) {
        Some(SendOutcome::Rejected(reason)) => {
            format!("{name} was refused (`{reason}`) and reached {actor} all the same")
        }
        _ => format!("{name} reached {actor}, but was never sent"),
    }
}

/// Returns the difference between a body as sent and as received, if there is one.
fn altered(sent: &Body, received: &Body) -> Option<String> {
    if sent == received {
        return None;
    }
    if sent.kind != received.kind {
        return Some(format!("it came as {}", received.kind));
    }
    let (sent, received) = (sent.without_secrets(), received.without_secrets());
    (sent != received).then(|| format!("it was sent as {sent} and came as {received}"))
}

fn check_gap(run: &CheckedRun<'_>, received: &ReceivedGap, report: &mut Report) {
    let Some(fault) = received.fault else {
        return;
    };
    let reason = match fault {
        GapFault::Endless => "but that epoch did not end in a crash",
        GapFault::False => {
            "but some of it arrived, was still in the buffer, or comes later in the log"
        }
        GapFault::Empty => "but nothing was there",
        GapFault::Unexplained => "and no cause that the settings name explains it",
    };
    let gap = received.gap;
    let witness = [received.actor.into(), gap.channel.into()];
    report.broken(rule_of(fault), witness, received.at, || {
        let (actor, channel) = (run.name(received.actor), run.name(gap.channel));
        let (epoch, from) = (gap.epoch.0, gap.from.0);
        let range = match gap.to {
            Some(to) => format!("from offset {from} to {} of epoch {epoch}", to.0),
            None => format!("from offset {from} to the end of epoch {epoch}"),
        };
        format!("{actor} was told that {channel} is lost {range}, {reason}")
    });
}

fn rule_of(fault: GapFault) -> &'static str {
    match fault {
        GapFault::Endless => "endless-gap",
        GapFault::False => "false-gap",
        GapFault::Empty => "empty-gap",
        GapFault::Unexplained => "gap",
    }
}

/// Checks a marker that gives a number of messages.
fn check_count(run: &CheckedRun<'_>, received: &ReceivedCount, report: &mut Report) {
    let Some(fault) = received.fault else {
        return;
    };
    let reason = match fault {
        GapFault::Endless | GapFault::False => {
            "but that many were not missing, or some were still in the buffer"
        }
        GapFault::Empty => "but none was missing",
        GapFault::Unexplained => "and no cause that the settings name explains it",
    };
    let witness = [received.actor.into(), received.channel.into()];
    report.broken(rule_of(fault), witness, received.at, || {
        let (actor, channel) = (run.name(received.actor), run.name(received.channel));
        let count = received.count;
        format!("{actor} was told that {count} messages of {channel} are lost, {reason}")
    });
}

fn check_drained(run: &CheckedRun<'_>, subscriber: &Subscriber, report: &mut Report) {
    if subscriber.drained {
        return;
    }
    report.broken("not-drained", [subscriber.actor.into()], None, || {
        let last = run.messages().inbox(subscriber.actor).last();
        let last = last.map(|arrival| arrival.delivery.received.message);
        let last = last.map_or("nothing came".to_owned(), |message| {
            format!("{} came last", run.name(message))
        });
        let (actor, tenant) = (run.name(subscriber.actor), run.name(subscriber.tenant));
        format!("{actor} of {tenant} never finished: it did not record that it is drained ({last})")
    });
}
