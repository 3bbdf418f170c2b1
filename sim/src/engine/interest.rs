//! Tasks that wait for something of the simulator's.
//!
//! A timer, a socket or a handle does not keep the waker that it was polled with if that is its
//! task's own: it keeps the task's number, which is not counted. The wakers of a task that are counted
//! are then those that something else has taken, tokio's timers among them, and a task none of
//! whose wakers is out waits for the simulator only (`Core::time_is_ours`).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use rehearsal_hermetic::ConfinedLock;

use super::{Engine, context};
use crate::ids::TaskId;

/// The task, or a part of one, that is woken when a wait is over.
pub(crate) enum Interest {
    /// The task that was polled, of the run with that serial.
    Task(u32, TaskId),
    /// A part of a task that is polled by itself, or a task of plain tokio.
    Waker(Waker),
}

impl Interest {
    /// Returns what `cx` would wake.
    #[inline]
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        match own_task(cx.waker()) {
            Some((serial, task)) => Self::Task(serial, task),
            None => Self::Waker(cx.waker().clone()),
        }
    }

    /// Replaces what is in `slot` by what `cx` would wake. Returns what was there, if it is
    /// something else.
    #[inline]
    pub(crate) fn renew(slot: &mut Option<Self>, cx: &Context<'_>) -> Option<Self> {
        match slot {
            Some(known) if known.will_wake(cx.waker()) => None,
            _ => slot.replace(Self::of(cx)),
        }
    }

    #[inline]
    fn will_wake(&self, waker: &Waker) -> bool {
        match self {
            Self::Task(serial, task) => own_task(waker) == Some((*serial, *task)),
            Self::Waker(known) => known.will_wake(waker),
        }
    }

    #[inline]
    pub(crate) fn wake(self) {
        match self {
            Self::Task(serial, task) => {
                context::with(|engine| {
                    if engine.serial() == serial {
                        // That the task was woken shows once the engine collects it.
                        engine.wakes.push(task);
                    }
                });
            }
            Self::Waker(waker) => waker.wake(),
        }
    }
}

/// Returns the serial of the run and the running task, if that is what the waker wakes.
#[inline]
fn own_task(waker: &Waker) -> Option<(u32, TaskId)> {
    context::with(|engine| Some((engine.serial(), engine.own_task(waker)?))).flatten()
}

impl Engine {
    /// Returns the running task, if that is what the waker wakes.
    #[inline]
    pub(crate) fn own_task(&self, waker: &Waker) -> Option<TaskId> {
        let core = self.core.borrow();
        let running = core.running?;
        core.task(running)?
            .wake
            .is_woken_by(waker)
            .then_some(running)
    }
}

/// Tasks that wait for one event of a socket.
///
/// turmoil-net gets a waker of the socket, which wakes them.
#[derive(Debug)]
pub(crate) struct Interests {
    waker: Waker,
    waiting: Arc<Waiting>,
}

struct Waiting(ConfinedLock<Few>);

/// Mostly one, which takes no allocation.
#[derive(Default)]
struct Few {
    first: Option<Interest>,
    others: Vec<Interest>,
}

impl Default for Interests {
    fn default() -> Self {
        let waiting = Arc::new(Waiting(ConfinedLock::new(Few::default())));
        Self {
            waker: Waker::from(Arc::clone(&waiting)),
            waiting,
        }
    }
}

impl Interests {
    /// Polls the socket. The task of `cx` is woken by its next event, if it is to wait.
    pub(crate) fn poll<R>(
        &self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let result = poll(&mut Context::from_waker(&self.waker));
        if result.is_pending() {
            self.waiting.0.lock().add(cx);
        }
        result
    }
}

impl Few {
    fn add(&mut self, cx: &Context<'_>) {
        let Self { first, others } = self;
        let mut known = first.iter().chain(others.iter());
        if known.any(|interest| interest.will_wake(cx.waker())) {
            return;
        }
        match first {
            None => *first = Some(Interest::of(cx)),
            Some(_) => others.push(Interest::of(cx)),
        }
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Few { first, others } = std::mem::take(&mut *self.0.lock());
        if let Some(first) = first {
            first.wake();
        }
        others.into_iter().for_each(Interest::wake);
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}
