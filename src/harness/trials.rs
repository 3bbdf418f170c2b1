//! The tests of scenario files.

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};

use super::Unsupported;
use crate::aftermath;
use crate::casting::{Casting, Tally, listed};
use crate::console::{complain, plain};
use crate::environment::{self, Environment};
use crate::repro::save_failure;
use crate::run::{self, RunOptions, RunReport, RunVerdict};
use crate::scenario::{self, ExpectedVerdict, Look, Scenario, discover, render_all};
use crate::subject::Subject;
use crate::summary;
use crate::sweep::{Seeds, Sweep};
use crate::system::{Named, SystemChoice};

/// The tests of one file with the reference system. A file that cannot be read is a
/// test that fails.
pub(super) fn of_reference(file: &Path, environment: &Environment) -> Vec<Trial> {
    let scenario = match scenario::load(file) {
        Ok(scenario) => scenario,
        Err(problems) => return vec![unreadable(discover::name_of(file), &problems)],
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

/// The test of one file with a system of a user's own. What it cannot do is counted.
pub(super) fn of_system(
    file: &Path,
    named: &Arc<Named>,
    environment: &Environment,
    unsupported: Unsupported,
    tally: &mut Tally,
) -> Trial {
    let scenario = match scenario::load(file) {
        Ok(scenario) => scenario,
        Err(problems) => {
            let name = format!("{}/{}", named.name(), discover::name_of(file));
            return unreadable(name, &problems);
        }
    };
    let casting = Casting::new(&scenario, named);
    tally.add(&casting);
    let name = casting.scenario.name.clone();
    if !casting.prevented_by.is_empty() {
        let lacks = listed(&casting.prevented_by);
        let reason = format!("{} does not support {lacks}", named.name());
        return match unsupported {
            Unsupported::Ignored => {
                Trial::ignorable_test(name, move || Ok(Completion::ignored_with(&reason)))
            }
            Unsupported::Fails => Trial::test(name, move || Err(Failed::from(reason))),
        };
    }
    let environment = environment.clone();
    Trial::test(name, move || play(&casting, &environment, unsupported))
}

fn play(
    casting: &Casting,
    environment: &Environment,
    unsupported: Unsupported,
) -> Result<(), Failed> {
    let remark = casting.remark();
    if let Some(remark) = &remark {
        complain(&format!("{}: {remark}\n", casting.scenario.name));
    }
    verify(&casting.scenario, environment)?;
    match (unsupported, remark) {
        (Unsupported::Fails, Some(remark)) => Err(Failed::from(format!(
            "what is played passes, but not all of it is played; {remark}"
        ))),
        _ => Ok(()),
    }
}

fn unreadable(name: String, problems: &[scenario::Diagnostic]) -> Trial {
    let problem = render_all(problems, Look::Plain);
    Trial::test(name, move || Err(Failed::from(problem)))
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
    let (seed, strategy) = (report.seed, report.strategy);
    let again = match &scenario.system {
        SystemChoice::Named(named) => named.again(scenario.name(), seed, strategy),
        SystemChoice::Reference => {
            format!(
                "rehearsal run {} --seed {seed} --strategy {strategy}",
                report.name
            )
        }
    };
    format!("{}  again   {again}", plain(&told))
}
