//! `rehearsal shrink` and `rehearsal report` on the target of a repro.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::Console;
use crate::clock;
use crate::exit::Exit;
use crate::report::failure::{self, Unshrunk};
use crate::report::{block, next_steps, summary};
use crate::repro::Repro;
use crate::shrink::{self, Limits};
use crate::target::Target;

/// Shrinks a repro in its place.
pub(super) fn shrink(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    time: Duration,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let out_of_time = clock::after(time);
    let limits = Limits {
        runs: u64::MAX,
        stop: &out_of_time,
    };
    match failure::shrink(target, repro, file, &limits) {
        Ok(shrinking) => {
            let failure = summary::failure(&shrinking.report);
            let block = block::render(target, &shrinking, Some(file));
            let next = next_steps::with_command(file);
            console.print(&format!("{failure}{block}\n{next}"))?;
            Ok(Exit::Pass)
        }
        Err(reason) => {
            console.warn(&format!(
                "error: {} is not shrunk: {reason}\n",
                file.display()
            ));
            Ok(match reason {
                Unshrunk::Shrink(_) | Unshrunk::NotVerified => Exit::NotReproduced,
                Unshrunk::Disk(_) => Exit::Internal,
            })
        }
    }
}

/// Prints the run of a repro, and what led to its failure.
pub(super) fn report(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let limits = Limits::runs(failure::RUNS_MAX);
    match shrink::study(target, repro, &limits) {
        Ok(shrinking) => {
            let report = &shrinking.report;
            let run = summary::run(&*shrinking.variant, report);
            let failure = summary::failure(report);
            let block = block::render(target, &shrinking, None);
            console.print(&format!("{run}{failure}{block}"))?;
            Ok(report.verdict.exit())
        }
        Err(reason) => {
            console.warn(&format!(
                "error: nothing to report of {}: {reason}; `rehearsal replay` says more\n",
                file.display()
            ));
            Ok(Exit::NotReproduced)
        }
    }
}
