//! `rehearsal keep` on the target of a repro.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Console;
use crate::console::Shown;
use crate::exit::Exit;
use crate::regression;
use crate::repro::replay::Replay;
use crate::repro::{Draft, EXTENSION, Repro};
use crate::scenario::ExpectedVerdict;
use crate::target::{Origin, Target};

/// The longest part of a message that goes into a default name, in characters.
const SLUG_MAX: usize = 40;

/// The arguments of `rehearsal keep`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct KeepRequest {
    /// The repro file.
    pub file: PathBuf,
    /// The regression's name; without this it is made of the target's name and the
    /// failure.
    pub name: Option<String>,
    /// A regression of that name is replaced.
    pub force: bool,
    /// The directory of regressions of targets that have no directory of their own.
    pub regressions: PathBuf,
}

pub(super) fn keep(
    target: &dyn Target,
    repro: &Repro,
    text: &str,
    request: &KeepRequest,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let name = request.name.clone().unwrap_or_else(|| default_name(repro));
    if !is_name(&name) {
        console.warn(&format!(
            "error: `{}` cannot be a name: it becomes a file's and a test's, so use letters, \
             digits, `_`, `-`, `+` and `.`, a letter or digit first, at most 120 in all\n",
            name.escape_debug()
        ));
        return Ok(Exit::Usage);
    }
    let replay = Replay::of(repro, target);
    if !replay.result.is_reproduced() {
        console.warn(&format!(
            "error: not kept, because it does not reproduce: {}\n  {}\n",
            replay.result,
            replay.explain(repro)
        ));
        return Ok(Exit::NotReproduced);
    }
    let own = target.identity().regressions;
    let directory = own.as_ref().unwrap_or(&request.regressions);
    let path = directory.join(format!("{name}.{EXTENSION}"));
    match place(&path, text, request.force) {
        Ok(Placed::Written) => {}
        Ok(Placed::SameAlready) => {
            console.print(&format!("{} is kept already\n", path.shown()))?;
            return Ok(Exit::Pass);
        }
        Ok(Placed::Refused) => {
            console.warn(&format!(
                "error: {} is there and says something else; choose another --name, or replace it \
                 with --force\n",
                path.shown()
            ));
            return Ok(Exit::Usage);
        }
        Err(error) => {
            console.warn(&format!("error: cannot write {}: {error}\n", path.shown()));
            return Ok(Exit::Internal);
        }
    }
    console.print(&format!(
        "kept {}\n`cargo test` replays it first, {}: {}\n",
        path.shown(),
        place_in_tests(repro, &path),
        meaning(repro, target)
    ))?;
    Ok(Exit::Pass)
}

/// Returns which test replays the kept file.
fn place_in_tests(repro: &Repro, path: &Path) -> String {
    match &repro.origin {
        Origin::Scenario(_) => format!("as the test `{}`", regression::test_name(path)),
        Origin::Test(test) => format!("in the test `{}`", test.short_name()),
    }
}

/// Returns what the test will ask for.
fn meaning(repro: &Repro, target: &dyn Target) -> &'static str {
    match target.expected().verdict {
        ExpectedVerdict::Violation(oracle)
            if repro.scenario().is_some_and(|s| !s.healthy)
                && repro.expected.signature.judge == oracle.name() =>
        {
            "the defect must still show"
        }
        _ => "it fails until the bug is fixed, and again if the bug comes back",
    }
}

enum Placed {
    Written,
    SameAlready,
    Refused,
}

/// Puts a text into a file that is not there, or that may be replaced.
fn place(path: &Path, text: &str, force: bool) -> io::Result<Placed> {
    match std::fs::read(path) {
        Ok(there) if there == text.as_bytes() => return Ok(Placed::SameAlready),
        Ok(_) if !force => return Ok(Placed::Refused),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let draft = Draft::write(path, text.as_bytes())?;
    if force {
        draft.replace()?;
        return Ok(Placed::Written);
    }
    match draft.place() {
        // Another process has kept one under this name in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Placed::Refused),
        placed => placed.map(|()| Placed::Written),
    }
}

/// Returns a name of the target, the failure's detector, and the first words of the failure.
fn default_name(repro: &Repro) -> String {
    let signature = &repro.expected.signature;
    let words = signature.to_string();
    let mut slug = String::new();
    for character in words.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= SLUG_MAX {
            break;
        }
    }
    // What was broken off within a word says less than the words before it.
    let slug = match slug.rsplit_once('-') {
        Some((words, _)) if slug.len() >= SLUG_MAX => words,
        _ => slug.trim_end_matches('-'),
    };
    format!("{}-{slug}", repro.origin.file_stem())
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 120
        && text.chars().all(allowed)
}
