//! The failure block: what is wrong, the shrunk run that shows it, and what to
//! type next.

use std::fmt::{self, Write};
use std::path::Path;

use rehearsal_agents::spec::BridgeSpec;
use rehearsal_sim::DecisionKind;

use crate::causal::{self, Line, LineKind, Timeline};
use crate::repro::Repro;
use crate::run::RunReport;
use crate::scenario::Scenario;
use crate::shrink::Shrinking;
use crate::summary::{self, BAD, BOLD, DIM, counted, styled};

/// The block for a failure that has been shrunk. `scenario` is the one that
/// failed, `report` its run; `file` holds the shrunk repro.
pub(crate) fn failure(
    scenario: &Scenario,
    report: &RunReport,
    shrinking: &Shrinking,
    file: &Path,
) -> String {
    let mut text = summary::failure(report);
    // Writing to a string cannot fail.
    let _ = write_shrunk(&mut text, scenario, shrinking);
    let _ = write_commands(&mut text, file);
    text
}

/// The same for a repro that was played and not shrunk just now.
pub(crate) fn replayed(scenario: &Scenario, shrinking: &Shrinking) -> String {
    let mut text = String::new();
    let _ = write_shrunk(&mut text, scenario, shrinking);
    text
}

fn write_shrunk(text: &mut String, scenario: &Scenario, shrinking: &Shrinking) -> fmt::Result {
    let repro = &shrinking.repro;
    writeln!(text)?;
    writeln!(text, "  {}", styled(BOLD, "The shrunk run"))?;
    write_size(text, scenario, shrinking)?;
    writeln!(text)?;
    let timeline = causal::timeline(&shrinking.report, &shrinking.explanation);
    write_timeline(text, &timeline)?;
    writeln!(text)?;
    write_decisive(text, repro, shrinking)
}

/// What is left of the scenario and of the schedule.
fn write_size(text: &mut String, scenario: &Scenario, shrinking: &Shrinking) -> fmt::Result {
    let (whole, left) = (&scenario.spec, &shrinking.staged.spec);
    let mut parts = Vec::new();
    let of = |left: u64, whole: u64, what: &str| {
        (left != whole).then(|| format!("{left} of {}", counted(whole as usize, what)))
    };
    parts.extend(of(agents(left), agents(whole), "agent"));
    parts.extend(of(events(left), events(whole), "planned event"));
    parts.extend(of(
        left.faults.budget.into(),
        whole.faults.budget.into(),
        "possible fault",
    ));
    if parts.is_empty() {
        parts.push("the whole scenario".to_owned());
    }
    let schedule = &shrinking.repro.schedule;
    let preemptions = schedule.count(DecisionKind::Preemption);
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

fn agents(spec: &BridgeSpec) -> u64 {
    spec.agents.iter().map(|group| u64::from(group.count)).sum()
}

fn events(spec: &BridgeSpec) -> u64 {
    let groups = spec.agents.iter();
    groups
        .map(|group| u64::from(group.count) * group.kind.events())
        .sum()
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
    let step = line.step.map_or_else(String::new, |step| step.to_string());
    let body = format!(
        "{mark} {step:>6}  {:>9}  {:<width$}  {}",
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
fn write_decisive(text: &mut String, repro: &Repro, shrinking: &Shrinking) -> fmt::Result {
    if repro.schedule.is_empty() {
        return writeln!(
            text,
            "  No choice is needed: the boring schedule fails, so every run comes near this."
        );
    }
    match shrinking.explanation.decisive() {
        Some(_) => writeln!(text, "  Without the choice marked » the run passes."),
        None => writeln!(
            text,
            "  No single choice makes the run pass if it is left out."
        ),
    }
}

/// What to type next.
pub(crate) fn write_commands(text: &mut String, file: &Path) -> fmt::Result {
    let file = shell(&file.to_string_lossy());
    writeln!(text)?;
    for (what, command) in [("replay", "replay"), ("report", "report"), ("keep", "keep")] {
        writeln!(text, "  {what:<7} rehearsal {command} {file}")?;
    }
    Ok(())
}

/// A path as a shell takes it for one word.
fn shell(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,:@%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zz_probe() {
        use crate::run::{self, RunOptions, StrategyName};
        for (name, seed) in [
            ("sequence-apart-from-send", 5),
            ("lock-order-inversion", 0),
            ("resume-inclusive", 0),
            ("broadcast-to-all", 0),
            ("shared-run-context", 4),
        ] {
            let file = format!("scenarios/defects/{name}.toml");
            let s = crate::scenario::load(file.as_ref()).unwrap();
            let r = run::play(
                &s,
                RunOptions::new(seed, StrategyName::Portfolio).recorded(),
            );
            let repro = Repro::of(&s, &r).unwrap();
            let out =
                crate::shrink::shrink(&s, &repro, &crate::shrink::Limits::runs(20000)).unwrap();
            println!(
                "{}",
                anstream::adapter::strip_str(&failure(&s, &r, &out, "target/x.repro".as_ref()))
            );
        }
    }

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(shell("target/a-1.repro"), "target/a-1.repro");
        assert_eq!(shell("my dir/it's"), r"'my dir/it'\''s'");
    }
}
