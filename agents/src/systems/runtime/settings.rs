//! The content of a scenario of the runtime, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay};

/// A whole scenario of the runtime.
pub type RuntimeSpec = ScenarioSpec<RuntimeScenario>;

/// The sections of a scenario that only the runtime has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuntimeScenario {
    /// Settings of the runtime itself.
    pub runtime: RuntimeSettings,
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
            "x-of" = { "kind": ["caller", "delegator", "publisher", "visitor"] },
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
    /// The longest time of a step; drawn for each request.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    step: Duration,
    /// The longest time after which a request is cancelled; drawn for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Delay", extend("x-optional" = true))]
    pub(super) cancel_within: Option<Delay>,
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
