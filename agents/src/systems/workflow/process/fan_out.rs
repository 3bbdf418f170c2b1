//! A fan-out: all agents review the same input, and a synthesis puts their findings together
//! when the last of them is done. A reviewer that fails takes no other with it.

use std::sync::Arc;

use rehearsal_sim::tokio::task::JoinSet;
use serde_json::{Value, json};

use super::super::defects;
use super::super::marks;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};
use super::super::settings::ReviewOrder;
use super::synthesis::{Recommendation, Synthesis};

/// The result of one reviewer.
pub(super) struct Reviewed {
    pub(super) agent: String,
    pub(super) result: Result<Value, TaskError>,
}

impl Reviewed {
    fn into_value(self) -> Value {
        match self.result {
            Ok(result) => json!({ "agent": self.agent, "status": "success", "result": result }),
            Err(error) => {
                json!({ "agent": self.agent, "status": "failed", "error": error.to_string() })
            }
        }
    }
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let input = run.input()?;
    let reviewed = review(&run, &input).await?;
    let synthesis = Synthesis::of(&findings(&reviewed));
    let succeeded = reviewed.iter().filter(|one| one.result.is_ok()).count();
    if succeeded < reviewed.len() {
        run.reached(marks::PARTIAL_SYNTHESIS);
    }
    if synthesis.recommendation() == Recommendation::RequestChanges {
        run.reached(marks::CHANGES_REQUESTED);
    }
    let summary = summary(&run, &synthesis).await?;
    Ok(json!({
        "agents_run": reviewed.len(),
        "agents_succeeded": succeeded,
        "synthesis": synthesis.into_value(),
        "summary": summary,
        "agent_results": reviewed.into_iter().map(Reviewed::into_value).collect::<Vec<_>>(),
    }))
}

/// Has the synthesizer, if there is one, say it in words.
async fn summary(run: &Run, synthesis: &Synthesis) -> Result<Value, Failure> {
    let Some(agent) = &run.scenario.workflow.synthesizer else {
        return Ok(Value::Null);
    };
    let input = Context::default().with("findings", synthesis.findings());
    let summary = run.delegate(agent, "synthesis", &input).await;
    summary.map_err(|error| Failure::of_task("synthesis", error))
}

/// Returns the findings of all reviewers that have answered, each with its agent, in the
/// order of the reviewers.
pub(super) fn findings(reviewed: &[Reviewed]) -> Vec<Value> {
    let mut findings = Vec::new();
    for Reviewed { agent, result } in reviewed {
        let found = result
            .as_ref()
            .ok()
            .and_then(|result| result.get("findings"));
        for finding in found.and_then(Value::as_array).into_iter().flatten() {
            let mut finding = finding.clone();
            if let Some(fields) = finding.as_object_mut() {
                fields.insert("agent".to_owned(), agent.as_str().into());
            }
            findings.push(finding);
        }
    }
    findings
}

/// Has all reviewers review the input. Returns their results in the order of declaration.
pub(super) async fn review(run: &Arc<Run>, input: &Context) -> Result<Vec<Reviewed>, Failure> {
    let agents: Vec<String> = run
        .scenario
        .workers()
        .map(|agent| agent.name.clone())
        .collect();
    let order = run.scenario.workflow.order.map(|order| order.0);
    match order.unwrap_or(ReviewOrder::Parallel) {
        ReviewOrder::Parallel => parallel(run, agents, input).await,
        ReviewOrder::Sequential => Ok(sequential(run, agents, input).await),
    }
}

async fn sequential(run: &Run, agents: Vec<String>, input: &Context) -> Vec<Reviewed> {
    let mut reviewed = Vec::new();
    for agent in agents {
        let result = run.delegate(&agent, &agent, input).await;
        reviewed.push(Reviewed { agent, result });
    }
    reviewed
}

async fn parallel(
    run: &Arc<Run>,
    agents: Vec<String>,
    input: &Context,
) -> Result<Vec<Reviewed>, Failure> {
    let mut reviews = JoinSet::new();
    for (place, agent) in agents.into_iter().enumerate() {
        let (run, input) = (Arc::clone(run), input.clone());
        reviews.spawn(async move {
            let result = run.delegate(&agent, &agent, &input).await;
            (place, Reviewed { agent, result })
        });
    }
    // Seeded: the count of results that are awaited is one too small.
    let awaited = match run.carries(defects::SYNTHESIS_BEFORE_LAST) {
        true => reviews.len().saturating_sub(1),
        false => reviews.len(),
    };
    let mut reviewed = Vec::new();
    while reviewed.len() < awaited
        && let Some(joined) = reviews.join_next().await
    {
        let (place, review) = joined.expect("a review does not panic");
        // Seeded: the first failure ends the wait for all.
        if run.carries(defects::FAILURE_LOSES_OTHERS)
            && let Err(error) = review.result
        {
            return Err(Failure::of_task(&review.agent, error));
        }
        reviewed.push((place, review));
    }
    // The others go on by themselves; a healthy run has none.
    reviews.detach_all();
    // Seeded: results stay in the order in which they came.
    if !run.carries(defects::RESULTS_IN_FINISH_ORDER) {
        reviewed.sort_by_key(|(place, _)| *place);
    }
    Ok(reviewed.into_iter().map(|(_, review)| review).collect())
}
