//! Promises of plans.

use serde_json::Value;

use super::super::process::holds;
use super::super::report::meaning;
use super::super::settings::TaskSettings;
use super::{Kept, Observed, Promise, promise};

/// The promises of a plan.
pub(in super::super) const PLAN: &[Promise] = &[
    promise("task-waits-for-those-before-it", waits_for_inputs),
    promise("condition-decides-on-its-task", condition_decides),
    promise("urgent-task-goes-first", urgent_first),
    promise("every-task-is-done-or-left-out", all_done),
];

fn declared<'a>(observed: &'a Observed<'_>, name: &str) -> Option<&'a TaskSettings> {
    let mut tasks = observed.scenario.tasks.iter();
    tasks.find(|task| task.name == name)
}

/// Checks that each task is taken after all tasks that it waits for have ended.
fn waits_for_inputs(observed: &Observed<'_>) -> Kept {
    for task in &observed.seen.tasks {
        let declared = declared(observed, &task.name)?;
        for earlier in &declared.after {
            let mut earlier = observed.seen.named(earlier);
            if let Some(early) = earlier.find(|earlier| !task.is_after(earlier)) {
                let (name, early) = (&task.name, &early.name);
                return Some(Err(format!("{name} began before {early} had ended")));
            }
        }
    }
    Some(Ok(()))
}

/// Checks that a task with a condition is done if the number before it is within its
/// limits, and left out if not.
fn condition_decides(observed: &Observed<'_>) -> Kept {
    let mut opportunity = None;
    observed.report()?.end.as_ref().ok()?;
    for task in &observed.scenario.tasks {
        let Some(name) = &task.when else { continue };
        let mut before = task
            .after
            .iter()
            .flat_map(|earlier| observed.seen.named(earlier));
        let number = before.find_map(|earlier| meaning(earlier.answer()?).get(name)?.as_i64());
        let Some(number) = number else { continue };
        opportunity = Some(Ok(()));
        let times = observed.seen.named(&task.name).count();
        if times != usize::from(holds(task, number)) {
            let task = &task.name;
            return Some(Err(format!(
                "{name} is {number}, and {task} was done {times} times"
            )));
        }
    }
    opportunity
}

/// Checks that no task is done while another that could begin is more urgent, by its own
/// priority or by that of a task that waits for it, if one task is done at a time.
fn urgent_first(observed: &Observed<'_>) -> Kept {
    if observed.scenario.workflow.at_once != Some(1) {
        return None;
    }
    for (place, task) in observed.seen.tasks.iter().enumerate() {
        let chosen = urgency(observed, &task.name, observed.scenario.tasks.len());
        for other in &observed.seen.tasks[place + 1..] {
            let could_begin = declared(observed, &other.name)?
                .after
                .iter()
                .all(|earlier| {
                    let mut earlier = observed.seen.named(earlier);
                    earlier.all(|earlier| task.is_after(earlier))
                });
            let urgency = urgency(observed, &other.name, observed.scenario.tasks.len());
            if could_begin && urgency > chosen {
                return Some(Err(format!(
                    "{} ({chosen}) was done while {} ({urgency}) could begin",
                    task.name, other.name
                )));
            }
        }
    }
    Some(Ok(()))
}

/// Returns the highest priority of a task and of those that wait for it, over that many
/// others.
fn urgency(observed: &Observed<'_>, name: &str, distance: usize) -> u32 {
    let own = declared(observed, name).map_or(0, |task| task.priority);
    let Some(distance) = distance.checked_sub(1) else {
        return own;
    };
    let tasks = observed.scenario.tasks.iter();
    let waiting = tasks.filter(|task| task.after.iter().any(|earlier| earlier == name));
    waiting
        .map(|task| urgency(observed, &task.name, distance))
        .fold(own, u32::max)
}

/// Checks that a plan that ends well has a result of every task, or says that it was left
/// out.
fn all_done(observed: &Observed<'_>) -> Kept {
    let output = observed.report()?.end.as_ref().ok()?;
    let left_out = output["left_out"].as_array()?;
    let mut tasks = observed.scenario.tasks.iter();
    let missing = tasks.find(|task| {
        let done = observed.seen.named(&task.name).count() == 1;
        let done = done && output["outputs"].get(&task.name).is_some();
        done == left_out.contains(&Value::from(task.name.as_str()))
    });
    Some(match missing {
        Some(task) => Err(format!(
            "{} is neither done nor left out, or both",
            task.name
        )),
        None => Ok(()),
    })
}
