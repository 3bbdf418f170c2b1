//! The failure block below the verdict: the shrunk run that shows what is wrong.

use std::fmt::{self, Write};
use std::path::Path;

use rehearsal_sim::DeviationKind;

use super::causal::{self, Line, LineKind, Timeline};
use super::summary::{BAD, BOLD, DIM, counted, many, styled};
use crate::console::Shown;
use crate::repro::shell_path;
use crate::shrink::ShrinkResult;
use crate::target::Target;

/// Returns the report of a failure's repro: its size, its timeline, what flips it.
/// `whole` is what failed, without cuts; `file` holds the repro, if it is in a file.
pub(crate) fn render(whole: &dyn Target, shrinking: &ShrinkResult, file: Option<&Path>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_shrunk(&mut text, whole, shrinking, file);
    text
}

fn write_shrunk(
    text: &mut String,
    whole: &dyn Target,
    shrinking: &ShrinkResult,
    file: Option<&Path>,
) -> fmt::Result {
    let repro = &shrinking.repro;
    writeln!(text)?;
    let title = match repro.shrunk {
        Some(_) => "The shrunk run",
        None => "The run",
    };
    writeln!(text, "  {}", styled(BOLD, title))?;
    write_size(text, whole, shrinking, file)?;
    writeln!(text)?;
    let timeline = causal::timeline(&shrinking.report, &shrinking.explanation);
    write_timeline(text, &timeline)?;
    writeln!(text)?;
    write_decisive(text, shrinking)
}

/// Writes the size of the shrunk target and of its schedule.
fn write_size(
    text: &mut String,
    whole: &dyn Target,
    shrinking: &ShrinkResult,
    file: Option<&Path>,
) -> fmt::Result {
    let lines = size(whole, shrinking, file);
    lines.iter().try_for_each(|line| writeln!(text, "  {line}"))
}

/// Returns the size of the shrunk target and of its schedule, and what it was shrunk from.
pub(super) fn size(
    whole: &dyn Target,
    shrinking: &ShrinkResult,
    file: Option<&Path>,
) -> Vec<String> {
    let mut parts = remaining(&*shrinking.variant, whole);
    if parts.is_empty() {
        parts.push(format!("the whole {}", shrinking.repro.origin.noun()));
    }
    let schedule = shrinking.schedule();
    let preemptions = schedule.count(DeviationKind::Preemption);
    let decisions = match schedule.len() {
        0 => "no deviations".to_owned(),
        count => format!(
            "{}, {}{}, of {}",
            counted(count, "deviation"),
            counted(preemptions, "preemption"),
            match schedule.count(DeviationKind::Postponement) {
                0 => String::new(),
                postponements => format!(", {}", counted(postponements, "postponement")),
            },
            many(shrinking.report.outcome.statistics.choices, "choice"),
        ),
    };
    let mut lines = vec![format!("{}; {decisions}", parts.join(", "))];
    if let Some(shrunk) = shrinking.repro.shrunk {
        lines.push(format!(
            "shrunk from {}, {}, in {}{}",
            counted(shrunk.decisions, "deviation"),
            counted(shrunk.preemptions, "preemption"),
            counted(usize::try_from(shrunk.runs).unwrap_or(usize::MAX), "run"),
            unfinished(shrinking, file),
        ));
    }
    lines
}

/// Returns that shrinking was cut short, and the command that goes on with it; empty if it was
/// not. No command line has a system of the user's own unless the package is named.
fn unfinished(shrinking: &ShrinkResult, file: Option<&Path>) -> String {
    let file = file.filter(|_| shrinking.repro.custom_system().is_none());
    match (shrinking.complete, file) {
        (true, _) => String::new(),
        (false, None) => "; a limit was reached".to_owned(),
        (false, Some(file)) => {
            let file = shell_path(file);
            format!("; `rehearsal shrink {file}` may get it smaller")
        }
    }
}

/// Returns what the cuts have left of each part that is smaller than in the whole.
fn remaining(variant: &dyn Target, whole: &dyn Target) -> Vec<String> {
    let parts = variant.extent().into_iter().zip(whole.extent());
    parts
        .filter(|(left, all)| left.count != all.count)
        .map(|(left, all)| format!("{} of {}", left.count, many(all.count, all.noun)))
        .collect()
}

fn write_timeline(text: &mut String, timeline: &Timeline) -> fmt::Result {
    let width = timeline.lines.iter().map(|line| line.who.chars().count());
    let width = width.max().unwrap_or(0).min(28);
    for line in &timeline.lines {
        write_line(text, line, width)?;
    }
    if timeline.left_out > 0 {
        let more = counted(timeline.left_out, "more line");
        writeln!(
            text,
            "  {}",
            styled(DIM, format_args!("  and {more} of other things"))
        )?;
    }
    Ok(())
}

fn write_line(text: &mut String, line: &Line, width: usize) -> fmt::Result {
    let mark = match line.kind {
        LineKind::Note | LineKind::Log | LineKind::Consequence => " ",
        LineKind::Fault => "!",
        LineKind::Decision => ">",
        LineKind::Decisive => "»",
        LineKind::Failure => "×",
    };
    let times = match line.times {
        1 => String::new(),
        times => format!(" (×{times})"),
    };
    let body = format!(
        "{mark} {:>6}  {:>9}  {:<width$}  {}{times}",
        line.step,
        line.at.to_string(),
        line.who.shown().to_string(),
        line.what.shown()
    );
    match line.kind {
        LineKind::Failure => writeln!(text, "  {}", styled(BAD, body)),
        LineKind::Decisive | LineKind::Decision => writeln!(text, "  {}", styled(BOLD, body)),
        LineKind::Note | LineKind::Log | LineKind::Consequence | LineKind::Fault => {
            writeln!(text, "  {body}")
        }
    }
}

/// Writes which deviation decides the run.
fn write_decisive(text: &mut String, shrinking: &ShrinkResult) -> fmt::Result {
    if shrinking.schedule().is_empty() {
        return writeln!(
            text,
            "  No deviation is needed: the default schedule fails."
        );
    }
    match shrinking.explanation.decisive() {
        Some(_) => writeln!(text, "  Without the deviation marked » the run passes."),
        None if !shrinking.explanation.is_tried() => Ok(()),
        None => writeln!(
            text,
            "  No single deviation is decisive: the run fails without any one of them."
        ),
    }
}
