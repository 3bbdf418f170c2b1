//! The script over a workspace: an agent adds a test case and an edge case, takes a
//! snapshot, makes a suggestion, and looks at the snapshot again.

use std::collections::BTreeSet;

use super::super::state::{Contents, Contribution, Query};
use super::edge::{Edge, Operation};
use crate::network::Network;

/// The invariant that a snapshot is of one instant: a suggestion comes after the test case
/// that it is about.
const SNAPSHOT_IS_OF_ONE_INSTANT: &str = "snapshot-is-of-one-instant";

/// Takes one turn at the workspace.
pub(super) async fn contribute<N: Network>(
    edge: &mut Edge<N>,
    test_case: String,
    edge_case: String,
) {
    edge.contribute(Contribution::TestCase(test_case.clone()))
        .await;
    edge.contribute(Contribution::EdgeCase(edge_case)).await;
    let Some((snapshot, contents)) = edge.take_snapshot().await else {
        return;
    };
    edge.actor
        .invariant(SNAPSHOT_IS_OF_ONE_INSTANT, of_one_instant(&contents));
    edge.look(&snapshot).await;
    let suggestion = Contribution::Suggestion {
        agent: edge.client.id().clone(),
        about: test_case,
    };
    edge.contribute(suggestion).await;
    edge.look(&snapshot).await;
    edge.perform(Operation::Read(Query::Release(snapshot)))
        .await;
}

fn of_one_instant(contents: &Contents) -> Result<(), String> {
    let cases: BTreeSet<&String> = contents.test_cases.iter().collect();
    for (agent, about) in &contents.suggestions {
        if !cases.contains(about) {
            return Err(format!(
                "{agent} suggests about {about}, which is not there"
            ));
        }
    }
    Ok(())
}
