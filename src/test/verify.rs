//! The seeds of one test, run one after the other until one fails.

use std::path::Path;

use crate::console::{plain, print_error};
use crate::explore::{self, Executed, Exploration, Keep, Options, Repeat, Reporter, summary};
use crate::report::failure;
use crate::report::next_steps::{self, NextSteps};
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::ExpectedVerdict;
use crate::target::Target;

/// The seeds of a test.
pub(crate) struct TestRun<'a> {
    /// The seeds.
    pub seeds: Option<Seeds>,
    /// `true` if the environment has chosen them: they may then be too few to reach every
    /// goal, or to show a defect.
    pub chosen: bool,
    /// The strategy.
    pub strategy: StrategyName,
    /// The seeds that are run twice.
    pub repeat: Repeat,
    /// The directory for the repro of a failure.
    pub out: &'a Path,
}

/// Runs the seeds and compares them with what the target expects. Returns the text of the
/// failure otherwise; its repro is written before.
pub(crate) fn verify(target: &dyn Target, test: &TestRun<'_>) -> Result<(), String> {
    let options = Options {
        repeat: test.repeat,
        ..Options::one_by_one(test.strategy, test.out, Keep::FirstUnexpected)
    };
    let found = explore::explore(target, test.seeds.as_ref(), &options, &mut TestOutput);
    let found = found.map_err(|error| format!("the seeds could not be run: {error}"))?;
    if let Some(run) = &found.unexpected {
        return Err(failure(target, run));
    }
    if found.seeds == 0 {
        return Err("no seed was run".to_owned());
    }
    if test.chosen {
        return Ok(());
    }
    match shortcoming(target, &found) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// Returns what the runs together do not show.
fn shortcoming(target: &dyn Target, found: &Exploration) -> Option<String> {
    if let ExpectedVerdict::Violation(oracle) = target.expected().verdict
        && found.totals.detected == 0
    {
        return Some(format!(
            "`{oracle}` did not catch the defect in {} seeds",
            found.seeds
        ));
    }
    summary::unreached(found, &found.unreached(target))
}

/// Returns the text of a failing run: the run that remains when it is shrunk, and the
/// commands that continue from it.
fn failure(target: &dyn Target, run: &Executed) -> String {
    let story = match &run.repro {
        Some(path) => failure::render_file(target, path, NextSteps::Tests),
        None => String::new(),
    };
    let again = next_steps::run_again(target, run.key.seed, run.strategy);
    let again = again.map(|command| format!("  again   {command}"));
    let text = format!("{}{story}", run.verdict_text);
    format!("{}{}", plain(&text), again.unwrap_or_default())
}

/// The output of a test, of which nothing is shown unless it fails.
struct TestOutput;

impl Reporter for TestOutput {
    fn warning(&mut self, text: &str) {
        print_error(&format!("warning: {text}\n"));
    }
}
