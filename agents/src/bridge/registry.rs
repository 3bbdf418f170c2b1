//! The thread-run registry: which run writes to which thread, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::time::Instant;

use super::BridgeError;
use super::adapter::Adapter;
use crate::event::{RunId, ThreadId};

/// Whether a sweep looks at its suspects once more before it forgets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Recheck {
    Yes,
    No,
}

/// Runs and their threads. The two maps mirror each other whenever nobody holds
/// the registry's lock.
#[derive(Debug, Default)]
pub struct ThreadRunRegistry {
    forward: BTreeMap<RunId, Entry>,
    reverse: BTreeMap<ThreadId, BTreeSet<RunId>>,
    /// Runs that the last sweep found past their time to live.
    suspects: BTreeSet<RunId>,
}

#[derive(Debug)]
struct Entry {
    adapter: Arc<Adapter>,
    touched: Instant,
}

impl ThreadRunRegistry {
    pub(super) fn register(&mut self, adapter: Adapter, now: Instant) -> Result<(), BridgeError> {
        let (run, thread) = (adapter.context.run, adapter.context.thread);
        if self.forward.contains_key(&run) {
            return Err(BridgeError::AlreadyRegistered(run));
        }
        let entry = Entry {
            adapter: Arc::new(adapter),
            touched: now,
        };
        self.forward.insert(run, entry);
        self.reverse.entry(thread).or_default().insert(run);
        Ok(())
    }

    /// The run's adapter; the run is alive.
    pub(super) fn touch(&mut self, run: RunId, now: Instant) -> Option<Arc<Adapter>> {
        let entry = self.forward.get_mut(&run)?;
        entry.touched = now;
        Some(Arc::clone(&entry.adapter))
    }

    /// Forgets a run. Its thread, if it was registered.
    pub(super) fn unregister(&mut self, run: RunId) -> Option<ThreadId> {
        let thread = self.forward.remove(&run)?.adapter.context.thread;
        if let Some(runs) = self.reverse.get_mut(&thread) {
            runs.remove(&run);
            if runs.is_empty() {
                self.reverse.remove(&thread);
            }
        }
        Some(thread)
    }

    /// Suspects every run that has been idle for `ttl`, and forgets those that
    /// the last sweep suspected and that are idle still. How many are suspected
    /// now, and what was forgotten.
    pub(super) fn sweep(
        &mut self,
        now: Instant,
        ttl: Duration,
        recheck: Recheck,
    ) -> (usize, Vec<(RunId, ThreadId)>) {
        let suspects = std::mem::take(&mut self.suspects);
        let doomed: Vec<RunId> = suspects
            .into_iter()
            .filter(|run| recheck == Recheck::No || self.is_idle(*run, now, ttl))
            .collect();
        let forgotten = doomed
            .into_iter()
            .filter_map(|run| Some((run, self.unregister(run)?)))
            .collect();
        self.suspects = self
            .forward
            .iter()
            .filter(|(_, entry)| now - entry.touched >= ttl)
            .map(|(run, _)| *run)
            .collect();
        (self.suspects.len(), forgotten)
    }

    fn is_idle(&self, run: RunId, now: Instant, ttl: Duration) -> bool {
        self.forward
            .get(&run)
            .is_some_and(|entry| now - entry.touched >= ttl)
    }

    /// The thread of a run.
    pub fn thread(&self, run: RunId) -> Option<ThreadId> {
        Some(self.forward.get(&run)?.adapter.context.thread)
    }

    /// The runs of a thread, in order.
    pub fn runs(&self, thread: ThreadId) -> impl Iterator<Item = RunId> + '_ {
        self.reverse.get(&thread).into_iter().flatten().copied()
    }

    /// How many runs are registered.
    pub fn len(&self) -> usize {
        self.forward.len()
    }

    /// Whether no run is registered.
    pub fn is_empty(&self) -> bool {
        self.forward.is_empty()
    }

    /// run → thread.
    pub fn forward(&self) -> impl Iterator<Item = (RunId, ThreadId)> + '_ {
        self.forward
            .iter()
            .map(|(run, entry)| (*run, entry.adapter.context.thread))
    }

    /// thread → runs.
    pub fn reverse(&self) -> impl Iterator<Item = (ThreadId, &BTreeSet<RunId>)> + '_ {
        self.reverse.iter().map(|(thread, runs)| (*thread, runs))
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
