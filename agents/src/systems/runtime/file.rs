//! The sections of a scenario's file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::settings::{
    ClientGroup, ClientKind, ContextSettings, Effort, RuntimeScenario, RuntimeSettings, Timing,
    ToolName, ToolSettings,
};
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::Extent;
use crate::units::times::{self, Delay, Timeout};

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
    /// The time after which the caller of a request gives up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timeout", extend("x-optional" = true))]
    timeout: Option<Timeout>,
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
            timeout: self.timeout.map(|Timeout(time)| time),
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
