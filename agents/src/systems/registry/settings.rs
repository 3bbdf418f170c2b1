//! The content of a scenario of the registry, and the sections of its file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check;
use super::service::{CLASSES, ClassSpec};
use crate::sections::{Contradiction, Name, Named, Part, Settings, Shared};
use crate::spec::{Extent, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the registry.
pub type RegistrySpec = ScenarioSpec<RegistryScenario>;

/// The sections of a scenario that only the registry has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryScenario {
    /// Settings of the service.
    pub registry: RegistrySettings,
    /// The migration from the old registry.
    pub migration: MigrationSettings,
    /// Settings of the users' connections.
    pub connections: ConnectionSettings,
    /// The users, in order of declaration.
    pub users: Vec<UserGroup>,
}

/// Settings of the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrySettings {
    /// The time that opening the registry takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub opening: Duration,
    /// The time that building the instance of an agent takes.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub construction: Duration,
    /// The longest time from the start of the work until the registry is given its WebSocket
    /// manager; drawn. Zero: the first connections do that.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub manager_within: Duration,
    /// The longest time from the start of the work until the classes are registered again,
    /// in a new version; drawn. Zero: never.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub renewal_within: Duration,
    /// The context of an agent whose user has another agent already.
    pub contexts: ContextPolicy,
    /// The events that a user is sent before it has acknowledged the first of them.
    #[schemars(range(min = 1, max = 65_536))]
    pub window: u32,
    /// The time after which the agents of a user without a connection are unregistered.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub expiry: Duration,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            opening: Duration::from_millis(5),
            construction: Duration::from_millis(3),
            manager_within: Duration::ZERO,
            renewal_within: Duration::ZERO,
            contexts: ContextPolicy::KeepFirst,
            window: 16,
            expiry: Duration::from_secs(5),
        }
    }
}

/// The context of an agent whose user has another agent already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContextPolicy {
    /// That of the first agent, as long as the user has agents.
    KeepFirst,
    /// That of its own request.
    OfRequest,
}

/// The migration from the old registry to the master registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MigrationSettings {
    /// The implementation behind the old interface.
    pub old: OldRegistry,
    /// The longest time from the start of the work until the flag `use_master_registry` is
    /// switched on; drawn. Zero: it is on from the start.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub flag_within: Duration,
}

impl Default for MigrationSettings {
    fn default() -> Self {
        Self {
            old: OldRegistry::Shim,
            flag_within: Duration::ZERO,
        }
    }
}

/// An implementation behind the old interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OldRegistry {
    /// A shim, which hands everything to the master registry.
    Shim,
    /// The old registry itself, beside the master registry. Each keeps contexts of its own,
    /// so that a user with agents in both may have two.
    Separate,
}

/// Settings of the users' connections.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// The time that a user waits before it connects again.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub reconnect_after: Duration,
    /// The order in which a user that is told to reconnect changes its connections.
    pub handover: Handover,
    /// Silence after which either end takes a connection for dead.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub idle_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            reconnect_after: Duration::from_millis(50),
            handover: Handover::DropFirst,
            idle_timeout: Duration::from_secs(5),
        }
    }
}

/// The order in which a user that is told to reconnect changes its connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handover {
    /// It drops the connection, and opens another one after a while.
    DropFirst,
    /// It drops the connection once the next one stands, as at a change of networks.
    ConnectFirst,
}

/// An interface through which an agent is created.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interface {
    /// The master registry.
    #[default]
    Master,
    /// The old registry.
    Old,
    /// Either, as the flag `use_master_registry` says.
    Flag,
}

/// A class of agents by name.
#[derive(Clone, Copy, Debug)]
pub struct ClassName(pub(super) &'static ClassSpec);

impl PartialEq for ClassName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for ClassName {}

impl Named for ClassName {
    const NOUN: &'static str = "class of agents";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let classes = CLASSES.iter();
        classes
            .map(|class| (class.name.into(), Self(class)))
            .collect()
    }
}

/// Users that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserGroup {
    /// The number of users.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub count: u32,
    /// The class of the agents that they ask for.
    #[schemars(extend("x-example" = "class = \"triage\""))]
    pub class: Name<ClassName>,
    /// The number of agents that each of them asks for.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub agents: u32,
    /// The agents that a user has at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    pub at_once: u32,
    /// The interface through which the agents are created.
    #[serde(default)]
    pub through: Interface,
    /// The longest time before each agent; drawn.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub delay: Duration,
    /// Rest after each event that a user receives: a slow client.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub rest: Duration,
    /// The time after which a user unregisters an agent that has not come to its end. Zero:
    /// it waits for the end.
    #[serde(default, with = "times")]
    #[schemars(with = "Delay")]
    pub stop_after: Duration,
}

fn one() -> u32 {
    1
}

/// The sections beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryFile {
    /// Settings of the service.
    #[serde(default)]
    pub(super) registry: Part<RegistrySettings>,
    /// The migration from the old registry.
    #[serde(default)]
    pub(super) migration: Part<MigrationSettings>,
    /// Settings of the users' connections.
    #[serde(default)]
    pub(super) connections: Part<ConnectionSettings>,
    /// Groups of users.
    #[schemars(
        length(min = 1),
        extend("x-reduce" = 1, "x-example" = "[[users]]\nclass = \"triage\"")
    )]
    pub(super) users: Part<Vec<UserGroup>>,
}

impl Settings for RegistryScenario {
    type File = RegistryFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: RegistryFile) -> Option<Self> {
        Some(Self {
            registry: file.registry.into_sound()?,
            migration: file.migration.into_sound()?,
            connections: file.connections.into_sound()?,
            users: file.users.into_sound()?,
        })
    }

    fn contradictions(file: &RegistryFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        check::contradictions(file, shared)
    }

    fn actors(&self) -> Extent {
        let users = self.users.iter();
        Extent {
            noun: "user",
            count: users.map(|group| u64::from(group.count)).sum(),
        }
    }

    fn planned(&self) -> Option<Extent> {
        let events = |group: &UserGroup| {
            let agents = u64::from(group.count) * u64::from(group.agents);
            agents * group.class.0.0.events()
        };
        Some(Extent {
            noun: "planned event",
            count: self.users.iter().map(events).sum(),
        })
    }
}
