//! The operations of the facade, by the methods that start them, and the kinds of resources
//! that they use.

use std::fmt;

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
        })
    }
}

/// Generates the enum and the methods' names from one list.
macro_rules! operations {
    ($($variant:ident = $name:literal,)*) => {
        /// An operation of the facade for which a task can wait.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Operation {
            $(#[doc = concat!("`", $name, "`.")] $variant,)*
        }

        /// The method's name.
        impl fmt::Display for Operation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $name,)*
                })
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
}

impl Operation {
    /// Returns `true` if the operation, on a resource of that kind, leaves it as another
    /// operation that reads would find it: the order of two such operations shows nowhere. What
    /// may or may not leave a trace counts as one that does: whether two that acquire permits
    /// commute depends on how many are free.
    pub(crate) fn reads(self, kind: ResourceKind) -> bool {
        match self {
            Self::Cancelled
            | Self::Changed
            | Self::Closed
            | Self::Peek
            | Self::PeekFrom
            | Self::Read
            | Self::ReadOwned
            | Self::Readable
            | Self::WaitFor
            | Self::Writable => true,
            // Each receiver of a `broadcast` has a position of its own, and the other channels
            // have one receiver; two tasks that receive from one socket take from each other.
            Self::Recv => kind == ResourceKind::Channel,
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
