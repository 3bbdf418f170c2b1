//! Locks, channels and notifications, as in `tokio::sync`.
//!
//! An operation that waits (`lock`, `recv`, `send`, …) is a scheduling point. One that does not
//! (`try_lock`, `notify_one`, `oneshot::Sender::send`, the drop of a guard or of one side of a
//! channel) is part of the step before the task's next point, and counts for the order of
//! operations where it happens. Mere queries (`is_closed`, `len`, `capacity`, `OnceCell::get`,
//! …) are neither. A future that is dropped before its end has the effect that it has in tokio.
//!
//! A difference from tokio:
//!
//! - Operations that block their thread (`blocking_lock`, `blocking_send`, …) let other tasks of a
//!   run go on. As in tokio they panic in a task that may not block.

/// Implements the traits of every guard, by its field `inner`: `Deref`, `Debug` and `Display`,
/// and `DerefMut` if marked `mut`.
macro_rules! guard {
    (mut [$($parameters:tt)*] $guard:ty => $target:ty) => {
        $crate::tokio::sync::guard!(ref [$($parameters)*] $guard => $target);

        impl<$($parameters)*> ::std::ops::DerefMut for $guard {
            fn deref_mut(&mut self) -> &mut $target {
                &mut self.inner
            }
        }
    };
    (ref [$($parameters:tt)*] $guard:ty => $target:ty) => {
        impl<$($parameters)*> ::std::ops::Deref for $guard {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.inner
            }
        }

        impl<$($parameters)*> ::std::fmt::Debug for $guard
        where
            $target: ::std::fmt::Debug,
        {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($parameters)*> ::std::fmt::Display for $guard
        where
            $target: ::std::fmt::Display,
        {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&**self, f)
            }
        }
    };
}
use guard;

/// Implements `Debug` by the field `inner`, so that an object prints as tokio's.
macro_rules! debug {
    ([$($parameters:tt)*] $object:ty) => {
        impl<$($parameters)*> ::std::fmt::Debug for $object {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.inner, f)
            }
        }
    };
}
use debug;

/// Implements `Clone` of one side of a channel, by the fields `inner` and `side`.
macro_rules! clone {
    ($side:ident) => {
        impl<T> Clone for $side<T> {
            fn clone(&self) -> Self {
                Self {
                    inner: self.inner.clone(),
                    side: self.side.clone(),
                }
            }
        }
    };
}
use clone;

/// Defines the weak handles of a sender with the fields `inner` and `side`.
macro_rules! weak_sender {
    ($weak:ident of $sender:ident, $real:ty) => {
        /// A sender that does not keep the channel open.
        pub struct $weak<T> {
            inner: $real,
            resource: ::std::sync::Arc<$crate::point::Resource>,
        }

        impl<T> $weak<T> {
            /// Returns a sender, if there is still one.
            #[must_use = "the new sender is dropped at once"]
            pub fn upgrade(&self) -> Option<$sender<T>> {
                Some($sender {
                    inner: self.inner.upgrade()?,
                    side: $crate::tokio::sync::shared::Side::upgrade(&self.resource),
                })
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

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self {
                    inner: self.inner.clone(),
                    resource: ::std::sync::Arc::clone(&self.resource),
                }
            }
        }

        $crate::tokio::sync::debug!([T] $weak<T>);
    };
}
use weak_sender;

mod barrier;
mod guards;
mod mutex;
mod notify;
mod once_cell;
mod rwlock;
mod semaphore;
mod set_once;
mod shared;
mod turns;

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
pub mod watch;

/// Named futures.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

pub use ::tokio::sync::{AcquireError, SetError, SetOnceError, TryAcquireError, TryLockError};
pub use barrier::{Barrier, BarrierWaitResult};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
pub use notify::Notify;
pub use once_cell::OnceCell;
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use set_once::SetOnce;
