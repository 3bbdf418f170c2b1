//! The content of a scenario of the store, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the store.
pub type StoreSpec = ScenarioSpec<StoreScenario>;

/// The sections of a scenario that only the store has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreScenario {
    /// Settings of the store itself.
    pub store: StoreSettings,
    /// Settings of the connections to it.
    pub connections: ConnectionSettings,
    /// The agents of each team, in order of declaration.
    pub agents: Vec<AgentGroup>,
    /// The tasks of each team.
    pub tasks: Option<TaskSettings>,
}

/// Settings of the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// The number of teams. Each has all agents of the file, and keys of its own.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub teams: u32,
    /// The time that a write to the journal takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub write: Duration,
    /// The time after which a claimed task is offered to other workers.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub lease: Duration,
    /// The number of replicas. Agents read values there if there are any.
    #[schemars(range(max = 16))]
    pub replicas: u32,
    /// The time between two looks of a replica at the journal.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub sync: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            teams: 1,
            write: Duration::from_millis(1),
            lease: Duration::from_millis(500),
            replicas: 0,
            sync: Duration::from_millis(20),
        }
    }
}

/// Settings of the connections to the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// The time that a client waits for an answer before it repeats its request on a new
    /// connection.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub answer_timeout: Duration,
    /// The time that a client waits before it repeats a request.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub retry_after: Duration,
    /// The time without a request after which a server closes a connection: that of a host
    /// that has died stays open otherwise.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub idle_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            answer_timeout: Duration::from_secs(2),
            retry_after: Duration::from_millis(10),
            idle_timeout: Duration::from_secs(1),
        }
    }
}

/// Agents of one kind that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentGroup {
    /// The kind.
    pub kind: AgentKind,
    /// The number of agents in each team; at least 1.
    pub count: u32,
    /// The operations of each.
    pub operations: u32,
    /// The keys among which each chooses.
    pub keys: u32,
    /// The longest time before each operation; drawn.
    pub delay: Duration,
}

/// The kinds of agents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AgentKind {
    /// Sets and gets values.
    Writer,
    /// Increments counters, and reads them at the end.
    Counter,
    /// Appends to lists, and reads them.
    Appender,
    /// Adds to the workspace, and looks at snapshots of it.
    Contributor,
    /// Increments a counter and appends to a list for each test. Its process starts again
    /// after a crash.
    Tester,
    /// Revises documents in turns, each with a tool and effects.
    Reviser,
    /// Replaces statements and tools that revisers use.
    Curator,
}

/// Every kind with its name in scenario files.
const KINDS: [(&str, AgentKind); 7] = [
    ("writer", AgentKind::Writer),
    ("counter", AgentKind::Counter),
    ("appender", AgentKind::Appender),
    ("contributor", AgentKind::Contributor),
    ("tester", AgentKind::Tester),
    ("reviser", AgentKind::Reviser),
    ("curator", AgentKind::Curator),
];

/// Tasks, and the workers that share them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSettings {
    /// The number of tasks of each team.
    #[schemars(range(min = 1, max = 10_000), extend("x-reduce" = 1, "x-example" = "count = 25"))]
    pub count: u32,
    /// The number of workers of each team, each on a host of its own.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1, "x-example" = "workers = 10"))]
    pub workers: u32,
    /// The longest time that a task takes; drawn.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub effort: Duration,
}

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreFile {
    /// Settings of the store itself.
    #[serde(default)]
    pub(super) store: Part<StoreSettings>,
    /// Settings of the connections to it.
    #[serde(default)]
    pub(super) connections: Part<ConnectionSettings>,
    /// Groups of agents.
    #[serde(default)]
    #[schemars(extend("x-reduce" = 0))]
    pub(super) agents: Part<Vec<Group>>,
    /// Tasks, and the workers that share them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TaskSettings", extend("x-reduce" = 0))]
    pub(super) tasks: Option<Part<TaskSettings>>,
}

/// Agents of one kind that are set up alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    /// The kind of agent.
    #[schemars(extend("x-example" = "kind = \"writer\""))]
    pub(super) kind: Name<AgentKind>,
    /// The number of agents in each team.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) count: u32,
    /// The number of operations of each agent.
    #[schemars(
        range(min = 1, max = 10_000),
        extend("x-reduce" = 1, "x-example" = "operations = 10")
    )]
    pub(super) operations: u32,
    /// The number of keys among which an agent chooses.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    keys: u32,
    /// The longest time before each operation; drawn.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    delay: Duration,
}

fn one() -> u32 {
    1
}

impl Named for AgentKind {
    const NOUN: &'static str = "kind of agent";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let names = KINDS.iter();
        names.map(|(name, kind)| ((*name).into(), *kind)).collect()
    }
}

impl Group {
    fn spec(&self) -> AgentGroup {
        AgentGroup {
            kind: self.kind.0,
            count: self.count,
            operations: self.operations,
            keys: self.keys,
            delay: self.delay,
        }
    }
}

impl Settings for StoreScenario {
    type File = StoreFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: StoreFile) -> Option<Self> {
        let groups = file.agents.into_sound()?;
        let tasks = match file.tasks {
            Some(tasks) => Some(tasks.into_sound()?),
            None => None,
        };
        Some(Self {
            store: file.store.into_sound()?,
            connections: file.connections.into_sound()?,
            agents: groups.iter().map(Group::spec).collect(),
            tasks,
        })
    }

    fn contradictions(file: &StoreFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let agents: u64 = self.agents.iter().map(|group| u64::from(group.count)).sum();
        let workers = self.tasks.as_ref().map_or(0, |tasks| tasks.workers);
        Extent {
            noun: "agent",
            count: u64::from(self.store.teams) * (agents + u64::from(workers)),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let of_group = |group: &AgentGroup| u64::from(group.count) * u64::from(group.operations);
        let operations: u64 = self.agents.iter().map(of_group).sum();
        let tasks = self.tasks.as_ref().map_or(0, |tasks| tasks.count);
        Some(Extent {
            noun: "planned operation",
            count: u64::from(self.store.teams) * (operations + u64::from(tasks)),
        })
    }
}
