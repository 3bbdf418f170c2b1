//! The operations of the facade, by the methods that start them, and the kinds of resources
//! that they use.

use std::fmt;

/// The operations before which another task may run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Interleave {
    /// Those that are awaited. What a task does between two awaits is never interrupted, and a
    /// task costs no stack.
    #[default]
    Awaits,
    /// Those that do not wait as well: `send` of an unbounded channel, `notify_one`, `try_recv`,
    /// and whatever else the facade has; the atomics and locks of
    /// [`std::sync`](crate::std::sync); and [`point!`](crate::sync::point). A task that is interrupted
    /// there keeps the stack that it is on.
    Operations,
}

impl Interleave {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Awaits, Self::Operations];

    /// Returns its name in settings and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Awaits => "awaits",
            Self::Operations => "operations",
        }
    }

    /// Returns the one with that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// The kinds of resources.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum ResourceKind {
    /// `sync::Mutex`.
    Mutex,
    /// `sync::RwLock`.
    RwLock,
    /// `sync::Semaphore`.
    Semaphore,
    /// `sync::Notify`.
    Notify,
    /// `sync::Barrier`.
    Barrier,
    /// `sync::OnceCell`; held by the task that makes its value.
    OnceCell,
    /// `sync::SetOnce`.
    SetOnce,
    /// A channel of any kind.
    Channel,
    /// The end of a task.
    Task,
    /// `task::JoinSet`: the ends of its tasks.
    JoinSet,
    /// `task::LocalSet`: the ends of its tasks.
    LocalSet,
    /// `sync::CancellationToken` of `tokio_util`, with its children.
    CancellationToken,
    /// `task::TaskTracker` of `tokio_util`: the ends of its tasks.
    TaskTracker,
    /// A timer.
    Timer,
    /// A socket.
    Socket,
    /// An atomic of `std::sync::atomic`.
    Atomic,
    /// `std::sync::Condvar`.
    Condvar,
    /// A lock of the standard library itself, which the facade does not see.
    PlainLock,
    /// A file on the disk of a host.
    File,
    /// A directory on the disk of a host.
    Directory,
    /// The permit of a thread of `std::thread` to go on.
    Thread,
}

impl ResourceKind {
    /// Returns `true` if tasks hold it.
    pub(crate) fn is_lock(self) -> bool {
        matches!(
            self,
            Self::Mutex | Self::RwLock | Self::Semaphore | Self::OnceCell
        )
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mutex => "Mutex",
            Self::RwLock => "RwLock",
            Self::Semaphore => "Semaphore",
            Self::Notify => "Notify",
            Self::Barrier => "Barrier",
            Self::OnceCell => "OnceCell",
            Self::SetOnce => "SetOnce",
            Self::Channel => "channel",
            Self::Task => "task",
            Self::JoinSet => "JoinSet",
            Self::LocalSet => "LocalSet",
            Self::CancellationToken => "CancellationToken",
            Self::TaskTracker => "TaskTracker",
            Self::Timer => "timer",
            Self::Socket => "socket",
            Self::Atomic => "atomic",
            Self::Condvar => "Condvar",
            Self::PlainLock => "plain lock",
            Self::File => "file",
            Self::Directory => "directory",
            Self::Thread => "thread",
        })
    }
}

/// Generates the enum and the methods' names from one list.
macro_rules! operations {
    ($($variant:ident = $name:literal,)*) => {
        /// An operation of the facade.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Operation {
            $(#[doc = concat!("`", $name, "`.")] $variant,)*
        }

        impl Operation {
            /// Returns the method's name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        /// The method's name.
        impl fmt::Display for Operation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

operations! {
    Accept = "accept",
    Acquire = "acquire",
    AcquireMany = "acquire_many",
    AcquireOwned = "acquire_owned",
    Bind = "bind",
    Cancelled = "cancelled",
    Changed = "changed",
    Closed = "closed",
    Connect = "connect",
    GetOrInit = "get_or_init",
    Join = "join",
    JoinAll = "join_all",
    JoinNext = "join_next",
    JoinNextWithId = "join_next_with_id",
    Lock = "lock",
    LockOwned = "lock_owned",
    Notified = "notified",
    Peek = "peek",
    PeekFrom = "peek_from",
    PollJoinNext = "poll_join_next",
    Read = "read",
    ReadOwned = "read_owned",
    Readable = "readable",
    Recv = "recv",
    RecvFrom = "recv_from",
    RecvMany = "recv_many",
    Reserve = "reserve",
    ReserveMany = "reserve_many",
    ReserveOwned = "reserve_owned",
    Send = "send",
    SendTo = "send_to",
    Shutdown = "shutdown",
    Sleep = "sleep",
    Tick = "tick",
    Timeout = "timeout",
    Wait = "wait",
    WaitFor = "wait_for",
    Writable = "writable",
    Write = "write",
    WriteOwned = "write_owned",
    // Those that do not wait. They come after the others, because the number of an operation is
    // part of its name in strategies, and so of what a seed runs.
    AddPermits = "add_permits",
    AvailablePermits = "available_permits",
    Borrow = "borrow",
    BorrowAndUpdate = "borrow_and_update",
    Cancel = "cancel",
    Close = "close",
    CompareExchange = "compare_exchange",
    CompareExchangeWeak = "compare_exchange_weak",
    Enable = "enable",
    FetchAdd = "fetch_add",
    FetchAnd = "fetch_and",
    FetchMax = "fetch_max",
    FetchMin = "fetch_min",
    FetchNand = "fetch_nand",
    FetchOr = "fetch_or",
    FetchSub = "fetch_sub",
    FetchXor = "fetch_xor",
    ForgetPermits = "forget_permits",
    Get = "get",
    HasChanged = "has_changed",
    IsCancelled = "is_cancelled",
    IsClosed = "is_closed",
    IsEmpty = "is_empty",
    IsFinished = "is_finished",
    Len = "len",
    Load = "load",
    NotifyAll = "notify_all",
    NotifyLast = "notify_last",
    NotifyOne = "notify_one",
    NotifyWaiters = "notify_waiters",
    Release = "release",
    Reopen = "reopen",
    Resubscribe = "resubscribe",
    SendIfModified = "send_if_modified",
    SendModify = "send_modify",
    SendReplace = "send_replace",
    Set = "set",
    Store = "store",
    Subscribe = "subscribe",
    Swap = "swap",
    Take = "take",
    TryAcquire = "try_acquire",
    TryJoinNext = "try_join_next",
    TryLock = "try_lock",
    TryRead = "try_read",
    TryRecv = "try_recv",
    TryReserve = "try_reserve",
    TrySend = "try_send",
    TryWrite = "try_write",
    WaitTimeout = "wait_timeout",
    // Those on files.
    Canonicalize = "canonicalize",
    CreateDir = "create_dir",
    Metadata = "metadata",
    Open = "open",
    ReadDir = "read_dir",
    ReadLink = "read_link",
    RemoveDir = "remove_dir",
    RemoveFile = "remove_file",
    Rename = "rename",
    SetLen = "set_len",
    SetPermissions = "set_permissions",
    SetTimes = "set_times",
    SyncAll = "sync_all",
    SyncData = "sync_data",
    // Those of threads and of their channels, for the same reason.
    CallOnce = "call_once",
    Park = "park",
    Unpark = "unpark",
}

impl Operation {
    /// Returns `true` if the operation, on a resource of that kind, leaves it as another
    /// operation that reads would find it: the order of two such operations shows nowhere. What
    /// may or may not leave a trace counts as one that does: whether two that acquire permits
    /// commute depends on how many are free.
    pub(crate) fn reads(self, kind: ResourceKind) -> bool {
        match self {
            Self::AvailablePermits
            | Self::Borrow
            | Self::Get
            | Self::HasChanged
            | Self::IsCancelled
            | Self::IsClosed
            | Self::IsEmpty
            | Self::IsFinished
            | Self::Len
            | Self::Load => true,
            Self::Cancelled
            | Self::Changed
            | Self::Closed
            | Self::Peek
            | Self::PeekFrom
            | Self::ReadOwned
            | Self::Readable
            | Self::WaitFor
            | Self::Writable => true,
            // Each receiver of a `broadcast` has a position of its own, and the other channels
            // have one receiver; two tasks that receive from one socket take from each other.
            Self::Recv => kind == ResourceKind::Channel,
            // The position of a file moves, and its clones share it.
            Self::Read => kind != ResourceKind::File,
            Self::Canonicalize | Self::Metadata | Self::ReadDir | Self::ReadLink => true,
            // Not at a barrier, whose last to arrive leads.
            Self::Wait => kind != ResourceKind::Barrier,
            _ => false,
        }
    }

    /// Returns `true` if the operation, on a read-write lock, excludes every other
    /// holder.
    pub(crate) fn excludes_all(self) -> bool {
        matches!(self, Self::Write | Self::WriteOwned)
    }
}
