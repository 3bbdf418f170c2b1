//! The event envelope and the bridge vocabulary.

use std::fmt;
use std::sync::Arc;

use rehearsal_history::{ActorId, ChannelId, MessageId, SpanId, StreamId, TenantId};
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($repr:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $repr);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// A user: the tenant that owns threads and may see nothing else.
    UserId(u32), "user-"
);
id!(
    /// A conversation thread; events are routed run → thread → connections.
    ThreadId(u32), "thread-"
);
id!(
    /// One execution of one agent.
    RunId(u32), "run-"
);
id!(
    /// One event, unique in a run of the simulator.
    EventId(u64), "event-"
);
id!(
    /// A client: one subscriber, on its own host when the transport has hosts.
    ClientId(u32), "client-"
);

impl UserId {
    /// Returns the user in the terms of a history.
    pub fn tenant(self) -> TenantId {
        TenantId(self.0.into())
    }
}

impl ThreadId {
    /// Returns the thread in the terms of a history.
    pub fn channel(self) -> ChannelId {
        ChannelId(self.0.into())
    }
}

impl RunId {
    /// Returns the run in the terms of a history, as what begins and ends.
    pub fn span(self) -> SpanId {
        SpanId(self.0.into())
    }

    /// Returns the run in the terms of a history, as a sequence of messages.
    pub fn stream(self) -> StreamId {
        StreamId(self.0.into())
    }
}

impl EventId {
    /// Returns the event in the terms of a history.
    pub fn message(self) -> MessageId {
        MessageId(self.0)
    }
}

impl ClientId {
    /// Returns the client in the terms of a history.
    pub fn actor(self) -> ActorId {
        ActorId(self.0.into())
    }
}

/// The name of an agent, for example `data-1`. Cheap to clone.
pub type AgentName = Arc<str>;

/// A run as it introduces itself: the place where its events belong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunContext {
    /// The run.
    pub run: RunId,
    /// The thread that it writes to.
    pub thread: ThreadId,
    /// The owner of that thread.
    pub user: UserId,
    /// The run that started it, if any.
    pub parent: Option<RunId>,
    /// The agent that runs.
    pub agent: AgentName,
}

/// The kind of an event. These ten names are the bridge vocabulary; the first five are
/// the critical ones that a run with a tool call must deliver, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// First event of every run.
    AgentStarted,
    /// The agent is reasoning.
    AgentThinking,
    /// A tool call begins; [`Payload::tool`] names the call.
    ToolExecuting,
    /// The tool call named in [`Payload::tool`] has ended.
    ToolCompleted,
    /// Terminal: the run ended well.
    AgentCompleted,
    /// Work advances; [`Payload::progress`] says how far.
    Progress,
    /// A supervisor starts the run named in [`Payload::subagent`].
    SubagentStarted,
    /// The run named in [`Payload::subagent`] has ended, well or not.
    SubagentCompleted,
    /// Terminal: the run failed; [`Payload::error`] says how.
    AgentError,
    /// Terminal: the agent died without a word; a watchdog says so in its place.
    AgentDeath,
}

impl EventKind {
    /// Returns `true` if this event ends its run. A run has exactly one such event.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::AgentCompleted | Self::AgentError | Self::AgentDeath
        )
    }

    /// The name on the wire, for example `agent_started`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AgentStarted => "agent_started",
            Self::AgentThinking => "agent_thinking",
            Self::ToolExecuting => "tool_executing",
            Self::ToolCompleted => "tool_completed",
            Self::AgentCompleted => "agent_completed",
            Self::Progress => "progress",
            Self::SubagentStarted => "subagent_started",
            Self::SubagentCompleted => "subagent_completed",
            Self::AgentError => "agent_error",
            Self::AgentDeath => "agent_death",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One event in flight from an agent to the clients of its thread.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Unique in a run of the simulator.
    pub id: EventId,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The user that owns the thread.
    pub user: UserId,
    /// The thread to which the run belongs.
    pub thread: ThreadId,
    /// The run that emitted the event.
    pub run: RunId,
    /// The run that started this one, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_run: Option<RunId>,
    /// The agent that runs.
    pub agent: AgentName,
    /// Position in the run, from 1, without holes.
    pub seq: u64,
    /// Virtual milliseconds at which the agent emitted it.
    pub at_ms: u64,
    /// Details.
    pub payload: Payload,
}

/// The content of an event besides its envelope.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Payload {
    /// The canary: a secret of the user whose run this is. It may appear in
    /// front of no other user.
    pub secret: String,
    /// The tool call that begins or ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolCall>,
    /// Progress so far: a percentage, or the number of the update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u32>,
    /// The sub-agent's run that begins or ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<RunId>,
    /// The cause of the failure, for example `timeout after 500 ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A tool call, unique within its run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolCall {
    /// Number of the call in its run, from 0. Zero is a legal id.
    pub call: u32,
    /// The tool.
    pub name: String,
}
