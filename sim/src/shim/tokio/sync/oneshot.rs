//! A channel for one value, as `tokio::sync::oneshot`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync::oneshot as real;

use super::shared::Side;
use crate::blocking;
use crate::operation::Operation;
use crate::point::{Op, Progress};

/// The errors, which are tokio's.
pub use ::tokio::sync::oneshot::error;

use error::{RecvError, TryRecvError};

/// Creates a channel for one value.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel();
    let side = Side::new();
    (
        Sender {
            inner: sender,
            closing: Progress::default(),
            side: side.clone(),
        },
        Receiver {
            inner: receiver,
            progress: Progress::default(),
            side,
        },
    )
}

/// Sends the value.
#[derive(Debug)]
pub struct Sender<T> {
    inner: real::Sender<T>,
    closing: Progress,
    side: Side,
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    ///
    /// The value, if there is no receiver.
    pub fn send(self, value: T) -> Result<(), T> {
        self.side.operate(Operation::Send);
        self.inner.send(value)
    }

    /// Waits until there is no receiver.
    pub async fn closed(&mut self) {
        Op::new(&self.side, Operation::Closed, self.inner.closed()).await;
    }

    /// Returns `true` if there is no receiver.
    pub fn is_closed(&self) -> bool {
        self.side.look(Operation::IsClosed);
        self.inner.is_closed()
    }

    /// Polls until there is no receiver.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let inner = &mut self.inner;
        self.closing.drive(&self.side, Operation::Closed, cx, |cx| {
            inner.poll_closed(cx)
        })
    }
}

/// The receiver, a future of the value.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Receiver<T> {
    inner: real::Receiver<T>,
    progress: Progress,
    side: Side,
}

impl<T> Receiver<T> {
    /// Refuses a value that is not sent yet.
    pub fn close(&mut self) {
        self.side.operate(Operation::Close);
        self.inner.close();
    }

    /// Returns `true` if it has returned the value, or the error that there is none.
    pub fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }

    /// Returns `true` if there is nothing to receive now.
    pub fn is_empty(&self) -> bool {
        self.side.look(Operation::IsEmpty);
        self.inner.is_empty()
    }

    /// Blocks the thread until the value is there.
    ///
    /// # Errors
    ///
    /// If the sender is gone.
    ///
    /// # Panics
    ///
    /// In a task that may not block, as tokio does.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        match blocking::may_block() {
            true => blocking::block_on(self),
            false => self.inner.blocking_recv(),
        }
    }

    /// Returns the value, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, yet or for ever.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.side.operate(Operation::TryRecv);
        self.inner.try_recv()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let inner = Pin::new(&mut this.inner);
        this.progress
            .drive(&this.side, Operation::Recv, cx, |cx| inner.poll(cx))
    }
}
