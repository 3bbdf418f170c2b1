//! `rehearsal run --save-baseline` and `--baseline`.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::{BaselineArgs, print, print_error, select};
use crate::baseline::{Baseline, Gathering, Measured, Regression, compare};
use crate::console::Shown;
use crate::exit::Exit;
use crate::run::RunReport;
use crate::scenario::{Code, Diagnostic, FileKind, Source};

/// What a command does with the metrics of its runs.
pub(super) enum Metrics<'a> {
    /// Nothing.
    Left,
    /// Writes them into a file.
    Saved(&'a Path, Vec<Measured>),
    /// Compares them with those of a file.
    Compared(&'a Path, Baseline),
}

impl<'a> Metrics<'a> {
    /// Reads the baseline, if there is one to compare with; none if it is wrong, which has
    /// then been reported.
    pub(super) fn of(args: &'a BaselineArgs) -> Option<Self> {
        match (&args.save_baseline, &args.baseline) {
            (Some(file), _) => Some(Self::Saved(file, Vec::new())),
            (None, Some(file)) => {
                let read = Baseline::read(file).map_err(|problems| select::report(&problems));
                Some(Self::Compared(file, read.ok()?))
            }
            (None, None) => Some(Self::Left),
        }
    }

    /// Returns `true` if the metrics of runs are wanted.
    pub(super) fn are_wanted(&self) -> bool {
        !matches!(self, Self::Left)
    }

    /// Takes the metrics of a scenario: keeps them, or compares them.
    pub(super) fn take(&mut self, measured: Measured, json: bool) -> io::Result<Exit> {
        match self {
            Self::Left => Ok(Exit::Pass),
            Self::Saved(_, all) => {
                all.push(measured);
                Ok(Exit::Pass)
            }
            Self::Compared(file, baseline) => {
                let same = |known: &&Measured| {
                    (&known.name, &known.strategy, &known.seeds)
                        == (&measured.name, &measured.strategy, &measured.seeds)
                };
                match baseline.scenarios().iter().find(same) {
                    Some(before) => report(before, &measured, json),
                    None => {
                        select::report(&[mismatch(file, baseline, &measured)]);
                        Ok(Exit::Usage)
                    }
                }
            }
        }
    }

    /// Writes what was kept. `exit` is what the runs came to.
    pub(super) fn finish(self, exit: Exit) -> io::Result<Exit> {
        let Self::Saved(file, measured) = self else {
            return Ok(exit);
        };
        if exit != Exit::Pass {
            let file = file.shown();
            print_error(&format!(
                "warning: `{file}` is not written: a baseline is one of runs that pass\n"
            ));
            return Ok(exit);
        }
        match Baseline::new(measured).save(file) {
            Ok(()) => Ok(exit),
            Err(error) => {
                let file = file.shown();
                print_error(&format!("error: cannot write `{file}`: {error}\n"));
                Ok(Exit::Usage)
            }
        }
    }
}

/// The metrics of a scenario's runs, which may end on several threads.
#[derive(Default)]
pub(super) struct Shared(Mutex<Gathering>);

impl Shared {
    pub(super) fn add(&self, report: &RunReport) {
        if let Some(judged) = &report.judged {
            let mut gathering = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            gathering.add(&judged.run(&report.outcome));
        }
    }

    pub(super) fn into_inner(self) -> Gathering {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mismatch(file: &Path, baseline: &Baseline, measured: &Measured) -> Diagnostic {
    let source = Source::of(FileKind::Baseline, file, "");
    let (name, seeds, strategy) = (&measured.name, &measured.seeds, &measured.strategy);
    let message = format!("no metrics of `{name}` for seeds {seeds} under {strategy}");
    let known = baseline
        .scenarios()
        .iter()
        .filter(|known| known.name == *name);
    let known: Vec<String> = known
        .map(|known| format!("--seeds {} --strategy {}", known.seeds, known.strategy))
        .collect();
    let help = match known.as_slice() {
        [] => "save a baseline with this scenario".to_owned(),
        known => format!("it has those for {}", known.join(" and ")),
    };
    Diagnostic::new(Code::BaselineMismatch, &source, message).help(help)
}

/// The line of `--json` about a comparison. The fields are a contract.
#[derive(Serialize)]
struct ComparisonLine<'a> {
    scenario: &'a str,
    seeds: &'a str,
    strategy: &'a str,
    regressions: Vec<RegressionEntry<'a>>,
}

#[derive(Serialize)]
struct RegressionEntry<'a> {
    metric: &'a str,
    severity: &'static str,
    before: String,
    after: Option<String>,
}

impl<'a> From<&'a Regression> for RegressionEntry<'a> {
    fn from(regression: &'a Regression) -> Self {
        Self {
            metric: &regression.metric,
            severity: regression.severity.as_str(),
            before: regression.before(),
            after: regression.after(),
        }
    }
}

fn report(before: &Measured, after: &Measured, json: bool) -> io::Result<Exit> {
    let regressions = compare(before, after);
    if json {
        let line = ComparisonLine {
            scenario: &after.name,
            seeds: &after.seeds,
            strategy: &after.strategy,
            regressions: regressions.iter().map(RegressionEntry::from).collect(),
        };
        print(&format!("{}\n", serde_json::to_string(&line)?))?;
    } else {
        print(&lines(before, after, &regressions))?;
    }
    Ok(if regressions.is_empty() {
        Exit::Pass
    } else {
        Exit::Violation
    })
}

fn lines(before: &Measured, after: &Measured, regressions: &[Regression]) -> String {
    let (name, metrics) = (&after.name, before.metrics.len());
    let mut text = match regressions.len() {
        0 => format!("{name}  none of {metrics} metrics is worse than the baseline allows\n"),
        worse => format!("{name}  {worse} of {metrics} metrics worse than the baseline allows\n"),
    };
    for regression in regressions {
        let (severity, metric) = (regression.severity.as_str(), &regression.metric);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {severity:<8}  {metric:<28}  {regression}");
    }
    text
}
