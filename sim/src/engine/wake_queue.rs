//! Wakers: the return of tasks to the ready queue.
//!
//! Nearly every wake happens on the run's own thread, so that path takes no
//! lock and no atomic exchange. Wakers must be `Send + Sync` all the same: a
//! wake from another thread goes through [`RemoteWakes`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

use crate::engine::context;
use crate::ids::TaskId;

/// Tasks that were woken since the engine last collected them, in order.
pub(crate) struct WakeQueue {
    pub(super) woken: RefCell<Vec<Woken>>,
    /// The number of effects that are recorded.
    effects: Rc<Cell<usize>>,
    polling: Cell<bool>,
    remote: Arc<RemoteWakes>,
}

/// A task that was woken. They are ordered by their tasks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Woken {
    pub(super) task: TaskId,
    /// The number of effects that were recorded before.
    pub(super) effects: usize,
}

/// Tasks that were woken from other threads than the run's.
struct RemoteWakes {
    /// The run's own thread.
    run_thread: Thread,
    woken: Mutex<Vec<TaskId>>,
    foreign: Mutex<Option<ForeignWake>>,
    any: AtomicBool,
    outer: Mutex<Option<Waker>>,
    polling: AtomicBool,
}

/// The first wake that came from another thread than the run's.
pub(crate) struct ForeignWake {
    pub(crate) task: TaskId,
    /// The name of that thread, if it has one.
    pub(crate) thread: Option<String>,
    /// Number of such wakes after this one.
    pub(crate) more: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "threads are compared, and named in the report of a leak"
)]
fn this_thread() -> Thread {
    thread::current()
}

impl WakeQueue {
    /// Creates the queue of a run on this thread, which counts its effects in `effects`, in the
    /// memory of `woken`, which is empty.
    pub(crate) fn new(woken: Vec<Woken>, effects: Rc<Cell<usize>>) -> Self {
        debug_assert!(woken.is_empty(), "no task was woken");
        Self {
            woken: RefCell::new(woken),
            effects,
            polling: Cell::new(false),
            remote: Arc::new(RemoteWakes {
                run_thread: this_thread(),
                woken: Mutex::default(),
                foreign: Mutex::default(),
                any: AtomicBool::new(false),
                outer: Mutex::default(),
                polling: AtomicBool::new(false),
            }),
        }
    }

    /// Begins a poll of the engine: wakes need not reach the runtime.
    pub(crate) fn enter(&self, outer: &Waker) {
        let mut slot = lock(&self.remote.outer);
        if !slot.as_ref().is_some_and(|waker| waker.will_wake(outer)) {
            *slot = Some(outer.clone());
        }
        drop(slot);
        self.polling.set(true);
        self.remote.polling.store(true, Ordering::SeqCst);
    }

    /// Ends a poll of the engine: from now on a wake must reach the runtime. Returns `true` if
    /// one came in before.
    pub(crate) fn leave(&self) -> bool {
        self.polling.set(false);
        // Sequentially consistent with the two steps of `RemoteWakes::push`, or a wake from
        // another thread could be lost between them.
        self.remote.polling.store(false, Ordering::SeqCst);
        !self.woken.borrow().is_empty() || self.remote.any.load(Ordering::SeqCst)
    }

    /// Returns `true` if the engine is between two polls: not before the first.
    pub(crate) fn is_asleep(&self) -> bool {
        !self.polling.get() && lock(&self.remote.outer).is_some()
    }

    /// Wakes the engine if it sleeps: there is work for it for which no task of its own was
    /// woken.
    #[inline]
    pub(crate) fn wake_driver(&self) {
        if !self.polling.get() {
            self.remote.wake_outer();
        }
    }

    /// Returns `true` if another thread has woken a task that is not collected yet.
    #[inline]
    pub(crate) fn is_woken_remotely(&self) -> bool {
        self.remote.any.load(Ordering::Acquire)
    }

    /// Takes the first wake from another thread since the last call.
    pub(crate) fn take_foreign(&self) -> Option<ForeignWake> {
        lock(&self.remote.foreign).take()
    }

    /// Returns `true` if a task was woken since the engine last collected them.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        !self.woken.borrow().is_empty() || self.is_woken_remotely()
    }

    /// Returns `true` if that task was woken since the engine last collected them.
    pub(crate) fn is_woken(&self, task: TaskId) -> bool {
        self.woken.borrow().iter().any(|woken| woken.task == task)
    }

    /// Takes the task that was woken, if there is one, and no other thread has woken any.
    #[inline]
    pub(crate) fn take_single(&self) -> Option<Woken> {
        let mut woken = self.woken.borrow_mut();
        if woken.len() != 1 || self.is_woken_remotely() {
            return None;
        }
        woken.pop()
    }

    /// Hands each woken task to `enqueue`. Tasks that one step has woken go in the order of their ids: tokio wakes some (those of a `watch`) in
    /// an order drawn from a generator that cannot be seeded. Returns `true` if other threads
    /// have woken some.
    #[inline(never)]
    pub(crate) fn drain(&self, mut enqueue: impl FnMut(Woken)) -> bool {
        let mut woken = self.woken.borrow_mut();
        woken.sort_unstable();
        woken.drain(..).for_each(&mut enqueue);
        drop(woken);
        let remotely = self.is_woken_remotely();
        if remotely {
            let effects = self.effects.get();
            self.remote.drain(|task| enqueue(Woken { task, effects }));
        }
        remotely
    }

    /// Returns the wake handle of a new task, which counts as woken.
    pub(crate) fn task(&self, task: TaskId) -> Arc<TaskWake> {
        Arc::new(TaskWake {
            task,
            queued: AtomicBool::new(true),
            woken: AtomicBool::new(false),
            remote: Arc::clone(&self.remote),
        })
    }

    /// Wakes a task of this run, on its own thread.
    #[inline]
    pub(super) fn wake(&self, task: &TaskWake) {
        task.mark_woken();
        if task.claim() {
            self.push(task.task);
        }
    }

    #[inline]
    pub(super) fn push(&self, task: TaskId) {
        let effects = self.effects.get();
        self.woken.borrow_mut().push(Woken { task, effects });
        self.wake_driver();
    }
}

impl RemoteWakes {
    #[cold]
    fn drain(&self, enqueue: impl FnMut(TaskId)) {
        self.any.store(false, Ordering::SeqCst);
        let woken = std::mem::take(&mut *lock(&self.woken));
        woken.into_iter().for_each(enqueue);
    }

    #[cold]
    fn push(&self, task: TaskId) {
        let thread = this_thread();
        // The run's own thread calls this too, after the run.
        if thread.id() != self.run_thread.id() {
            let mut foreign = lock(&self.foreign);
            match foreign.as_mut() {
                Some(first) => first.more += 1,
                None => {
                    *foreign = Some(ForeignWake {
                        task,
                        thread: thread.name().map(str::to_owned),
                        more: 0,
                    });
                }
            }
        }
        lock(&self.woken).push(task);
        self.any.store(true, Ordering::SeqCst);
        if !self.polling.load(Ordering::SeqCst) {
            self.wake_outer();
        }
    }

    fn wake_outer(&self) {
        let outer = lock(&self.outer).clone();
        if let Some(waker) = outer {
            waker.wake();
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
    /// Set by each wake since the task's future was polled, also while the task is queued: if
    /// the task was suspended in the middle of that poll, its next turn does not poll the future
    /// anew, and the wake would be lost.
    woken: AtomicBool,
    remote: Arc<RemoteWakes>,
}

impl TaskWake {
    /// Returns `true` if the waker wakes the task itself, and not a part of it that is polled by
    /// itself.
    #[inline]
    pub(super) fn is_woken_by(&self, waker: &Waker) -> bool {
        std::ptr::eq(std::ptr::from_ref(self).cast(), waker.data())
    }

    /// Begins a poll of the task: the next wake counts again.
    #[inline]
    pub(crate) fn begin_poll(&self) {
        self.queued.store(false, Ordering::Release);
        self.woken.store(false, Ordering::Release);
    }

    /// Continues a poll of the task that was suspended.
    #[inline]
    pub(super) fn continue_poll(&self) {
        self.queued.store(false, Ordering::Release);
    }

    /// Returns `true` if the task is ready, or about to be.
    #[inline]
    pub(super) fn is_queued(&self) -> bool {
        self.queued.load(Ordering::Acquire)
    }

    /// Returns `true` if the task was woken since its future was polled.
    #[inline]
    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// Records a wake of a task that is being queued.
    #[inline]
    pub(super) fn mark_queued(&self) {
        self.mark_woken();
        self.queued.store(true, Ordering::Release);
    }

    /// Records a wake of a task that is queued already.
    #[inline]
    pub(super) fn mark_woken(&self) {
        self.woken.store(true, Ordering::Release);
    }

    /// Claims the task for the ready queue. Returns `false` if it is queued, or about to be,
    /// already.
    ///
    /// No exchange: only a wake from another thread could come in between, and
    /// a task that is queued twice is polled once more than it need be.
    #[inline]
    pub(crate) fn claim(&self) -> bool {
        if self.queued.load(Ordering::Acquire) {
            return false;
        }
        self.queued.store(true, Ordering::Release);
        true
    }
}

impl Wake for TaskWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mark_woken();
        if !self.claim() {
            return;
        }
        let in_this_run = context::with(|engine| {
            let mine = Arc::ptr_eq(&engine.wakes.remote, &self.remote);
            if mine {
                engine.wakes.push(self.task);
            }
            mine
        });
        if in_this_run != Some(true) {
            self.remote.push(self.task);
        }
    }
}
