//! The faults of a run that wait for calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::{HostId, World};

use super::{AnswerKind, Call, Wrong};
use crate::record::recorder::lock;

/// The faults that wait for calls of hosts.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Vec<WaitingFault>>);

/// A fault that waits for the next call of a host.
#[derive(Debug)]
struct WaitingFault {
    host: HostId,
    kind: AnswerKind,
    lasting: Duration,
    taken: oneshot::Sender<Wrong>,
}

impl Waiting {
    /// Returns the faults that wait in a run, if any may.
    pub(crate) fn of(world: World) -> Option<Arc<Self>> {
        world.extension::<Arc<Self>>().map(|it| Arc::clone(&it))
    }

    /// Adds a fault for the next call of the host. Returns what reports that it has struck, or
    /// fails if it will not.
    pub(crate) fn add(
        &self,
        host: HostId,
        kind: AnswerKind,
        lasting: Duration,
    ) -> oneshot::Receiver<Wrong> {
        let (taken, struck) = oneshot::channel();
        lock(&self.0).push(WaitingFault {
            host,
            kind,
            lasting,
            taken,
        });
        struck
    }

    /// Takes the first fault that waits for such a call of the host.
    pub(super) fn take(&self, host: HostId, call: Call) -> Option<Wrong> {
        let fault = {
            let mut waiting = lock(&self.0);
            let mut faults = waiting.iter();
            let index = faults.position(|it| it.host == host && it.kind.call() == call)?;
            waiting.remove(index)
        };
        let wrong = fault.kind.strike(fault.lasting);
        // The driver waits, unless the work is over.
        let _ = fault.taken.send(wrong);
        Some(wrong)
    }

    /// Removes every fault: none strikes any more.
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
