//! The result of a run, for people.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};

use anstyle::{AnsiColor, Style};
use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::{CheckedRun, EntityKind, SpanEnd};

use super::measured;
use crate::run::{Failure, Judged, RunReport, RunVerdict};
use crate::target::Target;

/// Runs that are listed one by one; more are summed up by kind.
const LISTED_RUNS: usize = 8;

/// Violations that are printed in full; the rest is counted.
const LISTED_VIOLATIONS: usize = 4;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Text in a style.
pub(crate) fn styled(style: Style, text: impl Display) -> impl Display {
    format!("{style}{text}{style:#}")
}

/// `1 client`, `2 clients`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `1 seed`, `2 seeds`.
pub fn many(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Returns what was run in one seed. The failure, if there is one, is the text of
/// [`failure`].
pub fn run(target: &dyn Target, report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_run(&mut text, target, report);
    text
}

fn write_run(text: &mut String, target: &dyn Target, report: &RunReport) -> fmt::Result {
    let about = target.about();
    let claim = about.claim.map(|claim| format!("  {claim}"));
    let claim = claim.unwrap_or_default();
    writeln!(text, "{}{claim}", styled(BOLD, target.name()))?;
    if let Some(defect) = about.defect {
        writeln!(text, "  carries the defect `{defect}`")?;
    }
    writeln!(text)?;
    let Some(judged) = &report.judged else {
        write_statistics(text, report)?;
        return writeln!(text);
    };
    let run = judged.run(&report.outcome);
    if run.spans().iter().len() > 0 {
        write_runs(text, &run)?;
        writeln!(text)?;
    }
    write_counts(text, judged, &run)?;
    write_statistics(text, report)?;
    measured::write_locks(text, &report.outcome.locks)?;
    measured::write_metrics(text, &run)?;
    write_checks(text, judged)?;
    measured::write_validations(text, judged)?;
    writeln!(text)
}

fn write_runs(text: &mut String, run: &CheckedRun<'_>) -> fmt::Result {
    let spans: Vec<&SpanRecord<'_>> = run.spans().iter().collect();
    let messages = |span: &SpanRecord<'_>| run.messages().of_span(span.began.span).count();
    let word = run.history.names.word(EntityKind::Message);
    if spans.len() <= LISTED_RUNS {
        for span in spans {
            let began = span.began;
            let channel = began.channel.map(|channel| run.name(channel).to_string());
            let ended = span.ends.first().map(|(at, _)| at.to_string());
            writeln!(
                text,
                "  {:<16} {:<8} {:<10} {:>4} {word}s  {} to {:<8} {}",
                began.label.as_str(),
                run.name(began.span).to_string(),
                channel.unwrap_or_default(),
                messages(span),
                span.at,
                ended.unwrap_or_default(),
                end(span.end()),
            )?;
        }
        return Ok(());
    }
    let mut kinds: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for span in spans {
        let kind = (span.began.kind.as_str(), end(span.end()));
        let entry = kinds.entry(kind).or_default();
        entry.0 += 1;
        entry.1 += messages(span);
    }
    for ((kind, end), (spans, messages)) in kinds {
        writeln!(
            text,
            "  {spans:>4} × {kind:<14} {messages:>6} {word}s  {end}"
        )?;
    }
    Ok(())
}

/// Returns the words for the end of a span.
pub(super) fn end(end: Option<SpanEnd>) -> &'static str {
    match end {
        Some(SpanEnd::Completed) => "completed",
        Some(SpanEnd::Failed) => "failed",
        Some(SpanEnd::TimedOut) => "timed out",
        Some(SpanEnd::Cancelled) => "cancelled",
        Some(SpanEnd::DiedSilently) => "died silently",
        Some(SpanEnd::HostDied) => "died with its host",
        None => "not ended",
    }
}

fn write_counts(text: &mut String, judged: &Judged, run: &CheckedRun<'_>) -> fmt::Result {
    let ledger = &judged.ledger;
    let receivers = run.messages().subscribers().len();
    if receivers == 0 && ledger.emitted == 0 {
        return Ok(());
    }
    let messages = format!("{}s", run.history.names.word(EntityKind::Message));
    write!(
        text,
        "  {messages:<9} {} emitted, {} delivered to {}{}",
        ledger.emitted,
        ledger.delivered,
        counted(receivers, run.history.names.word(EntityKind::Actor)),
        options(&judged.options)
    )?;
    for (count, what) in [
        (ledger.gap_marked, "gap-marked"),
        (ledger.rejected, "rejected"),
        (ledger.unanswered, "unanswered"),
        (ledger.lost, "lost"),
        (ledger.phantom, "phantom"),
    ] {
        if count > 0 {
            write!(text, ", {count} {what}")?;
        }
    }
    writeln!(text)
}

/// ` (transport websocket)`, or nothing.
pub(crate) fn options(options: &BTreeMap<String, String>) -> String {
    if options.is_empty() {
        return String::new();
    }
    let options = options.iter().map(|(key, value)| format!("{key} {value}"));
    format!(" ({})", options.collect::<Vec<_>>().join(", "))
}

fn write_statistics(text: &mut String, report: &RunReport) -> fmt::Result {
    let statistics = &report.outcome.statistics;
    writeln!(
        text,
        "  run       {} of virtual time, {} steps, {} choices, {} packets, {} waits for a lock",
        statistics.virtual_time,
        statistics.steps,
        statistics.choices,
        statistics.packets,
        statistics.lock_waits
    )
}

fn write_checks(text: &mut String, judged: &Judged) -> fmt::Result {
    let checks: Vec<String> = judged
        .checked
        .iter()
        .map(|(oracle, count)| format!("{oracle} {count}"))
        .collect();
    if !checks.is_empty() {
        writeln!(text, "  checked   {}", checks.join(", "))?;
    }
    if !judged.vacuous.is_empty() {
        let vacuous: Vec<&str> = judged.vacuous.iter().map(|o| o.name()).collect();
        let vacuous = vacuous.join(", ");
        writeln!(text, "  vacuous   {vacuous}: nothing to check in this run")?;
    }
    if !judged.goals.is_empty() {
        let goals: Vec<String> = judged.goals.iter().map(ToString::to_string).collect();
        writeln!(text, "  reached   {}", goals.join(", "))?;
    }
    Ok(())
}

/// The verdict of one seed, with what is wrong.
pub fn failure(report: &RunReport) -> String {
    let mut text = String::new();
    let _ = write_failure(&mut text, report);
    text
}

fn write_failure(text: &mut String, report: &RunReport) -> fmt::Result {
    let style = if report.verdict == RunVerdict::Pass {
        GOOD
    } else {
        BAD
    };
    let verdict = report.verdict.word().to_uppercase();
    writeln!(
        text,
        "{}  {}  seed {}  {}  {}",
        styled(style, verdict),
        report.target,
        report.seed,
        report.strategy,
        styled(
            DIM,
            format_args!("fingerprint {}", report.outcome.fingerprint)
        ),
    )?;
    for violation in report.failures.iter().take(LISTED_VIOLATIONS) {
        write_violation(text, violation)?;
    }
    if let Some(more @ 1..) = report.failures.len().checked_sub(LISTED_VIOLATIONS) {
        writeln!(text, "  and {more} more")?;
    }
    Ok(())
}

fn write_violation(text: &mut String, failure: &Failure) -> fmt::Result {
    let at = failure
        .at
        .map_or_else(String::new, |at| format!(" at {at}"));
    let name = styled(BOLD, failure.judge.name());
    let message = failure.message.replace('\n', "\n  ");
    writeln!(text, "  {name}{at}: {message}")
}
