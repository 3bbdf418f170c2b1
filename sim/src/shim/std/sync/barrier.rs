//! `Barrier`.

use ::std::fmt;
use ::std::sync as real;

use real::{MutexGuard, PoisonError};

use crate::blocking::{Waited, Waiters};
use crate::operation::{Operation, ResourceKind};
use crate::tokio::time;

/// As `std::sync::Barrier`.
pub struct Barrier {
    waiters: Waiters,
    size: usize,
    state: real::Mutex<State>,
    /// Notified when a group is complete, for threads outside a run.
    complete: real::Condvar,
}

#[derive(Default)]
struct State {
    /// Those that wait for the rest of their group.
    arrived: usize,
    /// Number of groups that were complete.
    groups: u64,
}

/// The result of a wait; as `std::sync::BarrierWaitResult`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Returns `true` for one of each group.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Creates a barrier at which groups of that size wait.
    #[track_caller]
    pub const fn new(n: usize) -> Self {
        Self {
            waiters: Waiters::new(ResourceKind::Barrier),
            size: n,
            state: real::Mutex::new(State {
                arrived: 0,
                groups: 0,
            }),
            complete: real::Condvar::new(),
        }
    }

    /// Waits until the group is complete. The last to arrive leads.
    ///
    /// # Panics
    ///
    /// In a task of a run that would have to wait and cannot be suspended.
    pub fn wait(&self) -> BarrierWaitResult {
        self.waiters.operate(Operation::Wait);
        let Some(group) = self.arrive() else {
            self.complete.notify_all();
            self.waiters.wake_all();
            return BarrierWaitResult(true);
        };
        let mut ended = || (self.state().groups != group).then_some(());
        let waited = self
            .waiters
            .wait(Operation::Wait, None::<time::Sleep>, &mut ended);
        if let Waited::OutsideARun = waited {
            let incomplete = |state: &mut State| state.groups == group;
            drop(self.complete.wait_while(self.state(), incomplete));
        }
        BarrierWaitResult(false)
    }

    /// Adds one to the group. Returns its number; none if it is complete.
    fn arrive(&self) -> Option<u64> {
        let mut state = self.state();
        state.arrived += 1;
        if state.arrived < self.size {
            return Some(state.groups);
        }
        state.arrived = 0;
        state.groups += 1;
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}
