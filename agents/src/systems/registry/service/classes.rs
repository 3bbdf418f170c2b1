//! The classes of agents: their table, and a class as a registry knows it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::wire::UserContext;
use crate::record::recorder::lock;

/// A class of agents, as data.
#[derive(Debug)]
pub(in super::super) struct ClassSpec {
    pub(in super::super) name: &'static str,
    /// The time between `agent_thinking` and the first tool.
    pub(super) thinking: Duration,
    /// The tools that an agent calls, one after the other.
    pub(super) tools: &'static [ToolSpec],
    /// The service registers the class when it begins.
    pub(super) availability: Availability,
}

/// The state of a class of the table in the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Availability {
    /// It is registered.
    Registered,
    /// It was withdrawn; users may still ask for it.
    Withdrawn,
}

/// A tool, as data.
#[derive(Debug)]
pub(super) struct ToolSpec {
    pub(super) name: &'static str,
    pub(super) takes: Duration,
    pub(super) result: ToolResult,
}

/// The result of a tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ToolResult {
    Success,
    /// An error, with its reason.
    Failure(&'static str),
}

const fn tool(name: &'static str, millis: u64, result: ToolResult) -> ToolSpec {
    ToolSpec {
        name,
        takes: Duration::from_millis(millis),
        result,
    }
}

const fn class(name: &'static str, thinking: u64, tools: &'static [ToolSpec]) -> ClassSpec {
    ClassSpec {
        name,
        thinking: Duration::from_millis(thinking),
        tools,
        availability: Availability::Registered,
    }
}

/// Every class.
pub(in super::super) static CLASSES: [ClassSpec; 6] = [
    class("triage", 5, &[tool("classify", 10, ToolResult::Success)]),
    class(
        "data",
        2,
        &[
            tool("query", 20, ToolResult::Success),
            tool("aggregate", 10, ToolResult::Success),
        ],
    ),
    // Its first tool fails, and it goes on without.
    class(
        "search",
        2,
        &[
            tool("fetch", 10, ToolResult::Failure("no route to the index")),
            tool("summarise", 5, ToolResult::Success),
        ],
    ),
    class(
        "analysis",
        50,
        &[tool("simulate", 950, ToolResult::Success)],
    ),
    class("report", 0, &[]),
    ClassSpec {
        availability: Availability::Withdrawn,
        ..class("forecast", 1, &[tool("project", 1, ToolResult::Success)])
    },
];

impl ClassSpec {
    /// Returns the number of events of an agent that comes to its end.
    pub(in super::super) fn events(&self) -> u64 {
        match self.availability {
            Availability::Registered => 3 + 2 * self.tools.len() as u64,
            Availability::Withdrawn => 0,
        }
    }

    /// Returns `true` if an agent of the class calls tools.
    pub(in super::super) fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }
}

/// A class as a registry knows it.
#[derive(Debug)]
pub(in super::super) struct AgentClass {
    pub(in super::super) spec: &'static ClassSpec,
    /// 1 when the service begins, one more with each renewal.
    pub(in super::super) version: u32,
    /// Written by a seeded bug alone.
    pub(super) last_context: Mutex<Option<UserContext>>,
}

impl AgentClass {
    fn new(spec: &'static ClassSpec, version: u32) -> Arc<Self> {
        Arc::new(Self {
            spec,
            version,
            last_context: Mutex::default(),
        })
    }

    /// Returns the classes that the service registers, in that version.
    pub(super) fn registered(version: u32) -> impl Iterator<Item = Arc<Self>> {
        let specs = CLASSES.iter();
        specs
            .filter(|spec| spec.availability == Availability::Registered)
            .map(move |spec| Self::new(spec, version))
    }

    /// Returns the context that a seeded bug left here.
    pub(super) fn take_context(&self) -> Option<UserContext> {
        lock(&self.last_context).take()
    }
}
