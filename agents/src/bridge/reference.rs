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
use rehearsal_sim::tokio::time::Instant;
use rehearsal_sim::tokio::{select, spawn, task, time};

use super::adapter::Adapter;
use super::connections::{Connection, ConnectionTable, Outgoing, Parting};
use super::log::ThreadLog;
use super::memory::{self, MemoryConnection};
use super::registry::{Recheck, ThreadRunRegistry};
use super::server;
use super::session::End;
use super::state::{BridgeState, Lifecycle};
use super::wire::{Position, ServerFrame};
use super::{Bridge, BridgeError, Draft, Parts, RunContext};
use crate::event::{ClientId, RunId, ThreadId, UserId};
use crate::record::{Epoch, Gap, Offset, Receipt, RegistrySnapshot, RunEnd};
use crate::recorder::{lock, name_task};
use crate::spec::Defect;

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
    parts: Parts,
    lifecycle: Lifecycle,
    starting: Mutex<()>,
    registry: Mutex<ThreadRunRegistry>,
    connections: Mutex<ConnectionTable>,
    life: StepMutex<Option<Arc<Life>>>,
    pub(super) stop_listening: Notify,
    stop_sweeping: Notify,
    tasks: StepMutex<Vec<JoinHandle<()>>>,
    /// Only used by [`Defect::SharedRunContext`].
    shared_adapter: StepMutex<Option<Arc<Adapter>>>,
}

/// One life: from a start to a shutdown or a crash.
struct Life {
    epoch: Epoch,
    logs: BTreeMap<ThreadId, Arc<Mutex<ThreadLog>>>,
}

impl ReferenceBridge {
    /// A bridge that has not been started.
    pub fn new(parts: Parts) -> Self {
        Self {
            core: Arc::new(Core {
                parts,
                lifecycle: Lifecycle::new(),
                starting: Mutex::new(()),
                registry: Mutex::new(ThreadRunRegistry::default()),
                connections: Mutex::new(ConnectionTable::default()),
                life: StepMutex::new(None),
                stop_listening: Notify::new(),
                stop_sweeping: Notify::new(),
                tasks: StepMutex::new(Vec::new()),
                shared_adapter: StepMutex::new(None),
            }),
        }
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

    fn emit(&self, run: RunId, draft: Draft) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        self.core.emit(run, draft).boxed()
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
        server::serve(Arc::clone(&self.core), listener).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        self.core.snapshot().boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.core.shutdown().boxed()
    }
}

// Start and end ---------------------------------------------------------------

impl Core {
    /// Whether the bridge carries that defect.
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.parts.defect == Some(defect)
    }

    fn life(&self) -> Result<Arc<Life>, BridgeError> {
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
        match core.parts.journal.open() {
            Ok(epoch) => core.begin_life(epoch),
            Err(busy) => {
                core.lifecycle.enter(BridgeState::Failed);
                return Err(BridgeError::NotStarted(busy.to_string()));
            }
        }
        core.track(spawn(sweep_regularly(Arc::clone(core))));
        core.parts.observer.initialised();
        core.lifecycle.enter(BridgeState::Active);
        Ok(())
    }

    fn begin_life(&self, epoch: Epoch) {
        let buffer = self.parts.settings.buffer;
        let log = |thread| Arc::new(Mutex::new(ThreadLog::new(thread, epoch, buffer)));
        let threads = self.parts.directory.threads();
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
            connection.part(Parting::Closes);
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
        self.parts.journal.release();
    }

    async fn snapshot(&self) -> RegistrySnapshot {
        let registry = self.registry.lock().await;
        let connections = self.connections.lock().await;
        RegistrySnapshot {
            forward: registry.forward().collect(),
            reverse: registry
                .reverse()
                .map(|(thread, runs)| (thread, runs.iter().copied().collect()))
                .collect(),
            connections: connections.connections().map(|open| open.client).collect(),
            subscriptions: connections.subscriptions().collect(),
        }
    }
}

// Runs ------------------------------------------------------------------------

impl Core {
    async fn register_run(&self, context: RunContext) -> Result<(), BridgeError> {
        self.lifecycle.check()?;
        let (run, thread, user) = (context.run, context.thread, context.user);
        if !self.parts.directory.owns(user, thread) {
            return Err(BridgeError::NotOwner(thread, user));
        }
        let mut registry = self.registry.lock().await;
        let mut connections = self.connections.lock().await;
        let life = self.life()?;
        let log = life
            .logs
            .get(&thread)
            .ok_or(BridgeError::NotOwner(thread, user))?;
        let last_seq = self.parts.journal.run_registered(run);
        registry.register(
            Adapter::new(context, Arc::clone(log), last_seq),
            Instant::now(),
        )?;
        connections.open_route(thread);
        self.parts.observer.registry_changed(&registry);
        Ok(())
    }

    /// Takes an event. From the moment at which it stands in the log to the
    /// answer there is nothing to wait for, so that whoever gives up waiting
    /// knows that it was not accepted.
    async fn emit(&self, run: RunId, draft: Draft) -> Result<Receipt, BridgeError> {
        self.lifecycle.check()?;
        // Seeded: the table is locked before the registry.
        let early = if self.has(Defect::LockOrderInversion) {
            Some(self.connections.lock().await)
        } else {
            None
        };
        let mut adapter = self.touch(run).await?;
        // Seeded: the adapter of the latest caller is everybody's.
        if self.has(Defect::SharedRunContext) {
            *lock(&self.shared_adapter) = Some(Arc::clone(&adapter));
        }
        // Seeded: the number is taken before the log is locked.
        let early_seq = self
            .has(Defect::SequenceApartFromSend)
            .then(|| adapter.take_seq());
        let connections = match early {
            Some(connections) => connections,
            None => self.connections.lock().await,
        };
        if let Some(shared) = lock(&self.shared_adapter).clone() {
            adapter = shared;
        }
        let mut log = adapter.log.lock().await;
        let seq = early_seq.unwrap_or_else(|| adapter.take_seq());
        let receipt = adapter.append(&mut log, draft, seq, &self.parts.journal);
        connections.send_to_thread(receipt.thread);
        Ok(receipt)
    }

    async fn touch(&self, run: RunId) -> Result<Arc<Adapter>, BridgeError> {
        let mut registry = self.registry.lock().await;
        registry
            .touch(run, Instant::now())
            .ok_or(BridgeError::UnknownRun(run))
    }

    async fn finish_run(&self, run: RunId, end: RunEnd) {
        // Seeded: only the way of success cleans up behind itself.
        if self.has(Defect::LeakOnError) && end != RunEnd::Completed {
            return;
        }
        let mut registry = self.registry.lock().await;
        let mut connections = self.connections.lock().await;
        if let Some(thread) = registry.unregister(run) {
            connections.close_route(thread);
        }
        self.parts.journal.run_finished(run);
        self.parts.observer.registry_changed(&registry);
    }

    /// Forgets runs that have been idle for too long; see
    /// [`ThreadRunRegistry::sweep`].
    async fn sweep(&self) {
        // Seeded: what was idle once is idle for ever.
        let recheck = if self.has(Defect::SweepWithoutRecheck) {
            Recheck::No
        } else {
            Recheck::Yes
        };
        let mut registry = self.registry.lock().await;
        let mut connections = self.connections.lock().await;
        let (found, forgotten) = registry.sweep(Instant::now(), self.parts.settings.ttl, recheck);
        for (run, thread) in &forgotten {
            connections.close_route(*thread);
            self.parts.journal.run_finished(*run);
        }
        self.parts.observer.swept(found);
        self.parts.observer.registry_changed(&registry);
    }
}

async fn sweep_regularly(core: Arc<Core>) {
    name_task("sweeper");
    loop {
        select! {
            biased;
            () = core.stop_sweeping.notified() => return,
            () = time::sleep(core.parts.settings.sweep_every) => core.sweep().await,
        }
    }
}

// Connections -----------------------------------------------------------------

impl Core {
    /// Lets a client in that shows who it is; says why not, if not.
    pub(super) async fn admit(
        &self,
        client: ClientId,
        user: UserId,
        token: &str,
    ) -> Result<Arc<Connection>, String> {
        if !self.parts.directory.knows(user, token) {
            return Err(format!("that is not the token of {user}"));
        }
        let mut connections = self.connections.lock().await;
        let life = self.life().map_err(|error| error.to_string())?;
        let connection = connections.admit(client, user);
        connection.push(ServerFrame::Welcome { epoch: life.epoch });
        self.lifecycle.client_came(client);
        Ok(connection)
    }

    /// A client is gone.
    pub(super) async fn leave(&self, connection: &Connection, end: End) {
        if end == End::Lost {
            self.lifecycle.client_lost(connection.client);
        }
        self.connections.lock().await.remove(connection.id);
    }

    /// Subscribes a client to a thread of its user, from what it has seen on.
    pub(super) async fn subscribe(
        &self,
        connection: &Connection,
        thread: ThreadId,
        after: Option<Position>,
    ) {
        let Ok(life) = self.life() else { return };
        let log = life.logs.get(&thread);
        let owned = self.parts.directory.owns(connection.user, thread);
        let Some(log) = log.filter(|_| owned) else {
            let reason = BridgeError::NotOwner(thread, connection.user).to_string();
            return connection.push(ServerFrame::Rejected { reason });
        };
        let mut connections = self.connections.lock().await;
        let end = log.lock().await.end();
        connection.push(ServerFrame::Subscribed { thread });
        let next = self.resume(connection, thread, after, life.epoch, end);
        connections.subscribe(connection.id, thread);
        connection.follow(thread, next);
        // Seeded: everyone hears of everything from now on.
        if self.has(Defect::BroadcastToAll) {
            for (other, log) in life.logs.iter().filter(|(other, _)| **other != thread) {
                let end = log.lock().await.end();
                connections.subscribe(connection.id, *other);
                connection.follow(*other, end);
            }
        }
    }

    /// Where a subscription goes on; epochs whose logs are gone become gaps.
    fn resume(
        &self,
        connection: &Connection,
        thread: ThreadId,
        after: Option<Position>,
        epoch: Epoch,
        end: Offset,
    ) -> Offset {
        // Seeded: a client that comes back hears only what is new.
        if self.has(Defect::ResubscribeFromNow) && after.is_some() {
            return end;
        }
        // What nobody can have seen is not believed.
        let seen = after.filter(|seen| seen.epoch <= epoch);
        let seen = seen.unwrap_or(Position {
            epoch: Epoch(1),
            offset: Offset(0),
        });
        let mut next = Offset(seen.offset.0.saturating_add(1));
        for lost in seen.epoch.0..epoch.0 {
            connection.push(ServerFrame::Gap(Gap {
                thread,
                epoch: Epoch(lost),
                from: next,
                to: None,
            }));
            next = Offset(1);
        }
        // Seeded: from the last event that was seen, that one included.
        if self.has(Defect::ResumeInclusive) && seen.epoch == epoch {
            return Offset(seen.offset.0.max(1));
        }
        next.min(end)
    }

    /// Takes what a connection is owed, at most `most` events of each thread.
    pub(super) async fn collect(
        &self,
        connection: &Connection,
        most: usize,
        batch: &mut Vec<Outgoing>,
    ) {
        connection.take_control(batch);
        let Ok(life) = self.life() else { return };
        for cursor in connection.cursors() {
            let Some(log) = life.logs.get(&cursor.thread) else {
                continue;
            };
            let reading = log.lock().await.read(cursor.next, most);
            if !connection.advance(cursor, reading.next) {
                continue;
            }
            // Seeded: what has fallen out of the buffer is not mentioned.
            let gap = reading.gap.filter(|_| !self.has(Defect::SilentOverflow));
            batch.extend(gap.map(ServerFrame::Gap).map(Outgoing::Control));
            batch.extend(reading.events.into_iter().map(Outgoing::Event));
        }
    }
}
