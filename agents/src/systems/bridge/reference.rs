//! The reference bridge.
//!
//! # Locks
//!
//! Three kinds, always taken in this order: the registry, the connection table,
//! the log of a thread. None is held while anything is sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex as StepMutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::sync::{Mutex, Notify};
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::tokio::{spawn, task, time};

use super::adapter::Adapter;
use super::connections::{CloseState, ConnectionTable};
use super::log::ThreadLog;
use super::memory::{self, MemoryConnection};
use super::registry::{Recheck, Registry, ThreadRunRegistry};
use super::runs::Runs;
use super::state::{BridgeState, Lifecycle};
use super::{
    Bridge, BridgeDeps, BridgeError, Listener, NewEvent, RunContext, defects, runs, server,
};
use crate::defect::Defect;
use crate::event::{RunId, ThreadId};
use crate::record::{Epoch, Receipt, RegistrySnapshot, RunEnd};
use crate::recorder::lock;

/// How long the shutdown waits for each task before it aborts it.
const GRACE: Duration = Duration::from_secs(5);

/// A small, correct bridge, unless it was asked to carry a defect.
pub struct ReferenceBridge {
    core: Arc<Core>,
}

impl fmt::Debug for ReferenceBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferenceBridge")
            .field("state", &self.core.lifecycle.state())
            .finish_non_exhaustive()
    }
}

/// What the bridge's tasks share.
pub(super) struct Core {
    pub(super) deps: BridgeDeps,
    defect: Option<Defect>,
    pub(super) lifecycle: Lifecycle,
    starting: Mutex<()>,
    pub(super) runs: Mutex<Runs>,
    pub(super) connections: Mutex<ConnectionTable>,
    life: StepMutex<Option<Arc<Life>>>,
    pub(super) stop_listening: Notify,
    pub(super) stop_sweeping: Notify,
    tasks: StepMutex<Vec<JoinHandle<()>>>,
    /// Only used by [`defects::SHARED_RUN_CONTEXT`].
    pub(super) shared_adapter: StepMutex<Option<Arc<Adapter>>>,
    /// Only used by [`defects::SHARED_CONTEXT_STACK`].
    pub(super) entered: Mutex<Vec<Arc<Adapter>>>,
}

/// One life: from a start to a shutdown or a crash.
pub(super) struct Life {
    pub(super) epoch: Epoch,
    pub(super) logs: BTreeMap<ThreadId, Arc<Mutex<ThreadLog>>>,
}

impl ReferenceBridge {
    /// A bridge that has not been started.
    pub fn new(deps: BridgeDeps) -> Self {
        Self::with_registry(deps, Box::new(ThreadRunRegistry::default()))
    }

    /// The same with a custom registry, which must be empty.
    pub fn with_registry(deps: BridgeDeps, registry: Box<dyn Registry>) -> Self {
        Self::build(deps, registry, None)
    }

    /// The same with a seeded bug, or none.
    pub fn with_defect(deps: BridgeDeps, defect: Option<Defect>) -> Self {
        // Seeded: a run that was idle once is taken for idle for ever.
        let recheck = match defect {
            Some(defects::SWEEP_WITHOUT_RECHECK) => Recheck::No,
            _ => Recheck::Yes,
        };
        Self::build(deps, Box::new(ThreadRunRegistry::new(recheck)), defect)
    }

    fn build(deps: BridgeDeps, registry: Box<dyn Registry>, defect: Option<Defect>) -> Self {
        Self {
            core: Arc::new(Core {
                deps,
                defect,
                lifecycle: Lifecycle::new(),
                starting: Mutex::new(()),
                runs: Mutex::new(Runs::new(registry)),
                connections: Mutex::new(ConnectionTable::default()),
                life: StepMutex::new(None),
                stop_listening: Notify::new(),
                stop_sweeping: Notify::new(),
                tasks: StepMutex::new(Vec::new()),
                shared_adapter: StepMutex::new(None),
                entered: Mutex::new(Vec::new()),
            }),
        }
    }

    /// As [`Bridge::serve`], with connections from anywhere: accepts until the
    /// bridge is shut down, and speaks WebSocket on each connection.
    pub async fn serve_on<L: Listener>(&self, listener: L) {
        server::serve(Arc::clone(&self.core), listener).await;
    }
}

impl Bridge for ReferenceBridge {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        Core::ensure_integration(&self.core).boxed()
    }

    fn state(&self) -> BridgeState {
        self.core.lifecycle.state()
    }

    fn register_run(&self, context: RunContext) -> BoxFuture<'_, Result<(), BridgeError>> {
        self.core.register_run(context).boxed()
    }

    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        self.core.emit(run, event).boxed()
    }

    fn finish_run(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()> {
        self.core.finish_run(run, end).boxed()
    }

    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        async {
            self.core.lifecycle.check()?;
            let (connection, serving) = memory::connect(Arc::clone(&self.core));
            self.core.track(serving);
            Ok(connection)
        }
        .boxed()
    }

    fn serve(&self, listener: TcpListener) -> BoxFuture<'_, ()> {
        self.serve_on(listener).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        self.core.snapshot().boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.core.shutdown().boxed()
    }
}

impl Core {
    /// Returns `true` if the bridge carries that defect.
    pub(super) fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    pub(super) fn life(&self) -> Result<Arc<Life>, BridgeError> {
        let state = self.lifecycle.state();
        lock(&self.life)
            .clone()
            .ok_or(BridgeError::NotServing(state))
    }

    async fn ensure_integration(core: &Arc<Self>) -> Result<(), BridgeError> {
        if core.lifecycle.check().is_ok() {
            return Ok(());
        }
        let _starting = core.starting.lock().await;
        // Another caller may have done it while this one waited.
        if core.lifecycle.check().is_ok() {
            return Ok(());
        }
        core.lifecycle.enter(BridgeState::Initializing);
        // Reading the journal takes its time.
        task::yield_now().await;
        match core.deps.journal.open() {
            Ok(epoch) => core.begin_life(epoch),
            Err(busy) => {
                core.lifecycle.enter(BridgeState::Failed);
                return Err(BridgeError::NotStarted(busy.to_string()));
            }
        }
        core.track(spawn(runs::sweep_regularly(Arc::clone(core))));
        core.deps.observer.initialised();
        core.lifecycle.enter(BridgeState::Active);
        Ok(())
    }

    fn begin_life(&self, epoch: Epoch) {
        let buffer = self.deps.settings.buffer;
        let log = |thread| Arc::new(Mutex::new(ThreadLog::new(thread, epoch, buffer)));
        let threads = self.deps.directory.threads();
        let logs = threads.map(|thread| (thread, log(thread))).collect();
        *lock(&self.life) = Some(Arc::new(Life { epoch, logs }));
    }

    /// Has the shutdown wait for a task.
    pub(super) fn track(&self, task: JoinHandle<()>) {
        let mut tasks = lock(&self.tasks);
        // Now and then: a bridge that runs for long forgets those that ended.
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(task);
    }

    async fn shutdown(&self) {
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
            if time::timeout(GRACE, &mut task).await.is_err() {
                task.abort();
                // Cancelled: that is what was asked for.
                let _ = task.await;
            }
        }
        *lock(&self.life) = None;
        self.deps.journal.release();
    }

    async fn snapshot(&self) -> RegistrySnapshot {
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
