//! The environment that the agents of one incarnation share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::barrier::BarrierGroups;
use crate::defect::Defect;
use crate::port::EventPort;
use crate::record::Recorder;

/// The environment of the agents of one incarnation of their process.
pub struct AgentEnvironment {
    /// The system that takes their events.
    pub port: Arc<dyn EventPort>,
    /// The history of the run.
    pub recorder: Recorder,
    /// The seeded bug, if any.
    pub defect: Option<Defect>,
    /// Longest time of a run, for each level of supervisors.
    pub run_timeout: Duration,
    /// Barriers.
    pub barriers: BarrierGroups,
}

impl fmt::Debug for AgentEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentEnvironment")
            .field("defect", &self.defect)
            .field("run_timeout", &self.run_timeout)
            .finish_non_exhaustive()
    }
}

impl AgentEnvironment {
    pub(super) fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}
