//! Promises of chains.

use serde_json::Value;

use super::super::evidence::TaskSeen;
use super::super::report::{Failure, meaning};
use super::super::telemetry::encoded;
use super::{Kept, Observed, Promise, promise, unless};

/// The promises of a chain.
pub(in super::super) const CHAIN: &[Promise] = &[
    promise("tasks-follow-each-other", one_at_a_time),
    promise("input-has-all-earlier-outputs", input_has_outputs),
    promise("failure-ends-the-chain", failure_ends_chain),
];

/// Checks that each task begins when the one before it has ended.
pub(super) fn one_at_a_time(observed: &Observed<'_>) -> Kept {
    let mut pairs = observed.seen.tasks.windows(2);
    Some(match pairs.find(|pair| !pair[1].is_after(&pair[0])) {
        Some([before, after]) => Err(format!(
            "{} began before {} had ended",
            after.name, before.name
        )),
        _ => Ok(()),
    })
}

/// Checks that the input of each task is that of the first, with the outputs of all before
/// it.
fn input_has_outputs(observed: &Observed<'_>) -> Kept {
    let first = observed.seen.tasks.first()?;
    let mut expected = first.input.clone();
    for task in &observed.seen.tasks {
        if task.input != expected {
            return Some(Err(format!(
                "{} was given {}, not {}",
                task.name,
                encoded(&task.input),
                encoded(&expected)
            )));
        }
        let output: Value = task.answer().map_or(Value::Null, meaning);
        expected.insert(format!("{}_output", task.name), output);
    }
    Some(Ok(()))
}

/// Checks that after a task that failed, no other begins, and the report says which failed.
fn failure_ends_chain(observed: &Observed<'_>) -> Kept {
    let tasks = &observed.seen.tasks;
    let failed = tasks.iter().position(TaskSeen::has_failed)?;
    if let Some(next) = tasks.get(failed + 1) {
        let (failed, next) = (&tasks[failed].name, &next.name);
        return Some(Err(format!("{failed} failed, and {next} was begun")));
    }
    let (name, report) = (&tasks[failed].name, observed.report()?);
    let said = matches!(&report.end, Err(Failure::Task { task, .. }) if task == name);
    Some(unless(said, || {
        format!("{name} failed, and the report is {:?}", report.end)
    }))
}
