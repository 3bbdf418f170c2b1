//! One test for each scenario file: drop a file in, and `cargo test` runs it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::aftermath;
use crate::environment::{self, Environment};
use crate::exit::Exit;
use crate::regression;
use crate::repro::{Repro, save_failure};
use crate::run::{self, RunOptions, RunReport, RunVerdict};
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
/// is a test of its own. Repros that `rehearsal keep` has put into `regressions/`
/// come first, each as a test of its own. The environment chooses other seeds or another
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
        let replay = match &environment.replay {
            Some(file) => match Replayed::read(file, &self.roots) {
                Ok(replay) => Some(replay),
                Err(problem) => return refuse(&format!("REHEARSAL_REPLAY: {problem}")),
            },
            None => None,
        };
        let mut trials = self.regressions();
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
        if let Some(replay) = replay {
            trials = replay.alone_among(trials);
            if trials.first().is_some_and(|t| arguments.is_filtered_out(t)) {
                warn("warning: the test that REHEARSAL_REPLAY plays is not selected\n");
            }
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }

    /// The tests of kept repros.
    fn regressions(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for root in &self.roots {
            match regression::find(root) {
                Ok(files) => {
                    trials.extend(files.into_iter().map(|file| self.regression(file)));
                }
                Err(error) => {
                    let name = regression::DIRECTORY;
                    let problem = format!("cannot read {}: {error}", root.join(name).display());
                    trials.push(Trial::test(name, move || Err(Failed::from(problem))));
                }
            }
        }
        trials
    }

    fn regression(&self, file: PathBuf) -> Trial {
        let roots = self.roots.clone();
        Trial::test(regression::test_name(&file), move || {
            let (repro, scenario) = regression::read(&file, &roots)?;
            let outcome = regression::verify(&file, &repro, &scenario);
            if let Some(warning) = &outcome.warning {
                warn(&format!("warning: {warning}\n"));
            }
            outcome.result.map_err(Failed::from)
        })
    }
}

/// The repro that `REHEARSAL_REPLAY` names.
struct Replayed {
    file: PathBuf,
    repro: Repro,
    scenario: Scenario,
}

impl Replayed {
    fn read(file: &Path, roots: &[PathBuf]) -> Result<Self, String> {
        let (repro, scenario) = regression::read(file, roots)?;
        Ok(Self {
            file: file.to_owned(),
            repro,
            scenario,
        })
    }

    /// Plays the repro in the test of its scenario, and passes over the others.
    fn alone_among(self, trials: Vec<Trial>) -> Vec<Trial> {
        let name = self.repro.played_name();
        let reason = format!("REHEARSAL_REPLAY plays `{name}`");
        let others = trials.into_iter().filter(|trial| trial.name() != name);
        let others: Vec<String> = others.map(|trial| trial.name().to_owned()).collect();
        let passed_over = others.into_iter().map(|name| {
            let reason = reason.clone();
            Trial::ignorable_test(name, move || Ok(Completion::ignored_with(&reason)))
        });
        let played = Trial::test(name, move || self.play());
        std::iter::once(played).chain(passed_over).collect()
    }

    /// Whoever names a repro wants to see what it shows, be it allowed or not.
    fn play(&self) -> Result<(), Failed> {
        let outcome = regression::verify(&self.file, &self.repro, &self.scenario);
        match (outcome.result, outcome.warning) {
            (Ok(()), None) => {
                warn(&outcome.story);
                Ok(())
            }
            (Ok(()), Some(warning)) => Err(Failed::from(format!("{warning}\n{}", outcome.story))),
            (Err(problem), _) => Err(Failed::from(problem)),
        }
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
            return Err(failure(scenario, &report));
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

/// The block of a failing run, whose repro is written first.
fn failure(scenario: &Scenario, report: &RunReport) -> String {
    let directory = environment::out_directory();
    let more = if report.verdict == RunVerdict::Nondeterminism {
        String::new()
    } else {
        match save_failure(scenario, report.seed, report.strategy, &directory) {
            Ok((path, repro)) => aftermath::story(scenario, &repro, &path),
            Err(error) => format!("  no repro in {}: {error}\n", directory.display()),
        }
    };
    let told = summary::failure(report) + &more;
    format!(
        "{}  again   rehearsal run {} --seed {} --strategy {}",
        anstream::adapter::strip_str(&told),
        report.name,
        report.seed,
        report.strategy
    )
}
