//! Mock agents: thirteen scripts that drive any system that takes events.

mod barrier;
mod context;
pub mod defects;
mod environment;
mod events;
pub mod marks;
mod runner;
mod scripts;
mod subagents;

pub use barrier::{BarrierGroup, BarrierGroups};
pub use context::{Agent, AgentContext, AgentError, Delays, PlannedRun, RandomDelays};
pub use environment::AgentEnvironment;
pub use runner::{report_agent_death, run};
pub use scripts::{SCRIPTS, ScriptInfo, script};
pub use subagents::Subagent;
