//! Helpers that several test modules share.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Output;

use rehearsal::agents::bridge::{BridgeScenario, BridgeSpec};
use rehearsal::oracle::OracleRef;
use rehearsal::scenario::{Code, Diagnostic, Edit, Scenario, discover, load};
use rehearsal::{Test, TestOutcome, World};

/// Returns the scenario of this name from `scenarios/`.
pub(crate) fn scenario(name: &str) -> Scenario {
    let file = discover::resolve(Path::new("scenarios"), name).expect("it exists");
    load(&file).expect("it is valid")
}

/// Returns what a scenario of the bridge asks for.
pub(crate) fn bridge(scenario: &Scenario) -> BridgeSpec {
    let spec = scenario.spec.typed::<BridgeScenario>();
    spec.expect("a scenario of the bridge")
}

/// Returns a scenario of the bridge over that transport.
pub(crate) fn over(scenario: &Scenario, transport: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let place = "system.transport".parse().expect("a path");
    scenario.with_set(&[Edit::text(place, transport)])
}

/// Returns the oracle of this name.
pub(crate) fn oracle(name: &str) -> OracleRef {
    OracleRef::parse(name).expect("an oracle")
}

/// Returns the codes of all problems, in the order in which they were reported.
pub(crate) fn codes(problems: &[Diagnostic]) -> Vec<Code> {
    problems.iter().map(|problem| problem.code).collect()
}

/// Returns the exit code of a command that ended by itself.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

/// Returns the standard output of a command.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Returns the standard error of a command.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// Returns the output of a failing test of a program.
pub(crate) fn failure_text<F, Fut>(test: Test, program: F) -> String
where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: TestOutcome> + 'static,
{
    let failed = catch_unwind(AssertUnwindSafe(|| test.run(program)));
    let payload = failed.expect_err("the test fails");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[track_caller]
pub(crate) fn assert_shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}
