//! `rehearsal replay`.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use rehearsal_sim::DeviationKind;

use crate::exit::Exit;
use crate::json::ReplayLine;
use crate::replay::Replay;
use crate::repro::Repro;
use crate::scenario::{Diagnostic, Scenario, names};
use crate::summary::{self, counted};

use super::{say, select};

pub(super) fn replay(root: &Path, file: &Path, json: bool) -> io::Result<Exit> {
    let (repro, scenario) = match read(root, file) {
        Ok(read) => read,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    let replay = Replay::of(&repro, &scenario);
    if json {
        let line = serde_json::to_string(&ReplayLine::new(file, &repro, &replay))?;
        say(&format!("{line}\n"))?;
    } else {
        say(&text(file, &repro, &scenario, &replay))?;
    }
    Ok(replay.exit())
}

fn read(root: &Path, file: &Path) -> Result<(Repro, Scenario), Vec<Diagnostic>> {
    let repro = Repro::read(file)?;
    let scenario = repro.find_scenario(file, &[PathBuf::from(root)])?;
    Ok((repro, scenario))
}

/// What was played, what came of it, and the failure with its witness.
fn text(file: &Path, repro: &Repro, scenario: &Scenario, replay: &Replay) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}  {}", repro.played_name(), scenario.claim);
    let _ = writeln!(text, "  file      {}", file.display());
    if !repro.cuts.is_empty() {
        let cuts: Vec<String> = repro.cuts.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  cuts      {}", cuts.join(", "));
    }
    let schedule = &repro.schedule;
    let played = repro
        .scenario()
        .map_or(scenario.spec.transport, |s| s.transport);
    let _ = writeln!(
        text,
        "  plays     seed {}, {}, {}; {}, {} among them",
        repro.seed,
        repro.strategy,
        names::transport(played),
        counted(schedule.len(), "decision"),
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
