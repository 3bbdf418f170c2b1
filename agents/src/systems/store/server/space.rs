//! The space of one team at the store: its state, and what a crash may lose.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_sim::tokio::time::Instant;

use super::super::state::{BoardChange, Change, Contents, Offer, Query, Reply, State, TaskId};
use super::super::wire::{Record, RequestId};

/// The space of one team.
pub(super) struct Space {
    pub(super) state: State,
    snapshots: BTreeMap<RequestId, Snapshot>,
    /// The times of the present claims.
    claimed_at: BTreeMap<TaskId, Instant>,
    lease: Duration,
}

/// A snapshot of the workspace.
enum Snapshot {
    /// A copy of its own.
    Copied(Contents),
    /// The lists of the workspace itself.
    Shared,
}

/// The depth of the copies that snapshots are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Copies {
    /// Everything is copied.
    Deep,
    /// The lists are those of the workspace.
    Shallow,
}

impl Space {
    /// The space that the records of the team make.
    pub(super) fn restore<'a>(records: impl Iterator<Item = &'a Record>, lease: Duration) -> Self {
        let mut space = Self {
            state: State::default(),
            snapshots: BTreeMap::new(),
            claimed_at: BTreeMap::new(),
            lease,
        };
        // Every claim has a new lease: the store does not know how long it was away.
        records.for_each(|record| space.apply(record));
        space
    }

    /// Applies a record that is in the journal.
    pub(super) fn apply(&mut self, record: &Record) {
        if let Change::Board(BoardChange::Claimed { task, .. }) = &record.change {
            self.claimed_at.insert(*task, Instant::now());
        }
        self.state.apply(record);
    }

    /// Answers a query.
    pub(super) fn read(&mut self, id: &RequestId, query: &Query, copies: Copies) -> Reply {
        match query {
            Query::TakeSnapshot => self.take_snapshot(id, copies),
            Query::Look(snapshot) => self.look(snapshot),
            Query::Release(snapshot) => {
                self.snapshots.remove(snapshot);
                Reply::Done
            }
            Query::Offers => Reply::Offers {
                offers: self.offers(),
                closed: self.state.board.is_closed(),
            },
            other => self.state.read(other),
        }
    }

    fn take_snapshot(&mut self, id: &RequestId, copies: Copies) -> Reply {
        let contents = self.state.workspace.contents();
        let snapshot = match copies {
            Copies::Deep => Snapshot::Copied(contents.clone()),
            Copies::Shallow => Snapshot::Shared,
        };
        self.snapshots.insert(id.clone(), snapshot);
        Reply::Contents(contents)
    }

    fn look(&self, snapshot: &RequestId) -> Reply {
        match self.snapshots.get(snapshot) {
            Some(Snapshot::Copied(contents)) => Reply::Contents(contents.clone()),
            Some(Snapshot::Shared) => Reply::Contents(self.state.workspace.contents()),
            None => Reply::UnknownSnapshot,
        }
    }

    /// Returns the open tasks that no worker holds, or one that holds them too long.
    fn offers(&self) -> Vec<Offer> {
        let is_free = |offer: &Offer| {
            let claimed_at = self.claimed_at.get(&offer.task.id);
            claimed_at.is_none_or(|at| at.elapsed() >= self.lease)
        };
        self.state.board.open().filter(is_free).collect()
    }

    /// Returns the snapshots that have not been released.
    pub(super) fn snapshots(&self) -> impl ExactSizeIterator<Item = &RequestId> {
        self.snapshots.keys()
    }
}
