//! Channels, as in `std::sync::mpsc`.
//!
//! In a run each operation is a scheduling point where the run has it so, a wait suspends the
//! task, and time-outs are virtual time. A channel made in a run may be used outside it and the
//! other way round.

mod queue;
mod receiver;

use ::std::fmt;
use ::std::sync as real;

use real::Arc;
pub use real::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
pub use receiver::{IntoIter, Iter, Receiver, TryIter};

use self::queue::Queue;
use crate::operation::Operation;

/// Creates a channel in which there is always room.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let queue = Arc::new(Queue::new(None));
    let sender = Sender {
        queue: Arc::clone(&queue),
    };
    (sender, Receiver::new(queue))
}

/// Creates a channel with room for so many values. With none, each `send` waits until its value
/// is received.
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let queue = Arc::new(Queue::new(Some(bound)));
    let sender = SyncSender {
        queue: Arc::clone(&queue),
    };
    (sender, Receiver::new(queue))
}

/// A sender of a channel without a bound.
pub struct Sender<T> {
    queue: Arc<Queue<T>>,
}

impl<T> Sender<T> {
    /// Sends a value.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.queue.operate(Operation::Send);
        self.queue.send(value)
    }
}

/// A sender of a channel with a bound.
pub struct SyncSender<T> {
    queue: Arc<Queue<T>>,
}

impl<T> SyncSender<T> {
    /// Waits for room and sends a value; in a channel without room, waits until it is received.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    ///
    /// # Panics
    ///
    /// In a task of a run that would have to wait and cannot be suspended.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.queue.operate(Operation::Send);
        self.queue.send(value)
    }

    /// Sends a value, if there is room; in a channel without room, if the receiver waits.
    ///
    /// # Errors
    ///
    /// The value, if there is no room, or no receiver.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.queue.operate(Operation::TrySend);
        self.queue.try_send(value)
    }
}

/// Implements the traits of a sender.
macro_rules! sender {
    ($sender:ident) => {
        impl<T> Clone for $sender<T> {
            fn clone(&self) -> Self {
                self.queue.add_sender();
                Self {
                    queue: Arc::clone(&self.queue),
                }
            }
        }

        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                self.queue.remove_sender();
            }
        }

        impl<T> fmt::Debug for $sender<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($sender)).finish_non_exhaustive()
            }
        }
    };
}

sender!(Sender);
sender!(SyncSender);
