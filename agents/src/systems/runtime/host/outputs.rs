//! The outputs of tasks: they are gathered, and written in batches.
//!
//! A batch is taken out at once and written behind the batches before it, while further
//! outputs come in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync;
use rehearsal_sim::tokio::time;

use super::super::defects;
use crate::defect::Defect;
use crate::record::recorder::lock;

/// The output of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Output {
    pub(in super::super) id: Arc<str>,
    pub(in super::super) namespace: Arc<str>,
}

/// The outputs of all tasks.
pub(super) struct Outputs {
    /// Outputs in a batch.
    batch: usize,
    /// The time that it takes to write a batch.
    write: Duration,
    gathered: Mutex<Vec<Output>>,
    written: sync::Mutex<Vec<Output>>,
    defect: Option<Defect>,
}

impl Outputs {
    pub(super) fn new(batch: u32, write: Duration, defect: Option<Defect>) -> Self {
        Self {
            batch: usize::try_from(batch).expect("a batch fits into memory"),
            write,
            gathered: Mutex::default(),
            written: sync::Mutex::new(Vec::new()),
            defect,
        }
    }

    /// Adds an output. Returns `true` if a batch is full.
    pub(super) fn add(&self, output: Output) -> bool {
        let mut gathered = lock(&self.gathered);
        gathered.push(output);
        gathered.len() >= self.batch
    }

    /// Writes what is gathered. Returns when all batches before are written too.
    pub(super) async fn flush(&self) {
        let batch = std::mem::take(&mut *lock(&self.gathered));
        let mut written = self.written.lock().await;
        if batch.is_empty() {
            return;
        }
        time::sleep(self.write).await;
        // Seeded: a batch takes the place of those before it.
        if self.defect == Some(defects::FLUSH_OVERWRITES) {
            *written = batch;
        } else {
            written.extend(batch);
        }
    }

    /// Returns everything that was written.
    pub(super) async fn all(&self) -> Vec<Output> {
        self.written.lock().await.clone()
    }
}
