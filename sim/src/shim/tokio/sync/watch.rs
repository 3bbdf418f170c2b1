//! A value that many can watch, as `tokio::sync::watch`.

use std::fmt;

use ::tokio::sync::watch as real;

use super::shared::Side;
use crate::operation::Operation;
use crate::point::Op;

/// The errors and the guard of a borrowed value, which are tokio's. Sending
/// while a [`Ref`] is kept blocks the thread for ever, as in tokio.
pub use ::tokio::sync::watch::{Ref, error};

use error::{RecvError, SendError};

/// Creates a value and its first watcher.
#[track_caller]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel(init);
    let side = Side::new();
    (
        Sender {
            inner: sender,
            side: side.clone(),
        },
        Receiver {
            inner: receiver,
            side,
        },
    )
}

/// The sender, which changes the value.
pub struct Sender<T> {
    inner: real::Sender<T>,
    side: Side,
}

impl<T> Sender<T> {
    /// Creates a value without receivers.
    #[track_caller]
    pub fn new(init: T) -> Self {
        Self {
            inner: real::Sender::new(init),
            side: Side::new(),
        }
    }

    /// Sets the value, if there is a receiver.
    ///
    /// # Errors
    ///
    /// The new value, if there is none.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.side.operate(Operation::Send);
        self.inner.send(value)
    }

    /// Changes the value in place.
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        self.side.operate(Operation::SendModify);
        self.inner.send_modify(modify);
    }

    /// Changes the value in place; watchers are notified if `modify` returns `true`.
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        self.side.operate(Operation::SendIfModified);
        self.inner.send_if_modified(modify)
    }

    /// Sets the value, watched or not, and returns the old one.
    pub fn send_replace(&self, value: T) -> T {
        self.side.operate(Operation::SendReplace);
        self.inner.send_replace(value)
    }

    /// Returns the value.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.side.operate(Operation::Borrow);
        self.inner.borrow()
    }

    /// Returns `true` if there is no receiver.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Waits until no receiver is left.
    pub async fn closed(&self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Returns another receiver, which has seen the present value.
    pub fn subscribe(&self) -> Receiver<T> {
        self.side.operate(Operation::Subscribe);
        Receiver {
            inner: self.inner.subscribe(),
            side: self.side.clone(),
        }
    }

    /// Returns the number of receivers.
    pub fn receiver_count(&self) -> usize {
        self.inner.receiver_count()
    }

    /// Returns the number of senders.
    pub fn sender_count(&self) -> usize {
        self.inner.sender_count()
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

super::clone!(Sender);

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

super::debug!([T: fmt::Debug] Sender<T>);

/// The receiver, which watches the value.
pub struct Receiver<T> {
    inner: real::Receiver<T>,
    side: Side,
}

impl<T> Receiver<T> {
    /// Returns the value; if it is unseen it stays so.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.side.operate(Operation::Borrow);
        self.inner.borrow()
    }

    /// Returns the value, which is seen from now on.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.side.operate(Operation::BorrowAndUpdate);
        self.inner.borrow_and_update()
    }

    /// Returns `true` if the value is unseen.
    ///
    /// # Errors
    ///
    /// If all senders are gone.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.side.operate(Operation::HasChanged);
        self.inner.has_changed()
    }

    /// Returns `true` if all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Marks the value as unseen.
    pub fn mark_changed(&mut self) {
        self.inner.mark_changed();
    }

    /// Marks the value as seen.
    pub fn mark_unchanged(&mut self) {
        self.inner.mark_unchanged();
    }

    /// Waits for an unseen value, which is seen from then on.
    ///
    /// # Errors
    ///
    /// If all senders are gone.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        Op::new(&self.side, Operation::Changed, self.inner.changed()).await
    }

    /// Waits for a value for which `f` is true; the present one may be.
    ///
    /// # Errors
    ///
    /// If all senders are gone.
    pub async fn wait_for(&mut self, f: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        Op::new(&self.side, Operation::WaitFor, self.inner.wait_for(f)).await
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

super::clone!(Receiver);
super::debug!([T: fmt::Debug] Receiver<T>);
