//! Channels in which every receiver gets every value, as
//! `tokio::sync::broadcast`.

use ::tokio::sync::broadcast as real;

use super::shared::Side;
use crate::blocking;
use crate::operation::Operation;
use crate::point::Op;

/// The errors, which are tokio's.
pub use ::tokio::sync::broadcast::error;

use error::{RecvError, SendError, TryRecvError};

/// Creates a channel that keeps at least `capacity` values for receivers that lag.
///
/// # Panics
///
/// If `capacity` is 0 or more than half of `usize::MAX`.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel(capacity);
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

/// The sender of a broadcast channel.
pub struct Sender<T> {
    inner: real::Sender<T>,
    side: Side,
}

impl<T> Sender<T> {
    /// Creates a channel without a receiver.
    ///
    /// # Panics
    ///
    /// As [`channel`].
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: real::Sender::new(capacity),
            side: Side::new(),
        }
    }

    /// Sends a value to all receivers. Returns their number.
    ///
    /// # Errors
    ///
    /// The value, if there is none.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.side.operate(Operation::Send);
        self.inner.send(value)
    }

    /// Returns a receiver of the values that are sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        self.side.operate(Operation::Subscribe);
        Receiver {
            inner: self.inner.subscribe(),
            side: self.side.clone(),
        }
    }

    /// Returns a sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            inner: self.inner.downgrade(),
            resource: self.side.downgrade(),
        }
    }

    /// Returns the number of values that some receiver has not seen.
    pub fn len(&self) -> usize {
        self.side.look(Operation::Len);
        self.inner.len()
    }

    /// Returns `true` if all receivers have seen all values.
    pub fn is_empty(&self) -> bool {
        self.side.look(Operation::IsEmpty);
        self.inner.is_empty()
    }

    /// Returns the number of receivers.
    pub fn receiver_count(&self) -> usize {
        self.side.look(Operation::Len);
        self.inner.receiver_count()
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Waits until there is no receiver.
    pub async fn closed(&self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Returns the number of senders.
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// Returns the number of weak senders.
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

super::clone!(Sender);
super::debug!([T] Sender<T>);

super::weak_sender!(WeakSender of Sender, real::WeakSender<T>);

/// The receiver of all values, in the order in which they were sent, unless it lags too far
/// behind.
pub struct Receiver<T> {
    inner: real::Receiver<T>,
    side: Side,
}

impl<T> Receiver<T> {
    /// Returns the number of values that it has not seen.
    pub fn len(&self) -> usize {
        self.side.look(Operation::Len);
        self.inner.len()
    }

    /// Returns `true` if it has seen all values.
    pub fn is_empty(&self) -> bool {
        self.side.look(Operation::IsEmpty);
        self.inner.is_empty()
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Returns the number of senders.
    pub fn sender_strong_count(&self) -> usize {
        self.inner.sender_strong_count()
    }

    /// Returns the number of weak senders.
    pub fn sender_weak_count(&self) -> usize {
        self.inner.sender_weak_count()
    }

    /// Returns `true` if all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.side.look(Operation::IsClosed);
        self.inner.is_closed()
    }
}

impl<T: Clone> Receiver<T> {
    /// Returns another receiver, of the values that are sent from now on.
    pub fn resubscribe(&self) -> Self {
        self.side.operate(Operation::Resubscribe);
        Self {
            inner: self.inner.resubscribe(),
            side: self.side.clone(),
        }
    }

    /// Blocks the thread until there is a value.
    ///
    /// # Errors
    ///
    /// As [`Receiver::recv`].
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        match blocking::may_block() {
            true => blocking::block_on(self.recv()),
            false => self.inner.blocking_recv(),
        }
    }

    /// Waits for the next value.
    ///
    /// # Errors
    ///
    /// If values were overwritten before they were received (with their number), or all senders
    /// are gone and everything is received.
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        Op::new(&self.side, Operation::Recv, self.inner.recv()).await
    }

    /// Returns the next value, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none yet, and as [`Receiver::recv`].
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.side.operate(Operation::TryRecv);
        self.inner.try_recv()
    }
}

super::debug!([T] Receiver<T>);
