//! Terminal-exactly-once: each span has exactly one accepted terminal message, of the
//! kind that its end calls for, with nothing after it; and each subscriber receives it
//! exactly once. So every span that failed is reported, once. Without a profile, no
//! message is a terminal, and only the end of each span is checked.
//!
//! Excused, because no system can know better: a span whose host died just after its
//! terminal was accepted may have any terminal of that epoch; and if the host died
//! before it could even answer for one that got through, that one is not counted. A span
//! whose end has no terminal message in the profile needs none: it may have one all the
//! same, which was in flight when the span ended.

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Accepted, Epoch, Position, SpanEnd};
use crate::facets::messages::{Arrival, SendOutcome, Sending};
use crate::facets::spans::SpanRecord;
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, EntityId};
use crate::profile::Profile;
use crate::validation::Validation;

/// The oracle `terminal-exactly-once`.
#[derive(Debug)]
pub struct Terminal;

impl Oracle for Terminal {
    fn name(&self) -> &'static str {
        "terminal-exactly-once"
    }

    fn claim(&self) -> &'static str {
        "each span ends in exactly one terminal message, and nothing follows it"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Spans, Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "never-ended",
                meaning: "A span began and never ended.",
            },
            Rule {
                name: "no-terminal",
                meaning: "A span has no accepted terminal message.",
            },
            Rule {
                name: "second-terminal",
                meaning: "A span has more than one accepted terminal message.",
            },
            Rule {
                name: "wrong-terminal",
                meaning: "A terminal message is not of the kind that the span's end calls for.",
            },
            Rule {
                name: "accepted-after-end",
                meaning: "A message was accepted after its span's terminal message.",
            },
            Rule {
                name: "never-told",
                meaning: "A subscriber never received the terminal message.",
            },
            Rule {
                name: "received-after-end",
                meaning: "A subscriber received a message after its span's terminal message.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::SuccessRate]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        if !run.at_rest() {
            return Finding::not_applicable();
        }
        let mut report = Report::new();
        for record in run.spans().iter() {
            report.check(1);
            check_ended(run, record, &mut report);
            if let Some(profile) = run.history.profile {
                check_span(run, profile, record, &mut report);
            }
        }
        report.finish()
    }
}

fn check_ended(run: &CheckedRun<'_>, record: &SpanRecord<'_>, report: &mut Report) {
    if record.end().is_none() {
        report.broken("never-ended", [record.began.span.into()], None, || {
            format!("{} never ended", run.describe_record(record))
        });
    }
}

/// An accepted message with the system's answer.
type Answered<'r, 'a> = (&'r Sending<'a>, &'a Accepted);

fn check_span(
    run: &CheckedRun<'_>,
    profile: &Profile,
    record: &SpanRecord<'_>,
    report: &mut Report,
) {
    let span = record.began.span;
    let accepted = run.messages().accepted_in_order(span);
    let terminals: Vec<Answered<'_, '_>> = accepted
        .iter()
        .copied()
        .filter(|(sending, _)| run.is_terminal(sending.kind()))
        .collect();
    match terminals.as_slice() {
        [] if is_demanded(profile, record) => report_missing(run, record, report),
        [] => {}
        [only] => check_kind(run, profile, record, *only, report),
        [_, (second, _), ..] => report_repeated(run, record, &terminals, second, report),
    }
    let Some(terminal) = terminals.first() else {
        return;
    };
    check_rest(run, &accepted, *terminal, report);
    let channel = record.began.channel;
    let subscribers = channel.map(|channel| run.messages().subscribers_of(channel));
    for actor in subscribers.into_iter().flatten() {
        check_receipt(run, record, terminal.0, *actor, report);
    }
}

/// Returns `true` if the span must have a terminal message.
fn is_demanded(profile: &Profile, record: &SpanRecord<'_>) -> bool {
    let end = record.end();
    end.is_none_or(|end| profile.terminal_of(end).is_some())
}

fn report_missing(run: &CheckedRun<'_>, record: &SpanRecord<'_>, report: &mut Report) {
    let span = record.began.span;
    report.broken("no-terminal", [span.into()], None, || {
        let name = run.describe_record(record);
        match run.messages().of_span(span).next_back() {
            Some(last) => format!(
                "{name} has no terminal message; its last message is {}",
                run.describe(last)
            ),
            None => format!("{name} has no terminal message, nor any other"),
        }
    });
}

fn report_repeated(
    run: &CheckedRun<'_>,
    record: &SpanRecord<'_>,
    terminals: &[Answered<'_, '_>],
    second: &Sending<'_>,
    report: &mut Report,
) {
    let span = EntityId::from(record.began.span);
    let witness = std::iter::once(span).chain(terminals.iter().map(|(sent, _)| sent.id().into()));
    report.broken("second-terminal", witness, second.at, || {
        let names: Vec<String> = terminals
            .iter()
            .map(|(sending, _)| run.describe(sending))
            .collect();
        let (name, count) = (run.describe_record(record), names.len());
        format!("{name} has {count} terminal messages: {}", names.join(", "))
    });
}

fn check_kind(
    run: &CheckedRun<'_>,
    profile: &Profile,
    record: &SpanRecord<'_>,
    (terminal, accepted): Answered<'_, '_>,
    report: &mut Report,
) {
    let Some(end) = record.end() else {
        return;
    };
    let Some(due) = profile.terminal_of(end) else {
        return;
    };
    let cut_off = end == SpanEnd::HostDied && has_crashed(run, accepted.epoch());
    if terminal.sent.body.kind != due && !cut_off {
        let witness = [terminal.id().into(), record.began.span.into()];
        report.broken("wrong-terminal", witness, terminal.at, || {
            let (name, span) = (run.describe(terminal), run.name(record.began.span));
            format!("{name} ends {span}, which ended as {end:?}, and that calls for {due}")
        });
    }
}

fn has_crashed(run: &CheckedRun<'_>, epoch: Option<Epoch>) -> bool {
    epoch.is_some_and(|epoch| run.messages().has_crashed(epoch))
}

/// Nothing may be accepted after the first terminal. More terminals are reported by
/// themselves.
fn check_rest(
    run: &CheckedRun<'_>,
    accepted: &[Answered<'_, '_>],
    (terminal, end): Answered<'_, '_>,
    report: &mut Report,
) {
    for (sending, answer) in accepted {
        let later_in_span = match (answer.seq, end.seq) {
            (Some(seq), Some(last)) => (answer.epoch(), seq) > (end.epoch(), last),
            _ => sending.order > terminal.order,
        };
        let later_in_log = is_later_in_log(answer.position, end.position);
        if (later_in_span || later_in_log) && !run.is_terminal(sending.kind()) {
            let witness = [sending.id().into(), terminal.id().into()];
            report.broken("accepted-after-end", witness, sending.at, || {
                let (late, terminal) = (run.describe(sending), run.describe(terminal));
                format!("{late} was accepted after {terminal}, which ends it")
            });
        }
    }
}

fn is_later_in_log(position: Option<Position>, last: Option<Position>) -> bool {
    let (Some(position), Some(last)) = (position, last) else {
        return false;
    };
    position.channel == last.channel
        && (position.epoch, position.offset) > (last.epoch, last.offset)
}

fn check_receipt(
    run: &CheckedRun<'_>,
    record: &SpanRecord<'_>,
    terminal: &Sending<'_>,
    actor: ActorId,
    report: &mut Report,
) {
    let span = record.began.span;
    let mut arrivals = run.messages().span_inbox(actor, span).iter();
    let ended_by = arrivals.find(|arrival| {
        let kind = &arrival.delivery.received.body.kind;
        run.is_terminal(kind) && !is_excused(run, record, arrival)
    });
    let Some(ended_by) = ended_by else {
        let owed = run.messages().is_owed(actor, terminal);
        if owed && !run.messages().is_covered(actor, terminal) {
            let witness = [terminal.id().into(), span.into(), actor.into()];
            report.broken("never-told", witness, terminal.at, || {
                let (name, actor) = (run.describe(terminal), run.name(actor));
                let span = run.name(span);
                format!("{actor} was never told how {span} ended: {name} did not come")
            });
        }
        return;
    };
    let ended_by = ended_by.delivery.received;
    for arrival in arrivals {
        let received = arrival.delivery.received;
        let witness = [
            received.message.into(),
            ended_by.message.into(),
            actor.into(),
        ];
        report.broken("received-after-end", witness, arrival.delivery.at, || {
            let (late, end) = (
                run.describe_received(received),
                run.describe_received(ended_by),
            );
            let (actor, span) = (run.name(actor), run.name(span));
            format!("{late} reached {actor} after {end}, which ends {span}")
        });
    }
}

/// Returns `true` for a terminal that got through although its host died before
/// answering for it.
fn is_excused(run: &CheckedRun<'_>, record: &SpanRecord<'_>, arrival: &Arrival<'_>) -> bool {
    let sending = run.messages().sending_of(arrival);
    let unanswered = sending.is_some_and(|sent| sent.outcome == SendOutcome::Indeterminate);
    let position = arrival.delivery.received.position;
    let epoch = position.map(|position| position.epoch);
    unanswered && record.end() == Some(SpanEnd::HostDied) && has_crashed(run, epoch)
}
