//! The seeds of one test, run one after the other until one fails.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rehearsal_sim::Scope;

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
    let scope = test.strategy.search().map(|search| search.scope());
    let keep = match scope {
        // The others are run too: their number is told.
        Some(Scope::Cancellations) => Keep::FirstOfEachKind,
        Some(Scope::Everything) | None => Keep::FirstUnexpected,
    };
    let options = Options {
        repeat: test.repeat,
        beginning: test.beginning,
        max_runs: scope.map(|_| SCHEDULES_MAX),
        ..Options::one_by_one(test.strategy, test.out, keep)
    };
    let mut output = TestOutput { refused: None };
    let found = explore::explore(target, test.seeds.as_ref(), &options, &mut output);
    if let Some(search) = output.refused {
        return Err(unproved(search));
    }
    let found = found.map_err(|error| format!("the seeds could not be run: {error}"))?;
    if let Some(run) = &found.unexpected {
        return Err(failure(target, run) + &extent_of_search(&found));
    }
    if let Some(search) = found.search {
        let shown = match search.scope {
            Scope::Cancellations => searched(target, &found, search)?,
            Scope::Everything if search.complete => proved(search),
            Scope::Everything => return Err(unproved(search)),
        };
        super::print_captured(&format!("{shown}\n"));
        return match summary::unreached(&found, &found.missing(target)) {
            Some(problem) => Err(problem),
            None => Ok(()),
        };
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
fn extent_of_search(found: &Exploration) -> String {
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

/// Returns what a search that found no failure proves.
fn proved(search: Search) -> String {
    format!(
        "proved: no schedule with at most {} fails; {}",
        many(search.bound.into(), "deviation"),
        many(search.schedules, "run")
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

/// Returns what a search through cancellations shows; the text of the failure otherwise.
fn searched(target: &dyn Target, found: &Exploration, search: Search) -> Result<String, String> {
    let cancelled = summary::cancelled(found, search);
    let failures = found.totals.failures.values();
    let first = failures.min_by(|a, b| a.first.cmp(&b.first));
    if let Some(failure) = first {
        let story = match found.repros.get(&failure.signature) {
            Some(path) => {
                let stop = AtomicBool::new(false);
                failure::render_file(target, path, NextSteps::Tests, &stop).to_string()
            }
            None => String::new(),
        };
        return Err(plain(&format!("{cancelled}\n{}{story}", failure.text)));
    }
    // A search that had nothing to cancel shows nothing.
    let has_cancelled = found.totals.runs > found.seeds;
    if search.complete && has_cancelled {
        Ok(cancelled)
    } else {
        Err(cancelled)
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
        Some(path) => {
            let stop = AtomicBool::new(false);
            failure::render_file(target, path, NextSteps::Tests, &stop).to_string()
        }
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

#[cfg(test)]
mod tests {
    use rehearsal_sim::{Ambient, cancel};

    use super::*;
    use crate::target::{Program, TestRef, WorldSpec};

    #[test]
    fn search_through_cancellations_counts_the_awaits() {
        let test = TestRef {
            package: "p".to_owned(),
            name: "p::counts".to_owned(),
            file: "src/p.rs".into(),
        };
        let world = WorldSpec {
            ambient: Ambient::Real,
            ..WorldSpec::default()
        };
        let program = Program::new(test, world, |_| async {
            let marked = cancel::cancellable(rehearsal_sim::tokio::task::yield_now());
            // It yields, or is dropped: both are an end.
            let _ = marked.await;
        });
        let out = std::env::temp_dir();
        let options = Options::one_by_one(StrategyName::CANCEL, &out, Keep::FirstOfEachKind);
        let shown = |seeds: &str| {
            let seeds: Seeds = seeds.parse().expect("seeds");
            let found = explore::explore(
                &program,
                Some(&seeds),
                &options,
                &mut TestOutput { refused: None },
            );
            let found = found.expect("nothing is written");
            let search = found.search.expect("it is a search");
            searched(&program, &found, search)
        };
        let one = "cancelled at each of 2 awaits of the default run of seed 3, it passes";
        assert_eq!(shown("3..4").as_deref(), Ok(one));
        let more = "cancelled at each of 4 awaits of the default runs of seeds 0..2, it passes";
        assert_eq!(shown("2").as_deref(), Ok(more));
    }
}
