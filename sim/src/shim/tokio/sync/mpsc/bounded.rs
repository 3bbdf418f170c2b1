//! Channels with a bound.

use std::iter::FusedIterator;

use ::tokio::sync::mpsc as real;
use ::tokio::time::Duration;

use super::super::shared::{Side, Touch};
use super::error::{SendError, SendTimeoutError, TrySendError};
use crate::blocking;
use crate::operation::Operation;
use crate::point::{Op, Progress};
use crate::tokio::time::timeout;

/// Creates a channel with room for `buffer` values.
///
/// # Panics
///
/// If `buffer` is 0, or more than `Semaphore::MAX_PERMITS`.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel(buffer);
    let side = Side::new();
    (
        Sender {
            inner: sender,
            side: side.clone(),
        },
        Receiver {
            inner: receiver,
            progress: Progress::default(),
            side,
        },
    )
}

/// A sender of a bounded channel.
pub struct Sender<T> {
    inner: real::Sender<T>,
    side: Side,
}

impl<T> Sender<T> {
    /// Waits for room and sends a value.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        Op::new(&self.side, Operation::Send, self.inner.send(value)).await
    }

    /// Blocks the thread until there is room, and sends a value.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        match blocking::may_block() {
            true => blocking::block_on(self.send(value)),
            false => self.inner.blocking_send(value),
        }
    }

    /// Sends a value, if there is room.
    ///
    /// # Errors
    ///
    /// The value, if there is no room, or no receiver.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.side.operate(Operation::TrySend);
        self.inner.try_send(value)
    }

    /// As [`Sender::send`], but waits no longer than that.
    ///
    /// # Errors
    ///
    /// The value, if time is up, or there is no receiver.
    pub async fn send_timeout(
        &self,
        value: T,
        duration: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match timeout(duration, self.reserve()).await {
            Err(_) => Err(SendTimeoutError::Timeout(value)),
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
        }
    }

    /// Waits for room for one value.
    ///
    /// # Errors
    ///
    /// If there is no receiver.
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        let inner = Op::new(&self.side, Operation::Reserve, self.inner.reserve()).await?;
        Ok(self.permit(inner))
    }

    /// Waits for room for `n` values.
    ///
    /// # Errors
    ///
    /// If there is no receiver, or there can never be as much room.
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        let reserve = self.inner.reserve_many(n);
        let inner = Op::new(&self.side, Operation::ReserveMany, reserve).await?;
        Ok(PermitIterator {
            inner,
            touch: Touch(&self.side),
        })
    }

    /// Waits for room for one value, in a permit that takes the sender.
    ///
    /// # Errors
    ///
    /// If there is no receiver. The sender is gone then.
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        let Self { inner, side } = self;
        let inner = Op::new(&side, Operation::ReserveOwned, inner.reserve_owned()).await?;
        Ok(OwnedPermit { inner, side })
    }

    /// Reserves room for one value, if there is some.
    ///
    /// # Errors
    ///
    /// If there is none, or no receiver.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.side.operate(Operation::TryReserve);
        Ok(self.permit(self.inner.try_reserve()?))
    }

    /// Reserves room for `n` values, if there is as much.
    ///
    /// # Errors
    ///
    /// If there is less, or there is no receiver.
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.side.operate(Operation::TryReserve);
        Ok(PermitIterator {
            inner: self.inner.try_reserve_many(n)?,
            touch: Touch(&self.side),
        })
    }

    /// Reserves room for one value, if there is some, in a permit that takes the sender.
    ///
    /// # Errors
    ///
    /// The sender, if there is none, or no receiver.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        self.side.operate(Operation::TryReserve);
        let Self { inner, side } = self;
        match inner.try_reserve_owned() {
            Ok(inner) => Ok(OwnedPermit { inner, side }),
            Err(TrySendError::Full(inner)) => Err(TrySendError::Full(Self { inner, side })),
            Err(TrySendError::Closed(inner)) => Err(TrySendError::Closed(Self { inner, side })),
        }
    }

    /// Waits until no receiver is left.
    pub async fn closed(&self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Returns `true` if no receiver can receive any more.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Returns the number of values for which there is room now.
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Returns the number of values for which there is room at most.
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }

    /// Returns a sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
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

    fn permit<'a>(&'a self, inner: real::Permit<'a, T>) -> Permit<'a, T> {
        Permit {
            inner,
            touch: Touch(&self.side),
        }
    }
}

super::super::clone!(Sender);
super::super::debug!([T] Sender<T>);

super::super::weak_sender!(WeakSender of Sender, real::WeakSender<T>);

/// Room for one value, which goes back when this is dropped.
pub struct Permit<'a, T> {
    inner: real::Permit<'a, T>,
    touch: Touch<'a>,
}

impl<T> Permit<'_, T> {
    /// Sends the value.
    pub fn send(self, value: T) {
        self.inner.send(value);
        drop(self.touch);
    }
}

super::super::debug!(['a, T] Permit<'a, T>);

/// Room for several values; the unused part goes back when this is dropped.
pub struct PermitIterator<'a, T> {
    inner: real::PermitIterator<'a, T>,
    touch: Touch<'a>,
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Permit {
            inner: self.inner.next()?,
            touch: Touch(self.touch.0),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

super::super::debug!(['a, T] PermitIterator<'a, T>);

/// Room for one value, and the sender that sends it.
pub struct OwnedPermit<T> {
    inner: real::OwnedPermit<T>,
    side: Side,
}

impl<T> OwnedPermit<T> {
    /// Sends the value, and returns the sender.
    pub fn send(self, value: T) -> Sender<T> {
        self.side.operate(Operation::Send);
        Sender {
            inner: self.inner.send(value),
            side: self.side,
        }
    }

    /// Gives the room back, and returns the sender.
    pub fn release(self) -> Sender<T> {
        self.side.operate(Operation::Release);
        Sender {
            inner: self.inner.release(),
            side: self.side,
        }
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Returns `true` if both are of one channel.
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.inner.same_channel_as_sender(&sender.inner)
    }
}

super::super::debug!([T] OwnedPermit<T>);

/// The receiver of values, in the order in which they were sent.
pub struct Receiver<T> {
    inner: real::Receiver<T>,
    progress: Progress,
    side: Side,
}

super::receiver!(Receiver);

impl<T> Receiver<T> {
    /// Returns the number of values for which there is room now.
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Returns the number of values for which there is room at most.
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }
}

super::super::debug!([T] Receiver<T>);
