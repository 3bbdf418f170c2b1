//! The canonical timeline of a run: what each run emitted and when each client
//! had it, in a form that is small, stable and worth reviewing.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use rehearsal_history::facets::messages::{SendOutcome, Sending};
use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::profile::Role;
use rehearsal_history::{CheckedRun, EntityKind, MessageId};

use crate::run::RunReport;

/// Runs that are shown; the others are counted.
const SHOWN_RUNS: usize = 6;

/// The timeline of a run.
pub fn canonical(report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_timeline(&mut text, report);
    text
}

fn write_timeline(text: &mut String, report: &RunReport) -> fmt::Result {
    writeln!(
        text,
        "{} seed {} {}: {}",
        report.target, report.seed, report.strategy, report.verdict
    )?;
    let Some(judged) = &report.judged else {
        return Ok(());
    };
    writeln!(
        text,
        "{} emitted, {} delivered, {} gap-marked, ends at {}",
        judged.ledger.emitted,
        judged.ledger.delivered,
        judged.ledger.gap_marked,
        report.outcome.statistics.virtual_time
    )?;
    let run = judged.run(&report.outcome);
    let sending: Vec<&SpanRecord<'_>> = {
        let sends = |span: &&SpanRecord<'_>| {
            let mut messages = run.messages().of_span(span.began.span);
            messages.next().is_some()
        };
        run.spans().iter().filter(sends).collect()
    };
    let arrivals = arrivals(&run);
    for span in sending.iter().take(SHOWN_RUNS) {
        write_span(text, &run, span, &arrivals)?;
    }
    if sending.len() > SHOWN_RUNS {
        let word = run.history.names.word(EntityKind::Span);
        writeln!(text, "and {} more {word}s", sending.len() - SHOWN_RUNS)?;
    }
    for received in run.messages().gaps() {
        let gap = received.gap;
        let to = gap.to.map_or("the end".to_owned(), |to| to.0.to_string());
        writeln!(
            text,
            "{} is told at {} that {} has a gap in epoch {}, {} to {to}",
            run.name(received.actor),
            received.at,
            run.name(gap.channel),
            gap.epoch.0,
            gap.from.0
        )?;
    }
    Ok(())
}

/// For each message, its receivers with their times.
type Arrivals = BTreeMap<MessageId, Vec<String>>;

fn arrivals(run: &CheckedRun<'_>) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for delivery in run.messages().deliveries() {
        let entry = format!("{} {}", run.name(delivery.actor), delivery.at);
        let message = delivery.received.message;
        arrivals.entry(message).or_default().push(entry);
    }
    arrivals
}

fn write_span(
    text: &mut String,
    run: &CheckedRun<'_>,
    span: &SpanRecord<'_>,
    arrivals: &Arrivals,
) -> fmt::Result {
    let began = span.began;
    write!(text, "{} {}", run.name(began.span), began.label)?;
    if let Some(channel) = began.channel {
        write!(text, " on {}", run.name(channel))?;
    }
    if let Some(parent) = began.parent {
        write!(text, ", started by {}", run.name(parent))?;
    }
    writeln!(text)?;
    let sendings: Vec<&Sending<'_>> = run.messages().of_span(began.span).collect();
    write_sendings(text, run, &sendings, arrivals)
}

/// Lines for a span's messages; updates in a row share one.
fn write_sendings(
    text: &mut String,
    run: &CheckedRun<'_>,
    sendings: &[&Sending<'_>],
    arrivals: &Arrivals,
) -> fmt::Result {
    let is_update = |sending: &Sending<'_>| {
        let profile = run.history.profile;
        let role = profile.and_then(|profile| profile.role(sending.sent.body.kind.as_str()));
        matches!(role, Some(Role::Increases { .. }))
    };
    let both = |a: &&Sending<'_>, b: &&Sending<'_>| is_update(a) && is_update(b);
    for group in sendings.chunk_by(both) {
        let [first, .., last] = group else {
            write_sending(text, run, group[0], arrivals)?;
            continue;
        };
        writeln!(
            text,
            "  {} .. {} {} × {}",
            first.at,
            last.at,
            first.sent.body.kind,
            group.len()
        )?;
    }
    Ok(())
}

fn write_sending(
    text: &mut String,
    run: &CheckedRun<'_>,
    sending: &Sending<'_>,
    arrivals: &Arrivals,
) -> fmt::Result {
    let body = sending.sent.body.without_secrets();
    write!(text, "  {} {}", sending.at, body.named(&run.history.names))?;
    match sending.outcome {
        SendOutcome::Accepted(_) => {}
        SendOutcome::Rejected(reason) => write!(text, " rejected: {reason}")?,
        SendOutcome::Indeterminate => write!(text, " unanswered")?,
    }
    if let Some(receivers) = arrivals.get(&sending.id()) {
        write!(text, " -> {}", receivers.join(", "))?;
    }
    writeln!(text)
}
