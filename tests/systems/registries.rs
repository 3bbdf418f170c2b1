//! A registry of one's own: a list of pairs for each direction.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use rehearsal::agents::bridge::{BridgeError, Registry};
use rehearsal::agents::event::{RunId, ThreadId};
use rehearsal::tokio::time::Instant;

/// Its flaw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slip {
    None,
    /// A run that is forgotten stays in its thread's list.
    ForgetsTheReverse,
}

pub(crate) struct Lists {
    slip: Slip,
    runs: Vec<(RunId, ThreadId, Instant)>,
    threads: Vec<(ThreadId, BTreeSet<RunId>)>,
    suspects: Vec<RunId>,
}

impl Lists {
    pub(crate) fn new(slip: Slip) -> Self {
        Self {
            slip,
            runs: Vec::new(),
            threads: Vec::new(),
            suspects: Vec::new(),
        }
    }
}

impl Registry for Lists {
    fn register(&mut self, run: RunId, thread: ThreadId, now: Instant) -> Result<(), BridgeError> {
        if self.runs.iter().any(|(known, ..)| *known == run) {
            return Err(BridgeError::AlreadyRegistered(run));
        }
        self.runs.push((run, thread, now));
        match self.threads.iter_mut().find(|(known, _)| *known == thread) {
            Some((_, runs)) => {
                runs.insert(run);
            }
            None => self.threads.push((thread, BTreeSet::from([run]))),
        }
        Ok(())
    }

    fn touch(&mut self, run: RunId, now: Instant) -> bool {
        let entry = self.runs.iter_mut().find(|(known, ..)| *known == run);
        entry.map(|(_, _, touched)| *touched = now).is_some()
    }

    fn unregister(&mut self, run: RunId) -> Option<ThreadId> {
        let index = self.runs.iter().position(|(known, ..)| *known == run)?;
        let (_, thread, _) = self.runs.swap_remove(index);
        if self.slip == Slip::None {
            for (_, runs) in &mut self.threads {
                runs.remove(&run);
            }
            self.threads.retain(|(_, runs)| !runs.is_empty());
        }
        Some(thread)
    }

    fn sweep(&mut self, now: Instant, ttl: Duration) -> (usize, Vec<(RunId, ThreadId)>) {
        let idle = |lists: &Self| -> Vec<RunId> {
            let idle = lists.runs.iter();
            let idle = idle.filter(|(_, _, touched)| now - *touched >= ttl);
            idle.map(|(run, ..)| *run).collect()
        };
        let suspected = std::mem::take(&mut self.suspects);
        let doomed = idle(self).into_iter();
        let doomed: Vec<RunId> = doomed.filter(|run| suspected.contains(run)).collect();
        let forgotten = doomed.into_iter();
        let forgotten = forgotten
            .filter_map(|run| Some((run, self.unregister(run)?)))
            .collect();
        self.suspects = idle(self);
        (self.suspects.len(), forgotten)
    }

    fn forward(&self) -> Box<dyn Iterator<Item = (RunId, ThreadId)> + '_> {
        Box::new(self.runs.iter().map(|(run, thread, _)| (*run, *thread)))
    }

    fn reverse(&self) -> Box<dyn Iterator<Item = (ThreadId, Cow<'_, BTreeSet<RunId>>)> + '_> {
        let threads = self.threads.iter();
        Box::new(threads.map(|(thread, runs)| (*thread, Cow::Borrowed(runs))))
    }
}
