//! The sub-agents of an agent, which it asks through the gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::api::{
    Card, ChatCompletion, ChatRequest, DelegationStatus, ErrorCode, Message, Problem, Refusal, Role,
};
use super::super::http::{Answer, Call, Called, Client};
use super::super::ids::{AgentName, SessionId, TurnId};
use super::super::observer::Observer;
use super::super::proxy::base_path;
use super::delegation::Delegation;
use crate::record::recorder::lock;

/// The time before a card is asked for once more. It doubles each time.
const CARD_BACKOFF: Duration = Duration::from_millis(50);

/// The longest such time.
const CARD_BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The agents that an agent may ask, and the way to them.
pub(in super::super) struct Peers {
    pub(in super::super) own: AgentName,
    pub(in super::super) namespace: String,
    /// Every agent that is deployed.
    pub(in super::super) roster: Arc<BTreeSet<AgentName>>,
    /// The agents that this one may ask.
    pub(in super::super) access: Vec<AgentName>,
    pub(in super::super) client: Client,
    /// The client without retries, for an agent that may not be ready.
    pub(in super::super) poll: Client,
    /// The sub-agents whose cards are known.
    pub(in super::super) cards: Mutex<BTreeMap<AgentName, Card>>,
    pub(in super::super) observer: Arc<dyn Observer>,
}

/// A delegation that has ended.
#[derive(Debug)]
pub(super) struct Delegated {
    pub(super) status: DelegationStatus,
    pub(super) content: String,
}

impl Peers {
    /// Reads the card of each sub-agent, as often as it takes.
    pub(super) async fn resolve(&self) {
        for agent in &self.access {
            let path = format!(
                "{}/.well-known/agent-card.json",
                base_path(&self.namespace, agent)
            );
            let call = Call::get(path);
            let mut backoff = CARD_BACKOFF;
            loop {
                let called = self.poll.fetch(&call).await;
                if let Some(card) = accepted::<Card>(&called) {
                    self.observer.card_resolved(&self.own, agent);
                    lock(&self.cards).insert(agent.clone(), card);
                    break;
                }
                self.observer.card_retried();
                time::sleep(backoff).await;
                backoff = CARD_BACKOFF_MAX.min(2 * backoff);
            }
        }
    }

    /// Checks that the agent may be asked.
    pub(super) fn check(&self, agent: &AgentName) -> Result<(), Problem> {
        if !self.roster.contains(agent) {
            let message = format!("there is no agent {agent}");
            return Err(Problem::new(ErrorCode::UnknownAgent, message));
        }
        if !self.access.contains(agent) {
            let message = format!("{} may not ask {agent}", self.own);
            return Err(Problem::new(ErrorCode::AccessDenied, message));
        }
        if !lock(&self.cards).contains_key(agent) {
            let message = format!("the card of {agent} is not known");
            return Err(Problem::new(ErrorCode::DelegationFailed, message));
        }
        Ok(())
    }

    /// Delegates a task, and waits for its result.
    pub(super) async fn delegate(
        &self,
        session: &SessionId,
        task_id: &TurnId,
        delegation: &Delegation,
    ) -> Delegated {
        let request = ChatRequest {
            model: delegation.agent.clone(),
            messages: vec![Message {
                role: Role::TaskDelegation,
                content: delegation.task.clone(),
            }],
            stream: false,
            session: session.clone(),
            delegated_by: Some(self.own.clone()),
        };
        let path = format!(
            "{}/v1/chat/completions",
            base_path(&self.namespace, &delegation.agent)
        );
        let body = serde_json::to_vec(&request).expect("requests of this crate are JSON");
        let call = Call::post(path, task_id.clone(), body);
        delegated(&self.client.fetch(&call).await)
    }
}

/// Returns the body of an answer that says that all went well.
fn accepted<T: serde::de::DeserializeOwned>(called: &Called) -> Option<T> {
    let answer = called.answer.as_ref().ok()?;
    let is_success = answer.status.is_success();
    answer.read().filter(|_| is_success)
}

fn delegated(called: &Called) -> Delegated {
    if let Some(completion) = accepted::<ChatCompletion>(called)
        && let Some(choice) = completion.choices.into_iter().next()
    {
        return Delegated {
            status: DelegationStatus::Answered,
            content: choice.message.content,
        };
    }
    let refused = called
        .answer
        .as_ref()
        .ok()
        .and_then(Answer::read::<Refusal>);
    let (reached, message) = match (&called.answer, refused) {
        (Ok(_), Some(Refusal { error })) => {
            let is_lost = matches!(error.code, ErrorCode::Unavailable | ErrorCode::BadGateway);
            (!is_lost, error.message)
        }
        (Ok(answer), None) => (false, format!("an answer with status {}", answer.status)),
        (Err(error), _) => (false, format!("no answer: {error:?}")),
    };
    let status = match (reached, called.may_have_reached) {
        (true, _) => DelegationStatus::Failed,
        (false, true) => DelegationStatus::Unanswered,
        (false, false) => DelegationStatus::Unreached,
    };
    let content = format!(
        "delegation failed after {} attempts: {message}",
        called.attempts
    );
    Delegated { status, content }
}
