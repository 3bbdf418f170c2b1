//! `Barrier`.

use ::tokio::sync as real;
use ::tokio::sync::BarrierWaitResult;

use crate::point::{Op, Resource, ResourceKind};

/// As `tokio::sync::Barrier`.
#[derive(Debug)]
pub struct Barrier {
    resource: Resource,
    inner: real::Barrier,
}

impl Barrier {
    /// A barrier at which `n` tasks meet; 0 is taken as 1.
    #[track_caller]
    pub fn new(n: usize) -> Self {
        Self {
            resource: Resource::new(ResourceKind::Barrier),
            inner: real::Barrier::new(n),
        }
    }

    /// Waits until all are there. One of them, the leader, is told so. Not cancel
    /// safe, as in tokio: who has come counts even if it goes again.
    pub async fn wait(&self) -> BarrierWaitResult {
        Op::new(&self.resource, "wait", self.inner.wait()).await
    }
}
