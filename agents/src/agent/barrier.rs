//! Barriers at which agents wait for each other, to collide.

use std::sync::{Arc, Mutex};

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::Barrier;

use super::context::PlannedRun;
use crate::record::{Mark, Recorder};
use crate::recorder::lock;

/// Agents that wait at one barrier.
#[derive(Debug)]
pub struct BarrierGroup {
    barrier: Barrier,
    size: usize,
    left: Mutex<Vec<VirtualTime>>,
}

impl BarrierGroup {
    /// A group of that many.
    pub fn new(size: usize) -> Self {
        Self {
            barrier: Barrier::new(size),
            size,
            left: Mutex::new(Vec::new()),
        }
    }

    /// Waits until all members do.
    pub async fn wait(&self, recorder: &Recorder) {
        self.barrier.wait().await;
        let now = recorder.now();
        let mut left = lock(&self.left);
        left.push(now);
        if left.len() == self.size && left.iter().all(|at| *at == now) {
            recorder.mark(Mark::BarrierReleased);
        }
    }
}

/// The barrier groups of one incarnation of the agents' process, by number.
#[derive(Debug, Default)]
pub struct BarrierGroups(Vec<BarrierGroup>);

impl BarrierGroups {
    /// The groups of the runs that will start. An agent that died is not waited for.
    pub fn of<'a>(starting: impl IntoIterator<Item = &'a Arc<PlannedRun>>) -> Self {
        let mut sizes: Vec<usize> = Vec::new();
        let runs = starting.into_iter().flat_map(PlannedRun::family);
        for group in runs.filter_map(|run| run.barrier) {
            if sizes.len() <= group {
                sizes.resize(group + 1, 0);
            }
            sizes[group] += 1;
        }
        Self(sizes.into_iter().map(BarrierGroup::new).collect())
    }

    /// The group with that number.
    pub fn get(&self, number: usize) -> Option<&BarrierGroup> {
        self.0.get(number)
    }
}
