//! The runtime under the programs: shuttle, with tokio's locks and channels, which need no
//! runtime. Before each operation there is a point at which another task may run first, and
//! at which an abort can strike. It is not shuttle's own yield, which its `pct` takes for a
//! wish to run last.

use std::future::poll_fn;
use std::task::Poll;

use shuttle::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

pub(super) use shuttle::future::{JoinHandle, spawn, yield_now};
pub(super) use tokio::sync::{Semaphore, oneshot};

/// A point before an operation that waits.
async fn point() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// A point before an operation that does not wait: one of shuttle's own operations.
fn point_without_wait() {
    AtomicBool::new(false).load(Ordering::SeqCst);
}

pub(super) struct Mutex<T>(tokio::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(tokio::sync::Mutex::new(value))
    }

    pub(super) async fn lock(&self) -> MutexGuard<'_, T> {
        point().await;
        self.0.lock().await
    }
}

pub(super) struct RwLock<T>(tokio::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(super) fn new(value: T) -> Self {
        Self(tokio::sync::RwLock::new(value))
    }

    pub(super) async fn read(&self) -> RwLockReadGuard<'_, T> {
        point().await;
        self.0.read().await
    }

    pub(super) async fn write(&self) -> RwLockWriteGuard<'_, T> {
        point().await;
        self.0.write().await
    }
}

pub(super) struct Notify(tokio::sync::Notify);

impl Notify {
    pub(super) fn new() -> Self {
        Self(tokio::sync::Notify::new())
    }

    pub(super) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.notified()
    }

    pub(super) fn notify_one(&self) {
        point_without_wait();
        self.0.notify_one();
    }

    pub(super) fn notify_waiters(&self) {
        point_without_wait();
        self.0.notify_waiters();
    }
}

pub(super) mod mpsc {
    use super::{point, point_without_wait};
    use tokio::sync::mpsc;
    use tokio::sync::mpsc::error::{SendError, TrySendError};

    pub(in super::super) struct Sender<T>(mpsc::Sender<T>);
    pub(in super::super) struct Receiver<T>(mpsc::Receiver<T>);

    pub(in super::super) fn channel<T>(size: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = mpsc::channel(size);
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }

    impl<T> Sender<T> {
        pub(in super::super) async fn send(&self, value: T) -> Result<(), SendError<T>> {
            point().await;
            self.0.send(value).await
        }

        pub(in super::super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
            point_without_wait();
            self.0.try_send(value)
        }
    }

    impl<T> Receiver<T> {
        pub(in super::super) async fn recv(&mut self) -> Option<T> {
            point().await;
            self.0.recv().await
        }
    }
}

pub(super) mod broadcast {
    use super::{point, point_without_wait};
    use tokio::sync::broadcast;

    pub(in super::super) use broadcast::error;

    pub(in super::super) struct Sender<T>(broadcast::Sender<T>);
    pub(in super::super) struct Receiver<T>(broadcast::Receiver<T>);

    pub(in super::super) fn channel<T: Clone>(size: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = broadcast::channel(size);
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Sender<T> {
        pub(in super::super) fn send(&self, value: T) -> Result<usize, error::SendError<T>> {
            point_without_wait();
            self.0.send(value)
        }
    }

    impl<T: Clone> Receiver<T> {
        pub(in super::super) async fn recv(&mut self) -> Result<T, error::RecvError> {
            point().await;
            self.0.recv().await
        }
    }
}
