//! Workers: they claim tasks that are offered, and give the results.

use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::marks::{CLAIM_REFUSED, LATE_RESULT_REFUSED, TASK_REASSIGNED};
use super::super::state::{BoardCommand, Claim, Completion, Offer, Query, Reply, TaskId};
use super::super::wire::{ClientId, TeamId};
use super::edge::{Edge, Environment, Operation};
use crate::driver::Node;
use crate::network::Network;
use crate::record::recorder::name_task;

/// Pause after no task was offered.
const OFFERS_INTERVAL: Duration = Duration::from_millis(10);

/// The state of a task that no worker has claimed.
pub(super) const OPEN: &str = "open";

/// One incarnation of a worker.
pub(in super::super) struct Worker<N> {
    /// The name of its host.
    pub(in super::super) name: String,
    /// Its place among the workers of its team.
    pub(in super::super) place: usize,
    /// The number of the incarnation, from 1.
    pub(in super::super) incarnation: u32,
    pub(in super::super) team: TeamId,
    pub(in super::super) environment: Environment<N>,
}

impl<N: Network> Worker<N> {
    /// Works until no task is offered any more.
    pub(in super::super) async fn run(self, node: Node) {
        name_task(&self.name);
        node.ready();
        node.started().await;
        // The store must not take an incarnation for the one before.
        let id = ClientId(format!("{}.{}", self.name, self.incarnation));
        let mut edge = Edge::new(&self.environment, node.actor(&self.name), id, self.team);
        loop {
            let offers = edge.perform(Operation::Read(Query::Offers)).await;
            let Some(Reply::Offers { offers, closed }) = offers else {
                return;
            };
            if closed {
                return;
            }
            match self.place.checked_rem(offers.len()) {
                Some(choice) => take(&mut edge, &offers[choice]).await,
                None => time::sleep(OFFERS_INTERVAL).await,
            }
        }
    }
}

async fn take<N: Network>(edge: &mut Edge<N>, offer: &Offer) {
    let claim = offer.claim(edge.client.id());
    if !claim_task(edge, offer, &claim).await {
        return edge.actor.reached(CLAIM_REFUSED.name());
    }
    if offer.held.is_some() {
        edge.actor.reached(TASK_REASSIGNED.name());
    }
    time::sleep(Duration::from_millis(offer.task.effort_ms.into())).await;
    let task = offer.task.id;
    let completion = Completion {
        task,
        result: format!("result of {task}"),
        claim,
    };
    complete(edge, completion).await;
}

async fn claim_task<N: Network>(edge: &mut Edge<N>, offer: &Offer, claim: &Claim) -> bool {
    let task = offer.task.id;
    let from = offer.held.as_ref().map_or(OPEN.to_owned(), held_by);
    let command = BoardCommand::Claim {
        task,
        seen: offer.held.clone(),
        claim: claim.clone(),
    };
    let states = (from, held_by(claim));
    edge.swap(&object(task), states, command).await == Some(true)
}

async fn complete<N: Network>(edge: &mut Edge<N>, completion: Completion) {
    let states = (
        held_by(&completion.claim),
        format!("done by {}", completion.claim),
    );
    let task = object(completion.task);
    let command = BoardCommand::Complete(completion);
    if edge.swap(&task, states, command).await == Some(false) {
        edge.actor.reached(LATE_RESULT_REFUSED.name());
    }
}

fn held_by(claim: &Claim) -> String {
    format!("held by {claim}")
}

/// Returns the name of a task as an object of its team.
pub(super) fn object(task: TaskId) -> String {
    task.to_string()
}
