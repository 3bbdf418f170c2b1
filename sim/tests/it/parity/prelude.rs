// Shared parts of the programs of the parity suite. `tokio` and `tokio_util` are the crates of
// those names or the facade. No program may depend on the order in which tasks run.

use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::runtime::Handle;
use tokio::sync::{
    Barrier, Mutex, MutexGuard, Notify, OnceCell, OwnedMutexGuard, OwnedRwLockMappedWriteGuard,
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard, RwLockReadGuard,
    RwLockWriteGuard, Semaphore, SetOnce, broadcast, mpsc, oneshot, watch,
};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Duration, Instant, MissedTickBehavior, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

pub(crate) type Log = Vec<String>;

macro_rules! log {
    ($($entry:expr),* $(,)?) => { vec![$(format!("{:?}", $entry)),*] };
}

const MS: Duration = Duration::from_millis(1);

fn millis(since: Instant) -> u128 {
    since.elapsed().as_millis()
}
