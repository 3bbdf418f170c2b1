//! The reference bridge.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::{spawn, task};

use super::core::Core;
use super::memory::{self, MemoryConnection};
use super::registry::{Registry, ThreadRunRegistry};
use super::state::BridgeState;
use super::{Bridge, BridgeDeps, BridgeError, Listener, NewEvent, RunContext, runs, server};
use crate::defect::Defect;
use crate::event::RunId;
use crate::record::{Receipt, RegistrySnapshot, RunEnd};

/// A small, correct bridge, unless it carries a defect.
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
        let registry = ThreadRunRegistry::with_defect(defect);
        Self::build(deps, Box::new(registry), defect)
    }

    fn build(deps: BridgeDeps, registry: Box<dyn Registry>, defect: Option<Defect>) -> Self {
        let core = Arc::new(Core::new(deps, registry, defect));
        Self { core }
    }

    /// As [`Bridge::serve`], with connections from anywhere: accepts until the
    /// bridge is shut down, and speaks WebSocket on each connection.
    pub async fn serve_on<L: Listener>(&self, listener: L) {
        server::serve(Arc::clone(&self.core), listener).await;
    }
}

impl Bridge for ReferenceBridge {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        start(&self.core).boxed()
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

/// Starts the bridge, unless it serves already.
async fn start(core: &Arc<Core>) -> Result<(), BridgeError> {
    if core.lifecycle.check().is_ok() {
        return Ok(());
    }
    let _starting = core.starting.lock().await;
    // Another caller may have done it while this one waited.
    if core.lifecycle.check().is_ok() {
        return Ok(());
    }
    core.lifecycle.enter(BridgeState::Initializing);
    // Reading the journal takes time.
    task::yield_now().await;
    match core.deps.journal.open() {
        Ok(epoch) => core.begin_incarnation(epoch),
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
