//! The table of registered runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::time::Instant;

use super::BridgeError;
use super::adapter::Adapter;
use super::registry::Registry;
use crate::event::{RunId, ThreadId};

/// The registered runs and their adapters, under one lock.
pub(super) struct Runs {
    pub(super) registry: Box<dyn Registry>,
    adapters: BTreeMap<RunId, Arc<Adapter>>,
}

impl Runs {
    pub(super) fn new(registry: Box<dyn Registry>) -> Self {
        Self {
            registry,
            adapters: BTreeMap::new(),
        }
    }

    pub(super) fn register(&mut self, adapter: Adapter) -> Result<(), BridgeError> {
        let (run, thread) = (adapter.context.run, adapter.context.thread);
        self.registry.register(run, thread, Instant::now())?;
        self.adapters.insert(run, Arc::new(adapter));
        Ok(())
    }

    /// The run's adapter; the run is alive.
    pub(super) fn touch(&mut self, run: RunId) -> Result<Arc<Adapter>, BridgeError> {
        let adapter = self.adapters.get(&run);
        match adapter {
            Some(adapter) if self.registry.touch(run, Instant::now()) => Ok(Arc::clone(adapter)),
            _ => Err(BridgeError::UnknownRun(run)),
        }
    }

    pub(super) fn unregister(&mut self, run: RunId) -> Option<ThreadId> {
        self.adapters.remove(&run);
        self.registry.unregister(run)
    }

    pub(super) fn sweep(&mut self, ttl: Duration) -> (usize, Vec<(RunId, ThreadId)>) {
        let (found, forgotten) = self.registry.sweep(Instant::now(), ttl);
        for (run, _) in &forgotten {
            self.adapters.remove(run);
        }
        (found, forgotten)
    }
}
