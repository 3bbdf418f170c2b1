//! Tasks that wait for something of the simulator's.
//!
//! A timer, a socket or a handle does not keep the waker that it was polled with if that is its
//! task's own: it keeps a reference that is not counted. The wakers of a task that are counted
//! are then those that something else has taken, tokio's timers among them, and a task none of
//! whose wakers is out waits for the simulator only (`Core::time_is_ours`).

use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::wake_queue::TaskWake;
use super::{Engine, context};

/// The task, or a part of one, that is woken when a wait is over.
pub(crate) enum Interest {
    /// The task that was polled.
    Task(Weak<TaskWake>),
    /// A part of a task that is polled by itself, or a task of plain tokio.
    Waker(Waker),
}

impl Interest {
    /// Returns what `cx` would wake.
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        let own = context::with(|engine| engine.own_wake(cx.waker())).flatten();
        own.map_or_else(|| Self::Waker(cx.waker().clone()), Self::Task)
    }

    pub(crate) fn will_wake(&self, waker: &Waker) -> bool {
        match self {
            Self::Task(task) => ptr::eq(task.as_ptr().cast(), waker.data()),
            Self::Waker(known) => known.will_wake(waker),
        }
    }

    pub(crate) fn wake(self) {
        match self {
            Self::Task(task) => {
                if let Some(task) = task.upgrade() {
                    task.wake_by_ref();
                }
            }
            Self::Waker(waker) => waker.wake(),
        }
    }
}

impl Engine {
    /// Returns the wake of the running task, if that is what the waker wakes.
    fn own_wake(&self, waker: &Waker) -> Option<Weak<TaskWake>> {
        let core = self.core.borrow();
        let wake = &core.task(core.running?)?.wake;
        ptr::eq(Arc::as_ptr(wake).cast(), waker.data()).then(|| Arc::downgrade(wake))
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

#[derive(Default)]
struct Waiting(Mutex<Few>);

/// Mostly one, which takes no allocation.
#[derive(Default)]
struct Few {
    first: Option<Interest>,
    others: Vec<Interest>,
}

impl Default for Interests {
    fn default() -> Self {
        let waiting = Arc::new(Waiting::default());
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
            self.waiting.lock().add(cx);
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

impl Waiting {
    // Never contended: a run has one thread.
    fn lock(&self) -> MutexGuard<'_, Few> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Few { first, others } = std::mem::take(&mut *self.lock());
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
