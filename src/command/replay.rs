//! `rehearsal replay` on the target of a repro.

use std::fmt::Write;
use std::io;
use std::path::Path;

use rehearsal_sim::DeviationKind;

use super::Console;
use crate::console::Shown;
use crate::exit::Exit;
use crate::report::json::ReplayLine;
use crate::report::summary::{self, counted};
use crate::repro::Repro;
use crate::repro::replay::Replay;
use crate::target::Target;

pub(super) fn replay(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    json: bool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let replay = Replay::of(repro, target);
    if json {
        let line = serde_json::to_string(&ReplayLine::new(file, repro, &replay))?;
        console.print(&format!("{line}\n"))?;
    } else {
        console.print_text(&text(file, repro, target, &replay))?;
    }
    Ok(replay.exit())
}

/// Returns what was run, the result, and the failure with its witness.
fn text(file: &Path, repro: &Repro, target: &dyn Target, replay: &Replay) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let claim = target.about().claim.map(|claim| format!("  {claim}"));
    let _ = writeln!(text, "{}{}", repro.target_name(), claim.unwrap_or_default());
    let _ = writeln!(text, "  file      {}", file.shown());
    if !repro.cuts.is_empty() {
        let cuts: Vec<String> = repro.cuts.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  cuts      {}", cuts.join(", "));
    }
    let schedule = replay.deviations(repro);
    if let Some(scenario) = repro.scenario().filter(|scenario| !scenario.set.is_empty()) {
        let set: Vec<String> = scenario.set.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  set       {}", set.join(", "));
    }
    let _ = writeln!(
        text,
        "  runs      seed {}, {}; {}, {} among them",
        repro.seed,
        repro.strategy,
        counted(schedule.len(), "deviation"),
        counted(schedule.count(DeviationKind::Preemption), "preemption"),
    );
    let _ = writeln!(text, "  result    {}", replay.result);
    let _ = writeln!(text, "            {}", replay.explain(repro));
    if let Some(report) = &replay.report {
        let _ = writeln!(text);
        text.push_str(&summary::failure(report));
    }
    text
}
