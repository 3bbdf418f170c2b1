//! Scheduling points, and the holders and waiters of resources.

use std::panic::Location;
use std::task::Waker;

use crate::engine::host::HostState;
use crate::engine::wait::{ResourceInfo, Usage, Wait};
use crate::ids::{ResourceId, TaskId};
use crate::operation::{Operation, ResourceKind};
use crate::schedule::strategy::PendingOperation;
use crate::schedule::{ResourceLabel, place_hash};
use crate::time::VirtualTime;
use crate::trace::LockStep;

use super::{Core, Engine, Recording, stacks};

impl Engine {
    /// Passes the scheduling point before an operation of the running task. Returns `false` if
    /// another task goes first: the caller then returns `Pending` and is polled again without a
    /// wake. With `polled_once` the caller could not do that, and goes on.
    #[inline]
    pub(crate) fn point(&self, at: Option<PendingOperation>, polled_once: bool) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return true;
        };
        if polled_once || core.atomic_step == Some(core.statistics.steps) {
            return core.pass_point(me, at);
        }
        if core.cancellations.drops() {
            return false;
        }
        core.collect(&self.wakes);
        let resource = at.map(PendingOperation::resource);
        if core.next.is_none() && core.cancels_at_point(me, resource, self.now.get()) {
            return false;
        }
        self.choose_at_point(core, me, at)
    }

    /// Passes the scheduling point before an operation that does not wait. Returns `false` if
    /// another task goes first: the caller then suspends the stack, and the operation follows
    /// when it goes on.
    pub(crate) fn operation_point(&self, at: Option<PendingOperation>) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return true;
        };
        let is_atomic = core.atomic_step == Some(core.statistics.steps);
        let is_point = core.stacks.operations_are_points() && !is_atomic;
        if !is_point || !stacks::can_suspend() {
            return core.pass_point(me, at);
        }
        if core.cancellations.drops() {
            // It goes on to its next await: without end only where nothing else goes on.
            let goes_on = core.halted.is_none() || core.stacks.goes_on_to_its_end();
            return goes_on && core.pass_point(me, at);
        }
        core.collect(&self.wakes);
        self.choose_at_point(core, me, at)
    }

    /// Returns `true` if operations that do not wait are scheduling points.
    #[inline]
    pub(crate) fn operations_are_points(&self) -> bool {
        self.core.borrow().stacks.operations_are_points()
    }

    /// Has the strategy choose between the running task, which stands at a scheduling point, and
    /// those that are ready.
    #[inline]
    fn choose_at_point(&self, core: &mut Core, me: TaskId, at: Option<PendingOperation>) -> bool {
        if core.next.is_some() {
            // A point of another branch of this task has switched away already.
            return self.requeue(core, me, at);
        }
        if core.postpones(Some((me, at))) {
            return self.postpone_running(core, me, at);
        }
        // Without another ready task there is no switch; the step still counts, so that a loop
        // that never waits runs into its budget.
        let index = core.pick(Some((me, at)));
        if index == 0 {
            return self.step(core, me, at);
        }
        core.statistics.preemptions += 1;
        core.record_pick(Some((me, at)), index);
        core.next = core.take_waiting(index - 1);
        self.requeue(core, me, at)
    }

    /// Lets the running task go on, within the budget.
    #[inline]
    fn step(&self, core: &mut Core, me: TaskId, at: Option<PendingOperation>) -> bool {
        if core.spend(self.now.get(), me) {
            core.spawn_tree.begin_turn(me);
            core.pass_point(me, at)
        } else {
            self.requeue(core, me, at)
        }
    }

    /// Puts the running task at the head of the queue: it is the default pick once the other
    /// one has to wait. If it has paused its own host, it is parked there. Returns `false`,
    /// always: the result of `point`.
    #[inline]
    pub(super) fn requeue(
        &self,
        core: &mut Core,
        me: TaskId,
        at: Option<PendingOperation>,
    ) -> bool {
        self.suspend(core, me, at, |core, me| core.ready.push_front(me));
        false
    }

    /// Suspends the running task at a scheduling point, and puts it where `put` does. If it has
    /// paused its own host, it is parked there; if it was woken while it ran, it is queued
    /// already, and stays where it is.
    #[inline]
    pub(super) fn suspend(
        &self,
        core: &mut Core,
        me: TaskId,
        at: Option<PendingOperation>,
        put: impl FnOnce(&mut Core, TaskId),
    ) {
        core.points[me] = at;
        core.observe_interruption(me);
        let Some(task) = core.task_mut(me) else {
            return;
        };
        if task.wake.claim() {
            let was_ready = std::mem::replace(&mut task.is_ready, true);
            assert!(!was_ready, "a ready task is queued once");
            task.is_at_point = true;
            let host = task.host;
            let host = &mut core.hosts[host];
            if host.state == HostState::Paused {
                host.parked.push(me);
            } else {
                put(core, me);
            }
        }
    }

    /// Returns `true` if a point has switched the running task away since it was polled, or drops
    /// it or a part of it.
    #[inline]
    pub(crate) fn is_switched_away(&self) -> bool {
        let core = self.core.borrow();
        let is_over = core.next.is_some() || core.halted.is_some() || core.cancellations.drops();
        core.running.is_some() && is_over
    }

    /// Excludes every other task until [`Engine::end_atomic`] or the end of the task's poll.
    /// Returns the argument for `end_atomic`; none if this is in effect already.
    pub(crate) fn begin_atomic(&self) -> Option<u64> {
        let mut core = self.core.borrow_mut();
        // Steps are not counted while there are no points, but each poll is one.
        let step = core.statistics.steps;
        if core.atomic_step == Some(step) {
            return None;
        }
        core.atomic_step = Some(step);
        Some(step)
    }

    /// Ends the effect of [`Engine::begin_atomic`], if it has not ended by itself.
    pub(crate) fn end_atomic(&self, step: u64) {
        let mut core = self.core.borrow_mut();
        if core.atomic_step == Some(step) {
            core.atomic_step = None;
        }
    }

    #[inline]
    pub(crate) fn touch(&self, resource: ResourceId) {
        let mut core = self.core.borrow_mut();
        if let Some(me) = core.running {
            core.operates(me, resource);
        }
    }

    /// Records the end, or the beginning, of what the running task does between two yields.
    #[inline]
    pub(crate) fn yielded(&self) {
        let mut core = self.core.borrow_mut();
        if let Some(me) = core.running
            && core.record.recording != Recording::Off
        {
            core.happens_before.yielded(me);
        }
    }

    /// Begins a yield of the running task. Returns `true` if it has woken the task; else the
    /// caller wakes `waker`, which is not the task's own.
    #[inline]
    pub(crate) fn begin_yield(&self, waker: &Waker) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return false;
        };
        if core.record.recording != Recording::Off {
            core.happens_before.yielded(me);
        }
        if core.observes() {
            core.observe_suspension(me);
        }
        let own = core.task(me).map(|task| &*task.wake);
        own.filter(|own| own.is_woken_by(waker))
            .map(|own| self.wakes.wake(own))
            .is_some()
    }

    /// Returns the label of a resource that the running task makes; none if the strategy reads
    /// no labels.
    pub(crate) fn label(&self, created_at: &'static Location<'static>) -> Option<ResourceLabel> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let creator = core.running.map(|task| core.spawn_tree.path_hash(task));
        Some(core.labels.as_mut()?.next(created_at, creator))
    }

    /// Gives a resource its number, at its first use.
    pub(crate) fn register(
        &self,
        kind: ResourceKind,
        created_at: &'static Location<'static>,
        label: Option<ResourceLabel>,
    ) -> ResourceId {
        let mut core = self.core.borrow_mut();
        core.happens_before.registered(created_at);
        let label = label.unwrap_or_else(|| match core.labels {
            Some(_) => ResourceLabel(place_hash(created_at)),
            None => ResourceLabel::default(),
        });
        core.resources.push(ResourceInfo {
            kind,
            created_at,
            label,
            holders: Vec::new(),
            held_since: VirtualTime::ZERO,
            usage: Usage::default(),
        })
    }

    /// Makes the running task a holder of `resource`. Returns the task.
    #[inline(always)]
    pub(crate) fn hold(&self, resource: ResourceId) -> Option<TaskId> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let task = core.running?;
        let info = &mut core.resources[resource];
        if info.holders.is_empty() {
            info.held_since = self.now.get();
        }
        info.holders.push(task);
        core.record_lock(task, resource, LockStep::Acquired);
        Some(task)
    }

    #[inline]
    pub(crate) fn release(&self, resource: ResourceId, task: TaskId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let info = &mut core.resources[resource];
        if info.holders == [task] {
            info.holders.clear();
        } else {
            let index = info.holders.iter().position(|holder| *holder == task);
            info.holders
                .swap_remove(index.expect("a released resource was held"));
        }
        // Most are released in the instant in which they were taken.
        if info.holders.is_empty() && self.now.get() != info.held_since {
            let held = self.now.get().since(info.held_since);
            info.usage.longest_hold = info.usage.longest_hold.max(held);
        }
        core.record_lock(task, resource, LockStep::Released);
        if let Some(me) = core.running {
            core.touched(me, resource);
        }
    }

    /// Records that the running task waits for `resource`. Returns the task, and the entry's
    /// id.
    #[inline]
    pub(crate) fn begin_wait(
        &self,
        resource: ResourceId,
        operation: Operation,
    ) -> Option<(TaskId, u64)> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let me = core.running?;
        let id = core.next_wait;
        core.next_wait += 1;
        let info = &mut core.resources[resource];
        info.usage.waits += 1;
        let kind = info.kind;
        core.statistics.waits += u64::from(kind != ResourceKind::Timer);
        core.statistics.lock_waits += u64::from(kind.is_lock());
        core.record_lock(me, resource, LockStep::WaitBegan);
        if let Some(task) = core.task_mut(me) {
            let newest = task.waits.iter().all(|wait| wait.id < id);
            assert!(newest, "each wait has an id of its own");
            task.waits.push(Wait {
                id,
                resource,
                operation,
                since: self.now.get(),
            });
        }
        Some((me, id))
    }

    #[inline]
    pub(crate) fn end_wait(&self, waiter: TaskId, id: u64) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(task) = core.task_mut(waiter) else {
            return;
        };
        // Mostly there is one, or the last goes first.
        let index = task.waits.iter().rposition(|wait| wait.id == id);
        if let Some(wait) = index.map(|index| task.waits.remove(index)) {
            if self.now.get() != wait.since {
                let waited = self.now.get().since(wait.since);
                let usage = &mut core.resources[wait.resource].usage;
                usage.waited += waited;
                usage.longest_wait = usage.longest_wait.max(waited);
            }
            core.record_lock(waiter, wait.resource, LockStep::WaitEnded);
        }
    }
}
