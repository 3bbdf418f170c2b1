//! Sub-agents, for their supervisor.

use std::sync::Arc;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::sync::oneshot;

use super::context::{AgentContext, AgentError, Child, PlannedRun};
use super::runner;
use crate::event::{EventKind, Payload, RunId};
use crate::record::Clock;

/// A sub-agent that was started.
#[derive(Debug)]
pub struct Subagent {
    /// Its run.
    pub run: RunId,
    ended: oneshot::Receiver<Clock>,
}

impl AgentContext {
    /// Announces a sub-agent and starts it with its supervisor's clock.
    ///
    /// # Errors
    ///
    /// If the system rejects the announcement; then it is not started.
    pub async fn start(&self, plan: &Arc<PlannedRun>) -> Result<Subagent, AgentError> {
        let run = plan.id();
        self.environment().recorder.run_began(plan.record());
        self.emit(EventKind::SubagentStarted, about(run)).await?;
        let (end, ended) = oneshot::channel();
        let (cancel, cancelled) = oneshot::channel();
        let (environment, plan) = (Arc::clone(self.environment()), Arc::clone(plan));
        let clock = self.clock();
        let runner = spawn(async move {
            let clock = runner::run_announced(environment, plan, clock, Some(cancelled)).await;
            // A supervisor that does not wait has dropped the receiver.
            let _ = end.send(clock);
        });
        self.add_child(Child { runner, cancel });
        Ok(Subagent { run, ended })
    }

    /// Waits for a sub-agent's end, and merges its clock.
    pub async fn join(&self, subagent: &mut Subagent) {
        // A runner that is gone without a message has died with its host, and so has this
        // agent.
        if let Ok(clock) = (&mut subagent.ended).await {
            self.merge_clock(&clock);
        }
    }

    /// Reports that a sub-agent has completed or failed.
    ///
    /// # Errors
    ///
    /// See [`Self::started`].
    pub async fn report(&self, subagent: &Subagent) -> Result<(), AgentError> {
        self.emit(EventKind::SubagentCompleted, about(subagent.run))
            .await
    }
}

fn about(run: RunId) -> Payload {
    Payload {
        subagent: Some(run),
        ..Payload::default()
    }
}
