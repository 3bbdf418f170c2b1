//! Promises of procedures.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::evidence::TaskSeen;
use super::super::process::{recovery_of, review_of, revision_of};
use super::super::report::{Failure, meaning};
use super::super::settings::TaskSettings;
use super::sequences::one_at_a_time;
use super::{Kept, Observed, Promise, promise, unless};

/// The promises of a procedure.
pub(in super::super) const PROCEDURE: &[Promise] = &[
    promise("tasks-follow-each-other", one_at_a_time),
    promise("tasks-are-in-order-of-procedure", in_order),
    promise("recovered-result-is-passed-on", recovery_passed_on),
    promise("failure-ends-the-procedure-there", failure_ends_there),
    promise("revisions-are-bounded", revisions_bounded),
    promise("accepted-version-is-passed-on", accepted_passed_on),
    promise("every-version-is-kept", versions_kept),
];

/// Returns the result of a task as those behind it are given it.
fn given<'a>(observed: &'a Observed<'_>, name: &str) -> Option<&'a Value> {
    let output = format!("{name}_output");
    let mut tasks = observed.seen.tasks.iter();
    tasks.find_map(|task| task.input.get(&output))
}

/// Declared tasks begin in the order in which they are declared, without a hole.
fn in_order(observed: &Observed<'_>) -> Kept {
    let declared = |name: &str| {
        let mut tasks = observed.scenario.tasks.iter();
        tasks.position(|task| task.name == name)
    };
    let tasks = observed.seen.tasks.iter();
    let places: Vec<usize> = tasks.filter_map(|task| declared(&task.name)).collect();
    let in_order = places.iter().enumerate().all(|(due, place)| *place == due);
    let whole = places.len() == observed.scenario.tasks.len();
    let ended_well = observed.report()?.end.is_ok();
    Some(unless(in_order && whole == ended_well, || {
        format!("the declared tasks were begun in the order {places:?}")
    }))
}

/// Checks that the tasks behind one that was recovered are given the result of the
/// recovery.
fn recovery_passed_on(observed: &Observed<'_>) -> Kept {
    let mut opportunity = None;
    for TaskSettings { name, .. } in &observed.scenario.tasks {
        // A reviewer may have had the result revised.
        let revised = observed.seen.named(&revision_of(name)).next().is_some();
        let recovery = recovery_of(name);
        let recovered = observed.seen.named(&recovery).find_map(TaskSeen::answer);
        let (Some(answer), Some(given), false) =
            (recovered.map(meaning), given(observed, name), revised)
        else {
            continue;
        };
        opportunity = Some(Ok(()));
        if *given != answer {
            return Some(Err(format!(
                "{name} was recovered as {answer}, and passed on as {given}"
            )));
        }
    }
    opportunity
}

/// Checks that a task that fails is the last, unless it is recovered, and the report names
/// it.
fn failure_ends_there(observed: &Observed<'_>) -> Kept {
    let tasks = &observed.seen.tasks;
    let failed = tasks.iter().position(TaskSeen::has_failed)?;
    let name = tasks[failed].name.as_str();
    let next = tasks.get(failed + 1);
    let recovery = next.filter(|next| next.name == recovery_of(name));
    if recovery.is_some_and(|recovery| recovery.answer().is_some()) {
        return Some(Ok(()));
    }
    let due = failed + 1 + usize::from(recovery.is_some());
    if let Some(next) = tasks.get(due) {
        return Some(Err(format!("{name} failed, and {} was begun", next.name)));
    }
    let report = observed.report()?;
    let said = matches!(&report.end, Err(Failure::Task { task, .. }) if task == name);
    Some(unless(said, || {
        format!("{name} failed, and the report is {:?}", report.end)
    }))
}

/// Checks that no result is revised more often than it may be.
fn revisions_bounded(observed: &Observed<'_>) -> Kept {
    let most = observed.scenario.workflow.revisions? as usize;
    let mut tasks = observed.scenario.tasks.iter();
    let too_often = tasks.find(|task| observed.seen.named(&revision_of(&task.name)).count() > most);
    Some(match too_often {
        Some(task) => Err(format!("{} was revised more than {most} times", task.name)),
        None => Ok(()),
    })
}

/// Checks that the tasks behind a review are given the version that the reviewer accepted.
fn accepted_passed_on(observed: &Observed<'_>) -> Kept {
    let mut opportunity = None;
    for TaskSettings { name, .. } in &observed.scenario.tasks {
        let review = review_of(name);
        let Some(last) = observed.seen.named(&review).last() else {
            continue;
        };
        let verdict = last.answer().map_or(Value::Null, meaning);
        let (Some(true), Some(given)) = (verdict["accepted"].as_bool(), given(observed, name))
        else {
            continue;
        };
        opportunity = Some(Ok(()));
        if last.input.get("draft") != Some(given) {
            return Some(Err(format!(
                "another version of {name} was accepted than {given}"
            )));
        }
    }
    opportunity
}

/// Checks that the artifacts are the results of tasks, recoveries and revisions, in the
/// order in which they were made, and numbered from 1 for each task.
fn versions_kept(observed: &Observed<'_>) -> Kept {
    let output = observed.report()?.end.as_ref().ok()?;
    let kept = output["artifacts"].as_array()?;
    let mut versions = BTreeMap::<&str, u64>::new();
    let mut expected = Vec::new();
    for task in &observed.seen.tasks {
        let mut declared = observed.scenario.tasks.iter();
        let made = declared.find(|declared| {
            let name = &declared.name;
            [name.clone(), recovery_of(name), revision_of(name)].contains(&task.name)
        });
        let (Some(made), Some(answer)) = (made, task.answer()) else {
            continue;
        };
        let version = versions.entry(&made.name).or_default();
        *version += 1;
        let (name, content) = (&made.name, meaning(answer));
        expected.push(json!({ "task": name, "version": *version, "content": content }));
    }
    Some(unless(*kept == expected, || {
        format!("made were {expected:?}, and kept are {kept:?}")
    }))
}
