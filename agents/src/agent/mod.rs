//! Mock agents: thirteen ways to behave on a bridge.

mod context;
mod party;
mod runner;
mod scripts;
mod supervisor;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rehearsal_sim::SiteId;

use crate::bridge::{BridgeError, RunContext};
use crate::event::RunId;
use crate::record::RunRecord;
use crate::spec::AgentKind;

pub use context::{AgentContext, Subagent};
pub use party::{Parties, Party};
pub use runner::{Crew, run, speak_for_the_dead};

/// Something that runs and emits events.
///
/// It emits its own events, `agent_completed` included. Everything else that may
/// end a run (an error that it returns, its deadline, a silent return) is told
/// by the runner in its place.
pub trait Agent: Send + Sync {
    /// Runs to the end.
    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>>;
}

/// Why an agent failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentError(pub String);

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AgentError {}

impl From<BridgeError> for AgentError {
    fn from(error: BridgeError) -> Self {
        Self(error.to_string())
    }
}

/// The random delays of an agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delays {
    /// It has none.
    None,
    /// Each is drawn at this site when it comes.
    Drawn(SiteId),
    /// These, in this order, then none.
    Given(Arc<[Duration]>),
}

/// One run of one agent, as it is planned before anything starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedRun {
    /// Where its events belong.
    pub context: RunContext,
    /// What it does.
    pub kind: AgentKind,
    /// The canary of its user.
    pub secret: Arc<str>,
    /// How long after the curtain it starts.
    pub start: Duration,
    /// Its own random delays.
    pub delays: Delays,
    /// The party with which it meets at a barrier.
    pub party: Option<usize>,
    /// The runs that it starts, in order.
    pub children: Vec<Arc<PlannedRun>>,
}

impl PlannedRun {
    /// Its number.
    pub fn id(&self) -> RunId {
        self.context.run
    }

    /// Supervisors that stand one above the other in this run, plus one. A run
    /// has a `run_timeout` for each of them, so that a sub-agent that takes too
    /// long is cancelled before its supervisor is.
    pub fn levels(&self) -> u32 {
        let below = self.children.iter().map(|child| child.levels()).max();
        1 + below.unwrap_or(0)
    }

    /// This run and those below it, supervisors first.
    pub fn family(self: &Arc<Self>) -> Vec<Arc<Self>> {
        let mut family = vec![Arc::clone(self)];
        for child in &self.children {
            family.extend(child.family());
        }
        family
    }

    /// Its entry in the evidence.
    pub fn record(&self) -> RunRecord {
        RunRecord {
            run: self.context.run,
            agent: Arc::clone(&self.context.agent),
            kind: self.kind.name(),
            all_critical: self.kind.shows_all_critical_events(),
            events_planned: self.kind.events(),
            user: self.context.user,
            thread: self.context.thread,
            parent: self.context.parent,
        }
    }
}

/// The mock agent of that kind.
pub fn mock(kind: &AgentKind) -> Box<dyn Agent> {
    scripts::mock(kind)
}
