//! The runtime under the programs: madsim, with tokio's locks and channels.

pub(super) use madsim::task::{JoinHandle, spawn, yield_now};
pub(super) use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot};
