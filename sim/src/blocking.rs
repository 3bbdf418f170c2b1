//! Waits of tasks in functions that return no future.
//!
//! A task that is polled on a stack can be suspended in the middle of any function, until what it
//! waits for wakes it. So a lock of the standard library, which would block the run's only
//! thread, is one more resource of the run.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::{context, stacks};
use crate::operation::{Operation, ResourceKind};
use crate::point::{Holder, Resource, Waiting};

/// Returns `true` if the running task can wait here: it is polled on a stack.
pub(crate) fn can_wait() -> bool {
    rehearsal_hermetic::is_on_own_stack() && context::with(|_| ()).is_some()
}

/// Asserts that the thread may be blocked.
///
/// # Panics
///
/// In a run, which has no other thread that could end the wait.
pub(crate) fn assert_outside_a_run(what: &str) {
    assert!(
        context::with(|_| ()).is_none(),
        "`{what}` would block the run for ever. With `interleave = \"operations\"` a run lets \
         other tasks go on"
    );
}

/// Waits for a future on the current stack. Returns none if the running task cannot wait here.
pub(crate) fn wait_for<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    loop {
        // Dropped before the task is suspended: how many wakers are out tells whether it is stuck.
        let waker = stacks::waker()?;
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        drop(waker);
        stacks::suspend();
    }
}

/// A resource, and the tasks that are suspended until it changes.
#[derive(Debug)]
pub(crate) struct Waiters {
    resource: Resource,
    wakers: Mutex<Vec<Waker>>,
}

impl Waiters {
    #[track_caller]
    pub(crate) const fn new(kind: ResourceKind) -> Self {
        Self {
            resource: Resource::const_new(kind),
            wakers: Mutex::new(Vec::new()),
        }
    }

    /// Begins an operation: a scheduling point, if the run has it so.
    pub(crate) fn operate(&self, operation: Operation) {
        self.resource.operate(operation);
    }

    /// Makes the current task a holder, until the returned [`Holder`] is dropped.
    pub(crate) fn hold(&self) -> Holder {
        self.resource.hold()
    }

    /// Tries until there is a result, and waits for a change before each new try. Returns none
    /// if a wait is needed and the thread may be blocked: outside a run.
    ///
    /// # Panics
    ///
    /// If a wait is needed for another task of the run, and the running one cannot be suspended.
    pub(crate) fn wait_until<R>(
        &self,
        operation: Operation,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        let mut waiting = None;
        loop {
            if let Some(result) = attempt() {
                self.forget(waiting.is_some());
                return Some(result);
            }
            let Some(waker) = stacks::waker() else {
                self.assert_that_no_task_holds(operation);
                return None;
            };
            self.add(waker);
            Waiting::renew(&mut waiting, &self.resource, operation);
            stacks::suspend();
        }
    }

    fn assert_that_no_task_holds(&self, operation: Operation) {
        let held = self.resource.describe_if_held();
        assert!(
            held.is_none(),
            "`{operation}` of {} would block the run for ever: another task holds it at an await. \
             With `interleave = \"operations\"` a run lets the other task go on",
            held.unwrap_or_default(),
        );
    }

    /// Removes the running task from those that wait, if it has waited.
    fn forget(&self, has_waited: bool) {
        if has_waited && let Some(waker) = stacks::waker() {
            self.wakers().retain(|known| !known.will_wake(&waker));
        }
    }

    fn add(&self, waker: Waker) {
        let mut wakers = self.wakers();
        // How many wakers are out tells whether the task is stuck.
        wakers.retain(|known| !known.will_wake(&waker));
        wakers.push(waker);
    }

    /// Wakes every task that waits.
    pub(crate) fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.wakers());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
