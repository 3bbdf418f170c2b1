//! The content of a scenario of the bridge.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{AgentGroup, ScenarioSpec};
use crate::units::times::{self, Delay, Timeout};

/// A whole scenario of the bridge: the bridge, its agents, its clients, its network,
/// and the faults that may strike. In process, the network has no effect.
pub type BridgeSpec = ScenarioSpec<BridgeScenario>;

/// The sections of a scenario that only the bridge has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BridgeScenario {
    /// The way in which events reach clients.
    pub transport: Transport,
    /// Settings of the bridge itself.
    pub bridge: BridgeSettings,
    /// The agents, in order of declaration.
    pub agents: Vec<AgentGroup>,
    /// Settings of the clients.
    pub clients: ClientSettings,
}

/// The way in which events reach clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Clients are tasks beside the bridge, and take events from it directly.
    InProcess,
    /// Clients are on hosts of their own and speak WebSocket over simulated TCP.
    WebSocket,
}

/// Settings of the bridge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BridgeSettings {
    /// Events that the bridge keeps per thread for clients that are behind or
    /// away. What falls out unseen is gap-marked.
    #[schemars(range(min = 1, max = 16_777_216))]
    pub buffer: usize,
    /// The time that a run may take before it is cancelled and reported as timed out.
    /// A supervisor may take that time on top of that of its sub-agents.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub run_timeout: Duration,
    /// The time that a registered run may be idle before a sweep suspects it. If it
    /// is idle still at the next sweep, it is forgotten. So `ttl` and
    /// `sweep_every` together must exceed the longest silence of a live run.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub ttl: Duration,
    /// The time between two sweeps of the registry.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub sweep_every: Duration,
}

impl Default for BridgeSettings {
    fn default() -> Self {
        Self {
            buffer: 16_384,
            run_timeout: Duration::from_secs(60),
            ttl: Duration::from_secs(300),
            sweep_every: Duration::from_secs(30),
        }
    }
}

/// Settings of the clients. There is one client for each thread, and it belongs
/// to the thread's user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSettings {
    /// Clients for each thread; at least 1.
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub per_thread: u32,
    /// The rest of a client after each event that it receives: a slow consumer.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub read_delay: Duration,
    /// The time that a client waits before it connects again.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub reconnect_after: Duration,
    /// Silence after which a client takes its connection for dead.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub idle_timeout: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            per_thread: 1,
            read_delay: Duration::ZERO,
            reconnect_after: Duration::from_millis(100),
            idle_timeout: Duration::from_secs(10),
        }
    }
}
