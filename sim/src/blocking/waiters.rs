//! The tasks that wait for a change of a resource.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::{assert_outside_a_run, can_wait, wait_for};
use crate::engine::stacks;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Holder, Resource, Waiting};

/// The end of a wait.
pub(crate) enum Waited<R> {
    /// There is a result.
    Ended(R),
    /// Time is up.
    TimedOut,
    /// The thread may be blocked, and has not been yet.
    OutsideARun,
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

    /// As [`Waiters::wait_until`], until the timer ends at most.
    ///
    /// # Panics
    ///
    /// If a wait is needed in a run, and the running task cannot be suspended.
    pub(crate) fn wait<R, T: Future<Output = ()>>(
        &self,
        operation: Operation,
        timer: Option<T>,
        attempt: &mut dyn FnMut() -> Option<R>,
    ) -> Waited<R> {
        if !can_wait() {
            return match attempt() {
                Some(result) => Waited::Ended(result),
                None => {
                    assert_outside_a_run(operation.name());
                    Waited::OutsideARun
                }
            };
        }
        let Some(timer) = timer else {
            let result = self.wait_until(operation, attempt);
            return result.map_or(Waited::OutsideARun, Waited::Ended);
        };
        let mut timer = pin!(timer);
        let mut waiting = None;
        let result = wait_for(poll_fn(|cx| {
            if let Some(result) = attempt() {
                return Poll::Ready(Waited::Ended(result));
            }
            self.add(cx.waker().clone());
            Waiting::renew(&mut waiting, &self.resource, operation);
            timer.as_mut().poll(cx).map(|()| Waited::TimedOut)
        }));
        self.forget(true);
        result.unwrap_or(Waited::OutsideARun)
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
