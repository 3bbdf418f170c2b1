//! The runtime under the programs: the simulator's.

pub(super) use rehearsal_sim::tokio::spawn;
pub(super) use rehearsal_sim::tokio::sync::{
    Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot,
};
pub(super) use rehearsal_sim::tokio::task::{JoinHandle, yield_now};
