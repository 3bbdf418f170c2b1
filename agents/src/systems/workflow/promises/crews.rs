//! Promises of crews.

use super::super::evidence::TaskSeen;
use super::super::process::{assignment_of, oversight_of};
use super::super::report::meaning;
use super::sequences::one_at_a_time;
use super::{Kept, Observed, Promise, promise};

/// The promises of a crew.
pub(in super::super) const CREW: &[Promise] = &[
    promise("tasks-follow-each-other", one_at_a_time),
    promise("manager-oversees-every-task", manager_oversees),
];

/// Checks that with a manager, each task is assigned before and overseen after it, and
/// given to the agent of the assignment.
fn manager_oversees(observed: &Observed<'_>) -> Kept {
    let manager = observed.scenario.workflow.supervisor.as_ref()?;
    let tasks = &observed.seen.tasks;
    for (place, task) in tasks.iter().enumerate() {
        if task.agent == *manager {
            continue;
        }
        let before = place.checked_sub(1).map(|before| &tasks[before]);
        let assigned = before.filter(|before| before.name == assignment_of(&task.name));
        let assigned = assigned.and_then(TaskSeen::answer).map(meaning);
        let to = assigned
            .as_ref()
            .and_then(|assigned| assigned["agent"].as_str());
        if to != Some(&task.agent) {
            let (name, agent) = (&task.name, &task.agent);
            return Some(Err(format!(
                "{name} was done by {agent}, and assigned to {to:?}"
            )));
        }
        let overseen = oversight_of(&task.name);
        let after = tasks.get(place + 1).map(|after| &after.name);
        if task.answer().is_some() && after != Some(&overseen) {
            return Some(Err(format!("{} was not overseen", task.name)));
        }
    }
    Some(Ok(()))
}
