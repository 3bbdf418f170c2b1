//! `[[agents]]`.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::names::FailurePolicy;
use crate::sections::{Abbreviated, Name, Named, Short};
use crate::spec::{AgentGroup, AgentKind, FailureMode, OnFailure, Opening, ThreadPolicy};
use crate::units::times::{self, Delay};

/// Agents of one kind that are set up alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(super) struct Group {
    /// The kind of agent.
    #[schemars(extend("x-example" = "kind = \"data\""))]
    pub(super) kind: Name<AgentKind>,
    /// The number of agents.
    #[serde(default = "one")]
    #[schemars(
        range(min = 1, max = 10_000),
        extend("x-reduce" = 1, "x-multiple-of" = "party")
    )]
    pub(super) count: u32,
    /// The thread that each of them writes to: one of its `own`, one of the `group`,
    /// or the one that all groups share (`shared`).
    #[serde(default = "own")]
    pub(super) thread: Name<ThreadPolicy>,
    /// The longest time before an agent starts; drawn for each.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub(super) start_within: Duration,
    #[serde(flatten)]
    parameters: Parameters,
}

/// A sub-agent of a supervisor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend(
    "additionalProperties" = false,
    "x-noun" = "a sub-agent",
    "x-elsewhere" = {
        "count": "belongs to the whole `[[agents]]` group",
        "thread": "belongs to the whole `[[agents]]` group",
        "start_within": "belongs to the whole `[[agents]]` group",
    },
))]
pub(super) struct Child {
    /// The kind of agent.
    #[schemars(extend("x-example" = "kind = \"data\""))]
    pub(super) kind: Name<AgentKind>,
    #[serde(flatten)]
    parameters: Parameters,
}

/// The parameters of kinds of agents.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Parameters {
    /// The number of progress updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 1_000_000),
        extend(
            "x-of" = { "kind": ["hammer", "stress"] },
            "x-reduce" = 0,
            "x-example" = "events = 100",
        )
    )]
    events: Option<u32>,
    /// The longest delay before each update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "kind": ["stress"] }, "x-example" = "delay = \"10ms\"")
    )]
    delay: Option<Delay>,
    /// The way in which the agent fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Name<FailureMode>",
        extend("x-of" = { "kind": ["failure"] }, "x-example" = "mode = \"exception\"")
    )]
    mode: Option<Name<FailureMode>>,
    /// The number of agents that wait for each other at one barrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 2, max = 10_000),
        extend("x-of" = { "kind": ["collision"] }, "x-reduce" = 1, "x-example" = "party = 5")
    )]
    party: Option<u32>,
    /// The sub-agents: names of kinds, or tables where a kind has parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Vec<Short<Child>>",
        length(min = 1),
        extend(
            "x-of" = { "kind": ["supervisor"] },
            "x-reduce" = 0,
            "x-example" = "children = [\"data\", \"reporting\"]",
        )
    )]
    children: Option<Vec<Short<Child>>>,
    /// The reaction to sub-agents that fail: `ignore` them, `wait-for-all` and then fail,
    /// or `fail-fast` and cancel the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Name<FailurePolicy>",
        extend("x-of" = { "kind": ["supervisor"] }, "x-optional" = true)
    )]
    on_failure: Option<Name<FailurePolicy>>,
    /// The number of sub-agents that may fail before a supervisor reacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 0, max = 10_000),
        extend("x-of" = { "kind": ["supervisor"] }, "x-optional" = true)
    )]
    tolerated: Option<u32>,
    /// The place of `agent_started`: `first`, or `gathered` with the first burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Name<Opening>",
        extend("x-of" = { "kind": ["burst"] }, "x-optional" = true)
    )]
    opening: Option<Name<Opening>>,
}

fn one() -> u32 {
    1
}

fn own() -> Name<ThreadPolicy> {
    Name(ThreadPolicy::Own)
}

impl Abbreviated for Child {
    const KEY: &'static str = "kind";

    /// The kinds without parameters.
    fn short_schema(_: &mut SchemaGenerator) -> Schema {
        let names = AgentKind::names().into_iter();
        let plain = names.filter(|(_, kind)| Parameters::NONE.of(kind).is_some());
        let plain: Vec<_> = plain.map(|(name, _)| name).collect();
        json_schema!({ "type": "string", "enum": plain })
    }
}

impl Group {
    /// The agents as they are run; `None` if a parameter of the kind is missing.
    pub(super) fn spec(&self) -> Option<AgentGroup> {
        Some(AgentGroup {
            kind: self.kind()?,
            count: self.count,
            thread: self.thread.0,
            start_within: self.start_within,
        })
    }

    /// The kind with its parameters.
    pub(super) fn kind(&self) -> Option<AgentKind> {
        self.parameters.of(&self.kind.0)
    }

    /// The sub-agents.
    pub(super) fn children(&self) -> &[Short<Child>] {
        self.parameters.children.as_deref().unwrap_or_default()
    }

    /// The number of agents that wait for each other.
    pub(super) fn party(&self) -> Option<u32> {
        self.parameters.party
    }
}

impl Child {
    /// The sub-agents of this one.
    pub(super) fn children(&self) -> &[Short<Child>] {
        self.parameters.children.as_deref().unwrap_or_default()
    }
}

impl Parameters {
    /// No parameters.
    const NONE: Self = Self {
        events: None,
        delay: None,
        mode: None,
        party: None,
        children: None,
        on_failure: None,
        tolerated: None,
        opening: None,
    };

    fn on_failure(&self) -> OnFailure {
        let tolerated = self.tolerated.unwrap_or_default();
        match self.on_failure.map(|Name(policy)| policy) {
            None | Some(FailurePolicy::Ignore) => OnFailure::Ignore,
            Some(FailurePolicy::WaitForAll) => OnFailure::WaitForAll { tolerated },
            Some(FailurePolicy::FailFast) => OnFailure::FailFast { tolerated },
        }
    }

    /// That kind of agent with these parameters; `None` if one of its own is missing.
    fn of(&self, kind: &AgentKind) -> Option<AgentKind> {
        Some(match kind {
            AgentKind::Supervisor { .. } => AgentKind::Supervisor {
                children: self
                    .children
                    .as_ref()?
                    .iter()
                    .map(|Short(child)| child.parameters.of(&child.kind.0))
                    .collect::<Option<_>>()?,
                on_failure: self.on_failure(),
            },
            AgentKind::Burst { .. } => AgentKind::Burst {
                opening: self.opening.map_or(Opening::First, |Name(opening)| opening),
            },
            AgentKind::Hammer { .. } => AgentKind::Hammer {
                events: self.events?,
            },
            AgentKind::Failure { .. } => AgentKind::Failure { mode: self.mode?.0 },
            AgentKind::Collision { .. } => AgentKind::Collision { party: self.party? },
            AgentKind::Stress { .. } => AgentKind::Stress {
                events: self.events?,
                delay: self.delay?.0,
            },
            plain => plain.clone(),
        })
    }
}
