//! Locks of the standard library itself, which the facade does not see.
//!
//! A task on a stack that would block the thread for one is suspended, and woken when another
//! task releases the lock. Where the lock stands in the code is not known: a lock of
//! [`std::sync`](crate::std::sync) is told with its place.

use std::panic::Location;
use std::task::Waker;

use rehearsal_hermetic::{PlainLocks, WaitEnd};

use crate::engine::context;
use crate::engine::wait::{ResourceInfo, Usage};
use crate::ids::{ResourceId, TaskId};
use crate::operation::{Operation, ResourceKind};
use crate::schedule::ResourceLabel;
use crate::time::VirtualTime;

use super::stacks::{self, Place};
use super::{Core, Engine};

/// The functions for the waits of a run's thread.
pub(super) const HANDLERS: PlainLocks = PlainLocks { wait, wake };

/// A task that waits for a plain lock.
pub(super) struct PlainWait {
    task: TaskId,
    address: usize,
    resource: ResourceId,
    waker: Waker,
}

fn wait(address: usize, is_timed: bool) -> WaitEnd {
    if is_timed {
        return match stacks::yield_now() {
            true => WaitEnd::TimedOut,
            false => WaitEnd::Refused,
        };
    }
    let waiting = context::with(|engine| engine.begin_plain_wait(address)).flatten();
    let Some((task, id)) = waiting else {
        return WaitEnd::Refused;
    };
    stacks::suspend();
    context::with(|engine| engine.end_plain_wait(task, id));
    WaitEnd::Woken
}

fn wake(address: usize, most: u32) -> u32 {
    let woken = context::with(|engine| engine.take_plain_waits(address, most)).unwrap_or_default();
    let count = u32::try_from(woken.len()).expect("no more than were asked for");
    woken.into_iter().for_each(Waker::wake);
    count
}

impl Engine {
    /// Adds the running task to those that wait at an address. Returns the task and the entry's
    /// id; none if no other task can hold a lock there, or if the engine itself is waiting.
    fn begin_plain_wait(&self, address: usize) -> Option<(TaskId, u64)> {
        let resource = {
            let mut core = self.core.try_borrow_mut().ok()?;
            let core = &mut *core;
            let running = core.running?;
            let is_suspended = |id| core.task(id).is_some_and(|task| task.suspended.is_some());
            if !core.live().any(|id| id != running && is_suspended(id)) {
                return None;
            }
            core.plain_lock_at(address)
        };
        let waker = self.waker_on_stack()?;
        let waiting = self.begin_wait(resource, Operation::Lock, true)?;
        let mut core = self.core.borrow_mut();
        core.plain_waits.push(PlainWait {
            task: waiting.0,
            address,
            resource,
            waker,
        });
        core.stacks.suspends_at(Place::SystemCall);
        Some(waiting)
    }

    /// Removes what [`Engine::begin_plain_wait`] has added.
    fn end_plain_wait(&self, task: TaskId, id: u64) {
        self.end_wait(task, id);
        let mut core = self.core.borrow_mut();
        core.plain_waits.retain(|wait| wait.task != task);
    }

    /// Takes out so many wakers at most of those that wait at an address, the first ones first.
    fn take_plain_waits(&self, address: usize, most: u32) -> Vec<Waker> {
        let Ok(mut core) = self.core.try_borrow_mut() else {
            return Vec::new();
        };
        let mut left = most;
        let woken = core.plain_waits.extract_if(.., |wait| {
            let is_woken = wait.address == address && left > 0;
            left -= u32::from(is_woken);
            is_woken
        });
        woken.map(|wait| wait.waker).collect()
    }
}

impl Core {
    /// Returns the lock for which tasks wait at an address, or a new one.
    #[track_caller]
    fn plain_lock_at(&mut self, address: usize) -> ResourceId {
        let known = self.plain_waits.iter().find(|wait| wait.address == address);
        match known {
            Some(wait) => wait.resource,
            // Addresses are not the same in every run, and are used again.
            None => self.resources.push(ResourceInfo {
                kind: ResourceKind::PlainLock,
                created_at: Location::caller(),
                label: ResourceLabel::default(),
                holders: Vec::new(),
                held_since: VirtualTime::ZERO,
                usage: Usage::default(),
            }),
        }
    }
}
