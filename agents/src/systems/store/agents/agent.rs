//! Agents that work on keys and on the workspace, each on a host of its own.

use rehearsal_history::SpanEnd;
use rehearsal_sim::tokio::time;

use super::super::plan::{Action, PlannedAgent};
use super::edge::{Edge, Environment};
use super::{contributor, curator, reviser};
use crate::driver::{ClientNode, WorkId};
use crate::network::Network;
use crate::record::recorder::name_task;

/// An agent with everything that it needs.
pub(in super::super) struct Agent<N> {
    pub(in super::super) plan: PlannedAgent,
    pub(in super::super) environment: Environment<N>,
    pub(in super::super) work: WorkId,
}

impl<N: Network> Agent<N> {
    /// Runs the script when the work starts, and waits until the agent may leave.
    pub(in super::super) async fn run(self, mut node: ClientNode) {
        name_task(&self.plan.id.0);
        let actor = node.actor(&self.plan.id.0);
        node.ready();
        node.started().await;
        node.work().begin(self.work);
        let script = actor.begin("script");
        let replica = self.plan.replica.map(|number| {
            let host = super::super::system::replica_host(number);
            self.environment.link(&host)
        });
        let id = self.plan.id.clone();
        let mut edge = Edge::new(&self.environment, actor, id, self.plan.team).reading_at(replica);
        for step in self.plan.steps {
            time::sleep(step.wait).await;
            take(&mut edge, step.action).await;
        }
        // The connections end with the script.
        drop(edge);
        script.end(SpanEnd::Completed);
        node.work().done(self.work);
        node.leave().await;
    }
}

async fn take<N: Network>(edge: &mut Edge<N>, action: Action) {
    match action {
        Action::Set { key, value } => edge.set(&key, value).await,
        Action::Get { key } => {
            edge.get(&key).await;
        }
        Action::Increment { key } => edge.increment(&key).await,
        Action::Count { key } => {
            edge.count(&key).await;
        }
        Action::Append { key, value } => edge.append(&key, value).await,
        Action::List { key } => {
            edge.list(&key).await;
        }
        Action::Contribute {
            test_case,
            edge_case,
        } => contributor::contribute(edge, test_case, edge_case).await,
        Action::Revise(turn) => reviser::revise(edge, turn).await,
        Action::Curate(replacement) => curator::replace(edge, replacement).await,
    }
}
