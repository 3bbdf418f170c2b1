//! The commands that work on one target. The command line gives them scenarios; a test
//! binary gives them its programs, and sends what they print to the command line.

pub(crate) mod digest;
mod explore;
mod history;
mod keep;
mod recorder;
pub(crate) mod remote;
mod replay;
mod report;
mod shrink;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::explore::{Exploration, Progress};
use crate::repro::Repro;
use crate::scenario::{ColorChoice, FileKind, Source, render_all};
use crate::target::Target;
use crate::watchdog;

pub(crate) use self::digest::DigestRequest;
pub(crate) use self::explore::ExploreRequest;
#[cfg(feature = "cli")]
pub(crate) use self::explore::all_cores;
pub(crate) use self::keep::KeepRequest;
pub(crate) use self::report::ReportRequest;

/// Receives what a command prints.
pub(crate) trait Console {
    /// Prints a result.
    fn print(&mut self, text: &str) -> io::Result<()>;

    /// Prints a result for people, whose lines a terminal breaks where it needs to. What is to be
    /// copied as it stands, a command or a line of JSON, is printed by [`Console::print`].
    fn print_text(&mut self, text: &str) -> io::Result<()> {
        self.print(text)
    }

    /// Prints a problem, which is no result.
    fn warn(&mut self, text: &str);

    /// Shows how far an exploration is.
    fn progress(&mut self, progress: &Progress) -> io::Result<()>;

    /// Takes the result of an exploration, and its exit code.
    fn explored(&mut self, _found: &Exploration, _exit: Exit) {}
}

/// A command on one target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// `rehearsal explore`.
    Explore(ExploreRequest),
    /// `rehearsal replay`.
    Replay { file: PathBuf, json: bool },
    /// `rehearsal history`.
    History { file: PathBuf, json: bool },
    /// `rehearsal shrink`.
    Shrink { file: PathBuf, time: Duration },
    /// `rehearsal report`.
    Report(ReportRequest),
    /// `rehearsal keep`.
    Keep(KeepRequest),
    /// A part of `rehearsal verify-determinism`.
    Digest(DigestRequest),
}

impl Request {
    /// Returns `true` if the command ends early with a result when it is interrupted. The
    /// others end at once.
    #[cfg(feature = "cli")]
    pub(crate) fn can_end_early(&self) -> bool {
        match self {
            Self::Explore(_) | Self::Shrink { .. } | Self::Digest(_) => true,
            Self::Replay { .. } | Self::History { .. } | Self::Report(_) | Self::Keep(_) => false,
        }
    }
}

/// Executes a command. Once `stop` is true, an exploration begins nothing more, and shrinking
/// keeps what it has.
pub(crate) fn execute(
    target: &dyn Target,
    request: &Request,
    stop: &AtomicBool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    match request {
        Request::Explore(request) => explore::explore(target, request, stop, console),
        Request::Replay { file, json } => with_repro(target, file, console, |_, repro, console| {
            replay::replay(target, repro, file, *json, console)
        }),
        Request::History { file, json } => {
            with_repro(target, file, console, |_, repro, console| {
                history::history(target, repro, *json, console)
            })
        }
        Request::Shrink { file, time } => with_repro(target, file, console, |_, repro, console| {
            shrink::shrink(target, repro, file, *time, stop, console)
        }),
        Request::Report(request) => {
            with_repro(target, &request.file, console, |_, repro, console| {
                report::report(target, repro, request, console)
            })
        }
        Request::Keep(request) => {
            with_repro(target, &request.file, console, |text, repro, console| {
                keep::keep(target, repro, text, request, console)
            })
        }
        Request::Digest(request) => digest::digest(&[target], request, stop, console),
    }
}

/// Reads the repro in a file for a command, which gets its text too.
fn with_repro(
    target: &dyn Target,
    file: &std::path::Path,
    console: &mut dyn Console,
    command: impl FnOnce(&str, &Repro, &mut dyn Console) -> io::Result<Exit>,
) -> io::Result<Exit> {
    let read = Source::read(FileKind::Repro, file)
        .and_then(|source| Ok((crate::repro::read::decode(&source)?, source)));
    match read {
        Ok((repro, source)) => {
            watchdog::watch(target, None, || command(source.text(), &repro, console))
        }
        Err(problems) => {
            console.warn(&render_all(&problems, ColorChoice::Coloured));
            Ok(Exit::Usage)
        }
    }
}
