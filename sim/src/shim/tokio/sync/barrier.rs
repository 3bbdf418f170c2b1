//! `Barrier`.
//!
//! Not tokio's own: that one wakes its tasks in an order which it draws from a
//! generator that cannot be seeded.

use std::sync::{Mutex, PoisonError};

use ::tokio::sync as real;

use crate::operation::{Operation, ResourceKind};
use crate::point::{Op, Resource};

/// As `tokio::sync::Barrier`. Those who wait go on in the order in which they
/// came.
#[derive(Debug)]
pub struct Barrier {
    resource: Resource,
    size: usize,
    /// Number of tasks that have come since it last opened.
    here: Mutex<usize>,
    opened: real::Notify,
}

/// As `tokio::sync::BarrierWaitResult`.
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Returns `true` if this is the one task of its round that leads.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier at which `n` tasks meet; 0 is taken as 1.
    #[track_caller]
    pub fn new(n: usize) -> Self {
        Self {
            resource: Resource::new(ResourceKind::Barrier),
            size: n.max(1),
            here: Mutex::new(0),
            opened: real::Notify::new(),
        }
    }

    /// Waits until all are there. One of them, the leader, is told so. Not cancel
    /// safe, as in tokio: who has come counts even if it goes again.
    pub async fn wait(&self) -> BarrierWaitResult {
        Op::new(&self.resource, Operation::Wait, self.meet()).await
    }

    async fn meet(&self) -> BarrierWaitResult {
        // From here on it takes part in `notify_waiters`.
        let opened = self.opened.notified();
        {
            let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
            *here += 1;
            if *here == self.size {
                *here = 0;
                self.opened.notify_waiters();
                return BarrierWaitResult(true);
            }
        }
        opened.await;
        BarrierWaitResult(false)
    }
}
