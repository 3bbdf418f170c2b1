//! What a run came to, for people.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use rehearsal_history::facets::spans::SpanRecord;
use rehearsal_history::{CheckedRun, EntityKind, SpanEnd};
use rehearsal_sim::Verdict;

use crate::run::{Failure, RunReport, RunVerdict};
use crate::scenario::{ExpectedVerdict, Scenario, names};
use crate::sweep::Sweep;

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

/// What was run in one seed. What came of it is told by [`failure`].
pub fn run(scenario: &Scenario, report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_run(&mut text, scenario, report);
    text
}

fn write_run(text: &mut String, scenario: &Scenario, report: &RunReport) -> fmt::Result {
    writeln!(text, "{}  {}", styled(BOLD, &scenario.name), scenario.claim)?;
    if let Some(defect) = scenario.spec.defect {
        writeln!(text, "  carries the defect `{}`", defect.name())?;
    }
    writeln!(text)?;
    // How the engine saw the run end makes no difference to what is printed of it.
    let run = CheckedRun::new(&report.recorded, &Verdict::Pass, &report.statistics);
    write_runs(text, &run)?;
    writeln!(text)?;
    write_counts(text, report, &run)?;
    write_checks(text, report)?;
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
            writeln!(
                text,
                "  {:<16} {:<8} {:<10} {:>4} {word}s  {}",
                began.label.as_str(),
                run.name(began.span).to_string(),
                channel.unwrap_or_default(),
                messages(span),
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

fn end(end: Option<SpanEnd>) -> &'static str {
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

fn write_counts(text: &mut String, report: &RunReport, run: &CheckedRun<'_>) -> fmt::Result {
    let ledger = &report.books.ledger;
    let receivers = run.messages().subscribers().len();
    let messages = format!("{}s", run.history.names.word(EntityKind::Message));
    write!(
        text,
        "  {messages:<9} {} emitted, {} delivered to {} over {}",
        ledger.emitted,
        ledger.delivered,
        counted(receivers, run.history.names.word(EntityKind::Actor)),
        names::transport(report.books.transport)
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
    let statistics = &report.statistics;
    writeln!(text)?;
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

fn write_checks(text: &mut String, report: &RunReport) -> fmt::Result {
    let checks: Vec<String> = report
        .books
        .checked
        .iter()
        .map(|(oracle, count)| format!("{oracle} {count}"))
        .collect();
    writeln!(text, "  checked   {}", checks.join(", "))?;
    if !report.books.goals.is_empty() {
        let goals: Vec<String> = report.books.goals.iter().map(ToString::to_string).collect();
        writeln!(text, "  reached   {}", goals.join(", "))?;
    }
    Ok(())
}

/// The verdict of one seed, with what is wrong.
pub fn failure<B>(report: &RunReport<B>) -> String {
    let mut text = String::new();
    let _ = write_failure(&mut text, report);
    text
}

fn write_failure<B>(text: &mut String, report: &RunReport<B>) -> fmt::Result {
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
        report.name,
        report.seed,
        report.strategy,
        styled(DIM, format_args!("fingerprint {}", report.fingerprint)),
    )?;
    for violation in report.violations.iter().take(LISTED_VIOLATIONS) {
        write_violation(text, violation)?;
    }
    if let Some(more @ 1..) = report.violations.len().checked_sub(LISTED_VIOLATIONS) {
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

/// What to do with a failure whose repro is in `file`, as lines to copy.
pub fn next_steps(file: &Path) -> String {
    let file = shell_word(&file.to_string_lossy());
    let line = |command| format!("  {command:<7} rehearsal {command} {file}\n");
    ["replay", "report", "keep"].map(line).concat()
}

/// A text as one word of a shell's.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+./:=@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What many seeds came to.
pub fn sweep(scenario: &Scenario, sweep: &Sweep) -> String {
    let mut text = String::new();
    let _ = write_sweep(&mut text, scenario, sweep);
    text
}

fn write_sweep(text: &mut String, scenario: &Scenario, sweep: &Sweep) -> fmt::Result {
    let verdicts: Vec<String> = sweep
        .verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let passed = sweep.verdicts.keys().all(|v| *v == RunVerdict::Pass);
    let style = if passed { GOOD } else { BAD };
    writeln!(
        text,
        "{}  {} seeds: {}; {} events emitted, {} delivered, {:.1} s of virtual time",
        styled(style, &scenario.name),
        sweep.seeds,
        verdicts.join(", "),
        sweep.events.0,
        sweep.events.1,
        sweep.virtual_ms as f64 / 1_000.0,
    )?;
    if let ExpectedVerdict::Violation(oracle) = scenario.expect.verdict {
        match sweep.first_detected {
            Some(seed) => writeln!(
                text,
                "  expected: `{oracle}` caught the defect in {} of {} seeds, first in seed {seed}",
                sweep.detected, sweep.seeds
            )?,
            None => writeln!(
                text,
                "  `{oracle}` is expected to catch the defect and did not in {} seeds",
                sweep.seeds
            )?,
        }
    }
    Ok(())
}
