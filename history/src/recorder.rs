//! The recorder that the actors of a run share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rehearsal_sim::{VirtualTime, World};

use crate::clock::VectorClock;
use crate::entry::{Entry, EntryKind, Mark};
use crate::history::{History, Model};
use crate::ids::ActorId;

/// Writes the history of one run. Cheap to clone; every entry that has a note also
/// goes into the simulator's trace and fingerprint.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Inner>);

#[derive(Default)]
struct Inner {
    history: Mutex<History>,
    /// The time outside a run of the simulator.
    clock: Option<Box<ClockFn>>,
}

type ClockFn = dyn Fn() -> VirtualTime + Send + Sync;

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("entries", &self.lock().entries.len())
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder of an empty history.
    pub fn new(model: &Model) -> Self {
        Self(Arc::new(Inner {
            history: Mutex::new(History::new(model)),
            clock: None,
        }))
    }

    /// A recorder for use outside the simulator, where entries happen when `clock`
    /// says. All hosts must agree on that time, and it must never go back. Inside a
    /// run of the simulator its virtual time counts.
    pub fn with_clock(
        model: &Model,
        clock: impl Fn() -> VirtualTime + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            history: Mutex::new(History::new(model)),
            clock: Some(Box::new(clock)),
        }))
    }

    /// Returns the virtual time since the start of the run; outside the simulator,
    /// the time of the recorder's clock, or zero without one.
    pub fn now(&self) -> VirtualTime {
        let outside = || {
            self.0
                .clock
                .as_ref()
                .map_or(VirtualTime::ZERO, |clock| clock())
        };
        rehearsal_sim::current().map_or_else(outside, World::now)
    }

    /// Records an entry, now.
    pub fn record(&self, actor: Option<ActorId>, kind: EntryKind) {
        self.record_with(actor, None, kind);
    }

    /// Records an entry, now, with the knowledge of the actor that caused it.
    pub fn record_with(
        &self,
        actor: Option<ActorId>,
        clock: Option<Arc<VectorClock>>,
        kind: EntryKind,
    ) {
        let at = self.now();
        let note = {
            let mut history = self.lock();
            // The text is only made inside a run that records it.
            let world = rehearsal_sim::current().filter(|world| world.keeps_notes());
            let note = world.and_then(|world| Some((world, kind.note(actor, &history.names)?)));
            history.entries.push(Entry {
                at,
                actor,
                clock,
                kind,
            });
            note
        };
        if let Some((world, note)) = note {
            world.note(note.label, note.text);
        }
    }

    /// Records that something worth a goal was reached.
    pub fn mark(&self, mark: Mark) {
        self.record(None, EntryKind::Reached(mark));
    }

    /// Reads the history so far, or names its entities. Must not be held across an
    /// await; the closure sees to that.
    pub fn with<R>(&self, f: impl FnOnce(&mut History) -> R) -> R {
        f(&mut self.lock())
    }

    /// Returns the history so far, and takes it if no other handle can add to it.
    pub fn into_history(self) -> History {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => inner
                .history
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            Err(shared) => Self(shared).lock().clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        // A panic while the lock is held fails the run anyway; what was recorded
        // until then still counts.
        self.0
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::{Config, Effect, Recording, Verdict, run};

    use super::*;
    use crate::ids::OperationId;

    /// The notes of a run, and its history.
    fn recorded(recording: Recording) -> (Vec<String>, History) {
        let recorder = Recorder::default();
        let handle = recorder.clone();
        let config = Config {
            recording,
            ..Config::default()
        };
        let outcome = run(config, move |world| async move {
            assert_eq!(world.keeps_notes(), recording != Recording::Off);
            let (operation, reason) = (OperationId(4), "late".into());
            handle.record(None, EntryKind::Failed { operation, reason });
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
        let effects = outcome.trace.entries.into_iter();
        let notes = effects.filter_map(|entry| match entry.effect {
            Effect::Note { label, text, .. } => Some(format!("{label} {text}")),
            _ => None,
        });
        (notes.collect(), recorder.into_history())
    }

    #[test]
    fn a_history_is_the_same_however_much_of_the_run_is_recorded() {
        let (notes, full) = recorded(Recording::Full);
        assert_eq!(notes, ["fail operation-4: late"]);
        assert_eq!(full.entries.len(), 1);
        for less in [Recording::Off, Recording::Fingerprint] {
            assert_eq!(recorded(less), (Vec::new(), full.clone()));
        }
    }
}
