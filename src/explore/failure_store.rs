//! Failures on the disk the moment they are found, so that whatever ends the process
//! loses none.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::json::FailureLine;
use super::totals::{Expectedness, failed};
use super::{Executed, Keep, RunKey};
use crate::console::Shown;
use crate::repro::replay::Replay;
use crate::repro::{Repro, is_of_same, link_latest, place, save_recorded};
use crate::run::signature::Signature;
use crate::run::{RunReport, RunVerdict};
use crate::target::Target;

/// Failures of one kind that have a line in the log: a long exploration must not fill the disk.
const LOGGED_MAX: u32 = 1_000;

/// Failures of one kind whose seeds have a repro each. Writing one takes many times as long as
/// the run, and the seed of any other makes its repro again.
const SEED_REPROS_MAX: u32 = 16;

/// Digits of a signature's digest in the name of its repro.
const DIGITS: usize = 8;

/// Writes the failures of one target. Shared by all workers.
pub(super) struct FailureStore<'a> {
    target: &'a dyn Target,
    keep: Keep,
    out: &'a Path,
    file_stem: String,
    log: Mutex<Log>,
    /// Failures of each kind that are in the log, or that have a repro of their own.
    recorded: Mutex<BTreeMap<Signature, u32>>,
    kept: Mutex<BTreeMap<Signature, Arc<Mutex<Option<Kept>>>>>,
    warnings: Mutex<Warnings>,
}

/// The first run of a signature.
struct Kept {
    key: RunKey,
    /// The repro that stands for the signature: of this run, or a shrunk one that was there; none
    /// if it could not be written.
    repro: Option<PathBuf>,
}

/// The place of a failure among those of its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recorded {
    /// One of the first, which are recorded.
    Yes,
    /// The first that is not.
    FirstTooMany,
    /// A later one.
    No,
}

#[derive(Default)]
struct Warnings {
    /// One about files is enough: the next would say the same.
    reported: bool,
    waiting: Vec<String>,
}

impl<'a> FailureStore<'a> {
    pub(super) fn new(target: &'a dyn Target, keep: Keep, out: &'a Path) -> Self {
        Self {
            target,
            keep,
            out,
            file_stem: target.identity().file_stem(),
            log: Mutex::default(),
            recorded: Mutex::default(),
            kept: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// Writes a run if it failed. `again` runs it once more, recorded.
    pub(super) fn keep(
        &self,
        run: &mut Executed,
        report: &RunReport,
        again: impl FnOnce() -> RunReport,
    ) {
        let Some(signature) = failed(report) else {
            return;
        };
        match (self.keep, run.expectedness) {
            (Keep::FirstOfEachKind, _) => self.keep_first(&run.key, &signature, report, again),
            (Keep::Nothing, _) | (Keep::FirstUnexpected, Expectedness::Detects) => {}
            (Keep::FirstUnexpected, _) => run.repro = self.keep_seed(&run.key, report, again),
            (Keep::Each, _) => run.repro = self.keep_each(&run.key, &signature, report, again),
        }
    }

    /// Writes the repro of a failing seed if it is one of the first of its kind.
    fn keep_each(
        &self,
        key: &RunKey,
        signature: &Signature,
        report: &RunReport,
        again: impl FnOnce() -> RunReport,
    ) -> Option<PathBuf> {
        match self.records(signature, SEED_REPROS_MAX) {
            Recorded::Yes => self.keep_seed(key, report, again),
            Recorded::FirstTooMany => {
                self.warn(format!(
                    "{SEED_REPROS_MAX} seeds of {} have failed as {signature}, each with a repro; \
                     of further ones, `--seed N` writes it",
                    report.target
                ));
                None
            }
            Recorded::No => None,
        }
    }

    /// Writes the repro of a failing seed. Two runs of one seed that differ have none:
    /// there is nothing to reproduce.
    fn keep_seed(
        &self,
        key: &RunKey,
        report: &RunReport,
        again: impl FnOnce() -> RunReport,
    ) -> Option<PathBuf> {
        if report.verdict == RunVerdict::Nondeterminism {
            return None;
        }
        match save_recorded(self.target, &again(), key.deviations(), self.out) {
            Ok((path, repro)) => {
                if repro.expected.fingerprint != report.outcome.fingerprint {
                    self.warn(format!(
                        "run again for its repro, seed {} of {} gave another run; \
                         --check-determinism says where",
                        report.seed, report.target
                    ));
                }
                Some(path)
            }
            Err(error) => {
                self.warn(format!(
                    "no repro of seed {} of {} in {}: {error}",
                    report.seed,
                    report.target,
                    self.out.shown()
                ));
                None
            }
        }
    }

    /// Counts a failure of that kind if at most `most` of them are recorded.
    fn records(&self, signature: &Signature, most: u32) -> Recorded {
        let mut recorded = lock(&self.recorded);
        let count = recorded.entry(signature.clone()).or_default();
        // One more than recorded stands for all others.
        if *count > most {
            return Recorded::No;
        }
        *count += 1;
        if *count > most {
            Recorded::FirstTooMany
        } else {
            Recorded::Yes
        }
    }

    /// Writes a line of the log, and a repro if the run is the first of its kind.
    fn keep_first(
        &self,
        key: &RunKey,
        signature: &Signature,
        report: &RunReport,
        again: impl FnOnce() -> RunReport,
    ) {
        if self.records(signature, LOGGED_MAX) == Recorded::Yes {
            self.log(key, signature, report);
        }
        let kept = Arc::clone(lock(&self.kept).entry(signature.clone()).or_default());
        // Held while it is run again: no worker writes an older repro over this.
        let mut kept = lock(&kept);
        if kept.as_ref().is_some_and(|kept| kept.key <= *key) {
            return;
        }
        let repro = self.write(key, signature, report, &again());
        *kept = Some(Kept {
            key: key.clone(),
            repro,
        });
    }

    fn log(&self, key: &RunKey, signature: &Signature, report: &RunReport) {
        let path = self.log_path();
        let line = FailureLine::new(self.target, report, signature, key);
        let logged = line.to_line().and_then(|line| {
            let mut log = lock(&self.log);
            log.append(&path, line.as_bytes())
        });
        if let Err(error) = logged {
            self.cannot_write(&path, &error);
        }
    }

    /// Writes the repro of that run, unless there is a shrunk one of the failure. Returns the path
    /// of either, if there is one.
    fn write(
        &self,
        key: &RunKey,
        signature: &Signature,
        report: &RunReport,
        recorded: &RunReport,
    ) -> Option<PathBuf> {
        if recorded.outcome.fingerprint != report.outcome.fingerprint {
            self.warn(format!(
                "seed {} of {} gave two different runs; there is no repro of it. \
                 See `rehearsal run {} --seed {} --check-determinism`",
                report.seed, report.target, report.target, report.seed
            ));
            return None;
        }
        let repro = Repro::of_fresh(self.target, recorded, key.deviations())?;
        let path = self.repro_path(signature, &repro);
        if self.is_shrunk(signature, &path) {
            link_latest(&path);
            return Some(path);
        }
        match repro.save(&path) {
            Ok(()) => {
                link_latest(&path);
                Some(path)
            }
            Err(error) => {
                self.cannot_write(&path, &error);
                None
            }
        }
    }

    /// Returns `true` if that repro was shrunk by an earlier exploration or by hand, and still
    /// shows the failure. A fresh run has more deviations than it, and to shrink one takes long.
    fn is_shrunk(&self, signature: &Signature, path: &Path) -> bool {
        Repro::read(path).is_ok_and(|there| {
            there.shrunk.is_some()
                && there.expected.signature == *signature
                && Replay::of(&there, self.target).result.is_reproduced()
        })
    }

    fn cannot_write(&self, path: &Path, error: &io::Error) {
        let mut warnings = lock(&self.warnings);
        if !std::mem::replace(&mut warnings.reported, true) {
            warnings.waiting.push(format!(
                "cannot write {}: {error}; failures are reported with their seeds, and kept \
                 nowhere",
                path.shown()
            ));
        }
    }

    fn warn(&self, text: String) {
        lock(&self.warnings).waiting.push(text);
    }

    /// Returns the problems since the last call.
    pub(super) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.warnings).waiting)
    }

    /// Returns the repros that were written for signatures.
    pub(super) fn into_repros(self) -> BTreeMap<Signature, PathBuf> {
        let kept = std::mem::take(&mut *lock(&self.kept));
        let repro = |kept: &Mutex<Option<Kept>>| lock(kept).as_ref()?.repro.clone();
        kept.into_iter()
            .filter_map(|(signature, kept)| Some((signature, repro(&kept)?)))
            .collect()
    }

    fn log_path(&self) -> PathBuf {
        self.out.join(format!("{}-failures.jsonl", self.file_stem))
    }

    /// Returns the path for a repro. Another scenario of this name has one of its own.
    fn repro_path(&self, signature: &Signature, repro: &Repro) -> PathBuf {
        let digest = signature.digest();
        let digest = digest.get(..DIGITS).unwrap_or(&digest);
        place(self.out, &self.file_stem, digest, |there| {
            is_of_same(there, repro)
        })
    }
}

/// A lock that is not poisoned: a thread that panicked ends the exploration
/// anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file to which whole lines are appended. A process that dies may leave the
/// last one torn; the next append ends it first.
#[derive(Default)]
struct Log {
    file: Option<File>,
    torn: bool,
}

impl Log {
    /// Appends a line, which ends in a line break, in one write.
    fn append(&mut self, path: &Path, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            let (file, torn) = open(path)?;
            self.file = Some(file);
            self.torn = torn;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut bytes = Vec::with_capacity(line.len() + 1);
        if self.torn {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line);
        let written = file.write(&bytes)?;
        self.torn = written > 0 && written < bytes.len();
        if written < bytes.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        Ok(())
    }
}

/// The log, and whether its last line is torn.
fn open(path: &Path) -> io::Result<(File, bool)> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    if path.is_symlink() {
        return Err(io::Error::other("it is a link, which may lead anywhere"));
    }
    let mut options = OpenOptions::new();
    let mut file = options.create(true).read(true).append(true).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok((file, last != [b'\n']))
}
