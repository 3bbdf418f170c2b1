//! The state of the reference bridge, and its end.
//!
//! # Locks
//!
//! Three kinds, always taken in this order: the registry, the connection table,
//! the log of a thread. None is held while anything is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StepMutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::{Mutex, Notify};
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::time;

use super::adapter::Adapter;
use super::connections::{CloseState, ConnectionTable};
use super::log::ThreadLog;
use super::registry::Registry;
use super::run_table::Runs;
use super::state::{BridgeState, Lifecycle};
use super::{BridgeDeps, BridgeError};
use crate::defect::Defect;
use crate::event::ThreadId;
use crate::record::recorder::lock;
use crate::record::{Epoch, RegistrySnapshot};

/// Longest time that the shutdown waits for each task before it aborts it.
const TASK_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that the bridge's tasks share.
pub(super) struct Core {
    pub(super) deps: BridgeDeps,
    defect: Option<Defect>,
    pub(super) lifecycle: Lifecycle,
    pub(super) starting: Mutex<()>,
    pub(super) runs: Mutex<Runs>,
    pub(super) connections: Mutex<ConnectionTable>,
    incarnation: StepMutex<Option<Arc<Incarnation>>>,
    pub(super) stop_listening: Notify,
    pub(super) stop_sweeping: Notify,
    tasks: StepMutex<Vec<JoinHandle<()>>>,
    /// Only used by [`super::defects::SHARED_RUN_CONTEXT`].
    pub(super) shared_adapter: StepMutex<Option<Arc<Adapter>>>,
    /// Only used by [`super::defects::SHARED_CONTEXT_STACK`].
    pub(super) entered: Mutex<Vec<Arc<Adapter>>>,
}

/// One incarnation: from a start to a shutdown or a crash.
pub(super) struct Incarnation {
    pub(super) epoch: Epoch,
    pub(super) logs: BTreeMap<ThreadId, Arc<Mutex<ThreadLog>>>,
}

impl Core {
    /// The core of a bridge that has not been started.
    pub(super) fn new(
        deps: BridgeDeps,
        registry: Box<dyn Registry>,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            deps,
            defect,
            lifecycle: Lifecycle::new(),
            starting: Mutex::new(()),
            runs: Mutex::new(Runs::new(registry)),
            connections: Mutex::new(ConnectionTable::default()),
            incarnation: StepMutex::new(None),
            stop_listening: Notify::new(),
            stop_sweeping: Notify::new(),
            tasks: StepMutex::new(Vec::new()),
            shared_adapter: StepMutex::new(None),
            entered: Mutex::new(Vec::new()),
        }
    }

    /// Returns `true` if the bridge carries that defect.
    pub(super) fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    pub(super) fn incarnation(&self) -> Result<Arc<Incarnation>, BridgeError> {
        let state = self.lifecycle.state();
        lock(&self.incarnation)
            .clone()
            .ok_or(BridgeError::NotServing(state))
    }

    pub(super) fn begin_incarnation(&self, epoch: Epoch) {
        let buffer = self.deps.settings.buffer;
        let log = |thread| Arc::new(Mutex::new(ThreadLog::new(thread, epoch, buffer)));
        let threads = self.deps.directory.threads();
        let logs = threads.map(|thread| (thread, log(thread))).collect();
        *lock(&self.incarnation) = Some(Arc::new(Incarnation { epoch, logs }));
    }

    /// Adds a task that the shutdown waits for.
    pub(super) fn track(&self, task: JoinHandle<()>) {
        let mut tasks = lock(&self.tasks);
        // Only when it would grow: a bridge that runs for long drops ended tasks.
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(task);
    }

    pub(super) async fn shutdown(&self) {
        if self.lifecycle.check().is_err() {
            return;
        }
        self.lifecycle.enter(BridgeState::Uninitialized);
        self.stop_listening.notify_one();
        self.stop_sweeping.notify_one();
        for connection in self.connections.lock().await.connections() {
            connection.close(CloseState::Closed);
        }
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for mut task in tasks {
            if time::timeout(TASK_TIMEOUT, &mut task).await.is_err() {
                task.abort();
                // Cancelled: that is what was asked for.
                let _ = task.await;
            }
        }
        *lock(&self.incarnation) = None;
        self.deps.journal.release();
    }

    pub(super) async fn snapshot(&self) -> RegistrySnapshot {
        let runs = self.runs.lock().await;
        let connections = self.connections.lock().await;
        RegistrySnapshot {
            forward: runs.registry.forward().collect(),
            reverse: runs
                .registry
                .reverse()
                .map(|(thread, runs)| (thread, runs.iter().copied().collect()))
                .collect(),
            connections: connections.connections().map(|open| open.client).collect(),
            subscriptions: connections.subscriptions().collect(),
        }
    }
}
