//! One incarnation of the bridge's process, from its boot to its shutdown or crash:
//! the bridge, and the agents that run beside it.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rehearsal_sim::tokio::spawn;

use super::marks::CONCURRENT_STARTUP;
use super::plan::BridgePlan;
use super::port::BridgePort;
use super::registry_invariant::RegistryInvariant;
use super::spec::{BridgeSettings, BridgeSpec};
use super::{Bridge, BridgeDeps, BridgeError, Directory, Journal};
use crate::driver::{Node, Population, WorkId, run_agents};
use crate::record::Recorder;

/// Parts of the program that each ask for the bridge at start-up, at once.
const CALLERS: usize = 3;

/// The bridge's process across its incarnations.
pub(super) struct Process {
    settings: BridgeSettings,
    directory: Arc<Directory>,
    population: Population,
    recorder: Recorder,
    /// The bridge's disk.
    journal: Journal,
    /// The bridge of the present incarnation.
    bridge: RefCell<Option<Arc<dyn Bridge>>>,
}

impl Process {
    /// A process that has not booted. `work` gives each run its piece of work.
    pub(super) fn new(
        spec: &BridgeSpec,
        plan: &BridgePlan,
        recorder: Recorder,
        mut work: impl FnMut() -> WorkId,
    ) -> Self {
        let runs = plan.runs.iter();
        Self {
            settings: spec.settings.bridge.clone(),
            directory: Arc::clone(&plan.directory),
            population: Population {
                runs: runs.map(|run| (Arc::clone(run), work())).collect(),
                defect: spec.defect,
                run_timeout: spec.settings.bridge.run_timeout,
            },
            recorder,
            journal: Journal::new(),
            bridge: RefCell::new(None),
        }
    }

    /// The agents that run beside the bridge.
    pub(super) fn population(&self) -> &Population {
        &self.population
    }

    /// The dependencies of the next incarnation's bridge.
    pub(super) fn deps(&self) -> BridgeDeps {
        BridgeDeps {
            settings: self.settings.clone(),
            directory: Arc::clone(&self.directory),
            journal: self.journal.clone(),
            observer: Arc::new(RegistryInvariant::new(self.recorder.clone())),
        }
    }

    /// The bridge of the present incarnation, if there is one.
    pub(super) fn bridge(&self) -> Option<Arc<dyn Bridge>> {
        self.bridge.borrow().clone()
    }

    fn set_bridge(&self, bridge: Option<Arc<dyn Bridge>>) {
        // The old one is dropped outside the borrow.
        let _old = self.bridge.replace(bridge);
    }

    /// Runs one incarnation, until all agents are started. `open` lets connections in
    /// once the bridge has started.
    pub(super) async fn run_incarnation(
        &self,
        node: &Node,
        bridge: Arc<dyn Bridge>,
        open: impl Future<Output = ()>,
    ) {
        if self.start_up(&bridge).await.is_err() {
            // Without a bridge there is nothing to run; the history shows that.
            return node.ready();
        }
        open.await;
        self.set_bridge(Some(Arc::clone(&bridge)));
        node.ready();
        run_agents(node, &self.population, Arc::new(BridgePort(bridge))).await;
    }

    /// Lets several callers start the bridge at once, as the parts of a program do.
    async fn start_up(&self, bridge: &Arc<dyn Bridge>) -> Result<(), BridgeError> {
        let under_way = Arc::new(AtomicU32::new(0));
        let call = |_| {
            let (bridge, recorder) = (Arc::clone(bridge), self.recorder.clone());
            let under_way = Arc::clone(&under_way);
            spawn(async move {
                if under_way.fetch_add(1, Ordering::Relaxed) > 0 {
                    recorder.mark(CONCURRENT_STARTUP);
                }
                let result = bridge.ensure_integration().await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                result
            })
        };
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        let mut outcome = Ok(());
        for caller in callers {
            let result = caller
                .await
                .unwrap_or_else(|error| Err(BridgeError::NotStarted(error.to_string())));
            outcome = outcome.and(result);
        }
        outcome
    }

    /// Drops what the process knew; its disk stays.
    pub(super) fn crashed(&self) {
        self.set_bridge(None);
        self.journal.release();
        if let Some(epoch) = self.journal.epoch() {
            self.recorder.epoch_crashed(epoch);
        }
    }

    /// Records how the bridge describes itself.
    pub(super) async fn snapshot(&self) {
        if let Some(bridge) = self.bridge() {
            let registry = bridge.snapshot().await;
            self.recorder.registry_left(&registry);
        }
    }

    /// Shuts the bridge down.
    pub(super) async fn shut_down(&self) {
        // Dropped on a time-out too.
        let bridge = self.bridge.take();
        if let Some(bridge) = bridge {
            bridge.shutdown().await;
        }
    }
}
