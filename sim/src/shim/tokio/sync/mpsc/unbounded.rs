//! Channels without a bound.

use std::fmt;
use std::sync::Arc;

use ::tokio::sync::mpsc as real;

use super::super::shared::Side;
use super::error::SendError;
use crate::operation::Operation;
use crate::point::{Op, Progress, Resource};

/// A channel in which there is always room.
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

/// Sends values.
pub struct UnboundedSender<T> {
    inner: real::UnboundedSender<T>,
    side: Side,
}

impl<T> UnboundedSender<T> {
    /// Sends a value.
    ///
    /// # Errors
    ///
    /// The value, if nobody can receive it.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.side.touch();
        self.inner.send(value)
    }

    /// Waits until nobody can receive any more.
    pub async fn closed(&self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Whether nobody can receive any more.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Whether both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            inner: self.inner.downgrade(),
            resource: self.side.downgrade(),
        }
    }

    /// How many senders there are.
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// How many weak senders there are.
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            side: self.side.clone(),
        }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A sender that does not keep the channel open.
pub struct WeakUnboundedSender<T> {
    inner: real::WeakUnboundedSender<T>,
    resource: Arc<Resource>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, if there is still one.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        Some(UnboundedSender {
            inner: self.inner.upgrade()?,
            side: Side::upgrade(&self.resource),
        })
    }

    /// How many senders there are.
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// How many weak senders there are.
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            resource: Arc::clone(&self.resource),
        }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Receives values, in the order in which they were sent.
pub struct UnboundedReceiver<T> {
    inner: real::UnboundedReceiver<T>,
    progress: Progress,
    side: Side,
}

super::receiver!(UnboundedReceiver);

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
