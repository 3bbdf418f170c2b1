//! The values of a channel, and the waits for a change of them.

use ::std::collections::VecDeque;
use ::std::sync as real;
use ::std::time::Duration;

use real::mpsc::{SendError, TryRecvError, TrySendError};
use real::{MutexGuard, PoisonError};

use crate::blocking::{Waited, Waiters};
use crate::operation::{Operation, ResourceKind};
use crate::tokio::time;

/// The state of a channel.
pub(super) struct Queue<T> {
    waiters: Waiters,
    state: real::Mutex<State<T>>,
    /// Notified of each change, for threads outside a run.
    changed: real::Condvar,
}

struct State<T> {
    values: VecDeque<T>,
    /// None if there is always room.
    bound: Option<usize>,
    senders: usize,
    has_receiver: bool,
    /// `true` while the receiver waits for a value.
    is_awaited: bool,
    /// Number of values that were sent.
    sent: u64,
    /// Number of values that were received.
    received: u64,
}

impl<T> State<T> {
    /// Returns `true` if a sender may add a value. Without room, one at a time does, and waits
    /// for its end.
    fn has_room(&self) -> bool {
        self.bound
            .is_none_or(|bound| self.values.len() < bound.max(1))
    }

    /// Returns the number of the value.
    fn push(&mut self, value: T) -> u64 {
        self.values.push_back(value);
        self.sent += 1;
        self.sent
    }

    fn pop(&mut self) -> Result<T, TryRecvError> {
        match self.values.pop_front() {
            Some(value) => {
                self.received += 1;
                Ok(value)
            }
            None if self.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }
}

impl<T> Queue<T> {
    /// Creates a channel with one sender and a receiver.
    #[track_caller]
    pub(super) fn new(bound: Option<usize>) -> Self {
        Self {
            waiters: Waiters::new(ResourceKind::Channel),
            state: real::Mutex::new(State {
                values: VecDeque::new(),
                bound,
                senders: 1,
                has_receiver: true,
                is_awaited: false,
                sent: 0,
                received: 0,
            }),
            changed: real::Condvar::new(),
        }
    }

    /// Begins an operation.
    pub(super) fn operate(&self, operation: Operation) {
        self.waiters.operate(operation);
    }

    pub(super) fn add_sender(&self) {
        self.state().senders += 1;
    }

    pub(super) fn remove_sender(&self) {
        self.change(|state| state.senders -= 1);
    }

    /// Drops what is not received.
    pub(super) fn remove_receiver(&self) {
        let values = self.change(|state| {
            state.has_receiver = false;
            // In a channel without room the sender takes its value back.
            match state.bound {
                Some(0) => VecDeque::new(),
                _ => std::mem::take(&mut state.values),
            }
        });
        drop(values);
    }

    pub(super) fn send(&self, value: T) -> Result<(), SendError<T>> {
        let mut value = Some(value);
        let sent = self.wait(Operation::Send, None, |state| {
            if !state.has_receiver {
                return Some(None);
            }
            let value = value.take_if(|_| state.has_room())?;
            Some(Some((state.push(value), state.bound)))
        });
        match sent.flatten() {
            None => Err(SendError(value.expect("it was not sent"))),
            Some((number, bound)) => {
                self.notify();
                match bound {
                    Some(0) => self.wait_until_received(number),
                    _ => Ok(()),
                }
            }
        }
    }

    fn wait_until_received(&self, number: u64) -> Result<(), SendError<T>> {
        let refused = self.wait(Operation::Send, None, |state| {
            if state.received >= number {
                return Some(None);
            }
            if state.has_receiver {
                return None;
            }
            Some(state.values.pop_front())
        });
        match refused.flatten() {
            Some(value) => Err(SendError(value)),
            None => Ok(()),
        }
    }

    pub(super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        {
            let mut state = self.state();
            if !state.has_receiver {
                return Err(TrySendError::Disconnected(value));
            }
            let is_received_at_once = state.bound != Some(0) || state.is_awaited;
            if !is_received_at_once || !state.has_room() {
                return Err(TrySendError::Full(value));
            }
            state.push(value);
        }
        self.notify();
        Ok(())
    }

    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let received = self.state().pop();
        if received.is_ok() {
            self.notify();
        }
        received
    }

    /// Waits for a value, for so long at most. Returns [`TryRecvError::Empty`] if time is up.
    pub(super) fn recv(&self, most: Option<Duration>) -> Result<T, TryRecvError> {
        let received = self.wait(Operation::Recv, most, |state| {
            let received = state.pop();
            let is_over = !matches!(received, Err(TryRecvError::Empty));
            state.is_awaited = !is_over;
            is_over.then_some(received)
        });
        self.state().is_awaited = false;
        let received = received.unwrap_or(Err(TryRecvError::Empty));
        if received.is_ok() {
            self.notify();
        }
        received
    }

    /// Tries until there is a result, after each change. Returns none if time is up.
    fn wait<R>(
        &self,
        operation: Operation,
        most: Option<Duration>,
        mut attempt: impl FnMut(&mut State<T>) -> Option<R>,
    ) -> Option<R> {
        // Outside a run there may be no clock for it.
        let timer = most.map(|most| async move { time::sleep(most).await });
        let mut in_run = || attempt(&mut self.state());
        match self.waiters.wait(operation, timer, &mut in_run) {
            Waited::Ended(result) => return Some(result),
            Waited::TimedOut => return None,
            Waited::OutsideARun => {}
        }
        let mut result = None;
        let waits = |state: &mut State<T>| {
            result = attempt(state);
            result.is_none()
        };
        let state = self.state();
        match most {
            Some(most) => drop(self.changed.wait_timeout_while(state, most, waits)),
            None => drop(self.changed.wait_while(state, waits)),
        }
        result
    }

    fn change<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        let result = change(&mut self.state());
        self.notify();
        result
    }

    fn notify(&self) {
        self.changed.notify_all();
        self.waiters.wake_all();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
