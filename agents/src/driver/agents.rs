//! The agents of one incarnation of a server process.
//!
//! After a crash, this one ends the runs that died with the last incarnation, and starts agents
//! that had not begun. Sub-agents that had not begun are not started: their supervisor is dead.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::{spawn, time};

use super::node::Node;
use super::state::WorkId;
use crate::agent::{AgentEnvironment, BarrierGroups, PlannedRun, report_agent_death, run};
use crate::defect::Defect;
use crate::event::{EventKind, RunId};
use crate::port::EventPort;
use crate::record::RunEnd;
use crate::record::recorder::name_task;

/// The agents that run beside a server.
#[derive(Debug)]
pub struct Population {
    /// The runs that no supervisor starts, each with its work, in order.
    pub runs: Vec<(Arc<PlannedRun>, WorkId)>,
    /// The seeded bug, if any.
    pub defect: Option<Defect>,
    /// Longest time of a run, for each level of supervisors.
    pub run_timeout: Duration,
}

impl Population {
    /// Returns the longest time that all runs take in one incarnation.
    pub fn longest_work(&self) -> Duration {
        let starts = self.runs.iter().map(|(run, _)| run.start);
        let levels = self.runs.iter().map(|(run, _)| run.levels());
        let last_start = starts.max().unwrap_or_default();
        last_start + self.run_timeout * levels.max().unwrap_or(1)
    }

    /// Returns every run, sub-agents included, by id.
    fn all_runs(&self) -> BTreeMap<RunId, Arc<PlannedRun>> {
        self.runs
            .iter()
            .flat_map(|(run, _)| PlannedRun::family(run))
            .map(|run| (run.id(), run))
            .collect()
    }
}

/// Waits for the start of the work, ends the runs of the last incarnation, and starts those
/// that have not begun.
pub async fn run_agents(node: &Node, population: &Population, port: Arc<dyn EventPort>) {
    let started_at = node.started().await;
    let recorder = node.recorder();
    let unfinished = population.runs.iter();
    let unfinished = unfinished.filter(|(_, work)| node.work().remains(*work));
    let begun = |(run, _): &(Arc<PlannedRun>, WorkId)| {
        let id = run.id();
        recorder.has_begun(id)
    };
    let (dead, starting): (Vec<_>, Vec<_>) = unfinished.cloned().partition(begun);
    let starting_runs = starting.iter().flat_map(|(run, _)| PlannedRun::family(run));
    let members = starting_runs.filter_map(|run| run.barrier);
    let environment = Arc::new(AgentEnvironment {
        port,
        recorder: recorder.clone(),
        defect: population.defect,
        run_timeout: population.run_timeout,
        // The end of an agent that died is not awaited.
        barriers: BarrierGroups::new(members),
    });
    terminate_orphaned_runs(population, &environment).await;
    for (_, work) in dead {
        node.work().done(work);
    }
    for (plan, id) in starting {
        let (environment, work) = (Arc::clone(&environment), Arc::clone(node.work()));
        let wait = plan.start.saturating_sub(recorder.now().since(started_at));
        let task = spawn(async move {
            name_task(&plan.context.agent);
            if !wait.is_zero() {
                time::sleep(wait).await;
            }
            run(environment, plan).await;
            work.done(id);
        });
        if let Some(world) = rehearsal_sim::current() {
            world.exempt_from_cancellation(&task);
        }
    }
}

/// Ends every run that began in an earlier incarnation, sub-agents before their
/// supervisors.
async fn terminate_orphaned_runs(population: &Population, environment: &Arc<AgentEnvironment>) {
    let recorder = &environment.recorder;
    let open = recorder.open_runs();
    if open.is_empty() {
        return;
    }
    let plans = population.all_runs();
    for id in open.into_iter().rev() {
        match recorder.accepted_terminal(id) {
            // It had emitted all its events; only its end was not recorded.
            Some(terminal) => recorder.run_ended(id, end_of(terminal)),
            None => {
                if let Some(plan) = plans.get(&id) {
                    report_agent_death(environment, plan).await;
                }
            }
        }
    }
}

fn end_of(terminal: EventKind) -> RunEnd {
    match terminal {
        EventKind::AgentCompleted => RunEnd::Completed,
        EventKind::AgentDeath => RunEnd::HostDied,
        _ => RunEnd::Failed,
    }
}
