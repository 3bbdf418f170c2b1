//! The runner: executes one run of one agent, and reports its end if the agent does not.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::task::JoinError;
use rehearsal_sim::tokio::{select, spawn, time};

use super::context::{AgentContext, AgentError, Cancellation, OnSupervisorEnd, PlannedRun};
use super::defects;
use super::environment::AgentEnvironment;
use super::marks::{DEADLINE_FIRED, DEATH_NOTICED};
use crate::record::recorder::name_task;
use crate::record::{Clock, RunEnd};

/// Executes a planned run to its end.
pub async fn run(environment: Arc<AgentEnvironment>, plan: Arc<PlannedRun>) {
    environment.recorder.run_began(plan.record());
    run_announced(environment, plan, Clock::default(), None).await;
}

/// Executes a run that is recorded already. A message on `cancel` cancels it. Returns its clock
/// at the end, and the way it ended.
pub(super) async fn run_announced(
    environment: Arc<AgentEnvironment>,
    plan: Arc<PlannedRun>,
    clock: Clock,
    cancel: Option<oneshot::Receiver<Cancellation>>,
) -> (Clock, RunEnd) {
    let (run, context) = (plan.id(), plan.context.clone());
    name_task(&format!("{run} {}", context.agent));
    if environment.port.begin(context).await.is_err() {
        // The system accepts no event of it.
        environment.recorder.run_ended(run, RunEnd::Failed);
        return (clock, RunEnd::Failed);
    }
    let context = AgentContext::new(Arc::clone(&environment), Arc::clone(&plan), clock);
    let ending = watch(&environment, &plan, &context, cancel).await;
    let children_end = match ending {
        Ending::Returned(Ok(())) => OnSupervisorEnd::Await,
        _ => OnSupervisorEnd::Cancel,
    };
    context.end_children(children_end).await;
    let end = conclude(&environment, &context, ending).await;
    environment.recorder.run_ended(run, end);
    environment.port.end(run, end).await;
    (context.clock(), end)
}

/// The end of an agent.
enum Ending {
    Returned(Result<(), AgentError>),
    Panicked(JoinError),
    Overdue(Duration),
    Cancelled(Cancellation),
}

/// Runs the agent in a task of its own, within its deadline.
async fn watch(
    environment: &AgentEnvironment,
    plan: &PlannedRun,
    context: &AgentContext,
    cancel: Option<oneshot::Receiver<Cancellation>>,
) -> Ending {
    let limit = environment.run_timeout.saturating_mul(plan.levels());
    let mut agent = spawn(act(context.clone()));
    let cut = select! {
        biased;
        result = &mut agent => return returned(result),
        reason = cancelled(cancel) => Ending::Cancelled(reason),
        () = time::sleep(limit) => Ending::Overdue(limit),
    };
    agent.abort();
    match agent.await {
        // It ended before it was aborted.
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

async fn cancelled(cancel: Option<oneshot::Receiver<Cancellation>>) -> Cancellation {
    if let Some(cancel) = cancel
        && let Ok(reason) = cancel.await
    {
        return reason;
    }
    pending().await
}

async fn act(context: AgentContext) -> Result<(), AgentError> {
    name_task(&context.plan().context.agent);
    let result = context.plan().script.run(&context).await;
    // Seeded: the agent's own guard reports the failure, and so does the runner.
    if let Err(error) = &result
        && context.environment().carries(defects::DOUBLE_TERMINAL)
    {
        // The runner reports a rejection.
        let _ = context.failed(&error.0).await;
    }
    result
}

/// Emits the terminal event, unless the agent has. Returns the end of the run.
///
/// A terminal event that the system rejects is lost; the rejection is recorded.
async fn conclude(
    environment: &AgentEnvironment,
    context: &AgentContext,
    ending: Ending,
) -> RunEnd {
    match ending {
        // It completed; a cancellation came just afterwards.
        Ending::Returned(Ok(())) | Ending::Overdue(_) | Ending::Cancelled(_)
            if context.has_ended() =>
        {
            RunEnd::Completed
        }
        Ending::Returned(Ok(())) => {
            // Seeded: a silent return counts as a success.
            if environment.carries(defects::SILENT_DEATH_IS_SUCCESS) {
                return RunEnd::Completed;
            }
            environment.recorder.mark(DEATH_NOTICED);
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
            environment.recorder.mark(DEADLINE_FIRED);
            let error = format!("timeout after {} ms", limit.as_millis());
            let _ = context.failed(&error).await;
            RunEnd::TimedOut
        }
        Ending::Cancelled(Cancellation::SupervisorEnded) => {
            let _ = context.failed("cancelled with its supervisor").await;
            RunEnd::TimedOut
        }
        Ending::Cancelled(Cancellation::SiblingsFailed) => {
            let error = "cancelled because other sub-agents had failed";
            let _ = context.failed(error).await;
            RunEnd::Cancelled
        }
    }
}

/// Reports the death of an agent that died with its host, and ends its run.
pub async fn report_agent_death(environment: &Arc<AgentEnvironment>, plan: &Arc<PlannedRun>) {
    let (run, recorder) = (plan.id(), &environment.recorder);
    // A rejection leaves the run without a terminal event, and is recorded.
    if environment.port.begin(plan.context.clone()).await.is_ok() {
        let clock = recorder.last_clock(run);
        let context = AgentContext::new(Arc::clone(environment), Arc::clone(plan), clock);
        recorder.mark(DEATH_NOTICED);
        let _ = context.died().await;
    }
    recorder.run_ended(run, RunEnd::HostDied);
    environment.port.end(run, RunEnd::HostDied).await;
}
