//! `Barrier`.
//!
//! Not tokio's own, which wakes its tasks in an order drawn from a generator that cannot be
//! seeded.

use std::sync::{Mutex, PoisonError};

use ::tokio::sync as real;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Resource};

/// As `tokio::sync::Barrier`. Waiting tasks continue in the order of their arrival.
#[derive(Debug)]
pub struct Barrier {
    resource: Resource,
    size: usize,
    /// Number of tasks that have arrived since it last opened.
    arrived: Mutex<usize>,
    opened: real::Notify,
}

/// As `tokio::sync::BarrierWaitResult`.
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Returns `true` for one task of each round, the leader.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Creates a barrier for `n` tasks; 0 means 1.
    #[track_caller]
    pub fn new(n: usize) -> Self {
        Self {
            resource: Resource::new(ResourceKind::Barrier),
            size: n.max(1),
            arrived: Mutex::new(0),
            opened: real::Notify::new(),
        }
    }

    /// Waits until all tasks have arrived. The result of one of them is the leader's. Not
    /// cancel safe, as in tokio: an arrival counts even if its wait is cancelled.
    pub async fn wait(&self) -> BarrierWaitResult {
        Op::new(&self.resource, Operation::Wait, self.arrive()).await
    }

    async fn arrive(&self) -> BarrierWaitResult {
        // From here on `notify_waiters` includes this task.
        let opened = self.opened.notified();
        {
            let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
            *arrived += 1;
            if *arrived == self.size {
                *arrived = 0;
                self.opened.notify_waiters();
                return BarrierWaitResult(true);
            }
        }
        opened.await;
        BarrierWaitResult(false)
    }
}
