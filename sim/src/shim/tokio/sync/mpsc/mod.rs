//! Channels with many senders and one receiver, as `tokio::sync::mpsc`.

mod bounded;
mod unbounded;

/// The errors, which are tokio's.
pub use ::tokio::sync::mpsc::error;
pub use bounded::{OwnedPermit, Permit, PermitIterator, Receiver, Sender, WeakSender, channel};
pub use unbounded::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};

/// Implements the methods of both kinds of receivers, by their fields `inner`, `progress` and
/// `side`.
macro_rules! receiver {
    ($receiver:ident) => {
        impl<T> $receiver<T> {
            /// Waits for the next value; returns none once all senders are gone, or the channel
            /// is closed, and everything is received.
            pub async fn recv(&mut self) -> Option<T> {
                let receive = self.inner.recv();
                $crate::point::Op::new(&self.side, Operation::Recv, receive).await
            }

            /// Waits for a value and receives those that are available, at most `limit`, into
            /// `buffer`. Returns their number: 0 if no value can come any more, or the limit is
            /// 0.
            pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                let receive = self.inner.recv_many(buffer, limit);
                $crate::point::Op::new(&self.side, Operation::RecvMany, receive).await
            }

            /// Blocks the thread until there is a value; returns none as `recv`.
            ///
            /// # Panics
            ///
            /// In a task that may not block, as tokio does.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                match $crate::blocking::may_block() {
                    true => $crate::blocking::block_on(self.recv()),
                    false => self.inner.blocking_recv(),
                }
            }

            /// Blocks the thread until there is a value, and receives as `recv_many`.
            ///
            /// # Panics
            ///
            /// In a task that may not block, as tokio does.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                match $crate::blocking::may_block() {
                    true => $crate::blocking::block_on(self.recv_many(buffer, limit)),
                    false => self.inner.blocking_recv_many(buffer, limit),
                }
            }

            /// Returns the next value, if there is one.
            ///
            /// # Errors
            ///
            /// If there is none, yet or for ever.
            pub fn try_recv(&mut self) -> Result<T, super::error::TryRecvError> {
                self.side.operate(crate::operation::Operation::TryRecv);
                self.inner.try_recv()
            }

            /// Refuses values that are not sent yet.
            pub fn close(&mut self) {
                self.side.operate(crate::operation::Operation::Close);
                self.inner.close();
            }

            /// Returns `true` if it is closed, or all senders are gone.
            pub fn is_closed(&self) -> bool {
                self.inner.is_closed()
            }

            /// Returns `true` if there is no value to receive now.
            pub fn is_empty(&self) -> bool {
                self.inner.is_empty()
            }

            /// Returns the number of values that can be received now.
            pub fn len(&self) -> usize {
                self.inner.len()
            }

            /// Polls for the next value, as [`Self::recv`].
            pub fn poll_recv(
                &mut self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Option<T>> {
                let inner = &mut self.inner;
                self.progress
                    .drive(&self.side, Operation::Recv, cx, |cx| inner.poll_recv(cx))
            }

            /// Polls for several values, as [`Self::recv_many`].
            pub fn poll_recv_many(
                &mut self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> ::std::task::Poll<usize> {
                let inner = &mut self.inner;
                self.progress
                    .drive(&self.side, Operation::RecvMany, cx, |cx| {
                        inner.poll_recv_many(cx, buffer, limit)
                    })
            }

            /// Returns the number of senders.
            pub fn sender_strong_count(&self) -> usize {
                self.inner.sender_strong_count()
            }

            /// Returns the number of weak senders.
            pub fn sender_weak_count(&self) -> usize {
                self.inner.sender_weak_count()
            }
        }
    };
}
use receiver;
