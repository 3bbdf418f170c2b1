//! Channels without a bound.

use ::tokio::sync::mpsc as real;

use super::super::shared::Side;
use super::error::SendError;
use crate::operation::Operation;
use crate::point::{Op, Progress};

/// Creates a channel in which there is always room.
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = real::unbounded_channel();
    let side = Side::new();
    (
        UnboundedSender {
            inner: sender,
            side: side.clone(),
        },
        UnboundedReceiver {
            inner: receiver,
            progress: Progress::default(),
            side,
        },
    )
}

/// A sender of an unbounded channel.
pub struct UnboundedSender<T> {
    inner: real::UnboundedSender<T>,
    side: Side,
}

impl<T> UnboundedSender<T> {
    /// Sends a value.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.side.operate(Operation::Send);
        self.inner.send(value)
    }

    /// Waits until no receiver is left.
    pub async fn closed(&self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Returns `true` if no receiver can receive any more.
    pub fn is_closed(&self) -> bool {
        self.side.look(Operation::IsClosed);
        self.inner.is_closed()
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Returns a sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            inner: self.inner.downgrade(),
            resource: self.side.downgrade(),
        }
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

super::super::clone!(UnboundedSender);
super::super::debug!([T] UnboundedSender<T>);

super::super::weak_sender!(WeakUnboundedSender of UnboundedSender, real::WeakUnboundedSender<T>);

/// The receiver of values, in the order in which they were sent.
pub struct UnboundedReceiver<T> {
    inner: real::UnboundedReceiver<T>,
    progress: Progress,
    side: Side,
}

super::receiver!(UnboundedReceiver);

super::super::debug!([T] UnboundedReceiver<T>);
