//! Promises of every workflow.

use std::collections::BTreeMap;

use super::super::evidence::TaskSeen;
use super::super::report::{Failure, Logged, TaskError, meaning};
use super::super::telemetry::encoded;
use super::super::wire::TaskEnd;
use super::{Kept, Observed, unless};

/// Checks that the user receives a report.
pub(super) fn is_reported(observed: &Observed<'_>) -> Kept {
    let reported = observed.report().is_some();
    Some(unless(reported, || {
        "the user never received a report".into()
    }))
}

/// Checks that no task is begun any more once the user has the report.
pub(super) fn nothing_after_report(observed: &Observed<'_>) -> Kept {
    let (reported, _) = observed.seen.report.as_ref()?;
    let mut tasks = observed.seen.tasks.iter();
    Some(match tasks.find(|task| task.taken > *reported) {
        Some(late) => Err(format!("{} was begun after the report", late.name)),
        None => Ok(()),
    })
}

/// An entry of the log, with the task as its worker saw it, if one did.
type Compared<'a> = (&'a Logged, Option<&'a TaskSeen>);

/// Returns every entry of the log. Tasks of one name are begun one after the other.
fn compared<'a>(observed: &'a Observed<'_>) -> Option<Vec<Compared<'a>>> {
    let report = observed.report()?;
    let mut places = BTreeMap::<(&str, &str), usize>::new();
    let compared = report.log.iter().map(|entry| {
        let place = places.entry((&entry.task, &entry.agent)).or_default();
        let mut seen = observed
            .seen
            .named(&entry.task)
            .filter(|task| task.agent == entry.agent);
        let seen = seen.nth(*place);
        *place += 1;
        (entry, seen)
    });
    Some(compared.collect())
}

/// Checks that the log has one entry for each task, with the input that its worker was
/// given.
pub(super) fn log_has_inputs(observed: &Observed<'_>) -> Kept {
    let compared = compared(observed)?;
    let seen = compared.iter().filter(|(_, seen)| seen.is_some()).count();
    let tasks = observed.seen.tasks.len();
    if seen != tasks {
        return Some(Err(format!(
            "{tasks} tasks were begun, and {seen} are logged"
        )));
    }
    for (entry, seen) in compared {
        let Some(seen) = seen.filter(|seen| seen.input != entry.input) else {
            continue;
        };
        let (given, logged) = (encoded(&seen.input), encoded(&entry.input));
        let name = &entry.task;
        return Some(Err(format!(
            "{name} was given {given}, and the log has {logged}"
        )));
    }
    Some(Ok(()))
}

/// Checks that the log has the answer that each worker gave.
pub(super) fn log_has_results(observed: &Observed<'_>) -> Kept {
    for (entry, seen) in compared(observed)? {
        let Some((_, end)) = seen.and_then(|seen| seen.ended.as_ref()) else {
            continue;
        };
        let agrees = match (end, &entry.result) {
            (TaskEnd::Finished(answer), Ok(value)) => meaning(answer) == *value,
            (TaskEnd::Failed(reason), Err(TaskError::Failed(told))) => reason == told,
            (TaskEnd::Stopped, Err(TaskError::Stopped)) => true,
            // The answer may have come too late.
            (_, Err(TaskError::TimedOut)) => true,
            _ => false,
        };
        if !agrees {
            let (name, result) = (&entry.task, &entry.result);
            return Some(Err(format!(
                "{name} ended with {end:?}, and the log has {result:?}"
            )));
        }
    }
    Some(Ok(()))
}

/// Checks that no step begins or comes to its end any more once tokens have been refused.
pub(super) fn budget_stops_all(observed: &Observed<'_>) -> Kept {
    observed.scenario.workflow.budget?;
    let refused = observed.seen.refused?;
    let mut steps = observed.seen.steps.iter();
    let late = steps.find(|step| {
        let ended = step.ended.unwrap_or(step.began);
        step.began.at > refused.at || ended.at > refused.at
    });
    Some(match late {
        Some(step) => Err(format!(
            "the tokens were used up at {}, and a step that began at {} went on",
            refused.at, step.began.at
        )),
        None => Ok(()),
    })
}

/// Checks that the steps of a workflow use no more tokens than it has, and a refusal ends
/// it.
pub(super) fn within_budget(observed: &Observed<'_>) -> Kept {
    let budget = observed.scenario.workflow.budget?;
    let steps = observed.seen.steps.iter();
    let used: u32 = steps.map(|step| step.tokens).sum();
    if used > budget {
        return Some(Err(format!("{used} tokens were used, of {budget}")));
    }
    let report = observed.report()?;
    let stopped = report.end == Err(Failure::OutOfTokens);
    Some(unless(stopped == observed.seen.refused.is_some(), || {
        format!(
            "tokens were refused, or not, and the report is {:?}",
            report.end
        )
    }))
}

/// Checks that a supervisor that names an agent which there is not ends the workflow with
/// that error.
pub(super) fn unknown_agent_is_error(observed: &Observed<'_>) -> Kept {
    let report = observed.report()?;
    let unknown = report.log.iter().find_map(|entry| match &entry.result {
        Err(TaskError::UnknownAgent(name)) => Some(name),
        _ => None,
    })?;
    let expected = Err(Failure::UnknownAgent(unknown.clone()));
    Some(unless(report.end == expected, || {
        format!(
            "there is no agent `{unknown}`, and the report is {:?}",
            report.end
        )
    }))
}
