//! The content of a scenario of sessions, and the sections of its file.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::trace::Baseline;
use crate::sections::{Contradiction, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout, Window};

/// A whole scenario of sessions.
pub type SessionsSpec = ScenarioSpec<SessionsScenario>;

/// The sections of a scenario that only sessions have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionsScenario {
    pub(super) service: ServiceSettings,
    pub(super) tokens: TokenSettings,
    pub(super) connections: ConnectionSettings,
    /// The hosts of agents, in order of declaration.
    pub(super) hosts: Vec<HostGroup>,
}

/// Settings of the session service.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ServiceSettings {
    /// The time that a write to the recording takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub(super) write: Duration,
    /// The time for one module in earlier sessions; zero without a baseline.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub(super) time_per_module: Duration,
    /// The average score of a test in earlier sessions; zero without a baseline.
    #[schemars(range(min = 0, max = 100))]
    pub(super) quality: u32,
}

impl ServiceSettings {
    /// Returns the averages that sessions are compared with, if both are given.
    pub(super) fn baseline(&self) -> Option<Baseline> {
        let given = !self.time_per_module.is_zero() && self.quality > 0;
        given.then_some(Baseline {
            time_per_module: self.time_per_module,
            quality: self.quality,
        })
    }
}

/// Access tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TokenSettings {
    /// The time for which a token is valid.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) lifetime: Duration,
    /// The time that the identity provider takes to issue one.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub(super) effort: Duration,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(60),
            effort: Duration::ZERO,
        }
    }
}

/// Settings of the agents' connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConnectionSettings {
    /// The time that a client waits before it connects again.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) reconnect_after: Duration,
    /// The time that a client waits for an answer before it repeats its request.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) answer_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            reconnect_after: Duration::from_millis(20),
            answer_timeout: Duration::from_secs(5),
        }
    }
}

/// Hosts that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HostGroup {
    /// The number of hosts.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub(super) count: u32,
    /// The sessions of each host, one after the other.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub(super) sessions: u32,
    /// The agents of each session, which work at the same time.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub(super) agents: u32,
    /// The modules that each agent writes tests for.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100), extend("x-reduce" = 0))]
    pub(super) modules: u32,
    /// The sessions below each session, which have as many agents and modules.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10), extend("x-reduce" = 0))]
    pub(super) children: u32,
    /// The time that a model takes for an answer; drawn for each.
    #[serde(default = "no_time")]
    pub(super) answer: Window,
    /// The most tokens of a model call; drawn for each.
    #[serde(default = "most_tokens")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) most_tokens: u32,
    /// The percentage of modules whose tests are repaired.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub(super) healing: u32,
    /// The percentage of agents that fail.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub(super) failing: u32,
    /// The score of each test.
    #[serde(default = "quality")]
    #[schemars(range(min = 0, max = 100))]
    pub(super) quality: u32,
    /// The longest time before the first session; drawn.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub(super) start_within: Duration,
}

fn one() -> u32 {
    1
}

fn no_time() -> Window {
    Window {
        from: Duration::ZERO,
        to: Duration::ZERO,
    }
}

fn most_tokens() -> u32 {
    2_000
}

fn quality() -> u32 {
    90
}

impl HostGroup {
    /// Returns the number of modules of one host, over all of its sessions.
    pub(super) fn modules_of_host(&self) -> u64 {
        let of_session = u64::from(self.agents) * u64::from(self.modules);
        u64::from(self.sessions) * (1 + u64::from(self.children)) * of_session
    }

    /// Returns the longest time that the models of one host take.
    pub(super) fn longest_answers(&self) -> Duration {
        // A module is repaired once at most.
        let calls = u32::try_from(2 * self.modules_of_host());
        let calls = calls.expect("fewer than 2^32 calls in one run");
        self.start_within + self.answer.to.saturating_mul(calls)
    }
}

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionsFile {
    /// Settings of the session service.
    #[serde(default)]
    service: Part<ServiceSettings>,
    /// Access tokens.
    #[serde(default)]
    tokens: Part<TokenSettings>,
    /// Settings of the agents' connections.
    #[serde(default)]
    connections: Part<ConnectionSettings>,
    /// Groups of hosts of agents.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[hosts]]\nsessions = 2")
    )]
    pub(super) hosts: Part<Vec<HostGroup>>,
}

impl Settings for SessionsScenario {
    type File = SessionsFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: SessionsFile) -> Option<Self> {
        Some(Self {
            service: file.service.into_sound()?,
            tokens: file.tokens.into_sound()?,
            connections: file.connections.into_sound()?,
            hosts: file.hosts.into_sound()?,
        })
    }

    fn contradictions(file: &SessionsFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let hosts = self.hosts.iter();
        Extent {
            noun: "host",
            count: hosts.map(|group| u64::from(group.count)).sum(),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let hosts = self.hosts.iter();
        let of_group = |group: &HostGroup| u64::from(group.count) * group.modules_of_host();
        Some(Extent {
            noun: "module",
            count: hosts.map(of_group).sum(),
        })
    }
}
