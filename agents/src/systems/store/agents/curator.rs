//! The script of a curator: each statement is retracted before the next one takes its place,
//! and each tool is withdrawn when the next one is on offer.

use super::super::plan::Replacement;
use super::super::state::{CurationCommand, Revision};
use super::edge::Edge;
use super::reviser::STATEMENT;
use crate::network::Network;

/// Replaces the statement and the tool.
pub(super) async fn replace<N: Network>(edge: &mut Edge<N>, replacement: Replacement) {
    let Some(old) = edge.get(STATEMENT).await else {
        return;
    };
    if let Some(old) = old.clone() {
        edge.curate(CurationCommand::Retract(old)).await;
    }
    let revision = Revision {
        document: STATEMENT.to_owned(),
        from: old,
        uses: Vec::new(),
        value: replacement.statement,
    };
    edge.revise(revision).await;
    edge.curate(CurationCommand::Offer(replacement.tool)).await;
    if let Some(old) = replacement.old_tool {
        edge.curate(CurationCommand::Withdraw(old)).await;
    }
}
