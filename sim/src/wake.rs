//! Wakers: how tasks come back to the ready queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use crate::wait::TaskId;

/// Tasks that were woken since the engine looked last, in order.
///
/// Wakers must be `Send + Sync`, so this is behind a lock although a run has
/// one thread only; the lock is never contended.
#[derive(Default)]
pub(crate) struct WakeQueue {
    woken: Mutex<Vec<TaskId>>,
    any: AtomicBool,
    outer: Mutex<Option<Waker>>,
    polling: AtomicBool,
}

impl WakeQueue {
    /// The engine is being polled: wakes need not reach the runtime.
    pub(crate) fn enter(&self, outer: &Waker) {
        let mut slot = lock(&self.outer);
        if !slot.as_ref().is_some_and(|waker| waker.will_wake(outer)) {
            *slot = Some(outer.clone());
        }
        drop(slot);
        self.polling.store(true, Ordering::Release);
    }

    /// The engine goes to sleep: from now on a wake must wake it. True if one
    /// came in before.
    pub(crate) fn leave(&self) -> bool {
        self.polling.store(false, Ordering::Release);
        self.any.load(Ordering::Acquire)
    }

    /// Moves the woken tasks into `into`, in order.
    pub(crate) fn drain(&self, into: &mut Vec<TaskId>) {
        if self.any.swap(false, Ordering::AcqRel) {
            into.append(&mut lock(&self.woken));
        }
    }

    fn push(&self, task: TaskId) {
        lock(&self.woken).push(task);
        self.any.store(true, Ordering::Release);
        if !self.polling.load(Ordering::Acquire) {
            let outer = lock(&self.outer).clone();
            if let Some(waker) = outer {
                waker.wake();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The waker of one task.
pub(crate) struct TaskWake {
    task: TaskId,
    /// Set while the task is ready or about to be; a second wake changes nothing.
    queued: AtomicBool,
    queue: Arc<WakeQueue>,
}

impl TaskWake {
    pub(crate) fn new(task: TaskId, queue: Arc<WakeQueue>) -> Arc<Self> {
        Arc::new(Self {
            task,
            queued: AtomicBool::new(true),
            queue,
        })
    }

    /// The task is about to be polled: the next wake counts again.
    pub(crate) fn begin_poll(&self) {
        self.queued.store(false, Ordering::Release);
    }

    /// The engine itself puts the task into the ready queue. False if it is
    /// there, or on its way, already.
    pub(crate) fn claim(&self) -> bool {
        !self.queued.swap(true, Ordering::AcqRel)
    }
}

impl Wake for TaskWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.claim() {
            self.queue.push(self.task);
        }
    }
}
