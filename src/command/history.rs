//! `rehearsal history` on the target of a repro.

use std::fmt::Write;
use std::io;

use rehearsal_history::History;
use rehearsal_history::jsonl::write_jsonl;

use super::Console;
use crate::exit::Exit;
use crate::repro::Repro;
use crate::repro::replay::Replay;
use crate::target::Target;

pub(super) fn history(
    target: &dyn Target,
    repro: &Repro,
    json: bool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let replay = Replay::of(repro, target);
    if !replay.result.is_reproduced() {
        let explanation = replay.explain(repro);
        console.warn(&format!("warning: {}: {explanation}\n", replay.result));
    }
    let report = replay.report.as_ref();
    let judged = report.and_then(|report| report.judged.as_ref());
    let Some(judged) = judged else {
        console.warn("error: the run records no history\n");
        return Ok(Exit::NothingSelected);
    };
    console.print(&if json {
        lines_of_json(&judged.history)?
    } else {
        lines(&judged.history)
    })?;
    Ok(if replay.result.is_reproduced() {
        Exit::Pass
    } else {
        Exit::NotReproduced
    })
}

fn lines_of_json(history: &History) -> io::Result<String> {
    let mut bytes = Vec::new();
    write_jsonl(history, &mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Returns time, actor and text of each entry. Without control characters, whatever the
/// names have in them.
fn lines(history: &History) -> String {
    let names = &history.names;
    let actors = history.entries.iter().map(|entry| {
        let actor = entry.actor.map(|actor| names.of(actor).to_string());
        actor.unwrap_or_default()
    });
    let actors: Vec<String> = actors.collect();
    let width = actors.iter().map(|actor| actor.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for (entry, actor) in history.entries.iter().zip(&actors) {
        let line = format!("{:>10}  {actor:width$}  ", entry.at.to_string());
        let line = line + &entry.describe(names);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.replace(char::is_control, "\u{FFFD}"));
    }
    text
}
