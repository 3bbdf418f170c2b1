//! A supervisor: it plans, delegates to the worker of its plan, and evaluates, until it says
//! that the investigation is complete, or has decided as often as it may.
//!
//! A plan that cannot be read leads to the first worker. After an evaluation that cannot be
//! read, the investigation is complete with three results. A worker that is asked again
//! replaces its result.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::defects;
use super::super::marks;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};
use super::super::wire::Object;
use super::answers::{flag, text};

/// The results with which an investigation is complete if no evaluation says so.
const RESULTS_ENOUGH: usize = 3;

/// The decisions of a supervisor if the scenario does not say.
pub(super) const DECISIONS_MAX: u32 = 25;

/// A plan: the next worker, and the object of its investigation.
struct Plan {
    worker: String,
    focus: Value,
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let name = supervisor_of(&run)?;
    let input = run.input()?;
    let mut results = Object::new();
    let most = run.scenario.workflow.decisions.unwrap_or(DECISIONS_MAX);
    for decision in 1.. {
        let plan = plan(&run, &name, &input, &results).await?;
        let known = input
            .with("focus", plan.focus.clone())
            .with("results", results.clone());
        let mut result = run.delegate(&plan.worker, &plan.worker, &known).await;
        // Seeded: the supervisor is not shown the failure, and nothing has changed.
        while run.carries(defects::FAILURE_REPEATED) && matches!(result, Err(TaskError::Failed(_)))
        {
            run.show(&plan.worker, &results).await;
            result = run.delegate(&plan.worker, &plan.worker, &known).await;
        }
        match result {
            Ok(result) => results.insert(plan.worker.clone(), result),
            // Seeded: an investigation without a worker counts as complete.
            Err(TaskError::UnknownAgent(_)) if run.carries(defects::UNKNOWN_AGENT_IS_SUCCESS) => {
                break;
            }
            Err(error @ (TaskError::UnknownAgent(_) | TaskError::Stopped)) => {
                return Err(Failure::of_task(&plan.worker, error));
            }
            // The supervisor may ask another worker.
            Err(error) => results.insert(plan.worker.clone(), error.to_string().into()),
        };
        let complete = evaluate(&run, &name, &input, &results).await?;
        run.show(&plan.worker, &results).await;
        if complete {
            break;
        }
        check_bound(&run, decision, most)?;
    }
    let summary = summary(&run, &results).await?;
    Ok(json!({ "results": results, "summary": summary }))
}

/// Fails if the supervisor has made the last decision that it may make.
pub(super) fn check_bound(run: &Run, decision: u32, most: u32) -> Result<(), Failure> {
    // Seeded: the supervisor goes on until it is satisfied.
    if decision < most || run.carries(defects::SUPERVISOR_NEVER_ENDS) {
        return Ok(());
    }
    run.reached(marks::DECISIONS_USED_UP);
    Err(Failure::DecisionsUsedUp(most))
}

/// Returns the name of the workflow's supervisor.
pub(super) fn supervisor_of(run: &Run) -> Result<String, Failure> {
    let supervisor = run.scenario.workflow.supervisor.clone();
    supervisor.ok_or_else(|| Failure::Definition("there is no supervisor".to_owned()))
}

async fn ask(
    run: &Run,
    supervisor: &str,
    question: &str,
    input: &Context,
    results: &Object,
) -> Result<Value, Failure> {
    let input = input.with("results", results.clone());
    let answer = run.delegate(supervisor, question, &input).await;
    answer.map_err(|error| Failure::of_task(question, error))
}

async fn plan(
    run: &Run,
    supervisor: &str,
    input: &Context,
    results: &Object,
) -> Result<Plan, Failure> {
    let answer = ask(run, supervisor, "plan", input, results).await?;
    if let Some(worker) = text(&answer, "next_worker") {
        return Ok(Plan {
            worker: worker.to_owned(),
            focus: answer["investigation_focus"].clone(),
        });
    }
    run.reached(marks::PLAN_UNREADABLE);
    let first = run.scenario.workers().next();
    let first = first.ok_or_else(|| Failure::Definition("there is no worker".to_owned()))?;
    Ok(Plan {
        worker: first.name.clone(),
        focus: input.snapshot().into(),
    })
}

/// Returns `true` if the investigation is complete.
async fn evaluate(
    run: &Run,
    supervisor: &str,
    input: &Context,
    results: &Object,
) -> Result<bool, Failure> {
    let answer = ask(run, supervisor, "evaluate", input, results).await?;
    Ok(flag(&answer, "is_complete").unwrap_or_else(|| {
        run.reached(marks::EVALUATION_UNREADABLE);
        results.len() >= RESULTS_ENOUGH
    }))
}

/// Has the synthesizer, if there is one, put the results together.
async fn summary(run: &Run, results: &Object) -> Result<Value, Failure> {
    let Some(agent) = &run.scenario.workflow.synthesizer else {
        return Ok(Value::Null);
    };
    let input = Context::default().with("results", results.clone());
    let summary = run.delegate(agent, "synthesis", &input).await;
    summary.map_err(|error| Failure::of_task("synthesis", error))
}
