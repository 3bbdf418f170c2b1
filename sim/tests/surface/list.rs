// The list of the facade's names. `tokio` and `tokio_util` are the crates of those names or the
// facade.

use std::any::Any;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::{Debug, Display};
use std::future::{Future, Ready};
use std::hash::Hash;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::fs::{self, DirBuilder, DirEntry, File, OpenOptions, ReadDir};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use tokio::net::{self, TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, tcp};
use tokio::runtime::{
    self, Builder, EnterGuard, Handle, LocalRuntime, Runtime, RuntimeFlavor, RuntimeMetrics,
    TryCurrentError,
};
use tokio::signal::{
    self,
    unix::{Signal, SignalKind},
};
use tokio::sync::futures::{Notified, OwnedNotified};
use tokio::sync::{
    AcquireError, Barrier, BarrierWaitResult, MappedMutexGuard, Mutex, MutexGuard, Notify,
    OnceCell, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedRwLockMappedWriteGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit,
    SetError, SetOnce, SetOnceError, TryAcquireError, TryLockError, broadcast, mpsc, oneshot,
    watch,
};
use tokio::task::{
    self, AbortHandle, Id, JoinError, JoinHandle, JoinSet, LocalEnterGuard, LocalKey, LocalSet,
};
use tokio::time::{self, Instant, Interval, MissedTickBehavior, Sleep, Timeout};
use tokio_util::sync::{
    CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture,
    WaitForCancellationFutureOwned,
};
use tokio_util::task::task_tracker::{TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

#[allow(unused_imports, reason = "that they are there is the test")]
use tokio::{
    join, main, pin, select, spawn, task::coop, task::futures::TaskLocalFuture, task_local, test,
    time::error::Elapsed, try_join,
};

type Values = Vec<u8>;
type Joined<T> = Option<Result<T, JoinError>>;

// In statics.
const _: Mutex<u8> = Mutex::const_new(1);
const _: RwLock<u8> = RwLock::const_new(1);
const _: Semaphore = Semaphore::const_new(1);
const _: Notify = Notify::const_new();
const _: OnceCell<u8> = OnceCell::const_new();
const _: OnceCell<u8> = OnceCell::const_new_with(1);
const _: SetOnce<u8> = SetOnce::const_new();
const _: SetOnce<u8> = SetOnce::const_new_with(1);
const _: usize = Semaphore::MAX_PERMITS;

functions! {
    // fs
    File::options: () -> OpenOptions;
    File::from_std: (std::fs::File) -> File;
    File::try_into_std: (File) -> Result<std::fs::File, File>;
    File::set_max_buf_size: (&'a mut File, usize);
    File::max_buf_size: (&'a File) -> usize;
    OpenOptions::new: () -> OpenOptions;
    OpenOptions::read: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::write: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::append: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::truncate: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::create: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::create_new: (&'a mut OpenOptions, bool) -> &'a mut OpenOptions;
    OpenOptions::mode: (&'a mut OpenOptions, u32) -> &'a mut OpenOptions;
    OpenOptions::custom_flags: (&'a mut OpenOptions, i32) -> &'a mut OpenOptions;
    DirBuilder::new: () -> DirBuilder;
    DirBuilder::recursive: (&'a mut DirBuilder, bool) -> &'a mut DirBuilder;
    DirBuilder::mode: (&'a mut DirBuilder, u32) -> &'a mut DirBuilder;
    DirEntry::path: (&'a DirEntry) -> PathBuf;
    DirEntry::file_name: (&'a DirEntry) -> OsString;
    DirEntry::ino: (&'a DirEntry) -> u64;
    ReadDir::poll_next_entry:
        (&'a mut ReadDir, &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>>;

    // task
    tokio::spawn::<Ready<u8>>: (Ready<u8>) -> JoinHandle<u8>;
    task::spawn::<Ready<u8>>: (Ready<u8>) -> JoinHandle<u8>;
    task::spawn_local::<Ready<u8>>: (Ready<u8>) -> JoinHandle<u8>;
    task::id: () -> Id;
    task::try_id: () -> Option<Id>;
    task::unconstrained::<Ready<u8>>: (Ready<u8>) -> task::coop::Unconstrained<Ready<u8>>;
    JoinHandle::<u8>::abort: (&'a JoinHandle<u8>);
    JoinHandle::<u8>::is_finished: (&'a JoinHandle<u8>) -> bool;
    JoinHandle::<u8>::abort_handle: (&'a JoinHandle<u8>) -> AbortHandle;
    JoinHandle::<u8>::id: (&'a JoinHandle<u8>) -> Id;
    AbortHandle::abort: (&'a AbortHandle);
    AbortHandle::is_finished: (&'a AbortHandle) -> bool;
    AbortHandle::id: (&'a AbortHandle) -> Id;
    JoinError::is_cancelled: (&'a JoinError) -> bool;
    JoinError::is_panic: (&'a JoinError) -> bool;
    JoinError::into_panic: (JoinError) -> Box<dyn Any + Send>;
    JoinError::try_into_panic: (JoinError) -> Result<Box<dyn Any + Send>, JoinError>;
    JoinError::id: (&'a JoinError) -> Id;
    JoinSet::<u8>::new: () -> JoinSet<u8>;
    JoinSet::<u8>::len: (&'a JoinSet<u8>) -> usize;
    JoinSet::<u8>::is_empty: (&'a JoinSet<u8>) -> bool;
    JoinSet::<u8>::spawn::<Ready<u8>>: (&'a mut JoinSet<u8>, Ready<u8>) -> AbortHandle;
    JoinSet::<u8>::spawn_local::<Ready<u8>>: (&'a mut JoinSet<u8>, Ready<u8>) -> AbortHandle;
    JoinSet::<u8>::spawn_local_on::<Ready<u8>>:
        (&'a mut JoinSet<u8>, Ready<u8>, &LocalSet) -> AbortHandle;
    JoinSet::<u8>::try_join_next: (&'a mut JoinSet<u8>) -> Joined<u8>;
    JoinSet::<u8>::try_join_next_with_id: (&'a mut JoinSet<u8>) -> Joined<(Id, u8)>;
    JoinSet::<u8>::abort_all: (&'a mut JoinSet<u8>);
    JoinSet::<u8>::detach_all: (&'a mut JoinSet<u8>);
    JoinSet::<u8>::poll_join_next: (&'a mut JoinSet<u8>, &mut Context<'_>) -> Poll<Joined<u8>>;
    JoinSet::<u8>::poll_join_next_with_id:
        (&'a mut JoinSet<u8>, &mut Context<'_>) -> Poll<Joined<(Id, u8)>>;
    LocalSet::new: () -> LocalSet;
    LocalSet::enter: (&'a LocalSet) -> LocalEnterGuard;
    LocalSet::spawn_local::<Ready<u8>>: (&'a LocalSet, Ready<u8>) -> JoinHandle<u8>;
    LocalKey::<u8>::get: (&'static LocalKey<u8>) -> u8;

    // sync: locks
    Mutex::<u8>::new: (u8) -> Mutex<u8>;
    Mutex::<u8>::try_lock: (&'a Mutex<u8>) -> Result<MutexGuard<'a, u8>, TryLockError>;
    Mutex::<u8>::try_lock_owned: (Arc<Mutex<u8>>) -> Result<OwnedMutexGuard<u8>, TryLockError>;
    Mutex::<u8>::get_mut: (&'a mut Mutex<u8>) -> &'a mut u8;
    Mutex::<u8>::into_inner: (Mutex<u8>) -> u8;
    MutexGuard::<'static, u8>::mutex: (&'a MutexGuard<'static, u8>) -> &'static Mutex<u8>;
    OwnedMutexGuard::<u8>::mutex: (&'a OwnedMutexGuard<u8>) -> &'a Arc<Mutex<u8>>;
    RwLock::<u8>::new: (u8) -> RwLock<u8>;
    RwLock::<u8>::with_max_readers: (u8, u32) -> RwLock<u8>;
    RwLock::<u8>::try_read: (&'a RwLock<u8>) -> Result<RwLockReadGuard<'a, u8>, TryLockError>;
    RwLock::<u8>::try_write: (&'a RwLock<u8>) -> Result<RwLockWriteGuard<'a, u8>, TryLockError>;
    RwLock::<u8>::try_read_owned:
        (Arc<RwLock<u8>>) -> Result<OwnedRwLockReadGuard<u8>, TryLockError>;
    RwLock::<u8>::try_write_owned:
        (Arc<RwLock<u8>>) -> Result<OwnedRwLockWriteGuard<u8>, TryLockError>;
    RwLock::<u8>::get_mut: (&'a mut RwLock<u8>) -> &'a mut u8;
    RwLock::<u8>::into_inner: (RwLock<u8>) -> u8;
    RwLockWriteGuard::<'static, u8>::downgrade:
        (RwLockWriteGuard<'static, u8>) -> RwLockReadGuard<'static, u8>;
    RwLockWriteGuard::<'static, u8>::into_mapped:
        (RwLockWriteGuard<'static, u8>) -> RwLockMappedWriteGuard<'static, u8>;
    OwnedRwLockWriteGuard::<u8>::downgrade:
        (OwnedRwLockWriteGuard<u8>) -> OwnedRwLockReadGuard<u8>;
    OwnedRwLockWriteGuard::<u8>::into_mapped:
        (OwnedRwLockWriteGuard<u8>) -> OwnedRwLockMappedWriteGuard<u8>;
    OwnedRwLockReadGuard::<u8, str>::rwlock:
        (&'a OwnedRwLockReadGuard<u8, str>) -> &'a Arc<RwLock<u8>>;
    OwnedRwLockWriteGuard::<u8>::rwlock: (&'a OwnedRwLockWriteGuard<u8>) -> &'a Arc<RwLock<u8>>;
    OwnedRwLockMappedWriteGuard::<u8, str>::rwlock:
        (&'a OwnedRwLockMappedWriteGuard<u8, str>) -> &'a Arc<RwLock<u8>>;
    Semaphore::new: (usize) -> Semaphore;
    Semaphore::available_permits: (&'a Semaphore) -> usize;
    Semaphore::add_permits: (&'a Semaphore, usize);
    Semaphore::forget_permits: (&'a Semaphore, usize) -> usize;
    Semaphore::try_acquire: (&'a Semaphore) -> Result<SemaphorePermit<'a>, TryAcquireError>;
    Semaphore::try_acquire_many:
        (&'a Semaphore, u32) -> Result<SemaphorePermit<'a>, TryAcquireError>;
    Semaphore::try_acquire_owned: (Arc<Semaphore>) -> Result<OwnedSemaphorePermit, TryAcquireError>;
    Semaphore::try_acquire_many_owned:
        (Arc<Semaphore>, u32) -> Result<OwnedSemaphorePermit, TryAcquireError>;
    Semaphore::close: (&'a Semaphore);
    Semaphore::is_closed: (&'a Semaphore) -> bool;
    SemaphorePermit::forget: (SemaphorePermit<'static>);
    SemaphorePermit::merge: (&mut SemaphorePermit<'static>, SemaphorePermit<'static>);
    SemaphorePermit::split:
        (&mut SemaphorePermit<'static>, usize) -> Option<SemaphorePermit<'static>>;
    SemaphorePermit::num_permits: (&SemaphorePermit<'static>) -> usize;
    OwnedSemaphorePermit::forget: (OwnedSemaphorePermit);
    OwnedSemaphorePermit::merge: (&'a mut OwnedSemaphorePermit, OwnedSemaphorePermit);
    OwnedSemaphorePermit::split:
        (&'a mut OwnedSemaphorePermit, usize) -> Option<OwnedSemaphorePermit>;
    OwnedSemaphorePermit::semaphore: (&'a OwnedSemaphorePermit) -> &'a Arc<Semaphore>;
    OwnedSemaphorePermit::num_permits: (&'a OwnedSemaphorePermit) -> usize;

    // sync: notifications and cells
    Notify::new: () -> Notify;
    Notify::notified: (&'a Notify) -> Notified<'a>;
    Notify::notified_owned: (Arc<Notify>) -> OwnedNotified;
    Notify::notify_one: (&'a Notify);
    Notify::notify_last: (&'a Notify);
    Notify::notify_waiters: (&'a Notify);
    Notified::<'static>::enable: (Pin<&'a mut Notified<'static>>) -> bool;
    OwnedNotified::enable: (Pin<&'a mut OwnedNotified>) -> bool;
    Barrier::new: (usize) -> Barrier;
    BarrierWaitResult::is_leader: (&'a BarrierWaitResult) -> bool;
    OnceCell::<u8>::new: () -> OnceCell<u8>;
    OnceCell::<u8>::new_with: (Option<u8>) -> OnceCell<u8>;
    OnceCell::<u8>::initialized: (&'a OnceCell<u8>) -> bool;
    OnceCell::<u8>::get: (&'a OnceCell<u8>) -> Option<&'a u8>;
    OnceCell::<u8>::get_mut: (&'a mut OnceCell<u8>) -> Option<&'a mut u8>;
    OnceCell::<u8>::set: (&'a OnceCell<u8>, u8) -> Result<(), SetError<u8>>;
    OnceCell::<u8>::into_inner: (OnceCell<u8>) -> Option<u8>;
    OnceCell::<u8>::take: (&'a mut OnceCell<u8>) -> Option<u8>;
    SetOnce::<u8>::new: () -> SetOnce<u8>;
    SetOnce::<u8>::new_with: (Option<u8>) -> SetOnce<u8>;
    SetOnce::<u8>::initialized: (&'a SetOnce<u8>) -> bool;
    SetOnce::<u8>::get: (&'a SetOnce<u8>) -> Option<&'a u8>;
    SetOnce::<u8>::set: (&'a SetOnce<u8>, u8) -> Result<(), SetOnceError<u8>>;
    SetOnce::<u8>::into_inner: (SetOnce<u8>) -> Option<u8>;

    // sync: channels
    mpsc::channel::<u8>: (usize) -> (mpsc::Sender<u8>, mpsc::Receiver<u8>);
    mpsc::unbounded_channel::<u8>: () -> (mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>);
    mpsc::Sender::<u8>::try_send:
        (&'a mpsc::Sender<u8>, u8) -> Result<(), mpsc::error::TrySendError<u8>>;
    mpsc::Sender::<u8>::try_reserve:
        (&'a mpsc::Sender<u8>) -> Result<mpsc::Permit<'a, u8>, mpsc::error::TrySendError<()>>;
    mpsc::Sender::<u8>::try_reserve_many: (&'a mpsc::Sender<u8>, usize)
        -> Result<mpsc::PermitIterator<'a, u8>, mpsc::error::TrySendError<()>>;
    mpsc::Sender::<u8>::try_reserve_owned: (mpsc::Sender<u8>)
        -> Result<mpsc::OwnedPermit<u8>, mpsc::error::TrySendError<mpsc::Sender<u8>>>;
    mpsc::Sender::<u8>::is_closed: (&'a mpsc::Sender<u8>) -> bool;
    mpsc::Sender::<u8>::same_channel: (&'a mpsc::Sender<u8>, &mpsc::Sender<u8>) -> bool;
    mpsc::Sender::<u8>::capacity: (&'a mpsc::Sender<u8>) -> usize;
    mpsc::Sender::<u8>::max_capacity: (&'a mpsc::Sender<u8>) -> usize;
    mpsc::Sender::<u8>::downgrade: (&'a mpsc::Sender<u8>) -> mpsc::WeakSender<u8>;
    mpsc::Sender::<u8>::strong_count: (&'a mpsc::Sender<u8>) -> usize;
    mpsc::Sender::<u8>::weak_count: (&'a mpsc::Sender<u8>) -> usize;
    mpsc::WeakSender::<u8>::upgrade: (&'a mpsc::WeakSender<u8>) -> Option<mpsc::Sender<u8>>;
    mpsc::Permit::<'static, u8>::send: (mpsc::Permit<'static, u8>, u8);
    mpsc::OwnedPermit::<u8>::send: (mpsc::OwnedPermit<u8>, u8) -> mpsc::Sender<u8>;
    mpsc::OwnedPermit::<u8>::release: (mpsc::OwnedPermit<u8>) -> mpsc::Sender<u8>;
    mpsc::Receiver::<u8>::try_recv:
        (&'a mut mpsc::Receiver<u8>) -> Result<u8, mpsc::error::TryRecvError>;
    mpsc::Receiver::<u8>::close: (&'a mut mpsc::Receiver<u8>);
    mpsc::Receiver::<u8>::is_closed: (&'a mpsc::Receiver<u8>) -> bool;
    mpsc::Receiver::<u8>::is_empty: (&'a mpsc::Receiver<u8>) -> bool;
    mpsc::Receiver::<u8>::len: (&'a mpsc::Receiver<u8>) -> usize;
    mpsc::Receiver::<u8>::poll_recv:
        (&'a mut mpsc::Receiver<u8>, &mut Context<'_>) -> Poll<Option<u8>>;
    mpsc::UnboundedSender::<u8>::send:
        (&'a mpsc::UnboundedSender<u8>, u8) -> Result<(), mpsc::error::SendError<u8>>;
    mpsc::UnboundedSender::<u8>::is_closed: (&'a mpsc::UnboundedSender<u8>) -> bool;
    mpsc::UnboundedSender::<u8>::downgrade:
        (&'a mpsc::UnboundedSender<u8>) -> mpsc::WeakUnboundedSender<u8>;
    mpsc::WeakUnboundedSender::<u8>::upgrade:
        (&'a mpsc::WeakUnboundedSender<u8>) -> Option<mpsc::UnboundedSender<u8>>;
    mpsc::UnboundedReceiver::<u8>::try_recv:
        (&'a mut mpsc::UnboundedReceiver<u8>) -> Result<u8, mpsc::error::TryRecvError>;
    oneshot::channel::<u8>: () -> (oneshot::Sender<u8>, oneshot::Receiver<u8>);
    oneshot::Sender::<u8>::send: (oneshot::Sender<u8>, u8) -> Result<(), u8>;
    oneshot::Sender::<u8>::is_closed: (&'a oneshot::Sender<u8>) -> bool;
    oneshot::Sender::<u8>::poll_closed: (&'a mut oneshot::Sender<u8>, &mut Context<'_>) -> Poll<()>;
    oneshot::Receiver::<u8>::close: (&'a mut oneshot::Receiver<u8>);
    oneshot::Receiver::<u8>::try_recv:
        (&'a mut oneshot::Receiver<u8>) -> Result<u8, oneshot::error::TryRecvError>;
    oneshot::Receiver::<u8>::is_terminated: (&'a oneshot::Receiver<u8>) -> bool;
    oneshot::Receiver::<u8>::is_empty: (&'a oneshot::Receiver<u8>) -> bool;
    broadcast::channel::<u8>: (usize) -> (broadcast::Sender<u8>, broadcast::Receiver<u8>);
    broadcast::Sender::<u8>::new: (usize) -> broadcast::Sender<u8>;
    broadcast::Sender::<u8>::send:
        (&'a broadcast::Sender<u8>, u8) -> Result<usize, broadcast::error::SendError<u8>>;
    broadcast::Sender::<u8>::subscribe: (&'a broadcast::Sender<u8>) -> broadcast::Receiver<u8>;
    broadcast::Sender::<u8>::downgrade: (&'a broadcast::Sender<u8>) -> broadcast::WeakSender<u8>;
    broadcast::Sender::<u8>::len: (&'a broadcast::Sender<u8>) -> usize;
    broadcast::Sender::<u8>::receiver_count: (&'a broadcast::Sender<u8>) -> usize;
    broadcast::Receiver::<u8>::resubscribe:
        (&'a broadcast::Receiver<u8>) -> broadcast::Receiver<u8>;
    broadcast::Receiver::<u8>::try_recv:
        (&'a mut broadcast::Receiver<u8>) -> Result<u8, broadcast::error::TryRecvError>;
    watch::channel::<u8>: (u8) -> (watch::Sender<u8>, watch::Receiver<u8>);
    watch::Sender::<u8>::new: (u8) -> watch::Sender<u8>;
    watch::Sender::<u8>::send:
        (&'a watch::Sender<u8>, u8) -> Result<(), watch::error::SendError<u8>>;
    watch::Sender::<u8>::send_replace: (&'a watch::Sender<u8>, u8) -> u8;
    watch::Sender::<u8>::send_modify::<fn(&mut u8)>: (&'a watch::Sender<u8>, fn(&mut u8));
    watch::Sender::<u8>::send_if_modified::<fn(&mut u8) -> bool>:
        (&'a watch::Sender<u8>, fn(&mut u8) -> bool) -> bool;
    watch::Sender::<u8>::borrow: (&'a watch::Sender<u8>) -> watch::Ref<'a, u8>;
    watch::Sender::<u8>::subscribe: (&'a watch::Sender<u8>) -> watch::Receiver<u8>;
    watch::Sender::<u8>::is_closed: (&'a watch::Sender<u8>) -> bool;
    watch::Receiver::<u8>::borrow: (&'a watch::Receiver<u8>) -> watch::Ref<'a, u8>;
    watch::Receiver::<u8>::borrow_and_update: (&'a mut watch::Receiver<u8>) -> watch::Ref<'a, u8>;
    watch::Receiver::<u8>::has_changed:
        (&'a watch::Receiver<u8>) -> Result<bool, watch::error::RecvError>;
    watch::Receiver::<u8>::mark_changed: (&'a mut watch::Receiver<u8>);
    watch::Receiver::<u8>::mark_unchanged: (&'a mut watch::Receiver<u8>);

    // signal
    signal::unix::signal: (SignalKind) -> io::Result<Signal>;
    Signal::poll_recv: (&'a mut Signal, &mut Context<'_>) -> Poll<Option<()>>;

    // time
    time::sleep: (Duration) -> Sleep;
    time::sleep_until: (Instant) -> Sleep;
    time::timeout::<Ready<u8>>: (Duration, Ready<u8>) -> Timeout<Ready<u8>>;
    time::timeout_at::<Ready<u8>>: (Instant, Ready<u8>) -> Timeout<Ready<u8>>;
    time::interval: (Duration) -> Interval;
    time::interval_at: (Instant, Duration) -> Interval;
    Sleep::deadline: (&'a Sleep) -> Instant;
    Sleep::is_elapsed: (&'a Sleep) -> bool;
    Sleep::reset: (Pin<&'a mut Sleep>, Instant);
    Timeout::<u8>::get_ref: (&'a Timeout<u8>) -> &'a u8;
    Timeout::<u8>::get_mut: (&'a mut Timeout<u8>) -> &'a mut u8;
    Timeout::<u8>::into_inner: (Timeout<u8>) -> u8;
    Interval::poll_tick: (&'a mut Interval, &mut Context<'_>) -> Poll<Instant>;
    Interval::reset: (&'a mut Interval);
    Interval::reset_immediately: (&'a mut Interval);
    Interval::reset_after: (&'a mut Interval, Duration);
    Interval::reset_at: (&'a mut Interval, Instant);
    Interval::missed_tick_behavior: (&'a Interval) -> MissedTickBehavior;
    Interval::set_missed_tick_behavior: (&'a mut Interval, MissedTickBehavior);
    Interval::period: (&'a Interval) -> Duration;

    // net
    TcpListener::local_addr: (&'a TcpListener) -> io::Result<SocketAddr>;
    TcpListener::poll_accept:
        (&'a TcpListener, &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>>;
    TcpListener::ttl: (&'a TcpListener) -> io::Result<u32>;
    TcpListener::set_ttl: (&'a TcpListener, u32) -> io::Result<()>;
    TcpStream::local_addr: (&'a TcpStream) -> io::Result<SocketAddr>;
    TcpStream::peer_addr: (&'a TcpStream) -> io::Result<SocketAddr>;
    TcpStream::nodelay: (&'a TcpStream) -> io::Result<bool>;
    TcpStream::set_nodelay: (&'a TcpStream, bool) -> io::Result<()>;
    TcpStream::ttl: (&'a TcpStream) -> io::Result<u32>;
    TcpStream::set_ttl: (&'a TcpStream, u32) -> io::Result<()>;
    TcpStream::try_read: (&'a TcpStream, &mut [u8]) -> io::Result<usize>;
    TcpStream::try_write: (&'a TcpStream, &[u8]) -> io::Result<usize>;
    TcpStream::split: (&'a mut TcpStream) -> (tcp::ReadHalf<'a>, tcp::WriteHalf<'a>);
    TcpStream::into_split: (TcpStream) -> (tcp::OwnedReadHalf, tcp::OwnedWriteHalf);
    tcp::OwnedReadHalf::reunite:
        (tcp::OwnedReadHalf, tcp::OwnedWriteHalf) -> Result<TcpStream, tcp::ReuniteError>;
    tcp::OwnedWriteHalf::reunite:
        (tcp::OwnedWriteHalf, tcp::OwnedReadHalf) -> Result<TcpStream, tcp::ReuniteError>;
    tcp::OwnedWriteHalf::forget: (tcp::OwnedWriteHalf);
    tcp::OwnedReadHalf::peer_addr: (&'a tcp::OwnedReadHalf) -> io::Result<SocketAddr>;
    tcp::OwnedWriteHalf::peer_addr: (&'a tcp::OwnedWriteHalf) -> io::Result<SocketAddr>;
    UdpSocket::local_addr: (&'a UdpSocket) -> io::Result<SocketAddr>;
    UdpSocket::peer_addr: (&'a UdpSocket) -> io::Result<SocketAddr>;
    UdpSocket::try_send: (&'a UdpSocket, &[u8]) -> io::Result<usize>;
    UdpSocket::try_send_to: (&'a UdpSocket, &[u8], SocketAddr) -> io::Result<usize>;
    UdpSocket::try_recv: (&'a UdpSocket, &mut [u8]) -> io::Result<usize>;
    UdpSocket::try_recv_from: (&'a UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    TcpListener::from_std: (std::net::TcpListener) -> io::Result<TcpListener>;
    TcpListener::into_std: (TcpListener) -> io::Result<std::net::TcpListener>;
    TcpStream::from_std: (std::net::TcpStream) -> io::Result<TcpStream>;
    TcpStream::into_std: (TcpStream) -> io::Result<std::net::TcpStream>;
    TcpStream::take_error: (&'a TcpStream) -> io::Result<Option<io::Error>>;
    UdpSocket::poll_recv_from:
        (&'a UdpSocket, &mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>>;
    UdpSocket::poll_send_to:
        (&'a UdpSocket, &mut Context<'_>, &[u8], SocketAddr) -> Poll<io::Result<usize>>;
    TcpSocket::new_v4: () -> io::Result<TcpSocket>;
    TcpSocket::new_v6: () -> io::Result<TcpSocket>;
    TcpSocket::from_std_stream: (std::net::TcpStream) -> TcpSocket;
    TcpSocket::set_keepalive: (&'a TcpSocket, bool) -> io::Result<()>;
    TcpSocket::set_reuseaddr: (&'a TcpSocket, bool) -> io::Result<()>;
    TcpSocket::set_send_buffer_size: (&'a TcpSocket, u32) -> io::Result<()>;
    TcpSocket::set_recv_buffer_size: (&'a TcpSocket, u32) -> io::Result<()>;
    TcpSocket::set_nodelay: (&'a TcpSocket, bool) -> io::Result<()>;
    TcpSocket::local_addr: (&'a TcpSocket) -> io::Result<SocketAddr>;
    TcpSocket::bind: (&'a TcpSocket, SocketAddr) -> io::Result<()>;
    TcpSocket::listen: (TcpSocket, u32) -> io::Result<TcpListener>;

    // runtime
    Runtime::new: () -> io::Result<Runtime>;
    Runtime::handle: (&'a Runtime) -> &'a Handle;
    Runtime::spawn::<Ready<u8>>: (&'a Runtime, Ready<u8>) -> JoinHandle<u8>;
    Runtime::spawn_blocking::<fn() -> u8, u8>: (&'a Runtime, fn() -> u8) -> JoinHandle<u8>;
    Runtime::block_on::<Ready<u8>>: (&'a Runtime, Ready<u8>) -> u8;
    Runtime::enter: (&'a Runtime) -> EnterGuard<'a>;
    Runtime::shutdown_timeout: (Runtime, Duration);
    Runtime::shutdown_background: (Runtime);
    Runtime::metrics: (&'a Runtime) -> RuntimeMetrics;
    LocalRuntime::new: () -> io::Result<LocalRuntime>;
    LocalRuntime::handle: (&'a LocalRuntime) -> &'a Handle;
    LocalRuntime::spawn_local::<Ready<u8>>: (&'a LocalRuntime, Ready<u8>) -> JoinHandle<u8>;
    LocalRuntime::spawn_blocking::<fn() -> u8, u8>:
        (&'a LocalRuntime, fn() -> u8) -> JoinHandle<u8>;
    LocalRuntime::block_on::<Ready<u8>>: (&'a LocalRuntime, Ready<u8>) -> u8;
    LocalRuntime::enter: (&'a LocalRuntime) -> EnterGuard<'a>;
    LocalRuntime::shutdown_timeout: (LocalRuntime, Duration);
    LocalRuntime::shutdown_background: (LocalRuntime);
    LocalRuntime::metrics: (&'a LocalRuntime) -> RuntimeMetrics;
    Handle::current: () -> Handle;
    Handle::try_current: () -> Result<Handle, TryCurrentError>;
    Handle::enter: (&'a Handle) -> EnterGuard<'a>;
    Handle::spawn::<Ready<u8>>: (&'a Handle, Ready<u8>) -> JoinHandle<u8>;
    Handle::spawn_blocking::<fn() -> u8, u8>: (&'a Handle, fn() -> u8) -> JoinHandle<u8>;
    Handle::block_on::<Ready<u8>>: (&'a Handle, Ready<u8>) -> u8;
    Handle::runtime_flavor: (&'a Handle) -> RuntimeFlavor;
    Handle::id: (&'a Handle) -> runtime::Id;
    Handle::name: (&'a Handle) -> Option<&'a str>;
    Handle::metrics: (&'a Handle) -> RuntimeMetrics;
    Builder::new_current_thread: () -> Builder;
    Builder::new_multi_thread: () -> Builder;
    Builder::enable_all: (&'a mut Builder) -> &'a mut Builder;
    Builder::enable_io: (&'a mut Builder) -> &'a mut Builder;
    Builder::enable_time: (&'a mut Builder) -> &'a mut Builder;
    Builder::worker_threads: (&'a mut Builder, usize) -> &'a mut Builder;
    Builder::max_blocking_threads: (&'a mut Builder, usize) -> &'a mut Builder;
    Builder::thread_stack_size: (&'a mut Builder, usize) -> &'a mut Builder;
    Builder::thread_keep_alive: (&'a mut Builder, Duration) -> &'a mut Builder;
    Builder::global_queue_interval: (&'a mut Builder, u32) -> &'a mut Builder;
    Builder::event_interval: (&'a mut Builder, u32) -> &'a mut Builder;
    Builder::start_paused: (&'a mut Builder, bool) -> &'a mut Builder;
    Builder::on_thread_start::<fn()>: (&'a mut Builder, fn()) -> &'a mut Builder;
    Builder::build: (&'a mut Builder) -> io::Result<Runtime>;

    // what blocks its thread
    Mutex::<u8>::blocking_lock: (&'a Mutex<u8>) -> MutexGuard<'a, u8>;
    Mutex::<u8>::blocking_lock_owned: (Arc<Mutex<u8>>) -> OwnedMutexGuard<u8>;
    RwLock::<u8>::blocking_read: (&'a RwLock<u8>) -> RwLockReadGuard<'a, u8>;
    RwLock::<u8>::blocking_write: (&'a RwLock<u8>) -> RwLockWriteGuard<'a, u8>;
    mpsc::Sender::<u8>::blocking_send:
        (&'a mpsc::Sender<u8>, u8) -> Result<(), mpsc::error::SendError<u8>>;
    mpsc::Receiver::<u8>::blocking_recv: (&'a mut mpsc::Receiver<u8>) -> Option<u8>;
    mpsc::Receiver::<u8>::blocking_recv_many:
        (&'a mut mpsc::Receiver<u8>, &mut Values, usize) -> usize;
    mpsc::UnboundedReceiver::<u8>::blocking_recv:
        (&'a mut mpsc::UnboundedReceiver<u8>) -> Option<u8>;
    oneshot::Receiver::<u8>::blocking_recv:
        (oneshot::Receiver<u8>) -> Result<u8, oneshot::error::RecvError>;
    broadcast::Receiver::<u8>::blocking_recv:
        (&'a mut broadcast::Receiver<u8>) -> Result<u8, broadcast::error::RecvError>;
    task::spawn_blocking::<fn() -> u8, u8>: (fn() -> u8) -> JoinHandle<u8>;
    task::block_in_place::<fn() -> u8, u8>: (fn() -> u8) -> u8;
    JoinSet::<u8>::spawn_on::<Ready<u8>>:
        (&'a mut JoinSet<u8>, Ready<u8>, &Handle) -> AbortHandle;
    JoinSet::<u8>::spawn_blocking::<fn() -> u8>: (&'a mut JoinSet<u8>, fn() -> u8) -> AbortHandle;
    JoinSet::<u8>::spawn_blocking_on::<fn() -> u8>:
        (&'a mut JoinSet<u8>, fn() -> u8, &Handle) -> AbortHandle;
    LocalSet::block_on::<Ready<u8>>: (&'a LocalSet, &Runtime, Ready<u8>) -> u8;
    time::pause: ();
    time::resume: ();

    // tokio_util
    CancellationToken::new: () -> CancellationToken;
    CancellationToken::child_token: (&'a CancellationToken) -> CancellationToken;
    CancellationToken::cancel: (&'a CancellationToken);
    CancellationToken::is_cancelled: (&'a CancellationToken) -> bool;
    CancellationToken::cancelled: (&'a CancellationToken) -> WaitForCancellationFuture<'a>;
    CancellationToken::cancelled_owned: (CancellationToken) -> WaitForCancellationFutureOwned;
    CancellationToken::drop_guard: (CancellationToken) -> DropGuard;
    CancellationToken::drop_guard_ref: (&'a CancellationToken) -> DropGuardRef<'a>;
    DropGuard::token: (&'a DropGuard) -> &'a CancellationToken;
    DropGuard::disarm: (DropGuard) -> CancellationToken;
    DropGuardRef::<'static>::token: (&'a DropGuardRef<'static>) -> &'a CancellationToken;
    DropGuardRef::disarm: (DropGuardRef<'static>) -> &'static CancellationToken;
    TaskTracker::new: () -> TaskTracker;
    TaskTracker::wait: (&'a TaskTracker) -> TaskTrackerWaitFuture<'a>;
    TaskTracker::close: (&'a TaskTracker) -> bool;
    TaskTracker::reopen: (&'a TaskTracker) -> bool;
    TaskTracker::is_closed: (&'a TaskTracker) -> bool;
    TaskTracker::len: (&'a TaskTracker) -> usize;
    TaskTracker::is_empty: (&'a TaskTracker) -> bool;
    TaskTracker::spawn::<Ready<u8>>: (&'a TaskTracker, Ready<u8>) -> JoinHandle<u8>;
    TaskTracker::spawn_local::<Ready<u8>>: (&'a TaskTracker, Ready<u8>) -> JoinHandle<u8>;
    TaskTracker::spawn_local_on::<Ready<u8>>:
        (&'a TaskTracker, Ready<u8>, &LocalSet) -> JoinHandle<u8>;
    TaskTracker::track_future::<Ready<u8>>:
        (&'a TaskTracker, Ready<u8>) -> TrackedFuture<Ready<u8>>;
    TaskTracker::token: (&'a TaskTracker) -> TaskTrackerToken;
    TaskTracker::ptr_eq: (&'a TaskTracker, &TaskTracker) -> bool;
    TaskTrackerToken::task_tracker: (&'a TaskTrackerToken) -> &'a TaskTracker;
    AbortOnDropHandle::<u8>::new: (JoinHandle<u8>) -> AbortOnDropHandle<u8>;
    AbortOnDropHandle::<u8>::abort: (&'a AbortOnDropHandle<u8>);
    AbortOnDropHandle::<u8>::is_finished: (&'a AbortOnDropHandle<u8>) -> bool;
    AbortOnDropHandle::<u8>::abort_handle: (&'a AbortOnDropHandle<u8>) -> AbortHandle;
    AbortOnDropHandle::<u8>::detach: (AbortOnDropHandle<u8>) -> JoinHandle<u8>;
}

operations! {
    // signal
    signal::ctrl_c: () -> io::Result<()>;
    Signal::recv: (&'a mut Signal) -> Option<()>;

    // fs
    File::open: (&'a str) -> io::Result<File>;
    File::create: (&'a str) -> io::Result<File>;
    File::create_new: (&'a str) -> io::Result<File>;
    File::sync_all: (&'a File) -> io::Result<()>;
    File::sync_data: (&'a File) -> io::Result<()>;
    File::set_len: (&'a File, u64) -> io::Result<()>;
    File::try_clone: (&'a File) -> io::Result<File>;
    File::into_std: (File) -> std::fs::File;
    File::set_permissions: (&'a File, std::fs::Permissions) -> io::Result<()>;
    File::set_times: (&'a File, fs::FileTimes) -> io::Result<()>;
    File::set_modified: (&'a File, std::time::SystemTime) -> io::Result<()>;
    OpenOptions::open: (&'a OpenOptions, &'a str) -> io::Result<File>;
    DirBuilder::create: (&'a DirBuilder, &'a str) -> io::Result<()>;
    ReadDir::next_entry: (&'a mut ReadDir) -> io::Result<Option<DirEntry>>;
    fs::canonicalize: (&'a str) -> io::Result<PathBuf>;
    fs::copy: (&'a str, String) -> io::Result<u64>;
    fs::create_dir: (&'a str) -> io::Result<()>;
    fs::create_dir_all: (&'a str) -> io::Result<()>;
    fs::hard_link: (&'a str, String) -> io::Result<()>;
    fs::read: (&'a str) -> io::Result<Vec<u8>>;
    fs::read_dir: (&'a str) -> io::Result<ReadDir>;
    fs::read_link: (&'a str) -> io::Result<PathBuf>;
    fs::read_to_string: (&'a str) -> io::Result<String>;
    fs::remove_dir: (&'a str) -> io::Result<()>;
    fs::remove_dir_all: (&'a str) -> io::Result<()>;
    fs::remove_file: (&'a str) -> io::Result<()>;
    fs::rename: (&'a str, String) -> io::Result<()>;
    fs::set_permissions: (&'a str, std::fs::Permissions) -> io::Result<()>;
    fs::symlink: (&'a str, String) -> io::Result<()>;
    fs::try_exists: (&'a str) -> io::Result<bool>;
    fs::write: (&'a str, &'a [u8]) -> io::Result<()>;

    // task
    JoinSet::<u8>::join_next: (&'a mut JoinSet<u8>) -> Joined<u8>;
    JoinSet::<u8>::join_next_with_id: (&'a mut JoinSet<u8>) -> Joined<(Id, u8)>;
    JoinSet::<u8>::join_all: (JoinSet<u8>) -> Values;
    JoinSet::<u8>::shutdown: (&'a mut JoinSet<u8>) -> ();
    LocalSet::run_until::<Ready<u8>>: (&'a LocalSet, Ready<u8>) -> u8;

    // sync
    Mutex::<u8>::lock: (&'a Mutex<u8>) -> MutexGuard<'a, u8>;
    Mutex::<u8>::lock_owned: (Arc<Mutex<u8>>) -> OwnedMutexGuard<u8>;
    RwLock::<u8>::read: (&'a RwLock<u8>) -> RwLockReadGuard<'a, u8>;
    RwLock::<u8>::write: (&'a RwLock<u8>) -> RwLockWriteGuard<'a, u8>;
    RwLock::<u8>::read_owned: (Arc<RwLock<u8>>) -> OwnedRwLockReadGuard<u8>;
    RwLock::<u8>::write_owned: (Arc<RwLock<u8>>) -> OwnedRwLockWriteGuard<u8>;
    Semaphore::acquire: (&'a Semaphore) -> Result<SemaphorePermit<'a>, AcquireError>;
    Semaphore::acquire_many: (&'a Semaphore, u32) -> Result<SemaphorePermit<'a>, AcquireError>;
    Semaphore::acquire_owned: (Arc<Semaphore>) -> Result<OwnedSemaphorePermit, AcquireError>;
    Semaphore::acquire_many_owned:
        (Arc<Semaphore>, u32) -> Result<OwnedSemaphorePermit, AcquireError>;
    Barrier::wait: (&'a Barrier) -> BarrierWaitResult;
    OnceCell::<u8>::get_or_init::<fn() -> Ready<u8>, Ready<u8>>:
        (&'a OnceCell<u8>, fn() -> Ready<u8>) -> &'a u8;
    SetOnce::<u8>::wait: (&'a SetOnce<u8>) -> &'a u8;
    mpsc::Sender::<u8>::send: (&'a mpsc::Sender<u8>, u8) -> Result<(), mpsc::error::SendError<u8>>;
    mpsc::Sender::<u8>::send_timeout: (&'a mpsc::Sender<u8>, u8, Duration)
        -> Result<(), mpsc::error::SendTimeoutError<u8>>;
    mpsc::Sender::<u8>::reserve:
        (&'a mpsc::Sender<u8>) -> Result<mpsc::Permit<'a, u8>, mpsc::error::SendError<()>>;
    mpsc::Sender::<u8>::reserve_many: (&'a mpsc::Sender<u8>, usize)
        -> Result<mpsc::PermitIterator<'a, u8>, mpsc::error::SendError<()>>;
    mpsc::Sender::<u8>::reserve_owned:
        (mpsc::Sender<u8>) -> Result<mpsc::OwnedPermit<u8>, mpsc::error::SendError<()>>;
    mpsc::Sender::<u8>::closed: (&'a mpsc::Sender<u8>) -> ();
    mpsc::Receiver::<u8>::recv: (&'a mut mpsc::Receiver<u8>) -> Option<u8>;
    mpsc::Receiver::<u8>::recv_many: (&'a mut mpsc::Receiver<u8>, &'a mut Values, usize) -> usize;
    mpsc::UnboundedSender::<u8>::closed: (&'a mpsc::UnboundedSender<u8>) -> ();
    mpsc::UnboundedReceiver::<u8>::recv: (&'a mut mpsc::UnboundedReceiver<u8>) -> Option<u8>;
    oneshot::Sender::<u8>::closed: (&'a mut oneshot::Sender<u8>) -> ();
    broadcast::Sender::<u8>::closed: (&'a broadcast::Sender<u8>) -> ();
    broadcast::Receiver::<u8>::recv:
        (&'a mut broadcast::Receiver<u8>) -> Result<u8, broadcast::error::RecvError>;
    watch::Sender::<u8>::closed: (&'a watch::Sender<u8>) -> ();
    watch::Receiver::<u8>::changed:
        (&'a mut watch::Receiver<u8>) -> Result<(), watch::error::RecvError>;
    watch::Receiver::<u8>::wait_for: (&'a mut watch::Receiver<u8>, fn(&u8) -> bool)
        -> Result<watch::Ref<'a, u8>, watch::error::RecvError>;

    // time
    time::advance: (Duration) -> ();
    Interval::tick: (&'a mut Interval) -> Instant;

    // net
    TcpSocket::connect: (TcpSocket, SocketAddr) -> io::Result<TcpStream>;
    TcpListener::bind::<SocketAddr>: (SocketAddr) -> io::Result<TcpListener>;
    TcpListener::accept: (&'a TcpListener) -> io::Result<(TcpStream, SocketAddr)>;
    TcpStream::connect::<&'a str>: (&'a str) -> io::Result<TcpStream>;
    TcpStream::readable: (&'a TcpStream) -> io::Result<()>;
    TcpStream::writable: (&'a TcpStream) -> io::Result<()>;
    TcpStream::peek: (&'a TcpStream, &'a mut [u8]) -> io::Result<usize>;
    UdpSocket::bind::<SocketAddr>: (SocketAddr) -> io::Result<UdpSocket>;
    UdpSocket::connect::<SocketAddr>: (&'a UdpSocket, SocketAddr) -> io::Result<()>;
    UdpSocket::send: (&'a UdpSocket, &'a [u8]) -> io::Result<usize>;
    UdpSocket::send_to::<SocketAddr>: (&'a UdpSocket, &'a [u8], SocketAddr) -> io::Result<usize>;
    UdpSocket::recv: (&'a UdpSocket, &'a mut [u8]) -> io::Result<usize>;
    UdpSocket::recv_from: (&'a UdpSocket, &'a mut [u8]) -> io::Result<(usize, SocketAddr)>;
    UdpSocket::peek_from: (&'a UdpSocket, &'a mut [u8]) -> io::Result<(usize, SocketAddr)>;

    // tokio_util
    CancellationToken::run_until_cancelled::<Ready<u8>>:
        (&'a CancellationToken, Ready<u8>) -> Option<u8>;
    CancellationToken::run_until_cancelled_owned::<Ready<u8>>:
        (CancellationToken, Ready<u8>) -> Option<u8>;
}

traits! {
    File: AsyncRead, AsyncSeek, AsyncWrite, Debug, From<std::fs::File>;
    Signal: Debug, Send, Sync, Unpin;
    OpenOptions: Clone, Debug, Default;
    DirBuilder: Debug, Default;
    ReadDir: Debug;
    DirEntry: Debug;
    fs::FileTimes: Clone, Debug, Default;
    JoinHandle<u8>: Debug, Future<Output = Result<u8, JoinError>>;
    AbortHandle: Clone, Debug;
    JoinError: Debug, Display, Error, Into<io::Error>;
    Id: Clone, Copy, Debug, Display, Eq, Hash, PartialEq;
    JoinSet<u8>: Debug, Default, FromIterator<Ready<u8>>, Extend<Ready<u8>>;
    LocalSet: Debug, Default, Future<Output = ()>;
    LocalEnterGuard: Debug;
    Mutex<u8>: Debug, Default, From<u8>;
    MutexGuard<'a, u8>: Debug, Display, Deref<Target = u8>, DerefMut;
    OwnedMutexGuard<u8>: Debug, Display, Deref<Target = u8>, DerefMut;
    MappedMutexGuard<'a, str>: Debug, Display, Deref<Target = str>, DerefMut;
    OwnedMappedMutexGuard<u8, str>: Debug, Display, Deref<Target = str>, DerefMut;
    Mutex<[u8]>: Debug;
    MutexGuard<'a, [u8]>: Debug, Deref<Target = [u8]>, DerefMut;
    OwnedMutexGuard<str>: Debug, Display, Deref<Target = str>, DerefMut;
    RwLock<u8>: Debug, Default, From<u8>;
    RwLockReadGuard<'a, str>: Debug, Display, Deref<Target = str>;
    RwLockWriteGuard<'a, str>: Debug, Display, Deref<Target = str>, DerefMut;
    RwLockMappedWriteGuard<'a, str>: Debug, Display, Deref<Target = str>, DerefMut;
    OwnedRwLockReadGuard<u8, str>: Debug, Display, Deref<Target = str>;
    OwnedRwLockWriteGuard<u8>: Debug, Display, Deref<Target = u8>, DerefMut;
    OwnedRwLockMappedWriteGuard<u8, str>: Debug, Display, Deref<Target = str>, DerefMut;
    Semaphore: Debug;
    SemaphorePermit<'a>: Debug;
    OwnedSemaphorePermit: Debug;
    Notify: Debug, Default;
    Notified<'a>: Debug, Future<Output = ()>;
    OwnedNotified: Debug, Future<Output = ()>;
    Barrier: Debug;
    BarrierWaitResult: Clone, Debug;
    OnceCell<u8>: Clone, Debug, Default, Eq, From<u8>, PartialEq;
    SetOnce<u8>: Clone, Debug, Default, Eq, From<u8>, PartialEq;
    mpsc::Sender<u8>: Clone, Debug;
    mpsc::WeakSender<u8>: Clone, Debug;
    mpsc::Receiver<u8>: Debug;
    mpsc::PermitIterator<'static, u8>:
        Debug, ExactSizeIterator, Iterator<Item = mpsc::Permit<'static, u8>>;
    mpsc::UnboundedSender<u8>: Clone, Debug;
    mpsc::WeakUnboundedSender<u8>: Clone, Debug;
    mpsc::UnboundedReceiver<u8>: Debug;
    oneshot::Sender<u8>: Debug;
    oneshot::Receiver<u8>: Debug, Future<Output = Result<u8, oneshot::error::RecvError>>;
    broadcast::Sender<u8>: Clone, Debug;
    broadcast::WeakSender<u8>: Clone;
    broadcast::Receiver<u8>: Debug;
    watch::Sender<u8>: Clone, Debug, Default;
    watch::Receiver<u8>: Clone, Debug;
    watch::Ref<'a, u8>: Debug, Deref<Target = u8>;
    Sleep: Debug, Future<Output = ()>;
    Timeout<Ready<u8>>: Debug, Future<Output = Result<u8, Elapsed>>;
    Interval: Debug;
    Handle: Clone, Debug;
    Runtime: Debug;
    LocalRuntime: Debug;
    EnterGuard<'a>: Debug;
    Builder: Debug;
    TcpSocket: Debug;
    TcpListener: Debug;
    TcpStream: AsyncRead, AsyncWrite, Debug;
    tcp::ReadHalf<'a>: AsyncRead, Debug;
    tcp::WriteHalf<'a>: AsyncWrite, Debug;
    tcp::OwnedReadHalf: AsyncRead, Debug;
    tcp::OwnedWriteHalf: AsyncWrite, Debug;
    tcp::ReuniteError: Debug, Display, Error;
    UdpSocket: Debug;
    SocketAddr: ToSocketAddrs;
    &'a [SocketAddr]: ToSocketAddrs;
    str: ToSocketAddrs;
    String: ToSocketAddrs;
    (&'a str, u16): ToSocketAddrs;
    (String, u16): ToSocketAddrs;
    (Ipv4Addr, u16): ToSocketAddrs;
    (Ipv6Addr, u16): ToSocketAddrs;
    CancellationToken: Clone, Debug, Default, Eq, Hash, PartialEq;
    WaitForCancellationFuture<'a>: Debug, Future<Output = ()>;
    WaitForCancellationFutureOwned: Debug, Future<Output = ()>;
    DropGuard: Debug;
    DropGuardRef<'a>: Debug;
    TaskTracker: Clone, Debug, Default;
    TaskTrackerToken: Clone, Debug;
    TaskTrackerWaitFuture<'a>: Debug, Future<Output = ()>;
    TrackedFuture<Ready<u8>>: Debug, Future<Output = u8>;
    AbortOnDropHandle<u8>: AsRef<JoinHandle<u8>>, Debug, Future<Output = Result<u8, JoinError>>;
}

// Functions over closures, whose types a pointer cannot name.
pub(crate) async fn closures(mutex: Arc<Mutex<Values>>, lock: Arc<RwLock<Values>>) {
    let guard: MutexGuard<'_, Values> = mutex.lock().await;
    let guard: Result<MappedMutexGuard<'_, u8>, MutexGuard<'_, Values>> =
        MutexGuard::try_map(guard, |values| values.first_mut());
    drop(guard.map(|guard| MappedMutexGuard::map(guard, |first| first)));
    drop(MutexGuard::map(mutex.lock().await, Values::as_mut_slice));
    let owned: OwnedMappedMutexGuard<Values, [u8]> =
        OwnedMutexGuard::map(Arc::clone(&mutex).lock_owned().await, Values::as_mut_slice);
    let owned: Result<OwnedMappedMutexGuard<Values, u8>, OwnedMappedMutexGuard<Values, [u8]>> =
        OwnedMappedMutexGuard::try_map(owned, |values| values.first_mut());
    drop(owned.map(|owned| OwnedMappedMutexGuard::map(owned, |first| first)));
    let owned: Result<OwnedMappedMutexGuard<Values, u8>, OwnedMutexGuard<Values>> =
        OwnedMutexGuard::try_map(mutex.lock_owned().await, |values| values.first_mut());
    drop(owned);
    let of_no_known_size: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2]));
    drop(of_no_known_size.lock().await);

    let read: RwLockReadGuard<'_, [u8]> = RwLockReadGuard::map(lock.read().await, Values::as_slice);
    drop(RwLockReadGuard::try_map(read, |values| values.first()));
    let write: RwLockMappedWriteGuard<'_, [u8]> =
        RwLockWriteGuard::map(lock.write().await, Values::as_mut_slice);
    drop(RwLockMappedWriteGuard::try_map(write, |values| {
        values.first_mut()
    }));
    let read: OwnedRwLockReadGuard<Values, [u8]> =
        OwnedRwLockReadGuard::map(Arc::clone(&lock).read_owned().await, Values::as_slice);
    drop(OwnedRwLockReadGuard::try_map(read, |values| values.first()));
    let write: OwnedRwLockMappedWriteGuard<Values, [u8]> =
        OwnedRwLockWriteGuard::map(Arc::clone(&lock).write_owned().await, Values::as_mut_slice);
    drop(OwnedRwLockMappedWriteGuard::try_map(write, |values| {
        values.first_mut()
    }));
    let read: OwnedRwLockReadGuard<Values, [u8]> =
        OwnedRwLockWriteGuard::downgrade_map(lock.write_owned().await, Values::as_slice);
    drop(read);

    let cell = OnceCell::<u8>::new();
    let made: Result<&u8, JoinError> = cell.get_or_try_init(|| async { Ok(1) }).await;
    drop(made);
    let names = net::lookup_host("localhost:1").await;
    drop(names.map(|names| names.collect::<Vec<SocketAddr>>()));
    task::yield_now().await;
    task::consume_budget().await;
}
