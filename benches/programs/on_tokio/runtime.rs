//! The runtime under the programs: tokio.

pub(super) use tokio::spawn;
pub(super) use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot};
pub(super) use tokio::task::{JoinHandle, yield_now};
