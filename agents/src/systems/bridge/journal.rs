//! The journal: the bridge's state on disk, which survives a crash.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::event::RunId;
use crate::record::Epoch;
use crate::record::recorder::lock;

/// A handle to the disk. Every write is done in one step together with what it
/// records, so that a crash finds both or neither.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    epoch: u32,
    in_use: bool,
    last_seq: BTreeMap<RunId, u64>,
}

/// Another bridge that is alive uses the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalBusy;

impl fmt::Display for JournalBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another bridge uses the journal")
    }
}

impl std::error::Error for JournalBusy {}

impl Journal {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new incarnation of the bridge.
    ///
    /// # Errors
    ///
    /// If the journal is in use.
    pub fn open(&self) -> Result<Epoch, JournalBusy> {
        let mut disk = lock(&self.0);
        if disk.in_use {
            return Err(JournalBusy);
        }
        disk.in_use = true;
        disk.epoch += 1;
        Ok(Epoch(disk.epoch))
    }

    /// Ends the use of the journal, as closing it does, and as an operating
    /// system does for a process that has died.
    pub fn release(&self) {
        lock(&self.0).in_use = false;
    }

    /// The latest incarnation of the bridge; none before the first.
    pub fn epoch(&self) -> Option<Epoch> {
        let disk = lock(&self.0);
        (disk.epoch > 0).then_some(Epoch(disk.epoch))
    }

    /// A run is registered. The last sequence number that it was given, in this
    /// incarnation or an earlier one; 0 if there is none.
    pub fn run_registered(&self, run: RunId) -> u64 {
        *lock(&self.0).last_seq.entry(run).or_default()
    }

    /// An event was accepted with that number.
    pub fn accepted(&self, run: RunId, seq: u64) {
        if let Some(last) = lock(&self.0).last_seq.get_mut(&run) {
            *last = seq.max(*last);
        }
    }

    /// The run is over and will not be asked for again.
    pub fn run_finished(&self, run: RunId) {
        lock(&self.0).last_seq.remove(&run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_outlives_its_bridge_goes_on_with_its_numbers() {
        let journal = Journal::new();
        assert_eq!(journal.epoch(), None);
        assert_eq!(journal.open(), Ok(Epoch(1)));
        assert_eq!(journal.run_registered(RunId(7)), 0);
        journal.accepted(RunId(7), 1);
        journal.accepted(RunId(7), 2);
        assert_eq!(journal.open(), Err(JournalBusy));
        journal.release();
        assert_eq!(journal.open(), Ok(Epoch(2)));
        assert_eq!(journal.run_registered(RunId(7)), 2);
        journal.run_finished(RunId(7));
        assert_eq!(journal.run_registered(RunId(7)), 0);
    }
}
