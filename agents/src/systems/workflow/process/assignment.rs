//! The agent of a declared task: by name, or the first that has the capability.

use super::super::report::Failure;
use super::super::settings::{TaskSettings, WorkflowScenario};

/// Returns the name of the agent that does a task.
pub(super) fn agent_of(
    scenario: &WorkflowScenario,
    task: &TaskSettings,
) -> Result<String, Failure> {
    match (&task.agent, &task.needs) {
        (Some(agent), _) => Ok(agent.clone()),
        (None, Some(capability)) => {
            let mut agents = scenario.enabled();
            let able = agents.find(|agent| agent.capabilities.contains(capability));
            let able = able.map(|agent| agent.name.clone());
            able.ok_or_else(|| Failure::UnknownAgent(capability.clone()))
        }
        (None, None) => {
            let problem = format!("{} names no agent and no capability", task.name);
            Err(Failure::Definition(problem))
        }
    }
}
