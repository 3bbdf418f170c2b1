//! What a scenario asks for, as types. The root crate reads these from files;
//! tests may build them directly.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sections::times::{self, Delay, Timeout};

/// A whole bridge scenario: the system, its agents, its clients, its network,
/// and the faults that may strike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BridgeSpec {
    /// How events reach clients.
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

/// How events reach clients.
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

impl AgentKind {
    /// The name in scenario files and of its agents (`data` names `data-1`, …).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Optimization => "optimization",
            Self::Reporting => "reporting",
            Self::Supervisor { .. } => "supervisor",
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Burst => "burst",
            Self::Streaming => "streaming",
            Self::Hammer { .. } => "hammer",
            Self::Success => "success",
            Self::Failure { .. } => "failure",
            Self::Collision { .. } => "collision",
            Self::Stress { .. } => "stress",
        }
    }

    /// All thirteen names, in the order of reference 000.
    pub const NAMES: [&'static str; 13] = [
        "data",
        "optimization",
        "reporting",
        "supervisor",
        "fast",
        "slow",
        "burst",
        "streaming",
        "hammer",
        "success",
        "failure",
        "collision",
        "stress",
    ];

    /// Whether a run of this kind must show all five critical events.
    pub fn shows_all_critical_events(&self) -> bool {
        matches!(
            self,
            Self::Data
                | Self::Optimization
                | Self::Reporting
                | Self::Fast
                | Self::Slow
                | Self::Burst
                | Self::Success
                | Self::Collision { .. }
        )
    }

    /// Events that one healthy run of this kind emits itself, its terminal
    /// included, those of its sub-agents' runs not.
    pub fn events(&self) -> u64 {
        match self {
            Self::Data
            | Self::Optimization
            | Self::Reporting
            | Self::Fast
            | Self::Slow
            | Self::Success
            | Self::Collision { .. } => 5,
            Self::Supervisor { children } => 3 + 2 * children.len() as u64,
            Self::Burst => 9,
            Self::Streaming => 7,
            Self::Hammer { events } | Self::Stress { events, .. } => 2 + u64::from(*events),
            Self::Failure { .. } => 3,
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
    pub kinds: Vec<FaultKind>,
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

/// One kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FaultKind {
    /// One client drops its connection and comes back.
    ClientReconnect,
    /// The network resets one client's connections.
    ConnectionReset,
    /// No packets between one client and the bridge, either way.
    Partition,
    /// No packets from one client to the bridge.
    PartitionToBridge,
    /// No packets from the bridge to one client.
    PartitionFromBridge,
    /// Packets between one client and the bridge are held, then released.
    Hold,
    /// The bridge's host dies silently and starts again.
    BridgeCrash,
    /// The bridge's host stands still (a long garbage collection).
    BridgePause,
}

impl FaultKind {
    /// Every kind with its name in scenario files.
    pub const ALL: [(&'static str, FaultKind); 8] = [
        ("client-reconnect", FaultKind::ClientReconnect),
        ("connection-reset", FaultKind::ConnectionReset),
        ("partition", FaultKind::Partition),
        ("partition-to-bridge", FaultKind::PartitionToBridge),
        ("partition-from-bridge", FaultKind::PartitionFromBridge),
        ("hold", FaultKind::Hold),
        ("bridge-crash", FaultKind::BridgeCrash),
        ("bridge-pause", FaultKind::BridgePause),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("unnamed", |(name, _)| name)
    }

    /// Whether this fault needs hosts of its own for clients and bridge.
    pub fn needs_network(self) -> bool {
        !matches!(self, Self::ClientReconnect)
    }
}

/// A seeded bug: a named, one-line idea taken from real reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Defect {
    /// A full buffer drops its oldest events and says nothing (lag ⇒ skip).
    SilentOverflow,
    /// A client that reconnects is subscribed from now, not from what it saw.
    ResubscribeFromNow,
    /// A client that reconnects is sent its last event once more.
    ResumeInclusive,
    /// The sequence number is taken in one step and the event appended in another.
    SequenceApartFromSend,
    /// Events go to every connection, whoever owns it.
    BroadcastToAll,
    /// Run context lives in one shared slot of the adapter.
    SharedRunContext,
    /// A supervisor reports a sub-agent as completed without waiting for it.
    ReportBeforeJoin,
    /// An agent that dies silently is taken for a success, with no terminal event.
    SilentDeathIsSuccess,
    /// A run that fails is reported twice: by the agent's guard and by the runner.
    DoubleTerminal,
    /// A failed run stays in the registry.
    LeakOnError,
    /// A task that serves a connection survives the connection.
    LeakOnDisconnect,
    /// Registration and routing take the bridge's two locks in opposite order.
    LockOrderInversion,
    /// tool_completed is sent by a task that nobody waits for.
    UnawaitedToolEvent,
    /// The registry's sweep forgets a run that has been touched in between.
    SweepWithoutRecheck,
    /// Run context is entered on one stack for all runs, and what is on top is left.
    SharedContextStack,
}

impl Defect {
    /// Every defect with its name in scenario files.
    pub const ALL: [(&'static str, Defect); 15] = [
        ("silent-overflow", Defect::SilentOverflow),
        ("resubscribe-from-now", Defect::ResubscribeFromNow),
        ("resume-inclusive", Defect::ResumeInclusive),
        ("sequence-apart-from-send", Defect::SequenceApartFromSend),
        ("broadcast-to-all", Defect::BroadcastToAll),
        ("shared-run-context", Defect::SharedRunContext),
        ("report-before-join", Defect::ReportBeforeJoin),
        ("silent-death-is-success", Defect::SilentDeathIsSuccess),
        ("double-terminal", Defect::DoubleTerminal),
        ("leak-on-error", Defect::LeakOnError),
        ("leak-on-disconnect", Defect::LeakOnDisconnect),
        ("lock-order-inversion", Defect::LockOrderInversion),
        ("unawaited-tool-event", Defect::UnawaitedToolEvent),
        ("sweep-without-recheck", Defect::SweepWithoutRecheck),
        ("shared-context-stack", Defect::SharedContextStack),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, defect)| *defect == self)
            .map_or("unnamed", |(name, _)| name)
    }
}
