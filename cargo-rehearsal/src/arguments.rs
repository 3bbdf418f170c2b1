//! The command line.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Error;

const HELP: &str = "\
Builds and tests a project with the shim of Rehearsal in the place of tokio: the libraries
that the project uses are explored unmodified.

Usage: cargo rehearsal <COMMAND> [OPTIONS]

  COMMAND  a command of cargo that builds: test, build, check, run, nextest run, …
  OPTIONS  those of that command

The project needs `rehearsal` in its [dev-dependencies]. Its manifests and its lock file are
not changed. What is built is in `rehearsal/shim` in the directory for build output.
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    /// A command of cargo with its options.
    Cargo(Vec<OsString>),
}

/// The command line, taken apart.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    /// The manifest that is given, if one is.
    pub(crate) manifest: Option<PathBuf>,
    /// Those of `--locked`, `--offline` and `--frozen` that are given.
    pub(crate) restrictions: Vec<&'static str>,
}

impl Arguments {
    /// Takes the command line apart.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, Error> {
        let mut words = words.into_iter().peekable();
        let mut parsed = Self {
            command: Command::Help,
            manifest: None,
            restrictions: Vec::new(),
        };
        match words.peek() {
            None => return Ok(parsed),
            Some(word) if word == "--help" || word == "-h" || word == "help" => return Ok(parsed),
            Some(_) => {}
        }
        let mut kept = Vec::new();
        while let Some(word) = words.next() {
            if word == "--" {
                kept.push(word);
                kept.extend(words);
                break;
            }
            if let Some(path) = value(&word, "--manifest-path", &mut words)? {
                parsed.manifest = Some(path.into());
                continue;
            }
            for taken in ["--config", "--target-dir"] {
                if name(&word) == taken {
                    return Err(Error::Taken(taken));
                }
            }
            match ["--locked", "--offline", "--frozen"]
                .into_iter()
                .find(|restriction| word == *restriction)
            {
                Some(restriction) => parsed.restrictions.push(restriction),
                None => kept.push(word),
            }
        }
        parsed.command = Command::Cargo(kept);
        Ok(parsed)
    }
}

/// Returns the part of a word before `=`.
fn name(word: &OsStr) -> &str {
    let text = word.to_str().unwrap_or_default();
    text.split_once('=').map_or(text, |(name, _)| name)
}

/// Returns the value of an option, if the word is that option.
fn value(
    word: &OsStr,
    option: &'static str,
    rest: &mut impl Iterator<Item = OsString>,
) -> Result<Option<OsString>, Error> {
    if word == option {
        return rest.next().map(Some).ok_or(Error::NoValue(option));
    }
    let text = word.to_str().unwrap_or_default();
    let value = text
        .strip_prefix(option)
        .and_then(|text| text.strip_prefix('='));
    Ok(value.map(OsString::from))
}

pub(crate) fn print_help() -> ExitCode {
    match io::stdout().write_all(HELP.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Error> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_of_cargo_are_passed_on_and_those_for_the_project_kept() {
        let line = "test --locked -p bank --manifest-path=a/Cargo.toml -- --locked";
        let arguments = parse(line).expect("a command line");
        let words = ["test", "-p", "bank", "--", "--locked"].map(OsString::from);
        assert_eq!(arguments.command, Command::Cargo(words.to_vec()));
        assert_eq!(arguments.manifest, Some("a/Cargo.toml".into()));
        assert_eq!(arguments.restrictions, ["--locked"]);
    }

    #[test]
    fn options_that_the_command_sets_are_refused() {
        for line in ["test --target-dir x", "test --config=x.toml"] {
            assert!(matches!(parse(line), Err(Error::Taken(_))), "{line}");
        }
        let error = parse("test --manifest-path");
        assert!(matches!(error, Err(Error::NoValue("--manifest-path"))));
    }

    #[test]
    fn without_a_command_there_is_help() {
        for line in ["", "--help", "-h", "help test"] {
            assert_eq!(parse(line).expect("help").command, Command::Help);
        }
    }
}
