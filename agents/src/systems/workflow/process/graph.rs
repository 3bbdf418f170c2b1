//! A graph: a supervisor routes to one agent after the other, which all come back to it,
//! until it routes to the end. A route that leads nowhere is an error.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::defects;
use super::super::orchestrator::Run;
use super::super::report::Failure;
use super::super::wire::Object;
use super::answers::text;
use super::supervisor::{DECISIONS_MAX, check_bound, supervisor_of};

/// The route that ends the workflow.
const FINISH: &str = "FINISH";

/// A message of the conversation that all agents see, numbered from 1.
fn message(number: usize, from: &str, content: &Value) -> Value {
    json!({ "number": number, "from": from, "content": content })
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let supervisor = supervisor_of(&run)?;
    let input = run.input()?;
    let mut messages = vec![message(1, "user", &input.snapshot().into())];
    let mut outputs = Object::new();
    let most = run.scenario.workflow.decisions.unwrap_or(DECISIONS_MAX);
    for decision in 1.. {
        let known = input.with("messages", messages.clone());
        let route = run.delegate(&supervisor, "route", &known).await;
        let route = route.map_err(|error| Failure::of_task("route", error))?;
        let Some(next) = text(&route, "next_agent") else {
            return Err(Failure::Unreadable(route.to_string()));
        };
        if next == FINISH {
            break;
        }
        let output = run.delegate(next, next, &known).await;
        let output = output.map_err(|error| Failure::of_task(next, error))?;
        let reply = message(messages.len() + 1, next, &output);
        // Seeded: an agent hands back the whole conversation, and all of it is appended.
        if run.carries(defects::CONVERSATION_DOUBLED) {
            messages.extend(messages.clone());
        }
        messages.push(reply);
        outputs.insert(next.to_owned(), output);
        run.show(next, &outputs).await;
        check_bound(&run, decision, most)?;
    }
    Ok(json!({ "outputs": outputs, "messages": messages }))
}
