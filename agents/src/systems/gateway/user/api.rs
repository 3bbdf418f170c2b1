//! A user's requests, through the gateway.

use hyper::StatusCode;
use serde::de::DeserializeOwned;

use super::super::api::{
    Card, ChatChunk, ChatCompletion, ChatRequest, Health, MemoryEvents, Message, Refusal, Role,
};
use super::super::expectations::ChatOutcome;
use super::super::http::sse::{DONE, EventReader, ServerEvent};
use super::super::http::{Answer, Call, CallError, Called, Client, OnTimeout, RetryPolicy};
use super::super::ids::{AgentName, SessionId};
use super::super::plan::PlannedChat;
use super::super::proxy::{PORT, base_path};
use super::super::settings::ClientSettings;

/// The way of a user to the agents.
#[derive(Clone, Debug)]
pub(super) struct Api {
    namespace: String,
    client: Client,
    /// The client without retries, for an agent that may not be ready.
    poll: Client,
}

/// An answer to `GET`, with its status.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(super) status: Option<StatusCode>,
    pub(super) body: Option<T>,
}

/// The end of a chat.
#[derive(Debug)]
pub(super) struct ChatEnd {
    pub(super) status: Option<StatusCode>,
    pub(super) outcome: ChatOutcome,
    pub(super) answer: Option<String>,
    pub(super) attempts: u32,
    /// Set if the agent may have got the request.
    pub(super) may_have_reached: bool,
    pub(super) is_ended_stream: bool,
}

impl Api {
    pub(super) fn new(gateway: &str, namespace: &str, settings: &ClientSettings) -> Self {
        let address = format!("{gateway}:{PORT}");
        let policy = RetryPolicy {
            timeout: settings.timeout,
            attempts: settings.attempts,
            backoff: settings.backoff,
            on_timeout: OnTimeout::GiveUp,
        };
        let client = Client::new(address, policy);
        Self {
            namespace: namespace.to_owned(),
            poll: client.without_retries(),
            client,
        }
    }

    /// Returns `true` if the agent says that it can be asked.
    pub(super) async fn is_ready(&self, agent: &AgentName) -> bool {
        let call = self.get(agent, "/health");
        let called = self.poll.fetch(&call).await;
        let is_success = |answer: &Answer| answer.status == StatusCode::OK;
        called.answer.as_ref().is_ok_and(is_success)
    }

    pub(super) async fn health(&self, agent: &AgentName) -> Fetched<Health> {
        self.fetch(agent, "/health").await
    }

    pub(super) async fn card(&self, agent: &AgentName) -> Fetched<Card> {
        self.fetch(agent, "/.well-known/agent").await
    }

    /// Returns an agent's events of a session, those of one kind only if `kind` names it.
    pub(super) async fn memory(
        &self,
        agent: &AgentName,
        session: &SessionId,
        kind: Option<&str>,
    ) -> Option<MemoryEvents> {
        let kind = kind.map_or(String::new(), |kind| format!("&type={kind}"));
        let path = format!("/memory/events?session={session}{kind}");
        self.fetch(agent, &path).await.body
    }

    /// Asks an agent, and calls `on_part` with the id of each part of a streamed answer.
    pub(super) async fn chat(
        &self,
        session: &SessionId,
        chat: &PlannedChat,
        mut on_part: impl FnMut(&str) + Send,
    ) -> ChatEnd {
        let request = ChatRequest {
            model: chat.to.clone(),
            messages: vec![Message {
                role: Role::User,
                content: chat.prompt(),
            }],
            stream: chat.settings.stream,
            session: session.clone(),
            delegated_by: None,
        };
        let body = serde_json::to_vec(&request).expect("requests of this crate are JSON");
        let path = self.path(&chat.to, "/v1/chat/completions");
        let call = Call::post(path, chat.id.clone(), body);
        let mut on_event = |event: &ServerEvent| {
            if let Some(id) = &event.id {
                on_part(id);
            }
        };
        let called = self.client.call(&call, &mut on_event).await;
        chat_end(called, chat)
    }

    fn path(&self, agent: &AgentName, path: &str) -> String {
        format!("{}{path}", base_path(&self.namespace, agent))
    }

    fn get(&self, agent: &AgentName, path: &str) -> Call {
        Call::get(self.path(agent, path))
    }

    async fn fetch<T: DeserializeOwned>(&self, agent: &AgentName, path: &str) -> Fetched<T> {
        let called = self.client.fetch(&self.get(agent, path)).await;
        let answer = called.answer.ok();
        Fetched {
            status: answer.as_ref().map(|answer| answer.status),
            body: answer.and_then(|answer| answer.read()),
        }
    }
}

fn chat_end(called: Called, chat: &PlannedChat) -> ChatEnd {
    let index = usize::try_from(chat.settings.expect.answer_index).expect("32 bits fit");
    let (attempts, may_have_reached) = (called.attempts, called.may_have_reached);
    let mut end = ChatEnd {
        status: None,
        outcome: ChatOutcome::Other,
        answer: None,
        attempts,
        may_have_reached,
        is_ended_stream: false,
    };
    match called.answer {
        Err(CallError::TimedOut) => end.outcome = ChatOutcome::TimedOut,
        Err(CallError::Unreached | CallError::Unanswered) => {
            end.outcome = ChatOutcome::Unavailable;
        }
        Ok(answer) => {
            end.status = Some(answer.status);
            match answer.read::<Refusal>() {
                Some(refusal) => end.outcome = ChatOutcome::of(refusal.error.code),
                None if chat.settings.is_read_as_stream() => {
                    read_stream(&answer, index, &mut end);
                }
                None => read_completion(&answer, index, &mut end),
            }
        }
    }
    end
}

fn read_completion(answer: &Answer, index: usize, end: &mut ChatEnd) {
    if let Some(completion) = answer.read::<ChatCompletion>() {
        end.outcome = ChatOutcome::Answered;
        let choice = completion.choices.into_iter().nth(index);
        end.answer = choice.map(|choice| choice.message.content);
    }
}

fn read_stream(answer: &Answer, index: usize, end: &mut ChatEnd) {
    let mut text = String::new();
    let mut found = false;
    for event in EventReader::default().push(&answer.body) {
        if event.data == DONE {
            end.is_ended_stream = true;
        } else if let Ok(chunk) = serde_json::from_str::<ChatChunk>(&event.data) {
            if let Some(choice) = chunk.choices.into_iter().nth(index) {
                found = true;
                text += &choice.delta.content;
            }
        } else if let Ok(refusal) = serde_json::from_str::<Refusal>(&event.data) {
            end.outcome = ChatOutcome::of(refusal.error.code);
            return;
        }
    }
    if end.is_ended_stream {
        end.outcome = ChatOutcome::Answered;
    }
    end.answer = found.then_some(text);
}
