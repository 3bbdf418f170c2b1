//! The failure block below the verdict: the shrunk run that shows what is wrong.

use std::fmt::{self, Write};

use rehearsal_sim::DeviationKind;

use crate::causal::{self, Line, LineKind, Timeline};
use crate::repro::Repro;
use crate::shrink::Shrinking;
use crate::subject::Subject;
use crate::summary::{BAD, BOLD, DIM, counted, styled};

/// The story of a failure's repro: its size, its timeline, what flips it.
/// `whole` is what failed, without cuts.
pub(crate) fn story<S: Subject>(whole: &S, shrinking: &Shrinking<S>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_shrunk(&mut text, whole, shrinking);
    text
}

fn write_shrunk<S: Subject>(text: &mut String, whole: &S, shrinking: &Shrinking<S>) -> fmt::Result {
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

/// What is left of the subject and of the schedule.
fn write_size<S: Subject>(text: &mut String, whole: &S, shrinking: &Shrinking<S>) -> fmt::Result {
    let mut parts = shrinking.staged.left_of(whole);
    if parts.is_empty() {
        parts.push(format!("the whole {}", shrinking.repro.origin.noun()));
    }
    let schedule = &shrinking.repro.schedule;
    let preemptions = schedule.count(DeviationKind::Preemption);
    let decisions = match schedule.len() {
        0 => "no choice that is not boring".to_owned(),
        count => format!(
            "{} not boring, {}",
            counted(count, "choice"),
            counted(preemptions, "preemption")
        ),
    };
    writeln!(text, "  {}; {decisions}", parts.join(", "))?;
    if let Some(shrunk) = shrinking.repro.shrunk {
        writeln!(
            text,
            "  from {} and {}, in {}{}",
            counted(shrunk.decisions, "choice"),
            counted(shrunk.preemptions, "preemption"),
            counted(usize::try_from(shrunk.runs).unwrap_or(usize::MAX), "run"),
            if shrinking.complete {
                ""
            } else {
                "; `rehearsal shrink` may get it smaller"
            },
        )?;
    }
    Ok(())
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

/// What it takes to flip the run.
fn write_decisive<S: Subject>(
    text: &mut String,
    repro: &Repro,
    shrinking: &Shrinking<S>,
) -> fmt::Result {
    if repro.schedule.is_empty() {
        return writeln!(
            text,
            "  No choice is needed: the boring schedule fails, so every run comes near this."
        );
    }
    match shrinking.explanation.decisive() {
        Some(_) => writeln!(text, "  Without the choice marked » the run passes."),
        None if !shrinking.explanation.is_tried() => Ok(()),
        None => writeln!(
            text,
            "  No single choice makes the run pass if it is left out."
        ),
    }
}
