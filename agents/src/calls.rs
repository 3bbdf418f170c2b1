//! Calls of models and tools and writes to disks, and the faults of a run that wait for them.
//!
//! A system marks its calls with [`begin`]. Each is an effect. Where no fault waits for it, that is
//! a look at a thread-local, and on another runtime than the simulator it does nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::{HostId, World, current};

use crate::effect::{self, Begun, Effect};
use crate::fault::answer::{AnswerKind, Call, Wrong};
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
    fn take(&self, host: HostId, call: Call) -> Option<Wrong> {
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

/// Begins a call by the host of this task, which is an effect. Returns what goes wrong with its
/// answer, if a fault waits for that.
pub(crate) async fn begin(call: Call) -> (Begun, Option<Wrong>) {
    let begun = effect::begin(effect_of(call)).await;
    let wrong = current().and_then(|world| {
        let waiting = Waiting::of(world)?;
        waiting.take(world.current_host(), call)
    });
    (begun, wrong)
}

/// Returns the effect that a call is.
const fn effect_of(call: Call) -> Effect {
    match call {
        Call::Model => Effect::Model,
        Call::Tool => Effect::Tool,
        Call::Write => Effect::Write,
    }
}
