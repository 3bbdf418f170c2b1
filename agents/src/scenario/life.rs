//! One life of the bridge's process, from its boot to its shutdown or crash: the
//! bridge, and the agents that run beside it.
//!
//! After a crash, the watchdog ends the runs that died with the last life, and
//! agents that had not begun begin in this one. Sub-agents that had not begun
//! are not started: their supervisor is dead.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rehearsal_sim::tokio::{spawn, time};

use super::stage::Stage;
use super::watch::Watch;
use crate::agent::{Crew, Parties, PlannedRun, run, speak_for_the_dead};
use crate::bridge::{Bridge, BridgeError, Parts};
use crate::event::EventKind;
use crate::record::{Mark, RunEnd};
use crate::recorder::name_task;

/// Parts of the program that each ask for the bridge at start-up, at once.
const CALLERS: usize = 3;

/// Lives once, until all agents are started. `open` lets connections in once the
/// bridge has started.
pub(super) async fn live(stage: &Stage, bridge: Arc<dyn Bridge>, open: impl Future<Output = ()>) {
    if start_up(stage, &bridge).await.is_err() {
        // Nobody can do anything without a bridge; the evidence shows that.
        return stage.ready.notify_one();
    }
    open.await;
    stage.set_bridge(Some(Arc::clone(&bridge)));
    stage.ready.notify_one();
    perform(stage, bridge).await;
}

/// What a bridge of this stage is made of.
pub(super) fn parts(stage: &Stage) -> Parts {
    Parts {
        settings: stage.spec.bridge.clone(),
        defect: stage.spec.defect,
        directory: Arc::clone(&stage.plan.directory),
        journal: stage.journal.clone(),
        observer: Arc::new(Watch::new(stage.recorder.clone())),
    }
}

/// Has several callers start the bridge at once, as the parts of a program do.
async fn start_up(stage: &Stage, bridge: &Arc<dyn Bridge>) -> Result<(), BridgeError> {
    let under_way = Arc::new(AtomicU32::new(0));
    let call = |_| {
        let (bridge, recorder) = (Arc::clone(bridge), stage.recorder.clone());
        let under_way = Arc::clone(&under_way);
        spawn(async move {
            if under_way.fetch_add(1, Ordering::Relaxed) > 0 {
                recorder.mark(Mark::ConcurrentStartup);
            }
            let result = bridge.ensure_integration().await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            result
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(call).collect();
    let mut outcome = Ok(());
    for caller in callers {
        let result = caller
            .await
            .unwrap_or_else(|error| Err(BridgeError::NotStarted(error.to_string())));
        outcome = outcome.and(result);
    }
    outcome
}

/// Ends the runs of the last life, and starts those that are still to come.
async fn perform(stage: &Stage, bridge: Arc<dyn Bridge>) {
    let curtain = stage.curtain().await;
    let unfinished = stage.plan.runs.iter();
    let unfinished = unfinished.filter(|run| stage.progress.is_remaining(run.id()));
    let begun = |run: &&Arc<PlannedRun>| {
        let id = run.id();
        stage.recorder.has_begun(id)
    };
    let (dead, starting): (Vec<_>, Vec<_>) = unfinished.cloned().partition(|run| begun(&run));
    let crew = Arc::new(Crew {
        bridge,
        recorder: stage.recorder.clone(),
        defect: stage.spec.defect,
        run_timeout: stage.spec.bridge.run_timeout,
        parties: Parties::of(&starting),
    });
    bury(stage, &crew).await;
    for run in &dead {
        stage.progress.run_over(run.id());
    }
    for plan in starting {
        let (crew, progress) = (Arc::clone(&crew), Arc::clone(&stage.progress));
        let wait = plan
            .start
            .saturating_sub(stage.recorder.now().since(curtain));
        spawn(async move {
            name_task(&plan.context.agent);
            if !wait.is_zero() {
                time::sleep(wait).await;
            }
            let id = plan.id();
            run(crew, plan).await;
            progress.run_over(id);
        });
    }
}

/// Ends every run that began in an earlier life, sub-agents before their
/// supervisors.
async fn bury(stage: &Stage, crew: &Arc<Crew>) {
    let open = stage.recorder.open_runs();
    if open.is_empty() {
        return;
    }
    let plans = stage.plan.all_runs();
    for id in open.into_iter().rev() {
        match stage.recorder.accepted_terminal(id) {
            // It had said all; only its runner did not live to note it.
            Some(terminal) => stage.recorder.run_ended(id, end_of(terminal)),
            None => {
                if let Some(plan) = plans.get(&id) {
                    speak_for_the_dead(crew, plan).await;
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
