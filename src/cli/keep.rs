//! `rehearsal keep`.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exit::Exit;
use crate::regression;
use crate::replay::Replay;
use crate::repro::{EXTENSION, Repro, read, write};
use crate::scenario::{Diagnostic, ExpectedVerdict, FileKind, Scenario, Source};

use super::{KeepArgs, complain, say, select};

/// The longest part of a message that goes into a default name, in characters.
const LONGEST_SLUG: usize = 40;

pub(super) fn keep(root: &Path, args: &KeepArgs) -> io::Result<Exit> {
    let (source, repro, scenario) = match read_all(root, &args.file) {
        Ok(read) => read,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    let name = args.name.clone().unwrap_or_else(|| default_name(&repro));
    if !is_name(&name) {
        complain(&format!(
            "error: `{}` cannot be a name: it becomes a file's and a test's, so use letters, \
             digits, `_`, `-`, `+` and `.`, a letter or digit first, at most 120 in all\n",
            name.escape_debug()
        ));
        return Ok(Exit::Usage);
    }
    let replay = Replay::of(&repro, &scenario);
    if !replay.result.is_reproduced() {
        complain(&format!(
            "error: not kept, because it does not reproduce: {}\n  {}\n",
            replay.result,
            replay.explain(&repro)
        ));
        return Ok(Exit::NotReproduced);
    }
    let directory = root.join(regression::DIRECTORY);
    let path = directory.join(format!("{name}.{EXTENSION}"));
    match place(&path, source.text(), args.force) {
        Ok(Placed::Written) => {}
        Ok(Placed::SameAlready) => {
            say(&format!("{} is kept already\n", path.display()))?;
            return Ok(Exit::Pass);
        }
        Ok(Placed::Refused) => {
            complain(&format!(
                "error: {} is there and says something else; choose another --name, or replace it \
                 with --force\n",
                path.display()
            ));
            return Ok(Exit::Usage);
        }
        Err(error) => {
            complain(&format!(
                "error: cannot write {}: {error}\n",
                path.display()
            ));
            return Ok(Exit::Internal);
        }
    }
    let test = regression::test_name(&path);
    say(&format!(
        "kept {}\n`cargo test` plays it first, as the test `{test}`: {}\n",
        path.display(),
        meaning(&repro, &scenario)
    ))?;
    Ok(Exit::Pass)
}

fn read_all(root: &Path, file: &Path) -> Result<(Arc<Source>, Repro, Scenario), Vec<Diagnostic>> {
    let source = Source::read(FileKind::Repro, file)?;
    let repro = read::decode(&source)?;
    let scenario = repro.find_scenario(file, &[PathBuf::from(root)])?;
    Ok((source, repro, scenario))
}

/// What the test will ask for.
fn meaning(repro: &Repro, scenario: &Scenario) -> &'static str {
    match scenario.expect.verdict {
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
    write::replace(path, text.as_bytes())?;
    Ok(Placed::Written)
}

/// The scenario, who found the failure, and the first words of what it is.
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
        if slug.len() >= LONGEST_SLUG {
            break;
        }
    }
    // What was broken off within a word says less than the words before it.
    let slug = match slug.rsplit_once('-') {
        Some((words, _)) if slug.len() >= LONGEST_SLUG => words,
        _ => slug.trim_end_matches('-'),
    };
    format!("{}-{slug}", repro.played_name())
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 120
        && text.chars().all(allowed)
}
