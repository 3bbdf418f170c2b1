//! The journal: every change in one order, on a disk that survives a crash of its host.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_history::Epoch;
use rehearsal_sim::tokio::time;

use super::super::wire::{Position, Record};
use crate::calls;
use crate::fault::answer::{Call, Wrong};
use crate::record::recorder::lock;

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
    /// The places of records of which a crash has left a part only.
    torn: BTreeSet<usize>,
    /// A record has just been torn: nothing is written until the host has crashed.
    is_crashing: bool,
}

impl Disk {
    fn position(&self) -> Position {
        Position(self.records.len() as u64)
    }

    /// Returns the records that can be read: those up to one that is torn.
    fn whole(&self) -> &[Record] {
        let end = self.torn.first().copied();
        &self.records[..end.unwrap_or(self.records.len())]
    }
}

impl Journal {
    /// An empty disk that takes so long for a write.
    pub(in super::super) fn new(write_time: Duration) -> Self {
        Self {
            disk: Arc::default(),
            write_time,
        }
    }

    /// Begins a new incarnation. Returns all records up to one that is torn, and removes the
    /// rest, unless it is to be kept.
    pub(super) fn open(&self, keep_torn: bool) -> Vec<Record> {
        let mut disk = lock(&self.disk);
        disk.epoch += 1;
        disk.is_crashing = false;
        let whole = disk.whole().to_vec();
        // Seeded: what is written from now on comes behind a record that cannot be read.
        if !keep_torn {
            disk.records.truncate(whole.len());
            disk.torn.clear();
        }
        whole
    }

    /// Returns the latest incarnation; `None` before the first.
    pub(in super::super) fn epoch(&self) -> Option<Epoch> {
        let epoch = lock(&self.disk).epoch;
        (epoch > 0).then_some(Epoch(epoch))
    }

    /// Returns the number of records.
    pub(super) fn position(&self) -> Position {
        lock(&self.disk).position()
    }

    /// Returns the records after that position.
    pub(super) fn after(&self, position: Position) -> Vec<Record> {
        let disk = lock(&self.disk);
        let from = usize::try_from(position.0).unwrap_or(usize::MAX);
        disk.whole().get(from..).unwrap_or_default().to_vec()
    }

    /// Writes a record, and returns its position once it is on the disk. If this future is
    /// dropped before, nothing was written.
    pub(super) async fn write(&self, record: Record) -> Position {
        if !self.write_time.is_zero() {
            time::sleep(self.write_time).await;
        }
        let (effect, wrong) = calls::begin(Call::Write).await;
        if let Some(Wrong::Torn) = wrong {
            self.tear(record.clone());
        }
        if lock(&self.disk).is_crashing {
            return pending().await;
        }
        let position = {
            let mut disk = lock(&self.disk);
            disk.records.push(record);
            disk.position()
        };
        effect.end().await;
        position
    }

    /// Writes a part of a record.
    fn tear(&self, record: Record) {
        let mut disk = lock(&self.disk);
        let place = disk.records.len();
        disk.torn.insert(place);
        disk.is_crashing = true;
        disk.records.push(record);
    }
}
