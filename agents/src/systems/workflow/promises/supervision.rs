//! Promises of supervisors, of graphs, and of rounds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::evidence::TaskSeen;
use super::super::report::meaning;
use super::{Kept, Observed, Promise, promise, unless};

/// The promises of a supervisor.
pub(in super::super) const SUPERVISOR: &[Promise] = &[
    promise("decisions-are-bounded", bounded),
    promise("delegation-follows-plan", follows_plan),
];

/// The promises of a graph.
pub(in super::super) const GRAPH: &[Promise] = &[
    promise("decisions-are-bounded", bounded),
    promise("messages-come-once", messages_once),
];

/// The promises of rounds.
pub(in super::super) const ROUNDS: &[Promise] = &[
    promise("rounds-do-not-overlap", rounds_apart),
    promise("contribution-is-kept", contributions_kept),
];

/// Checks that the supervisor decides no more often than it may.
fn bounded(observed: &Observed<'_>) -> Kept {
    let most = observed.scenario.workflow.decisions?;
    let supervisor = observed.scenario.workflow.supervisor.as_ref()?;
    let tasks = observed.seen.tasks.iter();
    let delegated = tasks.filter(|task| task.agent != *supervisor).count();
    let most = most as usize + usize::from(observed.scenario.workflow.synthesizer.is_some());
    Some(unless(delegated <= most, || {
        format!("{delegated} tasks were delegated, and {most} may be")
    }))
}

/// Checks that each delegation goes to the worker that the plan before it names, if it
/// names one.
fn follows_plan(observed: &Observed<'_>) -> Kept {
    let mut opportunity = None;
    for pair in observed.seen.tasks.windows(2) {
        let [plan, delegated] = pair else { continue };
        let planned = plan.answer().map_or(Value::Null, meaning);
        let Some(worker) = planned["next_worker"].as_str() else {
            continue;
        };
        if plan.name != "plan" {
            continue;
        }
        opportunity = Some(Ok(()));
        if delegated.agent != worker {
            let agent = &delegated.agent;
            return Some(Err(format!(
                "the plan names {worker}, and {agent} was asked"
            )));
        }
    }
    opportunity
}

/// Checks that no agent is shown a message of the conversation twice.
fn messages_once(observed: &Observed<'_>) -> Kept {
    for task in &observed.seen.tasks {
        let messages = task.input.get("messages").and_then(Value::as_array);
        let mut seen = BTreeSet::new();
        for message in messages.into_iter().flatten() {
            if !seen.insert(message["number"].as_u64()) {
                let (name, number) = (&task.name, &message["number"]);
                return Some(Err(format!("{name} was shown message {number} twice")));
            }
        }
    }
    Some(Ok(()))
}

fn round_of(task: &TaskSeen) -> Option<u64> {
    task.input.get("round")?.as_u64()
}

/// Checks that no contribution to a round begins before all of the round before it are
/// there.
fn rounds_apart(observed: &Observed<'_>) -> Kept {
    let tasks = &observed.seen.tasks;
    for later in tasks {
        let early = tasks
            .iter()
            .find(|earlier| round_of(earlier) < round_of(later) && !later.is_after(earlier));
        if let Some(early) = early {
            return Some(Err(format!(
                "{} began round {:?} before {} had ended round {:?}",
                later.name,
                round_of(later),
                early.name,
                round_of(early)
            )));
        }
    }
    Some(Ok(()))
}

/// Checks that the workspace has every contribution once, by round and peer.
fn contributions_kept(observed: &Observed<'_>) -> Kept {
    let output = observed.report()?.end.as_ref().ok()?;
    let kept = output["workspace"].as_array()?;
    let kept: Vec<(Option<u64>, Option<&str>)> = kept
        .iter()
        .map(|one| (one["round"].as_u64(), one["agent"].as_str()))
        .collect();
    let rounds = u64::from(observed.scenario.workflow.rounds?);
    let expected: Vec<(Option<u64>, Option<&str>)> = (1..=rounds)
        .flat_map(|round| {
            let agents = observed.scenario.workers();
            agents.map(move |agent| (Some(round), Some(agent.name.as_str())))
        })
        .filter(|(round, agent)| {
            let mut tasks = observed.seen.tasks.iter();
            tasks.any(|task| {
                round_of(task) == *round
                    && Some(task.agent.as_str()) == *agent
                    && task.answer().is_some()
            })
        })
        .collect();
    Some(unless(kept == expected, || {
        format!("contributed: {expected:?}; kept: {kept:?}")
    }))
}
