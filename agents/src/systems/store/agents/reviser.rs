//! The script of a reviser, an agent with a model: it reads a document, a statement and the
//! tools on offer, works for a while, uses a tool, writes the document anew, and has the effects
//! of its turn in the order of its plan.

use std::time::Duration;

use rehearsal_sim::tokio::time::{self, Instant};

use super::super::defects;
use super::super::marks::{REVISION_REFUSED, TOOL_REFUSED};
use super::super::plan::{ATTEMPTS_MAX, Turn};
use super::super::state::{CurationCommand, Revision};
use super::edge::Edge;
use crate::network::Network;

/// The key of the statement that revisers use.
pub(super) const STATEMENT: &str = "statement";

/// The key of the list to which effects are appended.
const EFFECTS: &str = "effects";

/// Takes one turn. It begins anew if it was refused something.
pub(super) async fn revise<N: Network>(edge: &mut Edge<N>, turn: Turn) {
    for _ in 0..ATTEMPTS_MAX {
        if attempt(edge, &turn).await {
            break;
        }
    }
    have_effects(edge, &turn).await;
}

/// Returns `true` if the document was written.
async fn attempt<N: Network>(edge: &mut Edge<N>, turn: &Turn) -> bool {
    let (Some(from), Some(statement)) = (edge.get(&turn.document).await, edge.get(STATEMENT).await)
    else {
        return false;
    };
    let tools = edge.tools().await.unwrap_or_default();
    time::sleep(turn.effort).await;
    if let Some(tool) = tools.first()
        && edge.curate(CurationCommand::Use(tool.clone())).await != Some(true)
    {
        edge.actor.reached(TOOL_REFUSED.name());
        return false;
    }
    let revision = Revision {
        document: turn.document.clone(),
        from,
        uses: statement.into_iter().collect(),
        value: turn.value.clone(),
    };
    let is_taken = edge.revise(revision).await == Some(true);
    if !is_taken {
        edge.actor.reached(REVISION_REFUSED.name());
    }
    is_taken
}

/// Prepares the effects of a turn at the same time, and has them one after the other.
async fn have_effects<N: Network>(edge: &mut Edge<N>, turn: &Turn) {
    let begun = Instant::now();
    let mut effects: Vec<(u32, Duration)> = (1..).zip(turn.preparation).collect();
    // Seeded: the first that is ready comes first.
    if edge.defect == Some(defects::EFFECTS_WHEN_READY) {
        effects.sort_by_key(|(_, preparation)| *preparation);
    }
    for (place, preparation) in effects {
        time::sleep_until(begun + preparation).await;
        let value = format!("{}/{place}", turn.value);
        edge.have_effect(EFFECTS, value, (turn.number, place)).await;
    }
}
