//! Contradictions between sections that are right by themselves. A workflow that names an
//! unknown agent, or a tool twice, is not among them: the orchestrator must refuse it.

use super::settings::WorkflowFile;
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most agents of all users together.
const AGENTS_MAX: u64 = 1_000;

/// Returns every contradiction.
pub(super) fn contradictions(file: &WorkflowFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    times(file, shared).into_iter().chain(size(file)).collect()
}

/// An orchestrator that waits longer than the run never gives a task up.
fn times(file: &WorkflowFile, shared: &Shared<'_>) -> Option<Contradiction> {
    let (workflow, limit) = (file.workflow.sound()?, shared.virtual_time?);
    let place = Path::of("workflow").key("task_timeout");
    Contradiction::after_the_end("`task_timeout`", workflow.task_timeout, place, limit)
}

/// A run must fit into the memory of a laptop.
fn size(file: &WorkflowFile) -> Option<Contradiction> {
    let (workflow, agents) = (file.workflow.sound()?, file.agents.sound()?);
    let agents = u64::try_from(agents.len()).unwrap_or(u64::MAX);
    let number = agents.saturating_mul(workflow.users.into());
    (number > AGENTS_MAX).then(|| {
        let message = format!("{} agents for all users together", grouped(number));
        Contradiction::new(Rule::TooBig, message, Path::of("agents"))
            .label("as often as there are users")
            .help(format!("a run holds at most {}", grouped(AGENTS_MAX)))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn found(file: Value, shared: &Shared<'_>) -> Vec<(Rule, String)> {
        let file: WorkflowFile = serde_json::from_value(file).expect("it matches the schema");
        let found = contradictions(&file, shared).into_iter();
        found
            .map(|problem| (problem.rule, problem.places[0].to_string()))
            .collect()
    }

    #[test]
    fn orchestrator_must_give_up_within_the_run() {
        let shared = Shared {
            virtual_time: Some(Duration::from_secs(1)),
            ..Shared::default()
        };
        let file = json!({
            "workflow": { "process": "chain", "task_timeout": "1s" },
            "agents": [{ "name": "a" }],
        });
        let late = (Rule::TimesOutOfOrder, "workflow.task_timeout".to_owned());
        assert_eq!(found(file, &shared), [late]);
    }

    #[test]
    fn runs_are_bounded() {
        let file = |users: u32| {
            let agents = vec![json!({ "name": "a" }); 100];
            json!({ "workflow": { "process": "chain", "users": users }, "agents": agents })
        };
        let shared = Shared::default();
        assert_eq!(found(file(10), &shared), []);
        let too_big = (Rule::TooBig, "agents".to_owned());
        assert_eq!(found(file(11), &shared), [too_big]);
    }
}
