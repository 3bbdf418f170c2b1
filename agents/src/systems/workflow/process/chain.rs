//! A chain: one agent after the other. Each is given the input and the outputs of all before
//! it; the first failure ends the chain.

use std::sync::Arc;

use serde_json::Value;

use super::super::orchestrator::Run;
use super::super::report::Failure;

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let context = run.input()?;
    for agent in run.scenario.workers() {
        let name = &agent.name;
        let output = run.delegate(name, name, &context).await;
        let output = output.map_err(|error| Failure::of_task(name, error))?;
        context.insert(format!("{name}_output"), output);
    }
    Ok(context.snapshot().into())
}
