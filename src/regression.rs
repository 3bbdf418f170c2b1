//! Kept repros: bugs that must stay fixed, and seeded defects that must still
//! show.

use std::io;
use std::path::{Path, PathBuf};

use crate::console::Shown;
use crate::console::plain;
use crate::report::summary;
use crate::repro::replay::{Replay, Replayed};
use crate::repro::{EXTENSION, Repro};
use crate::run::{RunOptions, RunReport};
use crate::scenario::{ColorChoice, ExpectedVerdict, Scenario, render_all};
use crate::target::{self, Selection, Target};
use crate::watchdog;

/// The directory of kept repros, below one of scenarios.
pub const DIRECTORY: &str = crate::system::REGRESSIONS;

/// The repros that are kept below a directory of scenarios, sorted by name.
///
/// # Errors
///
/// If the directory is there and cannot be read.
pub fn find(root: &Path) -> io::Result<Vec<PathBuf>> {
    files(&root.join(DIRECTORY))
}

/// The repros in a directory, sorted by name; none if it is not there.
pub(crate) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|found| found == EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a kept repro's test: `regressions/` and the file's name without
/// `.repro`.
pub fn test_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    format!("{DIRECTORY}/{stem}")
}

/// The result of a kept repro.
#[derive(Debug)]
pub struct Outcome {
    /// A warning even if the test passes: the repro does not mean
    /// any more what it did.
    pub warning: Option<String>,
    /// The test's own result; an error is a text for people.
    pub result: Result<(), String>,
    /// The run and its result, also of a test that passes.
    pub text: String,
}

/// Reads a repro and its scenario.
///
/// # Errors
///
/// Everything that is wrong with either, drawn.
pub fn read(file: &Path, roots: &[PathBuf]) -> Result<(Repro, Scenario), String> {
    let drawn = |problems: Vec<_>| render_all(&problems, ColorChoice::Plain);
    let repro = Repro::read(file).map_err(drawn)?;
    let scenario = repro.find_scenario(file, roots).map_err(drawn)?;
    Ok((repro, scenario))
}

/// Replays a kept repro as a test. A bug of a healthy scenario must stay fixed; the
/// violation that a defect's scenario expects must still show. Where the repro no
/// longer fits, it is followed as far as it goes, its seed is run afresh, and
/// both are judged.
pub fn verify(file: &Path, repro: &Repro, target: &dyn Target) -> Outcome {
    // A repro of a healthy twin whose scenario has lost its defect means the
    // scenario itself.
    let uncut = Selection {
        origin: &repro.origin,
        cuts: &[],
        failure: None,
    };
    let variant = target.reduced(&uncut);
    let judged: &dyn Target = variant.as_deref().unwrap_or(target);
    let replay = watchdog::watch(target, None, || Replay::of(repro, target));
    let fits = match replay.result {
        Replayed::Reproduced | Replayed::OtherFingerprint { .. } => true,
        Replayed::NoLongerFails { .. } => true,
        Replayed::Diverged { .. } | Replayed::ScenarioChanged(_) => false,
    };
    let mut reports: Vec<&RunReport> = replay.report.iter().collect();
    let fresh = (!fits).then(|| afresh(repro, judged));
    reports.extend(&fresh);
    let warning = (!fits).then(|| {
        format!(
            "{}: {}: {}; its seed {} was run afresh too",
            file.shown(),
            replay.result,
            replay.explain(repro),
            repro.seed
        )
    });
    let shown = fits.then_some(replay.shows_failure);
    let result = judge(judged, repro, &reports, shown).map_err(|problem| {
        format!(
            "{problem}\n  file: {}\n  result: {}: {}",
            file.shown(),
            replay.result,
            replay.explain(repro)
        )
    });
    let mut text: String = reports.iter().map(|report| failure(report)).collect();
    text += &format!("  {}: {}\n", replay.result, replay.explain(repro));
    Outcome {
        warning,
        result,
        text,
    }
}

/// The seed, with nothing of the repro but its strategy.
fn afresh(repro: &Repro, target: &dyn Target) -> RunReport {
    target::run_once(target, RunOptions::new(repro.seed, repro.strategy))
}

/// `shown`: whether the repro's own failure came out, if that is to count.
fn judge(
    target: &dyn Target,
    repro: &Repro,
    reports: &[&RunReport],
    shown: Option<bool>,
) -> Result<(), String> {
    let expected = target.expected().verdict;
    if let Some(bad) = reports.iter().find(|report| !report.is_allowed(expected)) {
        return Err(failure(bad));
    }
    let ExpectedVerdict::Violation(oracle) = expected else {
        return Ok(());
    };
    let kept_for_it = repro.expected.signature.judge == oracle.name();
    let shown = shown.unwrap_or_else(|| {
        reports
            .iter()
            .any(|report| report.is_expected_violation(expected))
    });
    if kept_for_it && !shown {
        let passing: String = reports.iter().map(|report| failure(report)).collect();
        return Err(format!(
            "`{oracle}` no longer catches the defect that this repro was kept for\n{passing}"
        ));
    }
    Ok(())
}

fn failure(report: &RunReport) -> String {
    plain(&summary::failure(report))
}
