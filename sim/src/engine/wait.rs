//! Waits of tasks, and the holders of resources.

use std::collections::BTreeMap;
use std::panic::Location;
use std::time::Duration;

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::operation::{Operation, ResourceKind};
use crate::schedule::ResourceLabel;
use crate::time::VirtualTime;
use crate::trace::LockUse;

/// One thing that a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    pub(crate) id: u64,
    pub(crate) resource: ResourceId,
    pub(crate) operation: Operation,
    /// `true` if what is waited for keeps a waker of the task.
    pub(crate) keeps_waker: bool,
    pub(crate) since: VirtualTime,
}

/// The state of a resource.
pub(crate) struct ResourceInfo {
    pub(crate) kind: ResourceKind,
    pub(crate) created_at: &'static Location<'static>,
    pub(crate) label: ResourceLabel,
    /// The tasks that hold it now.
    pub(crate) holders: Vec<TaskId>,
    /// The virtual time at which it was taken, while there are holders.
    pub(crate) held_since: VirtualTime,
    pub(crate) usage: Usage,
}

/// The waits for one resource, and the time that it was held.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) waits: u64,
    pub(crate) waited: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) longest_hold: Duration,
}

impl ResourceInfo {
    /// Removes a task from the holders, of which it is one.
    #[inline(always)]
    pub(super) fn remove_holder(&mut self, task: TaskId, now: VirtualTime) {
        match self.holders.as_slice() {
            [holder] if *holder == task => self.holders.clear(),
            _ => self.remove_one_of_many(task),
        }
        // Most are released in the instant in which they were taken.
        if now != self.held_since {
            self.record_hold(now);
        }
    }

    #[cold]
    fn remove_one_of_many(&mut self, task: TaskId) {
        let index = self.holders.iter().position(|holder| *holder == task);
        self.holders
            .swap_remove(index.expect("a released resource was held"));
    }

    /// Records for how long it was held, if it is no longer.
    #[cold]
    fn record_hold(&mut self, now: VirtualTime) {
        if self.holders.is_empty() {
            let held = now.since(self.held_since);
            self.usage.longest_hold = self.usage.longest_hold.max(held);
        }
    }
}

/// Returns the locks that tasks had to wait for, by the places at which they were made, the
/// most contended first.
pub(crate) fn contended(resources: &IndexVec<ResourceId, ResourceInfo>) -> Vec<LockUse> {
    let mut sites: BTreeMap<(&'static Location<'static>, ResourceKind), LockUse> = BTreeMap::new();
    for info in resources.iter().filter(|info| info.kind.is_lock()) {
        let site = sites.entry((info.created_at, info.kind));
        let site = site.or_insert(LockUse {
            kind: info.kind,
            created_at: info.created_at,
            locks: 0,
            waits: 0,
            waited: Duration::ZERO,
            longest_wait: Duration::ZERO,
            longest_hold: Duration::ZERO,
        });
        site.locks += 1;
        site.waits += info.usage.waits;
        site.waited += info.usage.waited;
        site.longest_wait = site.longest_wait.max(info.usage.longest_wait);
        site.longest_hold = site.longest_hold.max(info.usage.longest_hold);
    }
    let mut sites: Vec<LockUse> = sites.into_values().filter(|site| site.waits > 0).collect();
    sites.sort_by_key(|site| std::cmp::Reverse(site.waits));
    sites
}

/// Returns `Mutex#3 (created at src/bank.rs:12:5)`.
pub(crate) fn describe(id: ResourceId, info: &ResourceInfo) -> String {
    if info.kind == ResourceKind::PlainLock {
        return format!("a lock of the standard library (plain lock#{})", id.index());
    }
    format!(
        "{}#{} (created at {})",
        info.kind,
        id.index(),
        info.created_at
    )
}
