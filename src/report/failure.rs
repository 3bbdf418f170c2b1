//! The handling of a failure: its repro is shrunk, verified from the disk, and put
//! in the place of the first one; then the block is drawn.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::block;
use super::next_steps::NextSteps;
use super::page;
use crate::clock;
use crate::console::Shown;
use crate::repro::{Draft, Repro, link_latest};
use crate::run::signature::Signature;
use crate::shrink::{self, Limits, ShrinkError, ShrinkResult};
use crate::target::Target;

/// Runs that shrinking may take by itself.
pub(crate) const RUNS_MAX: u64 = 20_000;

/// Real time that shrinking may take without a limit of the user's.
pub(crate) const DEFAULT_SHRINK_TIME: Duration = Duration::from_secs(10);

/// The reason why a repro was not replaced by a smaller one. The one on the disk is as it
/// was.
#[derive(Debug)]
pub(crate) enum Unshrunk {
    /// There is nothing to shrink.
    Shrink(ShrinkError),
    /// The smaller one could not be written or read back.
    Disk(io::Error),
    /// Its deviations are too many for a file.
    TooLong(usize),
    /// Read back, it does not do what it says.
    NotVerified,
}

impl fmt::Display for Unshrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shrink(error) => write!(f, "{error}"),
            Self::Disk(error) => write!(f, "{error}"),
            Self::TooLong(deviations) => write!(
                f,
                "the smallest run so far has {deviations} deviations, too many for a file; \
                 `rehearsal shrink --for` with a longer time may get it smaller"
            ),
            Self::NotVerified => f.write_str(
                "the smaller repro, read back from its file, does not do what it says; \
                 something in the run does not depend on its choices",
            ),
        }
    }
}

/// Shrinks the repro in `file` and replaces it.
pub(crate) fn shrink(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    limits: &Limits<'_>,
) -> Result<ShrinkResult, Unshrunk> {
    let shrinking = shrink::shrink(target, repro, limits).map_err(Unshrunk::Shrink)?;
    let small = &shrinking.repro;
    if small.is_too_long() {
        return Err(Unshrunk::TooLong(small.schedule.len()));
    }
    let draft = Draft::write(file, small.to_toml().as_bytes()).map_err(Unshrunk::Disk)?;
    verify(target, small, draft.path())?;
    draft.replace().map_err(Unshrunk::Disk)?;
    Ok(shrinking)
}

/// Checks that the file holds that repro, and that a replay shows its failure.
fn verify(target: &dyn Target, repro: &Repro, file: &Path) -> Result<(), Unshrunk> {
    let read = Repro::read(file).map_err(|_| Unshrunk::NotVerified)?;
    let variant = read.variant_of(target).map_err(|_| Unshrunk::NotVerified)?;
    let report = read.run_once(&*variant);
    let expected = &repro.expected;
    let same = report.outcome.fingerprint == expected.fingerprint
        && Signature::of(&report).is_some_and(|found| expected.signature.matches(&found))
        && read.expected == *expected;
    same.then_some(()).ok_or(Unshrunk::NotVerified)
}

/// The text of a failure, without its verdict. Displayed, it is the whole.
#[derive(Default)]
pub(crate) struct FailureText {
    /// The run that remains.
    pub(crate) block: String,
    /// The commands that continue from it, to be copied as they stand, and the page.
    pub(crate) next: String,
}

impl fmt::Display for FailureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.block)?;
        f.write_str(&self.next)
    }
}

/// Shrinks the repro in `file` within a little time.
fn render(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    next: NextSteps,
    stop: &AtomicBool,
) -> FailureText {
    let out_of_time = clock::after(DEFAULT_SHRINK_TIME);
    let limits = Limits {
        runs: RUNS_MAX,
        stop: &|| out_of_time() || stop.load(Ordering::Relaxed),
    };
    match shrink(target, repro, file, &limits) {
        Ok(shrinking) => {
            let block = block::render(target, &shrinking, Some(file));
            let page = page_beside(target, &shrinking, file);
            FailureText {
                block: format!("{block}\n"),
                next: next.of(target, file) + &page,
            }
        }
        Err(reason) => FailureText {
            block: format!("\n  not shrunk: {reason}\n\n"),
            next: next.of(target, file),
        },
    }
}

/// Writes the page of a failure beside its repro. Returns the line about it: the repro is there,
/// whether there is room for the page or not.
pub(crate) fn page_beside(target: &dyn Target, studied: &ShrinkResult, file: &Path) -> String {
    let written = page::write_beside(target, studied, file);
    link_latest(file);
    match written {
        Ok(page_file) => format!("  page    {}\n", page_file.shown()),
        Err(error) => format!("  page    not written: {error}\n"),
    }
}

/// Returns the report of the repro that is in `file`. Once `stop` is true, it is not made
/// smaller than it is.
pub(crate) fn render_file(
    target: &dyn Target,
    file: &Path,
    next: NextSteps,
    stop: &AtomicBool,
) -> FailureText {
    match Repro::read(file) {
        Ok(repro) => render(target, &repro, file, next, stop),
        Err(_) => FailureText {
            block: format!("  {} cannot be read back\n", file.shown()),
            next: String::new(),
        },
    }
}

/// Returns the report of a repro as it is; empty if it does not fail as it says.
pub(crate) fn explain(target: &dyn Target, repro: &Repro) -> String {
    let limits = Limits::runs(RUNS_MAX);
    match shrink::study(target, repro, &limits) {
        Ok(studied) => block::render(target, &studied, None),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::tests::KEPT;

    /// The page is written after the repro, so that a disk without room for it costs nothing
    /// else. A directory in its place stands for that disk.
    #[test]
    fn page_that_cannot_be_written_costs_no_repro() {
        let directory = std::env::temp_dir();
        let directory = directory.join(format!("rehearsal-page-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("kept.html").join("inside")).expect("a directory");
        let file = directory.join("kept.repro");
        let kept = Repro::read(Path::new(KEPT)).expect("a repro");
        kept.save(&file).expect("a copy");
        let scenario = kept.find_scenario(&file, &["scenarios".into()]);
        let scenario = scenario.expect("its scenario");
        let text = render_file(&scenario, &file, NextSteps::Binary, &AtomicBool::new(false));
        let text = text.to_string();
        assert!(text.contains("  page    not written: "), "{text}");
        assert!(text.contains("  replay  rehearsal replay "), "{text}");
        let small = Repro::read(&file).expect("the repro");
        assert!(small.schedule.len() < kept.schedule.len());
        let left = std::fs::read_dir(&directory).expect("a directory").count();
        assert_eq!(left, 2, "the repro and the directory");
        std::fs::remove_dir_all(&directory).expect("it can be removed");
    }
}
