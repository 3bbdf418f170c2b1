//! The thread-run registry: which run writes to which thread, both ways.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rehearsal_sim::tokio::time::Instant;

use super::{BridgeError, defects};
use crate::defect::Defect;
use crate::event::{RunId, ThreadId};

/// A registry of runs: which run writes to which thread, both ways.
///
/// A custom registry takes the place of [`ThreadRunRegistry`] in the reference
/// bridge: see [`super::BridgeSystem::with_registry`]. The bridge holds a lock while it
/// calls any of these, and calls them from one task at a time; after each call that
/// changes something, it shows the registry to its [`Observer`](super::Observer),
/// which compares the two maps.
pub trait Registry: Send {
    /// Registers a run that writes to that thread.
    ///
    /// # Errors
    ///
    /// [`BridgeError::AlreadyRegistered`] if the run is registered.
    fn register(&mut self, run: RunId, thread: ThreadId, now: Instant) -> Result<(), BridgeError>;

    /// Records that a run is alive. Returns `false` if it is not registered: then its
    /// event is refused.
    fn touch(&mut self, run: RunId, now: Instant) -> bool;

    /// Removes a run. Returns its thread, if it was registered.
    fn unregister(&mut self, run: RunId) -> Option<ThreadId>;

    /// Suspects every run that has been idle for `ttl`, and forgets those that
    /// the last sweep suspected and that are idle still. Returns the number of
    /// suspects now, and the forgotten runs.
    fn sweep(&mut self, now: Instant, ttl: Duration) -> (usize, Vec<(RunId, ThreadId)>);

    /// run → thread, in any order that a seed repeats.
    fn forward(&self) -> Box<dyn Iterator<Item = (RunId, ThreadId)> + '_>;

    /// thread → runs, in any order that a seed repeats. Must be read from what the
    /// registry really keeps, and not be made from [`Registry::forward`]: else the
    /// two agree whatever is wrong.
    fn reverse(&self) -> Box<dyn Iterator<Item = (ThreadId, Cow<'_, BTreeSet<RunId>>)> + '_>;

    /// The number of registered runs. It is called after each change: a registry that
    /// knows it without counting should override this.
    fn len(&self) -> usize {
        self.forward().count()
    }

    /// Returns `true` if no run is registered.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Runs and their threads. The two maps mirror each other whenever the
/// registry's lock is free.
#[derive(Debug, Default)]
pub struct ThreadRunRegistry {
    forward: BTreeMap<RunId, Entry>,
    reverse: BTreeMap<ThreadId, BTreeSet<RunId>>,
    /// Runs that the last sweep found past their time to live.
    suspects: BTreeSet<RunId>,
    defect: Option<Defect>,
}

#[derive(Debug)]
struct Entry {
    thread: ThreadId,
    touched: Instant,
}

impl ThreadRunRegistry {
    /// An empty registry with a seeded bug, or none.
    pub(super) fn with_defect(defect: Option<Defect>) -> Self {
        Self {
            defect,
            ..Self::default()
        }
    }

    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Removes a run from the thread's side.
    fn leave(&mut self, thread: ThreadId, run: RunId) {
        if let Some(runs) = self.reverse.get_mut(&thread) {
            runs.remove(&run);
            if runs.is_empty() {
                self.reverse.remove(&thread);
            }
        }
    }

    /// Removes a run from the first of the two maps that still has it.
    fn leave_one_map(&mut self, run: RunId) -> Option<ThreadId> {
        if let Some(entry) = self.forward.remove(&run) {
            return Some(entry.thread);
        }
        let (thread, _) = self.reverse.iter().find(|(_, runs)| runs.contains(&run))?;
        let thread = *thread;
        self.leave(thread, run);
        Some(thread)
    }

    fn is_idle(&self, run: RunId, now: Instant, ttl: Duration) -> bool {
        self.forward
            .get(&run)
            .is_some_and(|entry| now - entry.touched >= ttl)
    }
}

impl Registry for ThreadRunRegistry {
    fn register(&mut self, run: RunId, thread: ThreadId, now: Instant) -> Result<(), BridgeError> {
        if self.forward.contains_key(&run) {
            return Err(BridgeError::AlreadyRegistered(run));
        }
        let entry = Entry {
            thread,
            touched: now,
        };
        self.forward.insert(run, entry);
        self.reverse.entry(thread).or_default().insert(run);
        Ok(())
    }

    fn touch(&mut self, run: RunId, now: Instant) -> bool {
        match self.forward.get_mut(&run) {
            Some(entry) => {
                entry.touched = now;
                true
            }
            None => false,
        }
    }

    fn unregister(&mut self, run: RunId) -> Option<ThreadId> {
        // Seeded: a removal takes two calls, one for each map.
        if self.carries(defects::MAPS_UPDATED_APART) {
            return self.leave_one_map(run);
        }
        let thread = self.forward.remove(&run)?.thread;
        self.leave(thread, run);
        Some(thread)
    }

    fn sweep(&mut self, now: Instant, ttl: Duration) -> (usize, Vec<(RunId, ThreadId)>) {
        let suspects = std::mem::take(&mut self.suspects);
        // Seeded: a run that was idle once is taken for idle for ever.
        let trusting = self.carries(defects::SWEEP_WITHOUT_RECHECK);
        let doomed: Vec<RunId> = suspects
            .into_iter()
            .filter(|run| trusting || self.is_idle(*run, now, ttl))
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

    fn forward(&self) -> Box<dyn Iterator<Item = (RunId, ThreadId)> + '_> {
        let forward = self.forward.iter();
        Box::new(forward.map(|(run, entry)| (*run, entry.thread)))
    }

    fn reverse(&self) -> Box<dyn Iterator<Item = (ThreadId, Cow<'_, BTreeSet<RunId>>)> + '_> {
        let reverse = self.reverse.iter();
        Box::new(reverse.map(|(thread, runs)| (*thread, Cow::Borrowed(runs))))
    }

    fn len(&self) -> usize {
        self.forward.len()
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
