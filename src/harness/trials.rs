//! The tests of scenario files.

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};

use super::Unsupported;
use crate::command::remote;
use crate::compatibility::{Compatibility, Tally, listed};
use crate::console::print_error;
use crate::environment::{self, Environment};
use crate::explore::{Beginning, Repeat};
use crate::run::seeds::Seeds;
use crate::scenario::{ColorChoice, Diagnostic, Scenario, discover, render_all};
use crate::system::RegisteredSystem;
use crate::test::verify::{self, TestRun};

/// The tests of a scenario with its kind's own system, named `KIND/SCENARIO`.
pub(super) fn of_kind(scenario: Scenario, environment: &Environment) -> Vec<Trial> {
    let twin = scenario.twin();
    std::iter::once(scenario)
        .chain(twin)
        .map(|scenario| {
            let environment = environment.clone();
            let name = format!("{}/{}", scenario.kind.name(), scenario.name);
            Trial::test(name, move || {
                verify(&scenario, &environment).map_err(Failed::from)
            })
        })
        .collect()
}

/// The test of a scenario with a custom implementation. What that does not support is
/// counted.
pub(super) fn of_system(
    scenario: &Scenario,
    named: &Arc<RegisteredSystem>,
    environment: &Environment,
    unsupported: Unsupported,
    tally: &mut Tally,
) -> Trial {
    let compatibility = Compatibility::new(scenario, named);
    tally.add(&compatibility);
    let name = compatibility.scenario.name.clone();
    if !compatibility.prevented_by.is_empty() {
        let missing = listed(&compatibility.prevented_by);
        let reason = format!("{} does not support {missing}", named.name());
        return match unsupported {
            Unsupported::Ignored => {
                Trial::ignorable_test(name, move || Ok(Completion::ignored_with(&reason)))
            }
            Unsupported::Fails => Trial::test(name, move || Err(Failed::from(reason))),
        };
    }
    let environment = environment.clone();
    Trial::test(name, move || run(&compatibility, &environment, unsupported))
}

fn run(
    compatibility: &Compatibility,
    environment: &Environment,
    unsupported: Unsupported,
) -> Result<(), Failed> {
    let remark = compatibility.remark();
    if let Some(remark) = &remark {
        print_error(&format!("{}: {remark}\n", compatibility.scenario.name));
    }
    verify(&compatibility.scenario, environment)?;
    match (unsupported, remark) {
        (Unsupported::Fails, Some(remark)) => Err(Failed::from(format!(
            "the scenario passes, but parts of it were left out; {remark}"
        ))),
        _ => Ok(()),
    }
}

/// A file that cannot be read: a test that fails.
pub(super) fn unreadable(file: &Path, problems: &[Diagnostic]) -> Trial {
    let problem = render_all(problems, ColorChoice::Plain);
    Trial::test(discover::name_of(file), move || Err(Failed::from(problem)))
}

/// Runs a scenario's seeds and compares them with what it expects, or executes the
/// command that the `rehearsal` binary has sent.
fn verify(scenario: &Scenario, environment: &Environment) -> Result<(), String> {
    if environment.command {
        return remote::serve(scenario);
    }
    let own = || Seeds::count(scenario.seeds.into());
    verify::verify(
        scenario,
        &TestRun {
            beginning: Beginning::Seeds,
            seeds: environment.seeds.clone().or_else(own),
            chosen: environment.seeds.is_some(),
            strategy: environment.strategy.unwrap_or_default(),
            repeat: Repeat::Never,
            out: &environment::out_directory(),
        },
    )
}
