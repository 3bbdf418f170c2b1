//! The content of a scenario of the runtime.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::ScenarioSpec;
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the runtime.
pub type RuntimeSpec = ScenarioSpec<RuntimeScenario>;

/// The sections of a scenario that only the runtime has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuntimeScenario {
    /// Settings of the runtime itself.
    pub runtime: RuntimeSettings,
    /// Settings of the tools.
    pub tools: ToolSettings,
    /// Settings of conversations.
    pub context: ContextSettings,
    /// The clients of each user, in order of declaration.
    pub clients: Vec<ClientGroup>,
}

/// Settings of the runtime.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeSettings {
    /// The number of users. Each has all clients of the file, in a namespace of its own.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub users: u32,
    /// The agents of one type that the clients of a user address.
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub agents: u32,
    /// The time that a factory takes to create an agent.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub start: Duration,
    /// The policy for a publisher's own events: `skip` or `deliver`.
    pub own_events: OwnEvents,
    /// The calls of the model that all workers may make in any minute; 0: any number.
    #[schemars(range(min = 0, max = 10_000))]
    pub model_calls: u32,
    /// The outputs of tasks that are written together; 0: outputs are not stored.
    #[schemars(range(min = 0, max = 10_000))]
    pub output_batch: u32,
    /// The time that it takes to write a batch of outputs.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub output_write: Duration,
}

/// Settings of the conversations of agents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContextSettings {
    /// The policy by which a conversation is cut before a model is shown it.
    pub policy: ContextName,
    /// The items of a buffer or of a tail, or the tokens.
    #[schemars(range(min = 1, max = 100_000))]
    pub size: u32,
    /// The items of a head.
    #[schemars(range(min = 0, max = 100_000))]
    pub head: u32,
}

/// The policies by which conversations are cut, by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextName {
    /// The last items.
    Buffered,
    /// The first and the last items.
    HeadAndTail,
    /// As many of the last items as have so many tokens.
    TokenLimited,
}

/// A policy by which conversations are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContextPolicy {
    /// Keeps the last items.
    Buffered {
        /// Items.
        size: u32,
    },
    /// Keeps the first and the last items.
    HeadAndTail {
        /// First items.
        head: u32,
        /// Last items.
        tail: u32,
    },
    /// Keeps as many of the last items as have so many tokens.
    TokenLimited {
        /// Tokens.
        tokens: u32,
    },
}

impl Default for ContextSettings {
    fn default() -> Self {
        Self {
            policy: ContextName::Buffered,
            size: 10,
            head: 0,
        }
    }
}

impl ContextSettings {
    /// Returns the policy.
    pub fn policy(&self) -> ContextPolicy {
        let (head, size) = (self.head, self.size);
        match self.policy {
            ContextName::Buffered => ContextPolicy::Buffered { size },
            ContextName::HeadAndTail => ContextPolicy::HeadAndTail { head, tail: size },
            ContextName::TokenLimited => ContextPolicy::TokenLimited { tokens: size },
        }
    }
}

/// Settings of the tools, and of their callers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolSettings {
    /// The time after which an executor of code is stopped.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub limit: Duration,
    /// The time that a caller waits for the answer to an attempt.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub patience: Duration,
    /// The attempts that a caller makes.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// The time before the second attempt; twice as long before each further one.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub backoff: Duration,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            limit: Duration::from_millis(100),
            patience: Duration::from_millis(200),
            attempts: 8,
            backoff: Duration::from_millis(20),
        }
    }
}

/// The policies for the events of a subscriber's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnEvents {
    /// It does not receive them.
    #[default]
    Skip,
    /// It receives them like any other.
    Deliver,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            users: 1,
            agents: 2,
            start: Duration::from_millis(5),
            own_events: OwnEvents::default(),
            model_calls: 0,
            output_batch: 0,
            output_write: Duration::from_millis(10),
        }
    }
}

/// Clients of one kind that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientGroup {
    /// Their kind, with its parameters.
    pub kind: ClientKind,
    /// Their number for each user; at least 1.
    pub count: u32,
}

/// The messages of a client over time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Messages.
    pub messages: u32,
    /// Longest time before each; drawn.
    pub delay: Duration,
    /// Longest time after which each request is cancelled; drawn. None is cancelled without
    /// it.
    pub cancel_within: Option<Duration>,
    /// The time after which the caller of each request gives up, if it does.
    pub timeout: Option<Duration>,
}

/// The work of one agent for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Steps.
    pub steps: u32,
    /// Longest time of a step; drawn for each request.
    pub step: Duration,
}

/// The tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    /// A search.
    Search,
    /// Code in an executor.
    Code,
}

/// The kinds of clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientKind {
    /// Makes requests of workers.
    Caller {
        /// Requests over time.
        timing: Timing,
        /// Work for each.
        effort: Effort,
    },
    /// Makes requests of planners, which hand them on.
    Delegator {
        /// Requests over time.
        timing: Timing,
        /// Work of each worker at the end.
        effort: Effort,
        /// Planners from the first to a worker.
        depth: u32,
        /// Requests that a planner makes at once.
        width: u32,
    },
    /// Makes requests of operators, which use tools.
    ToolUser {
        /// Requests over time.
        timing: Timing,
        /// Calls for each request, one after the other.
        calls: u32,
        /// The tool.
        tool: ToolName,
        /// Longest time of a run of the tool; drawn for each request.
        run: Duration,
        /// Most times that the executor of one call dies; drawn for each request.
        deaths: u32,
    },
    /// Sends messages of a conversation to scribes.
    Speaker {
        /// Messages over time.
        timing: Timing,
        /// Longest time of the tool that a message needs; drawn for each.
        run: Duration,
    },
    /// Has librarians remember texts, and recall them.
    Learner {
        /// Texts to remember and to recall, in turn, over time.
        timing: Timing,
    },
    /// Tries to connect under the name of other clients.
    Impostor {
        /// Attempts over time.
        timing: Timing,
    },
    /// Publishes events, and subscribes to those of others.
    Publisher {
        /// Events over time.
        timing: Timing,
    },
    /// Subscribes to the events of all publishers.
    Subscriber,
    /// Subscribes for a while, again and again.
    Visitor {
        /// Visits over time.
        timing: Timing,
        /// Longest time of a visit; drawn.
        stay: Duration,
    },
}

impl ClientKind {
    /// Returns the number of messages that a client of this kind begins to send.
    pub fn messages(self) -> u32 {
        match self {
            Self::Caller { timing, .. }
            | Self::Delegator { timing, .. }
            | Self::ToolUser { timing, .. }
            | Self::Speaker { timing, .. }
            | Self::Learner { timing }
            | Self::Impostor { timing }
            | Self::Publisher { timing }
            | Self::Visitor { timing, .. } => timing.messages,
            Self::Subscriber => 0,
        }
    }
}
