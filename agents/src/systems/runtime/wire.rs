//! The protocol between clients and the runtime: one JSON text a line, over TCP.

use std::fmt;
use std::sync::Arc;

use rehearsal_history::SpanContext;
use serde::{Deserialize, Serialize};

use super::host::Fingerprint;
use super::tools::Tool;

pub(super) use crate::lines::{Disconnected, FrameReader, FrameWriter};

/// The port on which the runtime listens.
pub(super) const PORT: u16 = 9200;

/// The namespace of ids that name none.
const DEFAULT_NAMESPACE: &str = "testmaster";

/// A type of agents: it names the factory that creates them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct AgentType(pub(super) Arc<str>);

impl From<&str> for AgentType {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// The identity of an agent. Two ids that differ in anything are two agents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct AgentId {
    pub(super) name: Arc<str>,
    #[serde(rename = "type")]
    pub(super) kind: AgentType,
    #[serde(default = "default_namespace")]
    pub(super) namespace: Arc<str>,
}

fn default_namespace() -> Arc<str> {
    DEFAULT_NAMESPACE.into()
}

impl AgentId {
    /// Returns the id of another agent of the same namespace.
    pub(super) fn beside(&self, kind: &str, name: impl fmt::Display) -> Self {
        Self {
            name: name.to_string().into(),
            kind: kind.into(),
            namespace: Arc::clone(&self.namespace),
        }
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind.0, self.name)
    }
}

/// A client of the runtime.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ClientId(pub(super) u32);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client-{}", self.0)
    }
}

/// The number of a request among those of its connection, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct CallId(pub(super) u64);

/// A message to one agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: Arc<str>,
    /// The request that the message makes.
    pub(super) context: SpanContext,
    /// A text that only the namespace may see.
    pub(super) secret: Arc<str>,
    /// A number that the answer repeats.
    pub(super) number: u32,
    pub(super) task: Task,
}

/// The work that a message asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// Work on one's own.
    Work(Effort),
    /// Work that is handed on to agents below, down to those that work on their own.
    Delegate {
        depth: u32,
        width: u32,
        effort: Effort,
    },
    /// Calls of a tool, one after the other.
    UseTools { calls: u32, tool: Tool },
    /// A message of a conversation, for which the model uses a tool.
    Converse { tool: Tool },
    /// A text to remember.
    Remember {
        topic: u64,
        quality: u32,
        kind: MemoryKind,
    },
    /// A text to recall.
    Recall { topic: u64 },
}

/// The kinds of memory that a text can be given to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MemoryKind {
    /// The short-term memory, and with enough quality the long-term memory.
    Text,
    /// The facts about an entity.
    Entity,
    /// The external memory.
    External,
}

/// The work of one agent: steps that take some time each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Effort {
    pub(super) steps: u32,
    pub(super) step_ms: u32,
}

/// A step that an agent has taken for a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) id: Arc<str>,
}

/// An agent's answer to a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) id: Arc<str>,
    pub(super) number: u32,
    /// The text that was recalled.
    pub(super) recalled: Option<Arc<str>>,
}

/// The end of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Answered(Answer),
    /// The agent could not do it.
    Failed(String),
    Cancelled,
    /// The message reached no agent.
    Refused(Refusal),
}

/// The reasons for which a message reaches no agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// No factory creates agents of this type.
    UnknownType(AgentType),
    /// The agent is in a namespace that the sender may not address.
    ForeignNamespace(Arc<str>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(AgentType(kind)) => write!(f, "no factory creates a {kind}"),
            Self::ForeignNamespace(namespace) => write!(f, "{namespace} is not the sender's"),
        }
    }
}

/// A topic of events, within a namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TopicId(pub(super) Arc<str>);

/// An event that was published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) id: Arc<str>,
    pub(super) publisher: Arc<str>,
    /// A text that only the namespace may see.
    pub(super) secret: Arc<str>,
}

/// A frame from a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClientFrame {
    /// Names the client and the namespace in which it works, and proves it.
    Hello {
        client: ClientId,
        namespace: Arc<str>,
        fingerprint: Fingerprint,
    },
    /// Sends a message and asks for an answer.
    Call {
        call: CallId,
        to: AgentId,
        message: Message,
    },
    /// Takes a request back.
    Cancel(CallId),
    /// Hands an event to every subscriber of a topic.
    Publish {
        call: CallId,
        topic: TopicId,
        event: Event,
    },
    /// Asks for the events of a topic from now on.
    Subscribe { call: CallId, topic: TopicId },
    /// Asks for no more events of a topic.
    Unsubscribe { call: CallId, topic: TopicId },
    /// Asks to leave once every request has ended.
    Bye,
}

/// A frame from the runtime.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HostFrame {
    Welcome,
    /// The client is not the one that it says, and the connection ends.
    Unknown,
    /// A step was taken for a request.
    Progress {
        call: CallId,
        progress: Progress,
    },
    /// A request has ended.
    Outcome {
        call: CallId,
        outcome: Outcome,
    },
    /// Answers a frame other than a call.
    Done(CallId),
    /// An event was published.
    Event {
        topic: TopicId,
        event: Event,
    },
    /// Every request has ended, and the connection ends.
    Bye,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rehearsal_sim::tokio;

    use super::*;

    fn id(text: &str) -> AgentId {
        serde_json::from_str(text).expect("an id")
    }

    #[test]
    fn ids_that_differ_in_one_part_are_different_agents() {
        let ids = [
            r#"{"name":"1","type":"worker"}"#,
            r#"{"name":"2","type":"worker"}"#,
            r#"{"name":"1","type":"planner"}"#,
            r#"{"name":"1","type":"worker","namespace":"user-1"}"#,
        ];
        let ids: BTreeSet<AgentId> = ids.into_iter().map(id).collect();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn id_without_a_namespace_is_of_the_default_one() {
        let id = id(r#"{"name":"1","type":"worker"}"#);
        assert_eq!(&*id.namespace, "testmaster");
        assert_eq!(id.to_string(), "testmaster/worker/1");
        assert_eq!(id.beside("planner", 2).to_string(), "testmaster/planner/2");
    }

    #[tokio::test]
    async fn text_that_is_no_frame_ends_the_connection() {
        let frames = [ClientFrame::Cancel(CallId(7)), ClientFrame::Bye];
        let mut bytes = Vec::new();
        let sent = FrameWriter::new(&mut bytes).send(&frames).await;
        assert_eq!(sent, Ok(()));
        bytes.extend_from_slice(b"{\"call\"\n");
        let mut reader = FrameReader::new(bytes.as_slice());
        for frame in frames {
            assert_eq!(reader.next().await, Ok(frame));
        }
        assert_eq!(reader.next::<ClientFrame>().await, Err(Disconnected));
    }
}
