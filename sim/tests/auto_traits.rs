//! The facade's types are `Send`, `Sync` and `Unpin` where tokio's are.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio as facade;
use rehearsal_sim::tokio_util as facade_util;
use tokio as real;
use tokio_util as real_util;

/// Evaluates to `true` if a type has a trait: an inherent constant, which exists only if the
/// type has it, shadows the constant of a trait that every type has.
macro_rules! has {
    ($type:ty, $auto:ident) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "each type uses one of the two constants")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "each type uses one of the two constants")]
        impl<T: ?Sized + $auto> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

macro_rules! same {
    ($($types:tt)*) => { same_in!(facade, real, $($types)*) };
}

macro_rules! same_in {
    ($facade:ident, $real:ident, $($($path:ident)::+ $(<$($argument:tt),+>)?;)*) => {$(
        assert_eq!(
            (
                has!($facade::$($path)::+ $(<$($argument),+>)?, Send),
                has!($facade::$($path)::+ $(<$($argument),+>)?, Sync),
                has!($facade::$($path)::+ $(<$($argument),+>)?, Unpin),
            ),
            (
                has!($real::$($path)::+ $(<$($argument),+>)?, Send),
                has!($real::$($path)::+ $(<$($argument),+>)?, Sync),
                has!($real::$($path)::+ $(<$($argument),+>)?, Unpin),
            ),
            stringify!($($path)::+ $(<$($argument),+>)?),
        );
    )*};
}

// Send and Sync; Send; Sync; neither.
type Both = u8;
type Movable = Cell<u8>;
type Visible = std::sync::MutexGuard<'static, u8>;
type Neither = Rc<u8>;

macro_rules! same_for_all {
    ($($value:ident)*) => {$(
        same! {
            sync::Mutex<$value>;
            sync::MutexGuard<'static, $value>;
            sync::OwnedMutexGuard<$value>;
            sync::MappedMutexGuard<'static, $value>;
            sync::OwnedMappedMutexGuard<$value>;
            sync::RwLock<$value>;
            sync::RwLockReadGuard<'static, $value>;
            sync::RwLockWriteGuard<'static, $value>;
            sync::RwLockMappedWriteGuard<'static, $value>;
            sync::OwnedRwLockReadGuard<$value>;
            sync::OwnedRwLockWriteGuard<$value>;
            sync::OwnedRwLockMappedWriteGuard<$value>;
            sync::OnceCell<$value>;
            sync::SetOnce<$value>;
            sync::mpsc::Sender<$value>;
            sync::mpsc::WeakSender<$value>;
            sync::mpsc::Receiver<$value>;
            sync::mpsc::Permit<'static, $value>;
            sync::mpsc::PermitIterator<'static, $value>;
            sync::mpsc::OwnedPermit<$value>;
            sync::mpsc::UnboundedSender<$value>;
            sync::mpsc::WeakUnboundedSender<$value>;
            sync::mpsc::UnboundedReceiver<$value>;
            sync::oneshot::Sender<$value>;
            sync::oneshot::Receiver<$value>;
            sync::broadcast::Sender<$value>;
            sync::broadcast::WeakSender<$value>;
            sync::broadcast::Receiver<$value>;
            sync::watch::Sender<$value>;
            sync::watch::Receiver<$value>;
            time::Timeout<$value>;
            task::JoinSet<$value>;
        }
        same_in! { facade_util, real_util,
            task::AbortOnDropHandle<$value>;
            task::task_tracker::TrackedFuture<$value>;
        }
    )*};
}

#[test]
fn types_with_a_value() {
    same_for_all!(Both Movable Visible Neither);
}

#[test]
fn guards_for_a_part_of_a_read_write_lock() {
    same! {
        sync::OwnedRwLockReadGuard<Both, Movable>;
        sync::OwnedRwLockReadGuard<Both, Visible>;
        sync::OwnedRwLockReadGuard<Movable, Both>;
        sync::OwnedRwLockMappedWriteGuard<Both, Movable>;
        sync::OwnedRwLockMappedWriteGuard<Both, Visible>;
        sync::OwnedRwLockMappedWriteGuard<Visible, Both>;
    }
}

#[test]
fn types_without_a_value() {
    same! {
        sync::Semaphore;
        sync::SemaphorePermit<'static>;
        sync::OwnedSemaphorePermit;
        sync::Notify;
        sync::futures::Notified<'static>;
        sync::futures::OwnedNotified;
        sync::Barrier;
        time::Sleep;
        time::Interval;
        fs::File;
        fs::OpenOptions;
        fs::DirBuilder;
        fs::ReadDir;
        fs::DirEntry;
        net::TcpListener;
        net::TcpStream;
        net::UdpSocket;
        net::tcp::ReadHalf<'static>;
        net::tcp::WriteHalf<'static>;
        net::tcp::OwnedReadHalf;
        net::tcp::OwnedWriteHalf;
        net::tcp::ReuniteError;
        task::JoinHandle<Both>;
        task::JoinHandle<Movable>;
        task::JoinError;
        task::AbortHandle;
        task::Id;
        task::LocalSet;
        task::LocalEnterGuard;
    }
    same_in! { facade_util, real_util,
        sync::CancellationToken;
        sync::WaitForCancellationFuture<'static>;
        sync::WaitForCancellationFutureOwned;
        sync::DropGuard;
        sync::DropGuardRef<'static>;
        task::TaskTracker;
        task::task_tracker::TaskTrackerToken;
        task::task_tracker::TaskTrackerWaitFuture<'static>;
    }
}

fn sendable<T: Send>(value: T) -> T {
    value
}

/// Checks that the facade's `spawn` accepts every future that tokio's does: compiling this is
/// the test. Run, it shows that the futures also work outside a run.
#[test]
fn futures() {
    use facade::fs::{self, File};
    use facade::net::{TcpListener, TcpStream, UdpSocket};
    use facade::sync::*;

    let runtime = real::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mutex = Arc::new(Mutex::new(0));
        drop(sendable(mutex.lock()).await);
        drop(sendable(mutex.lock_owned()).await);
        // A guard that is held while another lock is awaited, of a value whose type is inferred.
        let (items, stored) = (Mutex::new(Some("item")), Mutex::new(Vec::new()));
        let moved = async {
            let mut items = items.lock().await;
            let mut stored = stored.lock().await;
            stored.extend(items.take());
        };
        sendable(moved).await;
        let lock = Arc::new(RwLock::new(0));
        drop(sendable(lock.read()).await);
        drop(sendable(lock.write()).await);
        drop(sendable(Arc::clone(&lock).read_owned()).await);
        drop(sendable(lock.write_owned()).await);
        let semaphore = Arc::new(Semaphore::new(1));
        drop(sendable(semaphore.acquire()).await);
        drop(sendable(semaphore.acquire_owned()).await);
        sendable(Barrier::new(1).wait()).await;
        let cell = OnceCell::new();
        sendable(cell.get_or_init(|| async { 1 })).await;
        let notify = Notify::new();
        notify.notify_one();
        sendable(notify.notified()).await;

        let (sender, mut receiver) = mpsc::channel(1);
        sendable(sender.send(1)).await.expect("there is room");
        sendable(receiver.recv()).await;
        drop(sendable(sender.reserve()).await);
        let (sender, receiver) = oneshot::channel();
        sender.send(1).expect("there is a receiver");
        sendable(receiver).await.expect("it was sent");
        let (sender, mut receiver) = broadcast::channel(1);
        sender.send(1).expect("there is a receiver");
        sendable(receiver.recv()).await.expect("it was sent");
        let (sender, mut receiver) = watch::channel(1);
        sender.send(2).expect("there is a receiver");
        sendable(receiver.changed()).await.expect("it was sent");
        drop(sendable(receiver.wait_for(|value| *value == 2)).await);

        sendable(facade::time::sleep(Duration::ZERO)).await;
        let ready = facade::time::timeout(Duration::from_secs(1), async { 1 });
        assert_eq!(sendable(ready).await, Ok(1));
        let mut interval = facade::time::interval(Duration::from_secs(1));
        sendable(interval.tick()).await;
        let chosen = sendable(async {
            facade::select! { number = async { 3 } => number }
        });
        assert_eq!(chosen.await, 3);

        let missing = "/no/such/file";
        drop(sendable(File::open(missing)).await);
        drop(sendable(File::options().read(true).open(missing)).await);
        drop(sendable(fs::read(missing)).await);
        drop(sendable(fs::write(missing, "text")).await);
        drop(sendable(fs::copy(missing, missing)).await);
        drop(sendable(fs::rename(missing, missing)).await);
        drop(sendable(fs::remove_dir_all(missing)).await);
        drop(sendable(fs::create_dir_all("/")).await);
        drop(sendable(fs::metadata(missing)).await);
        let directory = sendable(fs::read_dir("/")).await;
        let mut directory = directory.expect("a directory");
        let entry = sendable(directory.next_entry()).await.expect("an entry");
        drop(sendable(entry.expect("it is not empty").metadata()).await);

        let listener = sendable(TcpListener::bind("127.0.0.1:0"))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let stream = sendable(TcpStream::connect(address))
            .await
            .expect("it listens");
        let accepted = sendable(listener.accept()).await.expect("a client");
        sendable(stream.writable()).await.expect("there is room");
        drop((stream, accepted));
        let socket = sendable(UdpSocket::bind("127.0.0.1:0"))
            .await
            .expect("a port");
        let address = socket.local_addr().expect("it is bound");
        sendable(socket.send_to(&[1], address))
            .await
            .expect("a route");
        sendable(socket.recv_from(&mut [0]))
            .await
            .expect("a datagram");
    });
}
