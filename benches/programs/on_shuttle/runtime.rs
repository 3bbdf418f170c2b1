//! The runtime under the programs: shuttle. Its own locks are used where it has them; before
//! an operation of a channel there is a point at which another task may run first.

use std::ops::{Deref, DerefMut};

use shuttle::sync::atomic::{AtomicBool, Ordering};

pub(super) use shuttle::future::{JoinHandle, spawn_local as spawn, yield_now};
pub(super) use tokio::sync::{Semaphore, oneshot};

/// A point at which another task may run first. Not a yield, which `pct` takes for a wish to
/// run last.
fn point() {
    AtomicBool::new(false).load(Ordering::SeqCst);
}

pub(super) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(super) async fn lock(&self) -> impl DerefMut<Target = T> + '_ {
        self.0.lock().expect("no task panics")
    }
}

pub(super) struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(super) fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub(super) async fn read(&self) -> impl Deref<Target = T> + '_ {
        self.0.read().expect("no task panics")
    }

    pub(super) async fn write(&self) -> impl DerefMut<Target = T> + '_ {
        self.0.write().expect("no task panics")
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
        point();
        self.0.notify_one();
    }

    pub(super) fn notify_waiters(&self) {
        point();
        self.0.notify_waiters();
    }
}

pub(super) mod mpsc {
    use super::point;
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
            point();
            self.0.send(value).await
        }

        pub(in super::super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
            point();
            self.0.try_send(value)
        }
    }

    impl<T> Receiver<T> {
        pub(in super::super) async fn recv(&mut self) -> Option<T> {
            point();
            self.0.recv().await
        }
    }
}

pub(super) mod broadcast {
    use super::point;
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
            point();
            self.0.send(value)
        }
    }

    impl<T: Clone> Receiver<T> {
        pub(in super::super) async fn recv(&mut self) -> Result<T, error::RecvError> {
            point();
            self.0.recv().await
        }
    }
}
