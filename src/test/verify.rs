//! The seeds of one test, run one after the other until one fails.

use std::io;
use std::path::Path;

use crate::console::{plain, print_error};
use crate::explore::{
    self, Beginning, Executed, Exploration, Keep, Options, Repeat, Reporter, Search, summary,
};
use crate::report::failure;
use crate::report::next_steps::{self, NextSteps};
use crate::report::summary::many;
use crate::run::StrategyName;
use crate::run::seeds::Seeds;
use crate::scenario::ExpectedVerdict;
use crate::target::Target;

/// The most schedules that a test with an exhaustive strategy runs.
const SCHEDULES_MAX: u64 = 1_000_000;

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
    /// The beginning of the exploration.
    pub beginning: Beginning,
    /// The directory for the repro of a failure.
    pub out: &'a Path,
}

/// Runs the seeds and compares them with what the target expects. Returns the text of the
/// failure otherwise; its repro is written before.
pub(crate) fn verify(target: &dyn Target, test: &TestRun<'_>) -> Result<(), String> {
    let options = Options {
        repeat: test.repeat,
        beginning: test.beginning,
        max_runs: test.strategy.search().map(|_| SCHEDULES_MAX),
        ..Options::one_by_one(test.strategy, test.out, Keep::FirstUnexpected)
    };
    let mut output = TestOutput { refused: None };
    let found = explore::explore(target, test.seeds.as_ref(), &options, &mut output);
    if let Some(search) = output.refused {
        return Err(unproved(search));
    }
    let found = found.map_err(|error| format!("the seeds could not be run: {error}"))?;
    if let Some(run) = &found.unexpected {
        return Err(failure(target, run) + &searched(&found));
    }
    if let Some(search) = found.search.filter(|search| !search.complete) {
        return Err(unproved(search));
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

/// Returns the extent of the search that found a failure, and the meaning of a pass; empty if
/// there was none.
fn searched(found: &Exploration) -> String {
    let begun = found.begun_with.as_ref().map(|begun| begun.search);
    let Some(search) = found.search.or(begun) else {
        return String::new();
    };
    let bound = many(search.bound.into(), "deviation");
    let meaning = match found.search {
        Some(_) => "; a pass proves that none of them fails",
        None => ", before the seeds",
    };
    format!(
        "  search  schedule {} of about {} with at most {bound}{meaning}\n",
        search.schedules, search.estimate
    )
}

/// Returns that a search has run too few schedules to be a proof.
fn unproved(search: Search) -> String {
    let Search {
        bound,
        schedules,
        estimate,
        ..
    } = search;
    format!(
        "nothing is proved: {} of about {estimate} with at most {} ran, and a test runs at most \
         {SCHEDULES_MAX}; make the program smaller, or lower the number behind `exhaustive:`",
        many(schedules, "schedule"),
        many(bound.into(), "deviation")
    )
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
struct TestOutput {
    /// The search that has too many schedules to be worth beginning.
    refused: Option<Search>,
}

impl Reporter for TestOutput {
    fn estimate(&mut self, _seed: u64, search: Search) -> io::Result<()> {
        if search.estimate <= SCHEDULES_MAX {
            return Ok(());
        }
        self.refused = Some(search);
        Err(io::Error::other("there are too many schedules"))
    }

    fn warning(&mut self, text: &str) {
        print_error(&format!("warning: {text}\n"));
    }
}
