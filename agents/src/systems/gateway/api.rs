//! The bodies of requests and answers.

use serde::{Deserialize, Serialize};

use super::ids::{AgentName, EventId, SessionId, TurnId};

/// The header with the id of a request, the same for each attempt at it.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The header with the number of the attempt, from 1.
pub(super) const ATTEMPT: &str = "x-attempt";

/// The body of `POST /v1/chat/completions`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ChatRequest {
    pub(super) model: AgentName,
    pub(super) messages: Vec<Message>,
    #[serde(default)]
    pub(super) stream: bool,
    pub(super) session: SessionId,
    /// The agent that delegates the task, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delegated_by: Option<AgentName>,
}

/// A message of a chat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) content: String,
}

/// The sender of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    User,
    Assistant,
    TaskDelegation,
}

/// The answer to a chat request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ChatCompletion {
    pub(super) id: TurnId,
    pub(super) model: AgentName,
    pub(super) choices: Vec<Choice>,
}

/// One of the alternatives of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Choice {
    pub(super) index: u32,
    pub(super) message: Message,
    pub(super) finish_reason: FinishReason,
}

/// A part of a streamed answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ChatChunk {
    pub(super) id: TurnId,
    pub(super) choices: Vec<ChunkChoice>,
}

/// One of the alternatives of a part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ChunkChoice {
    pub(super) index: u32,
    pub(super) delta: Delta,
    pub(super) finish_reason: Option<FinishReason>,
}

/// The text by which a part extends the answer.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Delta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) content: String,
}

/// The reason for which an answer ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FinishReason {
    Stop,
}

/// The body of `GET /health`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Health {
    pub(super) status: HealthStatus,
}

/// The state of an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HealthStatus {
    Healthy,
    Starting,
}

/// The body of `GET /.well-known/agent` and its aliases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Card {
    pub(super) name: AgentName,
    pub(super) description: String,
    pub(super) capabilities: Vec<Capability>,
}

/// A capability of an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Capability {
    MessageProcessing,
    /// The agent has sub-agents.
    TaskDelegation,
}

/// The body of `GET /memory/events`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct MemoryEvents {
    pub(super) agent: AgentName,
    pub(super) events: Vec<MemoryEvent>,
    pub(super) total: usize,
}

/// An event in the memory of an agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct MemoryEvent {
    pub(super) id: EventId,
    pub(super) session: SessionId,
    pub(super) turn: TurnId,
    /// The time of the event, in microseconds.
    pub(super) at_us: u64,
    #[serde(flatten)]
    pub(super) event: Event,
}

/// The content of an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event_type", rename_all = "snake_case")]
pub(super) enum Event {
    /// A user asked.
    UserMessage { content: String },
    /// Another agent delegated a task.
    TaskDelegationReceived { from: AgentName, content: String },
    /// The agent delegates a task.
    DelegationRequest {
        task_id: TurnId,
        agent: AgentName,
        content: String,
    },
    /// The task came back, or is given up.
    DelegationResponse {
        task_id: TurnId,
        agent: AgentName,
        status: DelegationStatus,
        content: String,
    },
    /// The agent answers.
    AgentResponse { content: String },
    /// The turn failed.
    Error { code: ErrorCode, content: String },
}

impl Event {
    /// Returns the kind, as the filter `type` of a query names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::UserMessage { .. } => "user_message",
            Self::TaskDelegationReceived { .. } => "task_delegation_received",
            Self::DelegationRequest { .. } => "delegation_request",
            Self::DelegationResponse { .. } => "delegation_response",
            Self::AgentResponse { .. } => "agent_response",
            Self::Error { .. } => "error",
        }
    }

    pub(super) fn content(&self) -> &str {
        match self {
            Self::UserMessage { content }
            | Self::TaskDelegationReceived { content, .. }
            | Self::DelegationRequest { content, .. }
            | Self::DelegationResponse { content, .. }
            | Self::AgentResponse { content }
            | Self::Error { content, .. } => content,
        }
    }
}

/// The result of a delegation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DelegationStatus {
    /// The worker answered.
    Answered,
    /// The worker has taken the task, and its turn failed.
    Failed,
    /// The worker certainly has not taken the task.
    Unreached,
    /// The worker may have taken the task.
    Unanswered,
}

/// The body of an answer without a result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: Problem,
}

/// The reason for which there is no result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Problem {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}

/// The kinds of problems.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorCode {
    /// A `delegate` block that is no delegation.
    MalformedDelegation,
    /// More than one `delegate` block in one output.
    TwoDelegations,
    /// A delegation to an agent that is not deployed.
    UnknownAgent,
    /// A delegation to an agent that is not in the access list.
    AccessDenied,
    /// The sub-agent did not answer, or failed.
    DelegationFailed,
    /// The model has no output left.
    ModelExhausted,
    /// The model has answered none of the attempts at a request.
    ModelUnavailable,
    /// The model delegates again and again.
    TooManySteps,
    /// A request that is no chat request.
    BadRequest,
    /// No such path, or no such agent.
    NotFound,
    /// The agent or the gateway cannot serve the request now; nothing was done.
    Unavailable,
    /// The agent was lost while it had the request.
    BadGateway,
}
