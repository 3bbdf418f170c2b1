//! Runs on the reference bridge: registration, events, removal.

use std::sync::Arc;

use rehearsal_sim::tokio::{select, time};

use super::adapter::Adapter;
use super::core::Core;
use super::{BridgeError, NewEvent, RunContext, defects};
use crate::event::{RunId, ThreadId};
use crate::record::recorder::{lock, name_task};
use crate::record::{Receipt, RunEnd};

impl Core {
    pub(super) async fn register_run(&self, context: RunContext) -> Result<(), BridgeError> {
        self.lifecycle.check()?;
        let (run, thread, user) = (context.run, context.thread, context.user);
        if !self.deps.directory.owns(user, thread) {
            return Err(BridgeError::NotOwner(thread, user));
        }
        let mut runs = self.runs.lock().await;
        let mut connections = self.connections.lock().await;
        let incarnation = self.incarnation()?;
        let log = incarnation
            .logs
            .get(&self.log_of(&context))
            .ok_or(BridgeError::NotOwner(thread, user))?;
        let last_seq = self.deps.journal.run_registered(run);
        runs.register(Adapter::new(context, Arc::clone(log), last_seq))?;
        connections.open_route(thread);
        self.deps.observer.registry_changed(&*runs.registry);
        Ok(())
    }

    /// Returns the thread to whose log the run writes.
    fn log_of(&self, context: &RunContext) -> ThreadId {
        // Seeded: the number of another id is taken for the thread's.
        if self.carries(defects::ROUTED_BY_RUN_NUMBER) {
            ThreadId(context.run.0)
        } else if self.carries(defects::ROUTED_BY_USER_NUMBER) {
            ThreadId(context.user.0)
        } else {
            context.thread
        }
    }

    /// Accepts an event. Between its append to the log and the answer there is no await,
    /// so that a caller which is cancelled knows that it was not accepted.
    pub(super) async fn emit(&self, run: RunId, event: NewEvent) -> Result<Receipt, BridgeError> {
        self.lifecycle.check()?;
        // Seeded: the table is locked before the registry.
        let early = if self.carries(defects::LOCK_ORDER_INVERSION) {
            Some(self.connections.lock().await)
        } else {
            None
        };
        let mut adapter = self.touch(run).await?;
        // Seeded: the adapter of the latest caller serves every caller.
        if self.carries(defects::SHARED_RUN_CONTEXT) {
            *lock(&self.shared_adapter) = Some(Arc::clone(&adapter));
        }
        // Seeded: contexts are left in the order in which a stack gives them back.
        // If two callers overlap, and neither is within the other, they swap.
        if self.carries(defects::SHARED_CONTEXT_STACK) {
            self.entered.lock().await.push(Arc::clone(&adapter));
            adapter = self.entered.lock().await.pop().unwrap_or(adapter);
        }
        // Seeded: the number is taken before the log is locked.
        let early_seq = self
            .carries(defects::SEQUENCE_APART_FROM_SEND)
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
        let receipt = adapter.append(&mut log, event, seq, &self.deps.journal);
        connections.send_to_thread(log.thread());
        Ok(receipt)
    }

    async fn touch(&self, run: RunId) -> Result<Arc<Adapter>, BridgeError> {
        self.runs.lock().await.touch(run)
    }

    pub(super) async fn finish_run(&self, run: RunId, end: RunEnd) {
        // Seeded: only success cleans up.
        if self.carries(defects::LEAK_ON_ERROR) && end != RunEnd::Completed {
            return;
        }
        // Seeded: the lock is free between the updates of the two maps.
        if self.carries(defects::MAPS_UPDATED_APART) {
            self.runs.lock().await.unregister(run);
        }
        let mut runs = self.runs.lock().await;
        let mut connections = self.connections.lock().await;
        if let Some(thread) = runs.unregister(run) {
            connections.close_route(thread);
        }
        self.deps.journal.run_finished(run);
        self.deps.observer.registry_changed(&*runs.registry);
    }

    /// Forgets runs that have been idle for too long; see [`super::Registry::sweep`].
    async fn sweep(&self) {
        let mut runs = self.runs.lock().await;
        let mut connections = self.connections.lock().await;
        let (found, forgotten) = runs.sweep(self.deps.settings.ttl);
        for (run, thread) in &forgotten {
            connections.close_route(*thread);
            self.deps.journal.run_finished(*run);
        }
        self.deps.observer.swept(found);
        self.deps.observer.registry_changed(&*runs.registry);
    }
}

pub(super) async fn sweep_regularly(core: Arc<Core>) {
    name_task("sweeper");
    loop {
        select! {
            biased;
            () = core.stop_sweeping.notified() => return,
            () = time::sleep(core.deps.settings.sweep_every) => core.sweep().await,
        }
    }
}
