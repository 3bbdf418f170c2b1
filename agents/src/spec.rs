//! The content of a scenario, as types. The root crate reads these from files;
//! tests may build them directly.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use rehearsal_sim::TcpModel;

pub use crate::defect::Defect;
pub use crate::effect::EffectFault;
use crate::fault::FaultTarget;
pub use crate::fault::{Fault, RoleName};

/// A scenario of a system, without what is expected of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioSpec<S> {
    /// The system's own settings.
    pub settings: S,
    /// The links between hosts.
    pub network: NetworkSettings,
    /// The faults that may strike.
    pub faults: FaultPlan,
    /// The seeded bug, or none for the healthy system.
    pub defect: Option<Defect>,
}

/// A scenario of any system.
pub type AnySpec = ScenarioSpec<Arc<dyn AnySettings>>;

/// The settings of any system.
pub trait AnySettings: Any + fmt::Debug + Send + Sync {
    /// The number of actors that use the system.
    fn actors(&self) -> Extent;

    /// The number of messages or operations that they plan, if that is known.
    fn planned(&self) -> Option<Extent>;

    /// Returns `true` if the other settings are of the same system and equal.
    fn equals(&self, other: &dyn AnySettings) -> bool;
}

impl PartialEq for dyn AnySettings {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other)
    }
}

/// A size, for reports: `5 agents`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// The noun for one of them.
    pub noun: &'static str,
    /// Their number.
    pub count: u64,
}

impl<S> ScenarioSpec<S> {
    /// A scenario of the healthy system without faults.
    pub fn new(settings: S) -> Self {
        Self {
            settings,
            network: NetworkSettings::default(),
            faults: FaultPlan::default(),
            defect: None,
        }
    }

    /// The same scenario with other settings.
    fn with_settings<T>(&self, settings: T) -> ScenarioSpec<T> {
        ScenarioSpec {
            settings,
            network: self.network.clone(),
            faults: self.faults.clone(),
            defect: self.defect,
        }
    }
}

impl<S: AnySettings> ScenarioSpec<S> {
    /// The same scenario with its type forgotten.
    pub fn erased(&self) -> AnySpec
    where
        S: Clone,
    {
        let settings: Arc<dyn AnySettings> = Arc::new(self.settings.clone());
        self.with_settings(settings)
    }
}

impl AnySpec {
    /// The settings, if they are of that type.
    pub fn settings_of<S: Any>(&self) -> Option<&S> {
        let settings: &dyn Any = &*self.settings;
        settings.downcast_ref()
    }

    /// The scenario, if its settings are of that type.
    pub fn typed<S: Any + Clone>(&self) -> Option<ScenarioSpec<S>> {
        let settings = self.settings_of::<S>()?;
        Some(self.with_settings(settings.clone()))
    }
}

/// Agents of one kind that are set up alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentGroup {
    /// Their kind.
    pub kind: AgentKind,
    /// Their number; at least 1.
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
        /// The reaction to sub-agents that fail.
        on_failure: OnFailure,
    },
    /// The five critical events without delay.
    Fast,
    /// Delays of 200, 200 and 300 ms between its events.
    Slow,
    /// started, then thinking and three tool_executing at once, then three
    /// tool_completed at once, then completed.
    Burst {
        /// The place of started.
        opening: Opening,
    },
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
        /// The way in which it fails.
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

/// The reaction of a supervisor to sub-agents that fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnFailure {
    /// It waits for all of them, and completes whatever became of them.
    Ignore,
    /// It waits for all of them, and fails if more have failed than are tolerated.
    WaitForAll {
        /// The number of failures that are tolerated.
        tolerated: u32,
    },
    /// It cancels the others and fails when more have failed than are tolerated.
    FailFast {
        /// The number of failures that are tolerated.
        tolerated: u32,
    },
}

/// The place of `agent_started` in an [`AgentKind::Burst`] agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opening {
    /// It is accepted before the rest is sent.
    First,
    /// It is sent at once with the first burst.
    Gathered,
}

/// The way in which an [`AgentKind::Failure`] agent fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureMode {
    /// The agent returns an error.
    Exception,
    /// The agent never finishes; the bridge's `run_timeout` must end it.
    Timeout,
    /// The agent returns as if all were well, without a terminal event.
    SilentDeath,
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
    /// The simulation of TCP.
    pub tcp: TcpModel,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            latency_min: Duration::from_millis(1),
            latency_max: Duration::from_millis(10),
            loss_per_mille: 0,
            tcp: TcpModel::default(),
        }
    }
}

/// The faults of a run: each seed draws how many faults strike (between
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
    /// The time that a partition, a hold or a pause lasts, and a crashed host stays
    /// down.
    pub lasting: Duration,
    /// Most cancellations of tasks and time-outs in one run.
    pub cancel: u32,
    /// The roles that are whole again after the last fault has lasted its time. A fault that
    /// concerns another role stays until the work has finished. Without roles, no fault does.
    pub core: Vec<RoleName>,
    /// Each seed leaves out some of the kinds, and of the faults at effects.
    pub swarm: bool,
    /// Faults that strike at effects, each once, beside the others.
    pub at: Vec<EffectFault>,
}

impl FaultPlan {
    /// Returns the most faults in one run.
    pub fn most(&self) -> u32 {
        let at_effects = u32::try_from(self.at.len()).expect("fewer than 2^32 faults");
        self.budget.saturating_add(at_effects)
    }

    /// Returns `true` if no fault may strike, and nothing is cancelled.
    pub fn is_empty(&self) -> bool {
        self.most() == 0 && self.cancel == 0
    }
}

impl FaultPlan {
    /// Returns `true` if a fault of the answers to calls may strike.
    pub(crate) fn strikes_answers(&self) -> bool {
        let at_effects = self.at.iter().map(|at| at.fault);
        let mut faults = self.kinds.iter().copied().chain(at_effects);
        faults.any(|fault| matches!(fault.target(), FaultTarget::Answer { .. }))
    }
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
            cancel: 0,
            core: Vec::new(),
            swarm: false,
            at: Vec::new(),
        }
    }
}
