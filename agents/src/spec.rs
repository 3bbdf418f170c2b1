//! What a scenario asks for, as types. The root crate reads these from files;
//! tests may build them directly.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::defect::Defect;
pub use crate::fault::Fault;
use crate::units::times::{self, Delay, Timeout};

/// A whole bridge scenario: the system, its agents, its clients, its network,
/// and the faults that may strike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BridgeSpec {
    /// The way in which events reach clients.
    pub transport: Transport,
    /// A seeded bug, or none for the healthy system.
    pub defect: Option<Defect>,
    /// Settings of the bridge itself.
    pub bridge: BridgeSettings,
    /// Who runs, in order of declaration.
    pub agents: Vec<AgentGroup>,
    /// Who listens.
    pub clients: ClientSettings,
    /// The links between hosts. Without effect in process.
    pub network: NetworkSettings,
    /// What may go wrong.
    pub faults: FaultPlan,
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
    /// How long a run may take before it is cancelled and reported as timed out.
    /// A supervisor may take that long on top of what its sub-agents may take.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub run_timeout: Duration,
    /// How long a registered run may stay idle before a sweep suspects it. If it
    /// is idle still at the next sweep, it is forgotten. So `ttl` and
    /// `sweep_every` together must exceed the longest silence of a live run.
    #[serde(with = "times")]
    #[schemars(with = "Timeout")]
    pub ttl: Duration,
    /// How often the registry is swept.
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

/// Agents of one kind that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentGroup {
    /// What they do.
    pub kind: AgentKind,
    /// How many there are; at least 1.
    pub count: u32,
    /// The thread that each of them writes to.
    pub thread: ThreadPolicy,
    /// Each agent waits up to this long before it starts (drawn per agent).
    pub start_within: Duration,
}

/// The thread that an agent of a group writes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThreadPolicy {
    /// A thread (and user) for each agent.
    Own,
    /// One thread for the agents of this group.
    Group,
    /// One thread for all agents, of any group, that say so.
    Shared,
}

/// The thirteen mock agents and their parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentKind {
    /// started, thinking, tool_executing, 50 ms, tool_completed, completed.
    Data,
    /// As `Data` with an 80 ms tool.
    Optimization,
    /// As `Data` with a 60 ms tool.
    Reporting,
    /// Starts one sub-agent of each listed kind, waits for all of them.
    Supervisor {
        /// Kinds of the sub-agents, which run on the supervisor's thread.
        children: Vec<AgentKind>,
    },
    /// The five critical events without delay.
    Fast,
    /// Delays of 200, 200 and 300 ms between its events.
    Slow,
    /// started, then thinking and three tool_executing at once, then three
    /// tool_completed at once, then completed.
    Burst,
    /// Five progress updates, 20 % to 100 %, 20 ms apart.
    Streaming,
    /// As many progress updates as it is told, without delay.
    Hammer {
        /// Number of progress updates.
        events: u32,
    },
    /// Always succeeds.
    Success,
    /// Fails in the given way.
    Failure {
        /// How.
        mode: FailureMode,
    },
    /// Waits at its group's barrier, then emits the five critical events.
    Collision {
        /// Agents that meet at one barrier: the group's agents are taken in
        /// this many at a time, in order. Divides the group's count.
        party: u32,
    },
    /// Many progress updates with a random delay before each.
    Stress {
        /// Number of progress updates.
        events: u32,
        /// Longest delay; each is drawn from 0 to this, in whole milliseconds.
        delay: Duration,
    },
}

/// How a [`AgentKind::Failure`] agent fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureMode {
    /// The agent returns an error.
    Exception,
    /// The agent never finishes; the bridge's `run_timeout` must end it.
    Timeout,
    /// The agent returns as if all were well, without a terminal event.
    SilentDeath,
}

/// Settings of the clients. There is one client for each thread, and it belongs
/// to the thread's user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSettings {
    /// Clients for each thread; at least 1.
    #[schemars(range(min = 1, max = 1_000), extend("x-reduce" = 1))]
    pub per_thread: u32,
    /// How long a client rests after each event it receives: a slow consumer.
    #[serde(with = "times")]
    #[schemars(with = "Delay")]
    pub read_delay: Duration,
    /// How long a client waits before it connects again.
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

/// Settings of the links between hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkSettings {
    /// Least time that a packet travels.
    pub latency_min: Duration,
    /// Most time that a packet travels.
    pub latency_max: Duration,
    /// Packets in a thousand that are lost (on TCP: sent again later).
    pub loss_per_mille: u32,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            latency_min: Duration::from_millis(1),
            latency_max: Duration::from_millis(10),
            loss_per_mille: 0,
        }
    }
}

/// What may go wrong: each seed draws how many faults strike (between
/// `at_least` and `budget`), of which of the allowed kinds, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultPlan {
    /// Most faults in one run.
    pub budget: u32,
    /// Fewest faults in one run.
    pub at_least: u32,
    /// Kinds that are allowed. Empty if and only if the budget is 0.
    pub kinds: Vec<Fault>,
    /// Earliest virtual time, counted from the moment at which the agents start.
    pub from: Duration,
    /// Latest virtual time, counted likewise.
    pub until: Duration,
    /// How long a partition, a hold or a pause lasts, and a crashed host stays
    /// down.
    pub lasting: Duration,
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            budget: 0,
            at_least: 0,
            kinds: Vec::new(),
            from: Duration::from_millis(10),
            until: Duration::from_millis(500),
            lasting: Duration::from_secs(2),
        }
    }
}
