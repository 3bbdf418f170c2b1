//! The runner: takes one agent through one run, and tells its end if the agent
//! does not.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::task::JoinError;
use rehearsal_sim::tokio::{select, spawn, time};

use super::context::{AgentContext, Dismissal};
use super::{AgentError, Parties, PlannedRun};
use crate::bridge::Bridge;
use crate::record::{Clock, Mark, Recorder, RunEnd};
use crate::recorder::name_task;
use crate::spec::Defect;

/// What the agents of one life of their process share.
pub struct Crew {
    /// The system that they use.
    pub bridge: Arc<dyn Bridge>,
    /// Who writes down what they mean.
    pub recorder: Recorder,
    /// The seeded bug, if any.
    pub defect: Option<Defect>,
    /// How long a run may take, for each level of supervisors.
    pub run_timeout: Duration,
    /// Barriers.
    pub parties: Parties,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("defect", &self.defect)
            .field("run_timeout", &self.run_timeout)
            .finish_non_exhaustive()
    }
}

impl Crew {
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

/// Runs a planned run to its end.
pub async fn run(crew: Arc<Crew>, plan: Arc<PlannedRun>) {
    crew.recorder.run_began(plan.record());
    run_announced(crew, plan, Clock::default(), None).await;
}

/// Runs a run that has its entry in the evidence already. It is cancelled by a
/// message on `leash`. What it knew at its end.
pub(super) async fn run_announced(
    crew: Arc<Crew>,
    plan: Arc<PlannedRun>,
    clock: Clock,
    leash: Option<oneshot::Receiver<()>>,
) -> Clock {
    let (run, context) = (plan.id(), plan.context.clone());
    name_task(&format!("{run} {}", context.agent));
    if crew.bridge.register_run(context).await.is_err() {
        // Nobody would hear of it.
        crew.recorder.run_ended(run, RunEnd::Failed);
        return clock;
    }
    let context = AgentContext::new(Arc::clone(&crew), Arc::clone(&plan), clock);
    let ending = watch(&crew, &plan, &context, leash).await;
    let dismissal = match ending {
        Ending::Returned(Ok(())) => Dismissal::Await,
        _ => Dismissal::Cancel,
    };
    context.dismiss_children(dismissal).await;
    let end = conclude(&crew, &context, ending).await;
    crew.recorder.run_ended(run, end);
    crew.bridge.finish_run(run, end).await;
    context.clock()
}

/// How an agent ended.
enum Ending {
    Returned(Result<(), AgentError>),
    Panicked(JoinError),
    Overdue(Duration),
    Cancelled,
}

/// Runs the agent in a task of its own and watches it.
async fn watch(
    crew: &Crew,
    plan: &PlannedRun,
    context: &AgentContext,
    leash: Option<oneshot::Receiver<()>>,
) -> Ending {
    let limit = crew.run_timeout.saturating_mul(plan.levels());
    let mut agent = spawn(act(context.clone()));
    let cut = select! {
        biased;
        result = &mut agent => return returned(result),
        () = cancelled(leash) => Ending::Cancelled,
        () = time::sleep(limit) => Ending::Overdue(limit),
    };
    agent.abort();
    match agent.await {
        // It was quicker.
        Ok(result) => Ending::Returned(result),
        Err(error) if error.is_panic() => Ending::Panicked(error),
        Err(_) => cut,
    }
}

fn returned(result: Result<Result<(), AgentError>, JoinError>) -> Ending {
    match result {
        Ok(result) => Ending::Returned(result),
        Err(error) => Ending::Panicked(error),
    }
}

async fn cancelled(leash: Option<oneshot::Receiver<()>>) {
    if let Some(leash) = leash
        && leash.await.is_ok()
    {
        return;
    }
    pending().await
}

async fn act(context: AgentContext) -> Result<(), AgentError> {
    name_task(&context.plan().context.agent);
    let agent = super::mock(&context.plan().kind);
    let result = agent.run(&context).await;
    // Seeded: the agent's own guard reports the failure, and so will the runner.
    if let Err(error) = &result
        && context.crew().has(Defect::DoubleTerminal)
    {
        // The runner will see for itself.
        let _ = context.failed(&error.0).await;
    }
    result
}

/// Emits the terminal event, unless the agent has. How the run ended.
///
/// A terminal event that the bridge refuses is lost; that it was refused is
/// evidence enough.
async fn conclude(crew: &Crew, context: &AgentContext, ending: Ending) -> RunEnd {
    match ending {
        // It completed; if it was cut off, then just afterwards.
        Ending::Returned(Ok(())) | Ending::Overdue(_) | Ending::Cancelled
            if context.has_ended() =>
        {
            RunEnd::Completed
        }
        Ending::Returned(Ok(())) => {
            // Seeded: no news is good news.
            if crew.has(Defect::SilentDeathIsSuccess) {
                return RunEnd::Completed;
            }
            crew.recorder.mark(Mark::DeathNoticed);
            let _ = context.died().await;
            RunEnd::DiedSilently
        }
        Ending::Returned(Err(error)) => {
            let _ = context.failed(&error.0).await;
            RunEnd::Failed
        }
        Ending::Panicked(error) => {
            let _ = context.failed(&error.to_string()).await;
            RunEnd::Failed
        }
        Ending::Overdue(limit) => {
            crew.recorder.mark(Mark::DeadlineFired);
            let error = format!("timeout after {} ms", limit.as_millis());
            let _ = context.failed(&error).await;
            RunEnd::TimedOut
        }
        Ending::Cancelled => {
            let _ = context.failed("cancelled with its supervisor").await;
            RunEnd::TimedOut
        }
    }
}

/// Ends a run whose agent and runner died with their host, in their place.
pub async fn speak_for_the_dead(crew: &Arc<Crew>, plan: &Arc<PlannedRun>) {
    let (run, recorder) = (plan.id(), &crew.recorder);
    // Refused, it cannot be spoken for; that is evidence enough.
    if crew.bridge.register_run(plan.context.clone()).await.is_ok() {
        let clock = recorder.last_clock(run);
        let context = AgentContext::new(Arc::clone(crew), Arc::clone(plan), clock);
        recorder.mark(Mark::DeathNoticed);
        let _ = context.died().await;
    }
    recorder.run_ended(run, RunEnd::HostDied);
    crew.bridge.finish_run(run, RunEnd::HostDied).await;
}
