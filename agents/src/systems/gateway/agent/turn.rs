//! A turn: the agent asks its model until that answers, and delegates what the model asks for.

use super::super::api::{DelegationStatus, ErrorCode, Event, Problem};
use super::super::defects::{
    ACCESS_CHECKED_LATE, RESULT_TAKEN_TWICE, RETRY_RUNS_AGAIN, UNREADABLE_REPLY_ENDS_TURN,
};
use super::super::ids::{AgentName, SessionId, TurnId};
use super::delegation::{self, Delegation};
use super::memory::Progress;
use super::peers::Delegated;
use super::{Agent, Outcome};
use crate::calls;
use crate::fault::answer::{Call, Wrong};

/// The greatest number of outputs for one turn.
const STEPS_MAX: u32 = 8;

/// A request to an agent, by a user or another agent.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) id: TurnId,
    pub(super) session: SessionId,
    pub(super) content: String,
    pub(super) delegated_by: Option<AgentName>,
}

impl Turn {
    fn opening(&self) -> Event {
        let content = self.content.clone();
        match &self.delegated_by {
            None => Event::UserMessage { content },
            Some(from) => Event::TaskDelegationReceived {
                from: from.clone(),
                content,
            },
        }
    }
}

impl Agent {
    /// Runs a turn to its end, which is in the memory when this returns. A turn that has ended
    /// already is not run again.
    pub(super) async fn run(&self, turn: &Turn) -> Outcome {
        let mut progress = self.memory.progress(&turn.session, &turn.id).await;
        if self.defect == Some(RETRY_RUNS_AGAIN) {
            progress = Progress::NotBegun;
        }
        match progress {
            Progress::Finished(outcome) => {
                self.observer.repeated();
                return outcome;
            }
            Progress::Begun => self.observer.resumed(),
            Progress::NotBegun => self.remember(turn, turn.opening()).await,
        }
        let outcome = self.steps(turn).await;
        if self.defect == Some(UNREADABLE_REPLY_ENDS_TURN) && outcome.is_err() {
            return outcome;
        }
        let end = match outcome.clone() {
            Ok(content) => Event::AgentResponse { content },
            Err(Problem { code, message }) => Event::Error {
                code,
                content: message,
            },
        };
        self.remember(turn, end).await;
        outcome
    }

    async fn remember(&self, turn: &Turn, event: Event) {
        self.memory.append(&turn.session, &turn.id, event).await;
    }

    async fn steps(&self, turn: &Turn) -> Outcome {
        let script = self.script_of(&turn.session);
        for _ in 0..STEPS_MAX {
            let output = self.model.output(&script).await?;
            match delegation::parse(&output)? {
                None => return Ok(output),
                Some(delegation) => self.delegate(turn, &delegation).await?,
            }
        }
        let message = format!("no answer after {STEPS_MAX} outputs");
        Err(Problem::new(ErrorCode::TooManySteps, message))
    }

    async fn delegate(&self, turn: &Turn, delegation: &Delegation) -> Result<(), Problem> {
        let allowed = self.peers.check(&delegation.agent);
        if self.defect != Some(ACCESS_CHECKED_LATE) {
            allowed.clone()?;
        }
        let task_id = self.task_ids.next(self.defect);
        let request = Event::DelegationRequest {
            task_id: task_id.clone(),
            agent: delegation.agent.clone(),
            content: delegation.task.clone(),
        };
        self.remember(turn, request).await;
        let (effect, wrong) = calls::begin(Call::Tool).await;
        let delegated = self.peers.delegate(&turn.session, &task_id, delegation);
        let delegated = delegated.await;
        effect.end().await;
        self.take_result(turn, (&task_id, &delegation.agent), &delegated)
            .await;
        let is_repeated = matches!(wrong, Some(Wrong::Repeated));
        // A result that is known already is not taken again.
        if is_repeated && self.defect == Some(RESULT_TAKEN_TWICE) {
            self.take_result(turn, (&task_id, &delegation.agent), &delegated)
                .await;
        }
        allowed?;
        match delegated.status {
            DelegationStatus::Answered => Ok(()),
            DelegationStatus::Failed
            | DelegationStatus::Unreached
            | DelegationStatus::Unanswered => {
                let code = ErrorCode::DelegationFailed;
                Err(Problem::new(code, delegated.content))
            }
        }
    }

    /// Remembers the result of a task.
    async fn take_result(
        &self,
        turn: &Turn,
        (task_id, agent): (&TurnId, &AgentName),
        delegated: &Delegated,
    ) {
        let response = Event::DelegationResponse {
            task_id: task_id.clone(),
            agent: agent.clone(),
            status: delegated.status,
            content: delegated.content.clone(),
        };
        self.remember(turn, response).await;
    }
}
