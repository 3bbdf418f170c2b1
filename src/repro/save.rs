//! Repro files of failing runs, which are run again with everything recorded, written to
//! a repro file.

use std::io;
use std::path::{Path, PathBuf};

use rehearsal_sim::PickDeviation;

use super::{Repro, link_latest};
use crate::run::{RunOptions, RunReport, StrategyName};
use crate::target::{self, Target};

/// The extension of repro files.
pub const EXTENSION: &str = "repro";

/// Runs a failing seed again with everything recorded, writes its repro into
/// `directory`, and gives the file's path. A sweep keeps of each run only the
/// fingerprint; this is how the rest comes back.
///
/// # Errors
///
/// If the file cannot be written, or the seed passes this time, as it does only
/// where something in the run does not depend on the seed.
pub fn save_failure(
    target: &dyn Target,
    seed: u64,
    strategy: StrategyName,
    directory: &Path,
) -> io::Result<(PathBuf, Repro)> {
    let report = target::run_once(target, RunOptions::new(seed, strategy).recorded());
    save_recorded(target, &report, &[], directory)
}

/// Writes the repro of a recorded run, whose choices its strategy drew from the seed except for
/// `picks` of a search, into `directory`. Returns the file's path.
///
/// # Errors
///
/// If the file cannot be written, or the run passes.
pub(crate) fn save_recorded(
    target: &dyn Target,
    report: &RunReport,
    picks: &[PickDeviation],
    directory: &Path,
) -> io::Result<(PathBuf, Repro)> {
    let seed = report.seed;
    let repro = Repro::of_fresh(target, report, picks)
        .ok_or_else(|| io::Error::other(format!("run again, seed {seed} passes")))?;
    let stem = target.identity().file_stem();
    let path = directory.join(format!("{stem}-seed-{seed}.{EXTENSION}"));
    repro.save(&path)?;
    link_latest(&path);
    Ok((path, repro))
}
