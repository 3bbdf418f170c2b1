//! Ids of delegated tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal_sim::tokio::time::Instant;

use super::super::defects::TASK_IDS_FROM_CLOCK;
use super::super::ids::TurnId;
use crate::defect::Defect;

/// The ids of the tasks that an agent delegates. Clones count together, and across crashes, as a
/// counter in a database does.
#[derive(Clone, Debug)]
pub(in super::super) struct TaskIds {
    /// Distinguishes the agents and the runs.
    prefix: String,
    last: Arc<AtomicU64>,
    epoch: Instant,
}

impl TaskIds {
    pub(in super::super) fn new(prefix: String, epoch: Instant) -> Self {
        Self {
            prefix,
            last: Arc::default(),
            epoch,
        }
    }

    /// Returns an id that no other task has.
    pub(super) fn next(&self, defect: Option<Defect>) -> TurnId {
        let number = if defect == Some(TASK_IDS_FROM_CLOCK) {
            self.epoch.elapsed().as_secs()
        } else {
            self.last.fetch_add(1, Ordering::Relaxed) + 1
        };
        format!("{}-{number}", self.prefix).into()
    }
}
