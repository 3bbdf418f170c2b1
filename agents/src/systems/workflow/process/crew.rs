//! A crew: declared tasks one after the other. Without a manager each task names its agent.
//! With one, the manager assigns each task and oversees its result, and has it done once
//! more if it does not accept it.

use std::sync::Arc;

use serde_json::Value;

use super::super::orchestrator::{Context, Run};
use super::super::report::Failure;
use super::super::settings::TaskSettings;
use super::answers::{flag, text};
use super::assignment::agent_of;

/// The times that a task is done at most.
const ATTEMPTS_MAX: u32 = 2;

/// Returns the name of the task in which the manager assigns another.
pub(in super::super) fn assignment_of(task: &str) -> String {
    format!("assign {task}")
}

/// Returns the name of the task in which the manager oversees another.
pub(in super::super) fn oversight_of(task: &str) -> String {
    format!("oversee {task}")
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let context = run.input()?;
    let manager = run.scenario.workflow.supervisor.clone();
    for task in &run.scenario.tasks {
        let output = match &manager {
            Some(manager) => overseen(&run, manager, task, &context).await?,
            None => {
                let agent = agent_of(&run.scenario, task)?;
                done(&run, &agent, task, &context).await?
            }
        };
        context.insert(format!("{}_output", task.name), output);
    }
    Ok(context.snapshot().into())
}

async fn done(
    run: &Run,
    agent: &str,
    task: &TaskSettings,
    context: &Context,
) -> Result<Value, Failure> {
    let output = run.delegate(agent, &task.name, context).await;
    output.map_err(|error| Failure::of_task(&task.name, error))
}

/// Has the manager assign a task and oversee its result.
async fn overseen(
    run: &Run,
    manager: &str,
    task: &TaskSettings,
    context: &Context,
) -> Result<Value, Failure> {
    for _ in 0..ATTEMPTS_MAX {
        let name = assignment_of(&task.name);
        let assignment = run.delegate(manager, &name, context).await;
        let assignment = assignment.map_err(|error| Failure::of_task(&name, error))?;
        let Some(agent) = text(&assignment, "agent") else {
            return Err(Failure::Unreadable(assignment.to_string()));
        };
        let output = done(run, agent, task, context).await?;
        let name = oversight_of(&task.name);
        let result = context.with("output", output.clone());
        let verdict = run.delegate(manager, &name, &result).await;
        let verdict = verdict.map_err(|error| Failure::of_task(&name, error))?;
        match flag(&verdict, "accepted") {
            Some(true) => return Ok(output),
            Some(false) => {}
            None => return Err(Failure::Unreadable(verdict.to_string())),
        }
    }
    Err(Failure::RevisionsUsedUp(task.name.clone()))
}
