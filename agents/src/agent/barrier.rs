//! Barriers at which agents wait for each other, to collide.

use std::sync::Mutex;

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::Barrier;

use super::marks::BARRIER_RELEASED;
use crate::record::Recorder;
use crate::record::recorder::lock;

/// Agents that wait at one barrier.
#[derive(Debug)]
pub struct BarrierGroup {
    barrier: Barrier,
    size: usize,
    left: Mutex<Vec<VirtualTime>>,
}

impl BarrierGroup {
    /// Creates a group of that many agents.
    pub fn new(size: usize) -> Self {
        Self {
            barrier: Barrier::new(size),
            size,
            left: Mutex::new(Vec::new()),
        }
    }

    /// Waits until all members wait.
    pub async fn wait(&self, recorder: &Recorder) {
        self.barrier.wait().await;
        let now = recorder.now();
        let mut left = lock(&self.left);
        left.push(now);
        if left.len() == self.size && left.iter().all(|at| *at == now) {
            recorder.mark(BARRIER_RELEASED);
        }
    }
}

/// The barrier groups of one incarnation of the agents' process, by number.
#[derive(Debug, Default)]
pub struct BarrierGroups(Vec<BarrierGroup>);

impl BarrierGroups {
    /// Creates the groups of those agents: one group number for each agent that will wait.
    pub fn new(members: impl IntoIterator<Item = usize>) -> Self {
        let mut sizes: Vec<usize> = Vec::new();
        for group in members {
            if sizes.len() <= group {
                sizes.resize(group + 1, 0);
            }
            sizes[group] += 1;
        }
        Self(sizes.into_iter().map(BarrierGroup::new).collect())
    }

    /// Returns the group with that number.
    pub fn get(&self, number: usize) -> Option<&BarrierGroup> {
        self.0.get(number)
    }
}
