//! The failure block below the verdict: the shrunk run that shows what is wrong.

use std::fmt::{self, Write};

use rehearsal_sim::DeviationKind;

use super::causal::{self, Line, LineKind, Timeline};
use super::summary::{BAD, BOLD, DIM, counted, many, styled};
use crate::repro::Repro;
use crate::shrink::ShrinkResult;
use crate::target::Target;

/// Returns the report of a failure's repro: its size, its timeline, what flips it.
/// `whole` is what failed, without cuts.
pub(crate) fn render(whole: &dyn Target, shrinking: &ShrinkResult) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_shrunk(&mut text, whole, shrinking);
    text
}

fn write_shrunk(text: &mut String, whole: &dyn Target, shrinking: &ShrinkResult) -> fmt::Result {
    let repro = &shrinking.repro;
    writeln!(text)?;
    let title = match repro.shrunk {
        Some(_) => "The shrunk run",
        None => "The run",
    };
    writeln!(text, "  {}", styled(BOLD, title))?;
    write_size(text, whole, shrinking)?;
    writeln!(text)?;
    let timeline = causal::timeline(&shrinking.report, &shrinking.explanation);
    write_timeline(text, &timeline)?;
    writeln!(text)?;
    write_decisive(text, repro, shrinking)
}

/// Writes the size of the shrunk target and of its schedule.
fn write_size(text: &mut String, whole: &dyn Target, shrinking: &ShrinkResult) -> fmt::Result {
    let lines = size(whole, shrinking);
    lines.iter().try_for_each(|line| writeln!(text, "  {line}"))
}

/// Returns the size of the shrunk target and of its schedule, and what it was shrunk from.
pub(super) fn size(whole: &dyn Target, shrinking: &ShrinkResult) -> Vec<String> {
    let mut parts = remaining(&*shrinking.variant, whole);
    if parts.is_empty() {
        parts.push(format!("the whole {}", shrinking.repro.origin.noun()));
    }
    let schedule = &shrinking.repro.schedule;
    let preemptions = schedule.count(DeviationKind::Preemption);
    let decisions = match schedule.len() {
        0 => "no deviations".to_owned(),
        count => format!(
            "{}, {}, of {}",
            counted(count, "deviation"),
            counted(preemptions, "preemption"),
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
            if shrinking.complete {
                ""
            } else {
                "; `rehearsal shrink` may get it smaller"
            },
        ));
    }
    lines
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
        LineKind::Note => " ",
        LineKind::Fault => "!",
        LineKind::Decision => ">",
        LineKind::Decisive => "»",
        LineKind::Failure => "×",
    };
    let body = format!(
        "{mark} {:>6}  {:>9}  {:<width$}  {}",
        line.step,
        line.at.to_string(),
        line.who,
        line.what
    );
    match line.kind {
        LineKind::Failure => writeln!(text, "  {}", styled(BAD, body)),
        LineKind::Decisive | LineKind::Decision => writeln!(text, "  {}", styled(BOLD, body)),
        LineKind::Note | LineKind::Fault => writeln!(text, "  {body}"),
    }
}

/// Writes which deviation decides the run.
fn write_decisive(text: &mut String, repro: &Repro, shrinking: &ShrinkResult) -> fmt::Result {
    if repro.schedule.is_empty() {
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
