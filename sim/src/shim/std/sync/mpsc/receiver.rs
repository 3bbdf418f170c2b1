//! The receiver of a channel.

use ::std::fmt;
use ::std::iter::FusedIterator;
use ::std::sync::Arc;
use ::std::time::Duration;

use super::queue::Queue;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::operation::Operation;

/// The receiver of values, in the order in which they were sent.
pub struct Receiver<T> {
    queue: Arc<Queue<T>>,
    // As in the standard library, of one thread at a time.
    _not_sync: ::std::marker::PhantomData<::std::cell::Cell<()>>,
}

impl<T> Receiver<T> {
    pub(super) fn new(queue: Arc<Queue<T>>) -> Self {
        Self {
            queue,
            _not_sync: ::std::marker::PhantomData,
        }
    }

    /// Waits for the next value.
    ///
    /// # Errors
    ///
    /// If all senders are gone, and everything is received.
    ///
    /// # Panics
    ///
    /// In a task of a run that would have to wait and cannot be suspended.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.queue.operate(Operation::Recv);
        self.queue.recv(None).map_err(|_| RecvError)
    }

    /// As [`Receiver::recv`], for so long at most. In a run, in virtual time.
    ///
    /// # Errors
    ///
    /// If time is up; and as [`Receiver::recv`].
    ///
    /// # Panics
    ///
    /// As [`Receiver::recv`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.queue.operate(Operation::Recv);
        let received = self.queue.recv(Some(timeout));
        received.map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    /// Returns the next value, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, yet or for ever.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.queue.operate(Operation::TryRecv);
        self.queue.try_recv()
    }

    /// Returns an iterator that waits for each value, until all senders are gone.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Returns an iterator over the values that are there.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.queue.remove_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// The iterator of [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

/// The iterator of [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// The iterator that owns its receiver.
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
