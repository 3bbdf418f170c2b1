//! Rounds: peers contribute to a shared workspace, all at once in each round. A round begins
//! when every contribution to the one before it is there, so that each peer can build on the
//! others.

use std::sync::Arc;

use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::time;
use serde_json::{Value, json};

use super::super::defects;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};

/// The contributions of all peers.
#[derive(Default)]
struct Workspace {
    contributions: Vec<Contribution>,
}

/// One contribution.
struct Contribution {
    round: u32,
    /// The peer, by its place.
    peer: usize,
    agent: String,
    content: Value,
}

impl Workspace {
    /// Returns the contributions by round and peer, whatever the order in which they came.
    fn snapshot(&mut self) -> Value {
        self.contributions.sort_by_key(|one| (one.round, one.peer));
        let shown = self
            .contributions
            .iter()
            .map(|one| json!({ "round": one.round, "agent": one.agent, "content": one.content }));
        shown.collect()
    }
}

/// A peer's part of a round: its place, and its result.
type Part = (usize, u32, String, Result<Value, TaskError>);

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let input = run.input()?;
    let rounds = run.scenario.workflow.rounds.unwrap_or(1);
    let pause = run.scenario.workflow.pause.map(|pause| pause.0);
    let mut workspace = Workspace::default();
    let mut parts = JoinSet::new();
    for round in 1..=rounds {
        let seen = input
            .with("round", round)
            .with("workspace", workspace.snapshot());
        begin_round(&run, round, &seen, &mut parts);
        // Seeded: the round is over when all but one have contributed.
        let waiting_for = match run.carries(defects::ROUND_ENDS_EARLY) && round < rounds {
            true => 1,
            false => 0,
        };
        while parts.len() > waiting_for
            && let Some(part) = parts.join_next().await
        {
            contribute(&mut workspace, part.expect("a peer does not panic"));
        }
        if run.is_stopped() {
            return Err(Failure::OutOfTokens);
        }
        time::sleep(pause.unwrap_or_default()).await;
    }
    Ok(json!({ "rounds": rounds, "workspace": workspace.snapshot() }))
}

fn begin_round(run: &Arc<Run>, round: u32, seen: &Context, parts: &mut JoinSet<Part>) {
    for (peer, agent) in run.scenario.workers().enumerate() {
        let (run, agent, seen) = (Arc::clone(run), agent.name.clone(), seen.clone());
        parts.spawn(async move {
            let result = run.delegate(&agent, &agent, &seen).await;
            (peer, round, agent, result)
        });
    }
}

/// Adds the contribution of a peer. A peer that fails contributes nothing to the round.
fn contribute(workspace: &mut Workspace, part: Part) {
    let (peer, round, agent, result) = part;
    if let Ok(content) = result {
        workspace.contributions.push(Contribution {
            round,
            peer,
            agent,
            content,
        });
    }
}
