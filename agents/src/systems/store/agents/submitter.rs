//! Submitters: each submits the tasks of a team, and collects their results.

use std::time::Duration;

use rehearsal_history::{Actor, Body, Draft, SpanEnd};
use rehearsal_sim::tokio::time;

use super::super::plan::PlannedTasks;
use super::super::state::{BoardCommand, Command, Query, Reply, TaskId};
use super::super::wire::TeamId;
use super::edge::{Edge, Environment, Operation};
use super::worker::{OPEN, object};
use crate::driver::{ClientNode, WorkId};
use crate::network::Network;
use crate::record::recorder::name_task;

/// Pause between two looks at the results.
const RESULTS_INTERVAL: Duration = Duration::from_millis(20);

/// A submitter with everything that it needs.
pub(in super::super) struct Submitter<N> {
    pub(in super::super) plan: PlannedTasks,
    pub(in super::super) environment: Environment<N>,
    pub(in super::super) work: WorkId,
}

impl<N: Network> Submitter<N> {
    /// Submits the tasks when the work starts, waits for all results, and receives them when
    /// it is told to leave: a result that is given twice would have come by then.
    pub(in super::super) async fn run(self, mut node: ClientNode) {
        let Self {
            plan,
            environment,
            work,
        } = self;
        name_task(&plan.submitter.0);
        let actor = node.actor(&plan.submitter.0).of(&plan.team.to_string());
        actor.subscribed_from_start(&board(plan.team));
        node.ready();
        node.started().await;
        node.work().begin(work);
        let script = actor.begin("script");
        let id = plan.submitter.clone();
        let mut edge = Edge::new(&environment, actor.clone(), id, plan.team);
        submit(&mut edge, &plan).await;
        while results(&mut edge).await.is_empty() {
            time::sleep(RESULTS_INTERVAL).await;
        }
        let close = Command::Board(BoardCommand::Close);
        edge.perform(Operation::Execute(close)).await;
        script.end(SpanEnd::Completed);
        node.work().done(work);
        node.leave().await;
        time::sleep(environment.settle_time()).await;
        for task in results(&mut edge).await {
            actor.received(&board(plan.team), message(plan.team, task));
        }
        actor.drained();
    }
}

async fn submit<N: Network>(edge: &mut Edge<N>, plan: &PlannedTasks) {
    let actor: Actor = edge.actor.clone();
    let ids = plan.tasks.iter().map(|task| task.id);
    let submissions: Vec<_> = ids
        .map(|task| {
            let draft = Draft::new("task").named(message(plan.team, task));
            let sending = actor.sending(&board(plan.team), draft);
            let opened = Body::new("write").with("value", OPEN);
            let object = format!("{}/{}", plan.team, object(task));
            (sending, actor.invoke(&object, opened))
        })
        .collect();
    let command = Command::Board(BoardCommand::Submit(plan.tasks.clone()));
    let reply = edge.perform(Operation::Execute(command)).await;
    for (sending, opened) in submissions {
        if reply == Some(Reply::Done) {
            sending.accepted();
            opened.returned(&());
        }
    }
}

/// Returns the tasks of all results, in the order of the results; empty until each task has
/// one.
async fn results<N: Network>(edge: &mut Edge<N>) -> Vec<TaskId> {
    match edge.perform(Operation::Read(Query::Results)).await {
        Some(Reply::Results(Some(results))) => {
            results.into_iter().map(|result| result.task).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the channel of a team's tasks.
fn board(team: TeamId) -> String {
    format!("board of {team}")
}

/// Returns the name of a task among those of all teams.
fn message(team: TeamId, task: TaskId) -> String {
    format!("{team}/{task}")
}
