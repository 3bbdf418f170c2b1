//! The journal: the broker's state on disk, which survives a crash of its host.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_history::{Epoch, MessageId};
use rehearsal_sim::tokio::time;

use super::super::events::EventType;
use super::super::wire::{Cursor, MemberId, Message, OrderNumber, Place};
use crate::effect::{self, Effect};
use crate::record::recorder::lock;

/// A change of the broker's state. All records in order make the state again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// A member has a mailbox from now on.
    Registered(MemberId),
    /// A message was put into the mailboxes of its recipients, all at once.
    Sent {
        order: OrderNumber,
        place: Place,
        message: Message,
        recipients: Vec<MemberId>,
    },
    /// A member has taken every message up to this one.
    Taken(MemberId, Cursor),
    /// A member expects no response to its request any more.
    Withdrawn(MemberId, MessageId),
    /// No message to a member is accepted any more.
    Stopped(MemberId),
    /// A member subscribes to events from now on. So many of those before were put into its
    /// mailbox.
    Subscribed {
        member: MemberId,
        event: EventType,
        replayed: usize,
    },
}

/// A handle to the disk.
#[derive(Clone, Debug)]
pub(in super::super) struct Journal {
    disk: Arc<Mutex<Disk>>,
    write_time: Duration,
}

#[derive(Default, Debug)]
struct Disk {
    epoch: u32,
    records: Vec<Record>,
}

impl Journal {
    /// An empty disk that takes so long for a write.
    pub(in super::super) fn new(write_time: Duration) -> Self {
        Self {
            disk: Arc::default(),
            write_time,
        }
    }

    /// Begins a new incarnation. Returns it with all records.
    pub(super) fn open(&self) -> (Epoch, Vec<Record>) {
        let mut disk = lock(&self.disk);
        disk.epoch += 1;
        (Epoch(disk.epoch), disk.records.clone())
    }

    /// Returns the latest incarnation; `None` before the first.
    pub(in super::super) fn epoch(&self) -> Option<Epoch> {
        let epoch = lock(&self.disk).epoch;
        (epoch > 0).then_some(Epoch(epoch))
    }

    /// Writes a record, and returns once it is on the disk. If this future is dropped
    /// before, nothing was written.
    pub(super) async fn write(&self, record: Record) {
        self.wait().await;
        let effect = effect::begin(Effect::Write).await;
        self.write_behind(record);
        effect.end().await;
    }

    /// Writes a record that nothing waits for.
    pub(super) fn write_behind(&self, record: Record) {
        lock(&self.disk).records.push(record);
    }

    /// Waits as long as one access to the disk takes.
    pub(super) async fn wait(&self) {
        if !self.write_time.is_zero() {
            time::sleep(self.write_time).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_outlive_the_incarnation_that_wrote_them() {
        let journal = Journal::new(Duration::ZERO);
        assert_eq!(journal.epoch(), None);
        assert_eq!(journal.open(), (Epoch(1), Vec::new()));
        let record = Record::Registered(MemberId(4));
        journal.write_behind(record.clone());
        assert_eq!(journal.clone().open(), (Epoch(2), vec![record]));
        assert_eq!(journal.epoch(), Some(Epoch(2)));
    }
}
