//! The content of a scenario of workflows, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::process::{PROCESSES, Process};
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of workflows.
pub type WorkflowSpec = ScenarioSpec<WorkflowScenario>;

/// The sections of a scenario that only workflows have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkflowScenario {
    /// The workflow.
    pub workflow: WorkflowSettings,
    /// The agents, in order of declaration.
    pub agents: Vec<AgentSettings>,
    /// The tasks, for processes whose tasks are declared.
    pub tasks: Vec<TaskSettings>,
}

/// A workflow, as each user submits it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowSettings {
    /// The process that decides on the order of the tasks.
    #[schemars(extend("x-example" = "process = \"chain\""))]
    pub process: Name<Process>,
    /// The number of users, each of whom submits the workflow when the work starts.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub users: u32,
    /// The input, an object in JSON.
    #[serde(default = "empty_object")]
    pub input: String,
    /// The tokens that all models together may use for one workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 1_000_000))]
    pub budget: Option<u32>,
    /// The longest time that the orchestrator waits for the result of a task.
    #[serde(default = "half_minute", with = "times")]
    #[schemars(with = "Timeout")]
    pub task_timeout: Duration,
    /// The time between two signs of life of a worker that has a task. The orchestrator
    /// connects anew after four times as much silence.
    #[serde(default = "half_second", with = "times")]
    #[schemars(with = "Timeout")]
    pub heartbeat: Duration,
    /// The agent that plans, routes or oversees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        extend(
            "x-of" = { "process": ["supervisor", "graph", "crew"] },
            "x-optional" = true
        )
    )]
    pub supervisor: Option<String>,
    /// The agent that puts the findings of the others together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        extend(
            "x-of" = { "process": ["fan-out", "supervisor"] },
            "x-optional" = true
        )
    )]
    pub synthesizer: Option<String>,
    /// The most decisions of the supervisor before the workflow fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 1_000),
        extend("x-of" = { "process": ["supervisor", "graph"] }, "x-optional" = true)
    )]
    pub decisions: Option<u32>,
    /// The number of rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100),
        extend(
            "x-of" = { "process": ["rounds"] },
            "x-reduce" = 1,
            "x-example" = "rounds = 2"
        )
    )]
    pub rounds: Option<u32>,
    /// The pause after each round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Delay",
        extend("x-of" = { "process": ["rounds"] }, "x-optional" = true)
    )]
    pub pause: Option<Delay>,
    /// The order in which reviewers work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Name<ReviewOrder>",
        extend("x-of" = { "process": ["fan-out", "review"] }, "x-optional" = true)
    )]
    pub order: Option<Name<ReviewOrder>>,
    /// The score from which on a review approves, in tenths of a point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 0, max = 100),
        extend("x-of" = { "process": ["review"] }, "x-optional" = true)
    )]
    pub approve_from: Option<u32>,
    /// The reviewers that must have answered for an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Name<Quorum>",
        extend("x-of" = { "process": ["review"] }, "x-optional" = true)
    )]
    pub quorum: Option<Name<Quorum>>,
    /// The most tasks that are under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 1, max = 100),
        extend("x-of" = { "process": ["plan"] }, "x-optional" = true)
    )]
    pub at_once: Option<u32>,
    /// The most revisions that a reviewer may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "u32",
        range(min = 0, max = 100),
        extend("x-of" = { "process": ["procedure"] }, "x-optional" = true)
    )]
    pub revisions: Option<u32>,
}

/// The orders in which reviewers work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewOrder {
    /// All at once.
    Parallel,
    /// One after the other, as they are declared.
    Sequential,
}

impl Named for ReviewOrder {
    const NOUN: &'static str = "order of reviewers";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("parallel".into(), Self::Parallel),
            ("sequential".into(), Self::Sequential),
        ]
    }
}

/// The reviewers without which there is no approval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quorum {
    /// Those that have answered.
    Answered,
    /// All that are enabled.
    All,
}

impl Named for Quorum {
    const NOUN: &'static str = "quorum";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        vec![
            ("answered".into(), Self::Answered),
            ("all".into(), Self::All),
        ]
    }
}

impl Named for Process {
    const NOUN: &'static str = "process";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let all = PROCESSES.iter();
        all.map(|info| (info.name.into(), info.process)).collect()
    }
}

/// An agent, on a host of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    /// Its name.
    #[schemars(extend("x-example" = "name = \"security\""))]
    pub name: String,
    /// Set if it takes part.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The time that each answer of its model takes.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub takes: Duration,
    /// The tokens that each answer of its model uses.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 100_000))]
    pub tokens: u32,
    /// The answers of its model, in order. One that names a tool has the tool run.
    #[serde(default)]
    pub answers: Vec<String>,
    /// The number of times that the answers are given.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10_000))]
    pub repeats: u32,
    /// The number of requests before the first answer that its model fails.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100), extend("x-reduce" = 0))]
    pub fails: u32,
    /// The names of its tools.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The time that a run of a tool takes.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub tool_takes: Duration,
    /// The capabilities by which tasks may choose it.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// A declared task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSettings {
    /// Its name.
    #[schemars(extend("x-example" = "name = \"analysis\""))]
    pub name: String,
    /// The agent that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub agent: Option<String>,
    /// The capability of the agent that does it, in the place of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub needs: Option<String>,
    /// The tasks that it waits for.
    #[serde(default)]
    pub after: Vec<String>,
    /// The priority among tasks that could begin: the higher, the sooner.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000))]
    pub priority: u32,
    /// The number in the outputs before it on which it depends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub when: Option<String>,
    /// The number must be below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub below: Option<u32>,
    /// The number must be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub at_least: Option<u32>,
    /// The agent that takes over if the task fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub recovery: Option<String>,
    /// The agent that accepts the result or asks for a revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reviewer: Option<String>,
}

fn one() -> u32 {
    1
}

fn ten() -> u32 {
    10
}

fn yes() -> bool {
    true
}

fn empty_object() -> String {
    "{}".to_owned()
}

fn half_minute() -> Duration {
    Duration::from_secs(30)
}

fn half_second() -> Duration {
    Duration::from_millis(500)
}

impl WorkflowScenario {
    /// Returns the agents that take part.
    pub fn enabled(&self) -> impl Iterator<Item = &AgentSettings> {
        self.agents.iter().filter(|agent| agent.enabled)
    }

    /// Returns the agents that take part and neither plan nor put findings together.
    pub fn workers(&self) -> impl Iterator<Item = &AgentSettings> {
        let special = [&self.workflow.supervisor, &self.workflow.synthesizer];
        self.enabled()
            .filter(move |agent| !special.contains(&&Some(agent.name.clone())))
    }
}

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFile {
    /// The workflow that each user submits.
    #[schemars(extend("x-example" = "[workflow]\nprocess = \"chain\""))]
    pub(super) workflow: Part<WorkflowSettings>,
    /// The agents, each on a host of its own.
    #[schemars(
        length(min = 1),
        extend(
            "x-reduce" = 1,
            "x-example" = "[[agents]]\nname = \"writer\"\nanswers = ['{ \"done\": true }']"
        )
    )]
    pub(super) agents: Part<Vec<AgentSettings>>,
    /// The tasks, for processes whose tasks are declared.
    #[serde(default)]
    pub(super) tasks: Part<Vec<TaskSettings>>,
}

impl Settings for WorkflowScenario {
    type File = WorkflowFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: WorkflowFile) -> Option<Self> {
        Some(Self {
            workflow: file.workflow.into_sound()?,
            agents: file.agents.into_sound()?,
            tasks: file.tasks.into_sound()?,
        })
    }

    fn contradictions(file: &WorkflowFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let agents = u64::try_from(self.agents.len()).expect("fewer than 2^64 agents");
        Extent {
            noun: "agent",
            count: agents,
        }
    }
}
