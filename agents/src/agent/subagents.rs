//! Sub-agents, for their supervisor.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::sync::oneshot;

use super::context::{AgentContext, AgentError, Child, PlannedRun};
use super::runner;
use crate::event::{EventKind, Payload, RunId};
use crate::record::{Clock, RunEnd};

/// A sub-agent that was started.
#[derive(Debug)]
pub struct Subagent {
    /// Its run.
    pub run: RunId,
    ended: oneshot::Receiver<(Clock, RunEnd)>,
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
            let ending = runner::run_announced(environment, plan, clock, Some(cancelled)).await;
            // A supervisor that does not wait has dropped the receiver.
            let _ = end.send(ending);
        });
        let cancel = Some(cancel);
        self.add_child(Child {
            run,
            runner,
            cancel,
        });
        Ok(Subagent { run, ended })
    }

    /// Waits for a sub-agent's end, merges its clock, and returns the way it ended.
    pub async fn join(&self, subagent: &mut Subagent) -> RunEnd {
        let ended = (&mut subagent.ended).await;
        self.joined(ended)
    }

    /// Waits until one of the sub-agents has ended, merges its clock, and takes it out of the
    /// list; `None` if the list is empty.
    pub async fn join_any(&self, subagents: &mut Vec<Subagent>) -> Option<(Subagent, RunEnd)> {
        if subagents.is_empty() {
            return None;
        }
        let (index, ended) = poll_fn(|context| {
            for (index, subagent) in subagents.iter_mut().enumerate() {
                if let Poll::Ready(ended) = Pin::new(&mut subagent.ended).poll(context) {
                    return Poll::Ready((index, ended));
                }
            }
            Poll::Pending
        })
        .await;
        Some((subagents.remove(index), self.joined(ended)))
    }

    fn joined(&self, ended: Result<(Clock, RunEnd), oneshot::error::RecvError>) -> RunEnd {
        // A runner that is gone without a message has died with its host, and so has this
        // agent.
        let Ok((clock, end)) = ended else {
            return RunEnd::HostDied;
        };
        self.merge_clock(&clock);
        end
    }

    /// Cancels a sub-agent because others have failed. It ends soon, and is to be waited for.
    pub fn cancel(&self, subagent: &Subagent) {
        self.cancel_child(subagent.run);
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
