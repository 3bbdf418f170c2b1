//! A standard operating procedure: declared tasks one after the other, each by the agent of
//! its role. A task that fails is recovered by another agent, or ends the procedure there. A
//! reviewer may ask for a bounded number of revisions. Every version of a result is kept.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::defects;
use super::super::marks;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};
use super::super::settings::TaskSettings;
use super::answers::flag;
use super::assignment::agent_of;

/// The revisions of a result if the scenario does not say.
const REVISIONS_MAX: u32 = 3;

/// The versions of all results, in the order in which they were made.
#[derive(Default)]
struct Artifacts(Vec<Value>);

impl Artifacts {
    fn add(&mut self, task: &str, version: u32, content: &Value) {
        let artifact = json!({ "task": task, "version": version, "content": content });
        self.0.push(artifact);
    }
}

/// Returns the name of the task that recovers another.
pub(in super::super) fn recovery_of(task: &str) -> String {
    format!("recover {task}")
}

/// Returns the name of the task that reviews the result of another.
pub(in super::super) fn review_of(task: &str) -> String {
    format!("review {task}")
}

/// Returns the name of the task that revises the result of another.
pub(in super::super) fn revision_of(task: &str) -> String {
    format!("revise {task}")
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let context = run.input()?;
    let mut artifacts = Artifacts::default();
    for task in &run.scenario.tasks {
        let agent = agent_of(&run.scenario, task)?;
        let output = match run.delegate(&agent, &task.name, &context).await {
            Ok(output) => output,
            Err(error) => recovered(&run, task, error, &context).await?,
        };
        artifacts.add(&task.name, 1, &output);
        let output = reviewed(&run, task, &agent, output, &context, &mut artifacts).await?;
        context.insert(format!("{}_output", task.name), output);
    }
    Ok(json!({ "context": context.snapshot(), "artifacts": artifacts.0 }))
}

/// Has another agent recover a task that has failed.
async fn recovered(
    run: &Run,
    task: &TaskSettings,
    error: TaskError,
    context: &Context,
) -> Result<Value, Failure> {
    let (TaskError::Failed(_) | TaskError::TimedOut, Some(agent)) = (&error, &task.recovery) else {
        return Err(Failure::of_task(&task.name, error));
    };
    let input = context
        .with("failed", task.name.as_str())
        .with("reason", error.to_string());
    let name = recovery_of(&task.name);
    let output = run.delegate(agent, &name, &input).await;
    let output = output.map_err(|error| Failure::of_task(&task.name, error))?;
    run.reached(marks::TASK_RECOVERED);
    // Seeded: the procedure goes on with the result of the task that failed.
    if run.carries(defects::RECOVERY_LOST) {
        return Ok(Value::Null);
    }
    Ok(output)
}

/// Has a reviewer accept a result, or the agent revise it.
async fn reviewed(
    run: &Run,
    task: &TaskSettings,
    agent: &str,
    mut output: Value,
    context: &Context,
    artifacts: &mut Artifacts,
) -> Result<Value, Failure> {
    let Some(reviewer) = &task.reviewer else {
        return Ok(output);
    };
    let most = run.scenario.workflow.revisions.unwrap_or(REVISIONS_MAX);
    for version in 1..=most + 1 {
        let draft = context.with("draft", output.clone());
        let name = review_of(&task.name);
        let verdict = run.delegate(reviewer, &name, &draft).await;
        let verdict = verdict.map_err(|error| Failure::of_task(&name, error))?;
        let accepted = flag(&verdict, "accepted");
        let accepted = accepted.ok_or_else(|| Failure::Unreadable(verdict.to_string()))?;
        if accepted {
            return Ok(output);
        }
        if version > most {
            break;
        }
        run.reached(marks::REVISION);
        let draft = draft.with("comments", verdict["comments"].clone());
        let name = revision_of(&task.name);
        let revised = run.delegate(agent, &name, &draft).await;
        output = revised.map_err(|error| Failure::of_task(&name, error))?;
        artifacts.add(&task.name, version + 1, &output);
    }
    Err(Failure::RevisionsUsedUp(task.name.clone()))
}
