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
    let path = place(directory, &stem, &format!("seed-{seed}"), |there| {
        there.strategy == repro.strategy && is_of_same(there, &repro)
    });
    repro.save(&path)?;
    link_latest(&path);
    Ok((path, repro))
}

/// Returns `true` if both are of one scenario or test, which may have changed in between.
pub(crate) fn is_of_same(one: &Repro, other: &Repro) -> bool {
    let (one, other) = (one.origin.file(), other.origin.file());
    // One may be named from the root, the other from here.
    let is_there = |file: &Path| file.canonicalize().ok();
    one == other || is_there(one).is_some_and(|one| is_there(other) == Some(one))
}

/// Returns a path for a repro: with this name, or, as long as another repro has that which is
/// not to be replaced, with a number.
pub(crate) fn place(
    directory: &Path,
    stem: &str,
    end: &str,
    may_replace: impl Fn(&Repro) -> bool,
) -> PathBuf {
    let first = directory.join(format!("{stem}-{end}.{EXTENSION}"));
    let others =
        (2..).map(|number: u64| directory.join(format!("{stem}-{end}-{number}.{EXTENSION}")));
    let mut paths = std::iter::once(first).chain(others);
    let free = paths.find(|path| Repro::read(path).map_or(true, |there| may_replace(&there)));
    free.expect("some number is free")
}
