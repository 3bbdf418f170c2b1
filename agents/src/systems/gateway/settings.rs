//! The content of a scenario of the gateway, and the sections of its file.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::expectations::Expectations;
use super::participants::{AgentSettings, ChatSettings};
use crate::sections::{Contradiction, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the gateway.
pub type GatewaySpec = ScenarioSpec<GatewayScenario>;

/// The sections of a scenario that only the gateway has.
#[derive(Clone, PartialEq, Debug)]
pub struct GatewayScenario {
    /// The deployment: where and in which order agents start.
    pub deployment: DeploymentSettings,
    /// Settings of the gateway itself.
    pub gateway: GatewaySettings,
    /// Settings of the requests of agents to their sub-agents.
    pub delegation: DelegationSettings,
    /// Settings of the calls of models.
    pub model: ModelSettings,
    /// Settings of the users' requests.
    pub client: ClientSettings,
    /// The agents.
    pub agents: Vec<AgentSettings>,
    /// The chats of each user, in order.
    pub chats: Vec<ChatSettings>,
    /// The expectations of the users.
    pub expectations: Expectations,
}

/// The deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeploymentSettings {
    /// The namespace, which is the first part of every path.
    pub namespace: String,
    /// The end of the name of every agent, so that several deployments have other names.
    pub suffix: String,
    /// The order in which agents start.
    pub order: StartOrder,
    /// The keys of the agents that are started; empty: all of them.
    pub deploy: Vec<String>,
    /// The time that a user waits for an agent to be ready.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub timeout: Duration,
    /// The number of users. Each has a session of its own, with all chats of the file.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub users: u32,
}

impl Default for DeploymentSettings {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            suffix: String::new(),
            order: StartOrder::Drawn,
            deploy: Vec::new(),
            timeout: Duration::from_secs(120),
            users: 1,
        }
    }
}

/// The order in which agents start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartOrder {
    /// Each when it is ready: every order occurs.
    Drawn,
    /// Agents with sub-agents start when all others are ready.
    WorkersFirst,
    /// Agents without sub-agents start when all others run.
    CoordinatorFirst,
}

/// Settings of the gateway.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// The most requests to an agent that are refused before its route is known; drawn.
    #[schemars(range(max = 1_000), extend("x-reduce" = 0))]
    pub unready: u32,
    /// The fewest such requests.
    #[schemars(range(max = 1_000), extend("x-at-most" = "unready"))]
    pub unready_at_least: u32,
    /// The most attempts at a chat request that are refused because the gateway is busy; drawn.
    #[schemars(range(max = 1_000), extend("x-reduce" = 0))]
    pub busy: u32,
    /// The fewest such attempts.
    #[schemars(range(max = 1_000), extend("x-at-most" = "busy"))]
    pub busy_at_least: u32,
    /// The status of the answer to a request that is refused.
    #[schemars(range(min = 400, max = 599))]
    pub transient_status: u32,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            unready: 0,
            unready_at_least: 0,
            busy: 0,
            busy_at_least: 0,
            transient_status: 503,
        }
    }
}

/// Settings of the requests of agents to their sub-agents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DelegationSettings {
    /// The time for one attempt.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub timeout: Duration,
    /// The greatest number of attempts.
    #[schemars(range(min = 1, max = 1_000))]
    pub attempts: u32,
    /// The time between two attempts.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub backoff: Duration,
}

impl Default for DelegationSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            attempts: 10,
            backoff: Duration::from_millis(50),
        }
    }
}

/// Settings of the calls of models.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// The time for one attempt. Zero: as long as it takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub timeout: Duration,
    /// The greatest number of attempts.
    #[schemars(range(min = 1, max = 1_000))]
    pub attempts: u32,
    /// The time before the second attempt at a call that has failed; it doubles each time.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub backoff: Duration,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::ZERO,
            attempts: 8,
            backoff: Duration::from_millis(50),
        }
    }
}

/// Settings of the users' requests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSettings {
    /// The time for one attempt, after which the request is given up.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub timeout: Duration,
    /// The greatest number of attempts.
    #[schemars(range(min = 1, max = 1_000))]
    pub attempts: u32,
    /// The time between two attempts.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub backoff: Duration,
    /// The time between two looks at an agent that is not ready.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub poll: Duration,
    /// Chats are sent all at once, not one after the other.
    pub at_once: bool,
    /// The time after which the memories are read when the work is done.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub drain: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            attempts: 10,
            backoff: Duration::from_millis(50),
            poll: Duration::from_millis(100),
            at_once: false,
            drain: Duration::from_secs(1),
        }
    }
}

// The file --------------------------------------------------------------------

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayFile {
    /// The deployment.
    #[serde(default)]
    pub(super) deployment: Part<DeploymentSettings>,
    /// Settings of the gateway itself.
    #[serde(default)]
    pub(super) gateway: Part<GatewaySettings>,
    /// Settings of the requests of agents to their sub-agents.
    #[serde(default)]
    pub(super) delegation: Part<DelegationSettings>,
    /// Settings of the calls of models.
    #[serde(default)]
    pub(super) model: Part<ModelSettings>,
    /// Settings of the users' requests.
    #[serde(default)]
    pub(super) client: Part<ClientSettings>,
    /// The agents.
    #[schemars(
        length(min = 1),
        extend("x-example" = "[[agents]]\nkey = \"worker-1\"\nname = \"multi-w1\"")
    )]
    pub(super) agents: Part<Vec<AgentSettings>>,
    /// The chats of each user; none: the users only look at the agents.
    #[serde(default)]
    #[schemars(extend("x-reduce" = 1))]
    pub(super) chats: Part<Vec<ChatSettings>>,
    /// The expectations of the users.
    #[serde(default)]
    pub(super) expectations: Part<Expectations>,
}

impl Settings for GatewayScenario {
    type File = GatewayFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: GatewayFile) -> Option<Self> {
        Some(Self {
            deployment: file.deployment.into_sound()?,
            gateway: file.gateway.into_sound()?,
            delegation: file.delegation.into_sound()?,
            model: file.model.into_sound()?,
            client: file.client.into_sound()?,
            agents: file.agents.into_sound()?,
            chats: file.chats.into_sound()?,
            expectations: file.expectations.into_sound()?,
        })
    }

    fn contradictions(file: &GatewayFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        Extent {
            noun: "user",
            count: self.deployment.users.into(),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let chats = u64::try_from(self.chats.len()).expect("fewer than 2^64 chats");
        Some(Extent {
            noun: "chat",
            count: u64::from(self.deployment.users) * chats,
        })
    }
}
