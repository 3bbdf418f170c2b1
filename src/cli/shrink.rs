//! `rehearsal shrink` and `rehearsal report`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::aftermath::{self, Unshrunk};
use crate::block;
use crate::clock;
use crate::exit::Exit;
use crate::repro::Repro;
use crate::scenario::{Diagnostic, Scenario};
use crate::shrink::{self, Limits};
use crate::summary;

use super::{complain, say, select};

/// Shrinks a repro in its place.
pub(super) fn shrink(root: &Path, file: &Path, time: Duration) -> io::Result<Exit> {
    let (repro, scenario) = match read(root, file) {
        Ok(read) => read,
        Err(problems) => return refuse(&problems),
    };
    let out_of_time = clock::after(time);
    let limits = Limits {
        runs: u64::MAX,
        stop: &out_of_time,
    };
    match aftermath::shrink(&scenario, &repro, file, &limits) {
        Ok(shrinking) => {
            let report = &shrinking.report;
            say(&summary::failure(report))?;
            say(&block::story(&scenario, &shrinking))?;
            say(&format!("\n{}", summary::next_steps(file)))?;
            Ok(Exit::Pass)
        }
        Err(reason) => {
            complain(&format!(
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

/// Tells the story of a repro.
pub(super) fn report(root: &Path, file: &Path) -> io::Result<Exit> {
    let (repro, scenario) = match read(root, file) {
        Ok(read) => read,
        Err(problems) => return refuse(&problems),
    };
    let limits = Limits::runs(aftermath::RUNS);
    match shrink::study(&scenario, &repro, &limits) {
        Ok(shrinking) => {
            let report = &shrinking.report;
            say(&summary::run(&shrinking.staged, report))?;
            say(&summary::failure(report))?;
            say(&block::story(&scenario, &shrinking))?;
            Ok(report.verdict.exit())
        }
        Err(reason) => {
            complain(&format!(
                "error: nothing to report of {}: {reason}; `rehearsal replay` says more\n",
                file.display()
            ));
            Ok(Exit::NotReproduced)
        }
    }
}

fn refuse(problems: &[Diagnostic]) -> io::Result<Exit> {
    select::report(problems);
    Ok(Exit::Usage)
}

fn read(root: &Path, file: &Path) -> Result<(Repro, Scenario), Vec<Diagnostic>> {
    let repro = Repro::read(file)?;
    let scenario = repro.find_scenario(file, &[PathBuf::from(root)])?;
    Ok((repro, scenario))
}
