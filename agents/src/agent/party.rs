//! Barriers at which agents meet to collide.

use std::sync::{Arc, Mutex};

use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::sync::Barrier;

use super::PlannedRun;
use crate::record::{Mark, Recorder};
use crate::recorder::lock;

/// Agents that meet at one barrier.
#[derive(Debug)]
pub struct Party {
    barrier: Barrier,
    size: usize,
    left: Mutex<Vec<VirtualTime>>,
}

impl Party {
    /// A party of that many.
    pub fn new(size: usize) -> Self {
        Self {
            barrier: Barrier::new(size),
            size,
            left: Mutex::new(Vec::new()),
        }
    }

    /// Waits until all are there.
    pub async fn meet(&self, recorder: &Recorder) {
        self.barrier.wait().await;
        let now = recorder.now();
        let mut left = lock(&self.left);
        left.push(now);
        if left.len() == self.size && left.iter().all(|at| *at == now) {
            recorder.mark(Mark::BarrierReleased);
        }
    }
}

/// The parties of one life of the agents' process, by number.
#[derive(Debug, Default)]
pub struct Parties(Vec<Party>);

impl Parties {
    /// Parties of those who will start. Who has died is not waited for.
    pub fn of(starting: &[Arc<PlannedRun>]) -> Self {
        let mut sizes: Vec<usize> = Vec::new();
        let everyone = starting.iter().flat_map(PlannedRun::family);
        for party in everyone.filter_map(|run| run.party) {
            if sizes.len() <= party {
                sizes.resize(party + 1, 0);
            }
            sizes[party] += 1;
        }
        Self(sizes.into_iter().map(Party::new).collect())
    }

    /// The party with that number.
    pub fn get(&self, number: usize) -> Option<&Party> {
        self.0.get(number)
    }
}
