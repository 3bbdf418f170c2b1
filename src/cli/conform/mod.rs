//! `rehearsal conform`: recorded files under rules that need no run.
//!
//! A history, which has entries of all actors, is judged by the oracles. A stream, which has
//! the messages of one connection, is checked by a wire profile. The profile in front of the
//! file is what tells them apart.

mod history;
mod stream;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use rehearsal_history::jsonl::JsonlProblem;
use rehearsal_history::wire::{WIRE_PROFILES, WireProfile, wire_profile};

use super::print_error;
use crate::chosen_oracle::ChosenOracle;
use crate::console::Shown;
use crate::exit::Exit;
use crate::scenario::suggest::nearest;

/// The arguments of `rehearsal conform`.
#[derive(Args, Debug)]
#[command(
    override_usage = "rehearsal conform [OPTIONS] [PROFILE] <FILE>\n       \
                      rehearsal conform --list [--json]",
    after_help = profiles_help()
)]
pub(super) struct ConformArgs {
    /// The wire profile that the stream must follow, and the stream; or the history alone. As
    /// JSON Lines; `-` is standard input.
    #[arg(value_name = "[PROFILE] FILE", num_args = 1..=2, required_unless_present = "list")]
    operands: Vec<PathBuf>,
    /// Judge a history by this oracle, which then must have something to check; with settings
    /// as in `no-loss,gaps=overflow+crash,buffer=8`. May be repeated. Without this, every
    /// oracle judges, as strictly as it can, that needs no settings and reads nothing but what
    /// is recorded.
    #[arg(long = "oracle", value_name = "NAME[,SETTING=VALUE]...")]
    oracles: Vec<ChosenOracle>,
    /// List the profiles with their rules.
    #[arg(long, conflicts_with_all = ["operands", "oracles"])]
    pub(super) list: bool,
    /// Print one JSON object a line: one line an oracle, one line a stream, or one line a
    /// profile.
    #[arg(long)]
    json: bool,
}

/// Returns the list of profiles for the help text.
fn profiles_help() -> String {
    let width = WIRE_PROFILES.iter().map(|profile| profile.name.len()).max();
    let width = width.unwrap_or_default();
    let lines = WIRE_PROFILES
        .iter()
        .map(|profile| format!("  {:width$}  {}\n", profile.name, profile.claim));
    format!("Profiles:\n{}", lines.collect::<String>())
}

pub(super) fn conform(args: &ConformArgs) -> io::Result<Exit> {
    if args.list {
        return stream::list(args.json);
    }
    match args.operands.as_slice() {
        [profile, file] => match profile_named(profile, args) {
            Ok(profile) => stream::conform(profile, &Input::of(file), args.json),
            Err(complaint) => Ok(refused(&complaint)),
        },
        [file] if is_profile(file) && !file.exists() => {
            let name = file.shown();
            let hint = format!("`{name}` is a profile: name the file of the stream after it");
            Ok(refused(&hint))
        }
        [file] => history::conform(args, &Input::of(file)),
        operands => unreachable!("1 to 2 operands, not {}", operands.len()),
    }
}

fn is_profile(name: &Path) -> bool {
    name.to_str().and_then(wire_profile).is_some()
}

fn profile_named(name: &Path, args: &ConformArgs) -> Result<&'static WireProfile, String> {
    let profile = name.to_str().and_then(wire_profile).ok_or_else(|| {
        let names: Vec<&str> = WIRE_PROFILES.iter().map(|profile| profile.name).collect();
        let name = name.to_string_lossy();
        let near = nearest(&name, names.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? "));
        format!(
            "`{}` is no profile; {}there are {}",
            printable(&name),
            near.unwrap_or_default(),
            names.join(", ")
        )
    })?;
    if args.oracles.is_empty() {
        Ok(profile)
    } else {
        Err("a profile checks a stream, --oracle judges a history: leave one of them out".into())
    }
}

fn refused(complaint: &str) -> Exit {
    print_error(&format!("error: {complaint}\n"));
    Exit::Usage
}

/// A file, or standard input.
struct Input {
    path: PathBuf,
}

impl Input {
    fn of(path: &Path) -> Self {
        Self { path: path.into() }
    }

    fn open(&self) -> io::Result<Box<dyn BufRead>> {
        if self.path.as_os_str() == "-" {
            return Ok(Box::new(io::stdin().lock()));
        }
        Ok(Box::new(BufReader::new(File::open(&self.path)?)))
    }

    /// Returns the name of the file for the terminal.
    fn name(&self) -> String {
        printable(&self.path.to_string_lossy())
    }

    /// Returns the error message for a file that cannot be read.
    fn unreadable(&self, error: &io::Error) -> String {
        format!("error: cannot read `{}`: {error}\n", self.name())
    }
}

/// Returns the error message for a line that is wrong.
fn at_place(input: &Input, problem: &JsonlProblem) -> String {
    let (file, line, column) = (input.name(), problem.line, problem.column);
    let message = printable(&problem.message);
    format!("error: {file}:{line}:{column}: {message}\n")
}

/// Returns a text of a file for the terminal: without control characters.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{FFFD}")
}
