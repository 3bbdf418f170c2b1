//! The recording: everything that happened to the sessions, on the disk of the service's
//! host, which survives a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rehearsal_history::Epoch;

use super::super::trace::{Event, SessionState};
use super::super::wire::SessionId;
use crate::record::recorder::lock;

/// A change of the service's state. All of them in order make the state again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// A session was opened.
    Opened {
        session: SessionId,
        parent: Option<SessionId>,
        at_us: u64,
    },
    /// An event was added to a session.
    Appended {
        session: SessionId,
        at_us: u64,
        event: Event,
    },
}

/// A handle to the disk.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Recording(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    epoch: u32,
    changes: Vec<Change>,
}

impl Recording {
    /// Begins a new incarnation of the service.
    pub(super) fn begin_epoch(&self) {
        lock(&self.0).epoch += 1;
    }

    /// Returns the latest incarnation; `None` before the first.
    pub(in super::super) fn epoch(&self) -> Option<Epoch> {
        let epoch = lock(&self.0).epoch;
        (epoch > 0).then_some(Epoch(epoch))
    }

    /// Adds a change.
    pub(super) fn add(&self, change: Change) {
        lock(&self.0).changes.push(change);
    }

    /// Replays the recording. Returns every session in its last state.
    pub(in super::super) fn replay(&self) -> BTreeMap<SessionId, SessionState> {
        let mut sessions = BTreeMap::new();
        for change in &lock(&self.0).changes {
            match change.clone() {
                Change::Opened {
                    session,
                    parent,
                    at_us,
                } => {
                    sessions.insert(session, SessionState::open(session, parent, at_us));
                }
                Change::Appended {
                    session,
                    at_us,
                    event,
                } => {
                    if let Some(state) = sessions.get_mut(&session) {
                        state.apply(at_us, event);
                    }
                }
            }
        }
        sessions
    }
}
