//! The progress of a run, for a thread outside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ids::TaskId;

/// The value while there is no run.
const IDLE: u64 = u64::MAX;

/// The step that a run is at, which another thread may read. Every step of the run stores it,
/// and nothing in a run reads it.
#[derive(Debug)]
pub struct Heartbeat {
    /// The task in the upper half, the number of the step in the lower one, modulo 2³².
    beat: AtomicU64,
}

/// A step of a run under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beat {
    /// The number of the step, modulo 2³²; 0 before the first.
    pub step: u32,
    /// The task whose step it is.
    pub task: TaskId,
}

impl Default for Heartbeat {
    /// Returns that of no run.
    fn default() -> Self {
        Self {
            beat: AtomicU64::new(IDLE),
        }
    }
}

impl Heartbeat {
    /// Returns the step that the run is at; none outside a run.
    pub fn read(&self) -> Option<Beat> {
        let beat = self.beat.load(Ordering::Relaxed);
        let (task, step) = (beat >> 32, beat & u64::from(u32::MAX));
        (beat != IDLE).then(|| Beat {
            step: u32::try_from(step).expect("the lower half"),
            task: TaskId(u32::try_from(task).expect("the upper half")),
        })
    }

    /// Notes a step of a task.
    #[inline]
    pub(super) fn beat(&self, step: u64, task: TaskId) {
        let beat = u64::from(task.0) << 32 | step & u64::from(u32::MAX);
        self.beat.store(beat, Ordering::Relaxed);
    }

    /// Begins a run, which ends when the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Beating {
        self.beat(0, TaskId::PROGRAM);
        Beating(Arc::clone(self))
    }
}

/// A run under way.
pub(crate) struct Beating(Arc<Heartbeat>);

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.beat.store(IDLE, Ordering::Relaxed);
    }
}
