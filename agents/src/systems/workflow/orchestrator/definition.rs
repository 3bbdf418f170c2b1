//! The check of a workflow before its first task.

use std::collections::BTreeSet;

use super::super::report::Failure;
use super::super::settings::{AgentSettings, WorkflowScenario};

/// Checks that the names in a workflow lead to one thing each.
pub(super) fn check(scenario: &WorkflowScenario) -> Result<(), Failure> {
    let agents = scenario.agents.iter().map(|agent| agent.name.as_str());
    each_once("agent", agents)?;
    let tasks = scenario.tasks.iter().map(|task| task.name.as_str());
    each_once("task", tasks)?;
    scenario.agents.iter().try_for_each(tools)?;
    for task in &scenario.tasks {
        for earlier in &task.after {
            if !scenario.tasks.iter().any(|other| other.name == *earlier) {
                let problem = format!("{} waits for `{earlier}`, which is no task", task.name);
                return Err(Failure::Definition(problem));
            }
        }
    }
    Ok(())
}

/// Checks that no tool replaces another of its name.
fn tools(agent: &AgentSettings) -> Result<(), Failure> {
    let tools = agent.tools.iter().map(String::as_str);
    each_once(&format!("tool of {}", agent.name), tools)
}

fn each_once<'a>(noun: &str, mut names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match names.find(|name| !seen.insert(*name)) {
        Some(name) => Err(Failure::Definition(format!("two {noun} `{name}`"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::settings::WorkflowFile;
    use super::*;
    use crate::sections::Settings;

    fn problem(agents: Value, tasks: Value) -> Option<String> {
        let file = json!({
            "workflow": { "process": "plan" },
            "agents": agents,
            "tasks": tasks,
        });
        let file: WorkflowFile = serde_json::from_value(file).expect("it matches the schema");
        let scenario = WorkflowScenario::from_file(file).expect("it has no problems");
        check(&scenario).err().map(|failure| failure.to_string())
    }

    #[test]
    fn names_lead_to_one_thing_each() {
        let agent = |tools: Value| json!([{ "name": "a", "tools": tools }]);
        assert_eq!(problem(agent(json!(["x", "y"])), json!([])), None);
        let twice = problem(agent(json!(["x", "y", "x"])), json!([]));
        assert_eq!(twice.as_deref(), Some("two tool of a `x`"));
        let agents = json!([{ "name": "a" }, { "name": "a" }]);
        assert_eq!(problem(agents, json!([])).as_deref(), Some("two agent `a`"));
        let tasks = json!([{ "name": "t" }, { "name": "t" }]);
        let twice = problem(agent(json!([])), tasks);
        assert_eq!(twice.as_deref(), Some("two task `t`"));
    }

    #[test]
    fn tasks_wait_for_tasks() {
        let tasks = json!([{ "name": "t", "after": ["u"] }]);
        let unknown = problem(json!([{ "name": "a" }]), tasks);
        assert_eq!(
            unknown.as_deref(),
            Some("t waits for `u`, which is no task")
        );
    }
}
