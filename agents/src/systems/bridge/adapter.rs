//! The adapter: stands between one run and the bridge, and puts the run's
//! events into their envelopes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal_sim::tokio::sync::Mutex;

use super::journal::Journal;
use super::log::ThreadLog;
use super::{NewEvent, RunContext};
use crate::event::Event;
use crate::record::Receipt;

/// The adapter of one run. It alone knows the run's context and numbers its
/// events; no two runs share one.
#[derive(Debug)]
pub(super) struct Adapter {
    pub(super) context: RunContext,
    pub(super) log: Arc<Mutex<ThreadLog>>,
    last_seq: AtomicU64,
}

impl Adapter {
    /// An adapter for a run whose last event had that number; 0 for none.
    pub(super) fn new(context: RunContext, log: Arc<Mutex<ThreadLog>>, last_seq: u64) -> Self {
        Self {
            context,
            log,
            last_seq: AtomicU64::new(last_seq),
        }
    }

    /// The number of the run's next event. It must be taken while the log is
    /// locked: else another event of the run may be appended first.
    pub(super) fn take_seq(&self) -> u64 {
        self.last_seq.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Appends the event and journals its number, in one step.
    pub(super) fn append(
        &self,
        log: &mut ThreadLog,
        event: NewEvent,
        seq: u64,
        journal: &Journal,
    ) -> Receipt {
        let context = &self.context;
        let offset = log.append(Event {
            id: event.id,
            kind: event.kind,
            user: context.user,
            thread: context.thread,
            run: context.run,
            parent_run: context.parent,
            agent: Arc::clone(&context.agent),
            seq,
            at_ms: event.at_ms,
            payload: event.payload,
        });
        journal.accepted(context.run, seq);
        Receipt {
            thread: context.thread,
            epoch: log.epoch(),
            offset,
            seq,
        }
    }
}
