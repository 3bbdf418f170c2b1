//! One test for each scenario file: drop a file in, and `cargo test` runs it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::run::{self, RunOptions, RunReport};
use crate::scenario::{self, ExpectedVerdict, Look, Scenario, discover, render_all};
use crate::summary;
use crate::sweep::{Seeds, Sweep};

/// A test binary over a directory of scenario files.
///
/// ```no_run
/// // tests/scenarios.rs, with `harness = false` in Cargo.toml
/// fn main() -> std::process::ExitCode {
///     rehearsal::Harness::new().scenarios("scenarios").run()
/// }
/// ```
///
/// Each file becomes one test that bears the scenario's name and loops over its
/// seeds. A scenario with a seeded defect must show the violation that it
/// expects in at least one seed; its healthy twin, the same without the defect,
/// is a test of its own. The environment chooses other seeds or another
/// strategy: see [`crate::environment`].
#[derive(Debug, Default)]
pub struct Harness {
    roots: Vec<PathBuf>,
}

impl Harness {
    /// A harness without scenarios.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds every scenario file below a directory.
    #[must_use]
    pub fn scenarios(mut self, root: impl Into<PathBuf>) -> Self {
        self.roots.push(root.into());
        self
    }

    /// Runs the tests that the command line selects.
    pub fn run(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let environment = match Environment::read() {
            Ok(environment) => environment,
            Err(error) => return refuse(&error.to_string()),
        };
        for name in &environment.unknown {
            warn(&format!("warning: `{name}` means nothing here\n"));
        }
        let mut trials = Vec::new();
        for root in &self.roots {
            match discover::find(root) {
                Ok(files) if files.is_empty() => {
                    return refuse(&format!("no scenario files below {}", root.display()));
                }
                Ok(files) => {
                    for file in files {
                        trials.extend(self::trials(&file, &environment));
                    }
                }
                Err(problems) => return refuse(&render_all(&problems, Look::Plain)),
            }
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

fn refuse(problem: &str) -> ExitCode {
    warn(&format!("error: {problem}\n"));
    Exit::Usage.into()
}

fn warn(text: &str) {
    use std::io::Write;
    // There is nowhere left to report a failure to print.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// The tests of one file. A file that cannot be read is a test that fails.
fn trials(file: &Path, environment: &Environment) -> Vec<Trial> {
    let name = discover::name_of(file);
    let scenario = match scenario::load(file) {
        Ok(scenario) => scenario,
        Err(problems) => {
            let problem = render_all(&problems, Look::Plain);
            return vec![Trial::test(name, move || Err(Failed::from(problem)))];
        }
    };
    let twin = scenario.twin();
    std::iter::once(scenario)
        .chain(twin)
        .map(|scenario| {
            let environment = environment.clone();
            Trial::test(scenario.name.clone(), move || {
                verify(&scenario, &environment).map_err(Failed::from)
            })
        })
        .collect()
}

/// Plays a scenario's seeds and holds them against what it expects.
fn verify(scenario: &Scenario, environment: &Environment) -> Result<(), String> {
    let chosen = environment.seeds.is_some();
    let own = || Seeds::count(scenario.seeds.into());
    let seeds = environment.seeds.clone().or_else(own);
    let strategy = environment.strategy.unwrap_or_default();
    let mut sweep = Sweep::default();
    for seed in seeds.into_iter().flatten() {
        let report = run::play(scenario, RunOptions::new(seed, strategy));
        sweep.add(&report, scenario.expect.verdict);
        if !report.is_allowed(scenario.expect.verdict) {
            return Err(failure(&report));
        }
    }
    if sweep.seeds == 0 {
        return Err("no seed was played".to_owned());
    }
    // With seeds of the user's choice there may be too few of them to reach
    // every goal or to show a defect.
    if chosen {
        return Ok(());
    }
    if let ExpectedVerdict::Violation(oracle) = scenario.expect.verdict
        && sweep.detected == 0
    {
        return Err(format!(
            "`{oracle}` did not catch the defect in {} seeds",
            sweep.seeds
        ));
    }
    match sweep.missing(scenario).as_slice() {
        [] => Ok(()),
        missing => {
            let goals: Vec<String> = missing.iter().map(|goal| format!("`{goal}`")).collect();
            Err(format!(
                "none of {} seeds reached {}",
                sweep.seeds,
                goals.join(" or ")
            ))
        }
    }
}

fn failure(report: &RunReport) -> String {
    let block = anstream::adapter::strip_str(&summary::failure(report)).to_string();
    format!(
        "{block}\n  again: rehearsal run {} --seed {} --strategy {}",
        report.scenario, report.seed, report.strategy
    )
}
