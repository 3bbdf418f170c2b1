//! `Condvar`.

use ::std::collections::VecDeque;
use ::std::fmt;
use ::std::future::{Future, poll_fn};
use ::std::pin::pin;
use ::std::sync as real;
use ::std::sync::atomic::{AtomicBool, Ordering};
use ::std::task::{Poll, Waker};
use ::std::time::Duration;

use real::{Arc, LockResult, PoisonError};

use super::{Mutex, MutexGuard};
use crate::blocking;
use crate::operation::{Operation, ResourceKind};
use crate::point::{Resource, Waiting};
use crate::tokio::time;

/// As `std::sync::Condvar`. In a run, time-outs are virtual time, and no wait ends without a
/// reason.
pub struct Condvar {
    resource: Resource,
    waiters: real::Mutex<VecDeque<Waiter>>,
    inner: real::Condvar,
}

/// A task that waits.
struct Waiter {
    is_notified: Arc<AtomicBool>,
    waker: Waker,
}

/// The result of a wait with a time-out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns `true` if no notification has ended the wait.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Creates one for which no task waits.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            resource: Resource::const_new(ResourceKind::Condvar),
            waiters: real::Mutex::new(VecDeque::new()),
            inner: real::Condvar::new(),
        }
    }

    /// Releases the lock, waits for a notification, and waits for the lock.
    ///
    /// # Errors
    ///
    /// The guard all the same, if a task has panicked while it held the lock.
    ///
    /// # Panics
    ///
    /// In a run whose operations are no scheduling points.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        match self.wait_on_stack(guard, None) {
            Ok((lock, _)) => lock.lock(),
            Err(guard) => {
                let (lock, inner) = guard.into_parts();
                guarded(lock, self.inner.wait(inner))
            }
        }
    }

    /// Waits until `condition` is `false`.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`Condvar::wait`], for so long at most.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        most: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (locked, timed_out) = match self.wait_on_stack(guard, Some(most)) {
            Ok((lock, timed_out)) => (lock.lock(), timed_out),
            Err(guard) => {
                let (lock, inner) = guard.into_parts();
                let waited = self.inner.wait_timeout(inner, most);
                let (inner, result) = waited.unwrap_or_else(PoisonError::into_inner);
                let guard = MutexGuard::from_parts(lock, inner);
                let locked = match lock.is_poisoned() {
                    true => Err(PoisonError::new(guard)),
                    false => Ok(guard),
                };
                (locked, result.timed_out())
            }
        };
        let result = WaitTimeoutResult(timed_out);
        match locked {
            Ok(guard) => Ok((guard, result)),
            Err(error) => Err(PoisonError::new((error.into_inner(), result))),
        }
    }

    /// Wakes the task that has waited longest, if one waits.
    pub fn notify_one(&self) {
        self.resource.operate(Operation::NotifyOne);
        let first = self.waiters().pop_front();
        first.into_iter().for_each(Waiter::notify);
        self.inner.notify_one();
    }

    /// Wakes all tasks that wait.
    pub fn notify_all(&self) {
        self.resource.operate(Operation::NotifyAll);
        let all = ::std::mem::take(&mut *self.waiters());
        all.into_iter().for_each(Waiter::notify);
        self.inner.notify_all();
    }

    /// Releases the lock and waits on the current stack. Returns the lock, and `true` if time
    /// was up; the guard, if the thread is to be blocked.
    fn wait_on_stack<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        most: Option<Duration>,
    ) -> Result<(&'a Mutex<T>, bool), MutexGuard<'a, T>> {
        if !blocking::can_wait() {
            blocking::assert_outside_a_run("Condvar::wait");
            return Err(guard);
        }
        self.resource.operate(match most {
            Some(_) => Operation::WaitTimeout,
            None => Operation::Wait,
        });
        let is_notified = Arc::new(AtomicBool::new(false));
        let mut timer = pin!(async {
            match most {
                Some(most) => time::sleep(most).await,
                None => ::std::future::pending().await,
            }
        });
        let mut waiting = None;
        let mut guard = Some(guard);
        let mut lock = None;
        let timed_out = blocking::wait_for(poll_fn(|cx| {
            if is_notified.load(Ordering::Relaxed) {
                return Poll::Ready(false);
            }
            self.add(&is_notified, cx.waker());
            // Released after it is known that this task waits, and before any other can go on.
            if let Some(guard) = guard.take() {
                lock = Some(guard.release());
            }
            Waiting::renew(&mut waiting, &self.resource, Operation::Wait);
            timer.as_mut().poll(cx).map(|()| true)
        }));
        self.remove(&is_notified);
        match (lock, guard) {
            (Some(lock), _) => Ok((lock, timed_out == Some(true))),
            (None, Some(guard)) => Err(guard),
            (None, None) => unreachable!("the guard was released or not"),
        }
    }

    fn add(&self, is_notified: &Arc<AtomicBool>, waker: &Waker) {
        let mut waiters = self.waiters();
        let of_this = |waiter: &&mut Waiter| Arc::ptr_eq(&waiter.is_notified, is_notified);
        match waiters.iter_mut().find(of_this) {
            Some(waiter) => waiter.waker.clone_from(waker),
            None => waiters.push_back(Waiter {
                is_notified: Arc::clone(is_notified),
                waker: waker.clone(),
            }),
        }
    }

    fn remove(&self, is_notified: &Arc<AtomicBool>) {
        self.waiters()
            .retain(|waiter| !Arc::ptr_eq(&waiter.is_notified, is_notified));
    }

    fn waiters(&self) -> real::MutexGuard<'_, VecDeque<Waiter>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    fn notify(self) {
        self.is_notified.store(true, Ordering::Relaxed);
        self.waker.wake();
    }
}

fn guarded<'a, T>(
    lock: &'a Mutex<T>,
    locked: LockResult<real::MutexGuard<'a, T>>,
) -> LockResult<MutexGuard<'a, T>> {
    match locked {
        Ok(inner) => Ok(MutexGuard::from_parts(lock, inner)),
        Err(error) => Err(PoisonError::new(MutexGuard::from_parts(
            lock,
            error.into_inner(),
        ))),
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
