//! The content of a scenario of the runtime, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
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

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimeFile {
    /// Settings of the runtime itself.
    #[serde(default)]
    pub(super) runtime: Part<RuntimeSettings>,
    /// Settings of the tools, and of their callers.
    #[serde(default)]
    pub(super) tools: Part<ToolSettings>,
    /// Settings of the conversations of agents.
    #[serde(default)]
    pub(super) context: Part<ContextSettings>,
    /// Groups of clients.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[clients]]\nkind = \"caller\"\nmessages = 5")
    )]
    pub(super) clients: Part<Vec<Group>>,
}

/// Clients of one kind that are set up alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The kind of client.
    #[schemars(extend("x-example" = "kind = \"caller\""))]
    pub(super) kind: Name<KindName>,
    /// The number of clients for each user.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) count: u32,
    /// The number of messages that a client sends; of a visitor, that of its visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 10_000),
        extend(
            "x-of" = { "kind": [
                "caller", "delegator", "tool-user", "speaker", "learner", "impostor",
                "publisher", "visitor",
            ] },
            "x-reduce" = 1,
            "x-example" = "messages = 10",
        )
    )]
    messages: Option<u32>,
    /// The longest time before each message; drawn.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    delay: Duration,
    /// The steps that a worker takes for a request.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    steps: u32,
    /// The longest time of a step, or of the run of a tool; drawn for each request.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    step: Duration,
    /// The longest time after which a request is cancelled; drawn for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Delay", extend("x-optional" = true))]
    pub(super) cancel_within: Option<Delay>,
    /// The tool that operators use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "ToolName",
        extend("x-of" = { "kind": ["tool-user"] }, "x-example" = "tool = \"search\"")
    )]
    tool: Option<ToolName>,
    /// The calls of a tool for each request, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100),
        extend("x-of" = { "kind": ["tool-user"] }, "x-optional" = true, "x-reduce" = 1)
    )]
    calls: Option<u32>,
    /// The most times that the executor of one call dies; drawn for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 10),
        extend("x-of" = { "kind": ["tool-user"] }, "x-optional" = true)
    )]
    deaths: Option<u32>,
    /// The longest time of a visit; drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "kind": ["visitor"] }, "x-optional" = true)
    )]
    stay: Option<Delay>,
    /// The planners from the first to a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 10),
        extend("x-of" = { "kind": ["delegator"] }, "x-optional" = true, "x-reduce" = 1)
    )]
    pub(super) depth: Option<u32>,
    /// The requests that a planner makes at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 10),
        extend("x-of" = { "kind": ["delegator"] }, "x-optional" = true, "x-reduce" = 1)
    )]
    pub(super) width: Option<u32>,
}

fn one() -> u32 {
    1
}

/// The kinds of clients by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KindName {
    Caller,
    Delegator,
    ToolUser,
    Speaker,
    Learner,
    Impostor,
    Publisher,
    Subscriber,
    Visitor,
}

impl Named for KindName {
    const NOUN: &'static str = "kind of client";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("caller".into(), Self::Caller),
            ("delegator".into(), Self::Delegator),
            ("tool-user".into(), Self::ToolUser),
            ("speaker".into(), Self::Speaker),
            ("learner".into(), Self::Learner),
            ("impostor".into(), Self::Impostor),
            ("publisher".into(), Self::Publisher),
            ("subscriber".into(), Self::Subscriber),
            ("visitor".into(), Self::Visitor),
        ]
    }
}

impl Group {
    /// Returns the clients as they are run; `None` if a parameter of the kind is missing.
    fn spec(&self) -> Option<ClientGroup> {
        Some(ClientGroup {
            kind: self.kind()?,
            count: self.count,
        })
    }

    /// Returns the number of messages that one of the clients sends.
    pub(super) fn messages(&self) -> u32 {
        self.messages.unwrap_or_default()
    }

    fn timing(&self) -> Option<Timing> {
        Some(Timing {
            messages: self.messages?,
            delay: self.delay,
            cancel_within: self.cancel_within.map(|Delay(time)| time),
        })
    }

    fn kind(&self) -> Option<ClientKind> {
        let effort = Effort {
            steps: self.steps,
            step: self.step,
        };
        Some(match self.kind.0 {
            KindName::Caller => ClientKind::Caller {
                timing: self.timing()?,
                effort,
            },
            KindName::Delegator => ClientKind::Delegator {
                timing: self.timing()?,
                effort,
                depth: self.depth.unwrap_or(1),
                width: self.width.unwrap_or(1),
            },
            KindName::ToolUser => ClientKind::ToolUser {
                timing: self.timing()?,
                calls: self.calls.unwrap_or(1),
                tool: self.tool?,
                run: self.step,
                deaths: self.deaths.unwrap_or_default(),
            },
            KindName::Speaker => ClientKind::Speaker {
                timing: self.timing()?,
                run: self.step,
            },
            KindName::Learner => ClientKind::Learner {
                timing: self.timing()?,
            },
            KindName::Impostor => ClientKind::Impostor {
                timing: self.timing()?,
            },
            KindName::Publisher => ClientKind::Publisher {
                timing: self.timing()?,
            },
            KindName::Subscriber => ClientKind::Subscriber,
            KindName::Visitor => ClientKind::Visitor {
                timing: self.timing()?,
                stay: self.stay.map_or(Duration::ZERO, |Delay(time)| time),
            },
        })
    }
}

impl Settings for RuntimeScenario {
    type File = RuntimeFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: RuntimeFile) -> Option<Self> {
        let groups = file.clients.into_sound()?;
        Some(Self {
            runtime: file.runtime.into_sound()?,
            tools: file.tools.into_sound()?,
            context: file.context.into_sound()?,
            clients: groups.iter().map(Group::spec).collect::<Option<_>>()?,
        })
    }

    fn contradictions(file: &RuntimeFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let of_user: u64 = self
            .clients
            .iter()
            .map(|group| u64::from(group.count))
            .sum();
        Extent {
            noun: "client",
            count: u64::from(self.runtime.users) * of_user,
        }
    }

    fn planned(&self) -> Option<Extent> {
        let of_group =
            |group: &ClientGroup| u64::from(group.count) * u64::from(group.kind.messages());
        let of_user: u64 = self.clients.iter().map(of_group).sum();
        Some(Extent {
            noun: "planned message",
            count: u64::from(self.runtime.users) * of_user,
        })
    }
}
