//! A stand-in for the crate `tokio`: `use rehearsal_sim::tokio;` and the rest of
//! the code stays as it is.
//!
//! Types and functions have the names, signatures and errors of tokio's, and wrap them. Inside
//! a run each operation is a scheduling point, at which another task may run first, and the
//! simulator records what a task waits for and holds. Outside a run they are plain tokio.
//!
//! Differences from tokio:
//!
//! - A scheduling point can suspend a task where tokio would not, for example at `lock().await`
//!   on a free lock. On tokio's multi-threaded runtime another thread can come in between there
//!   as well. What *one* poll sees stays as in tokio where that matters: [`select!`] and
//!   [`time::timeout`] never take an operation for pending because another task ran first, nor
//!   does `now_or_never` of the `futures` crate.
//! - [`select!`] without `biased;` begins with a branch that the run chooses, once for each
//!   execution, and polls the others in the order in which they are written from there. Tokio
//!   draws the first branch anew at each poll. Outside a run it begins with the first.
//! - [`task::JoinHandle`], [`task::JoinError`], [`task::Id`] and all futures that wait are the
//!   facade's own types, with the methods of tokio's.
//! - `process`, which concerns the machine and not tasks, is absent. A run receives no
//!   [signal].
//! - The modules list what else is missing.
//! - A task that a library spawns with tokio's own `spawn` is no task of the run. Tokio polls
//!   it whenever no task of the run is ready, in an order that is the same each time, and its
//!   operations are no scheduling points. A crash of its host does not end it. A panic in it
//!   ends the run, as in any task.
//!
//! [`main`] and [`test`] are tokio's own. They are here so that
//! `#[tokio::test]` goes on working in a file that imports this module; such a
//! test is outside a run.

mod select;

pub mod fs;
pub mod net;
pub mod runtime;
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;

pub use ::tokio::io;
pub use ::tokio::{join, main, pin, test, try_join};
pub use task::spawn;

/// Waits for several branches at once, and continues with the first that is done. As
/// `tokio::select!`.
///
/// With `biased;` in front the branches are polled in the order in which they are written.
/// Without it a run chooses the branch that is polled first, and the others follow in the order
/// in which they are written, the first after the last. The default choice, and the one of the
/// strategy `fifo`, is the branch that is written first. The choice is on the tape: it is
/// replayed, shrunk, and shown in the report of a failure. Outside a run it is always the first.
///
/// In a run there is a scheduling point before the branches are first polled,
/// and none within that poll: as in tokio, a branch that is ready there wins
/// over those below it.
///
/// ```
/// use rehearsal_sim::tokio;
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (sender, mut numbers) = mpsc::channel(1);
/// let (_stop, mut stopped) = mpsc::channel::<()>(1);
/// sender.send(7).await.unwrap();
/// let received = tokio::select! {
///     number = numbers.recv() => number,
///     _ = stopped.recv() => None,
/// };
/// assert_eq!(received, Some(7));
/// # }
/// ```
#[doc(inline)]
pub use crate::__rehearsal_select as select;

#[doc(inline)]
pub use crate::__rehearsal_task_local as task_local;

/// Parts of the expansion of [`select!`]; not public.
#[doc(hidden)]
pub mod __private {
    pub use super::select::{Atomic, Order, point};
    pub use ::tokio::select;
}
