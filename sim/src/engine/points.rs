//! Scheduling points, and the holders and waiters of resources.

use std::panic::Location;
use std::task::{Poll, Waker};

use crate::engine::host::HostState;
use crate::engine::wait::{ResourceInfo, Usage, Wait};
use crate::ids::{ResourceId, TaskId};
use crate::operation::{Operation, ResourceKind};
use crate::schedule::strategy::PendingOperation;
use crate::schedule::{ResourceLabel, place_hash};
use crate::time::VirtualTime;
use crate::trace::LockStep;

use super::{Core, Engine, stacks};

impl Engine {
    /// Passes the scheduling point before an operation of the running task. Returns `false` if
    /// another task goes first: the caller then returns `Pending` and is polled again without a
    /// wake. With `polled_once` the caller could not do that, and goes on.
    #[inline]
    pub(crate) fn point(&self, at: Option<PendingOperation>, polled_once: bool) -> bool {
        let mut core = self.core.borrow_mut();
        match core.running {
            Some(me) => self.point_of(&mut core, me, at, polled_once),
            None => true,
        }
    }

    /// Passes the scheduling point before an operation of the running task, and takes what there
    /// is to take without a wait. Returns the task, which holds the resource now; none if there is
    /// nothing to take, and in a plain task. Pending if another task goes first, or has gone since
    /// the point was `passed`.
    #[inline(always)]
    pub(crate) fn take_at_point<T>(
        &self,
        at: PendingOperation,
        passed: bool,
        polled_once: bool,
        take: impl FnOnce() -> Option<T>,
    ) -> Poll<Option<(T, TaskId)>> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return Poll::Ready(None);
        };
        let goes_on = match passed {
            true => polled_once || !core.is_switched_away(),
            false => self.point_of(core, me, Some(at), polled_once),
        };
        if !goes_on {
            return Poll::Pending;
        }
        let taken = take();
        if taken.is_some() {
            core.hold(at.resource(), me, self.now.get());
        }
        Poll::Ready(taken.map(|taken| (taken, me)))
    }

    /// Passes the scheduling point of the running task.
    #[inline(never)]
    fn point_of(
        &self,
        core: &mut Core,
        me: TaskId,
        at: Option<PendingOperation>,
        polled_once: bool,
    ) -> bool {
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
    #[inline(always)]
    fn choose_at_point(&self, core: &mut Core, me: TaskId, at: Option<PendingOperation>) -> bool {
        if core.next.is_some() {
            // A point of another branch of this task has switched away already.
            return core.requeue(me, at);
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
        core.requeue(me, at)
    }

    /// Lets the running task go on, within the budget.
    #[inline(always)]
    fn step(&self, core: &mut Core, me: TaskId, at: Option<PendingOperation>) -> bool {
        if core.spend(self.now.get(), me) {
            core.spawn_tree.begin_turn(me);
            core.pass_point(me, at)
        } else {
            core.requeue(me, at)
        }
    }

    /// Returns `true` if a point has switched the running task away since it was polled, or drops
    /// it or a part of it.
    #[inline]
    pub(crate) fn is_switched_away(&self) -> bool {
        self.core.borrow().is_switched_away()
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
        if let Some(me) = core.running {
            core.yielded(me);
        }
    }

    /// Begins a yield of the running task, which ends with its next turn. Returns `true` if it has
    /// woken the task; else the caller wakes `waker`, which is not the task's own.
    #[inline]
    pub(crate) fn begin_yield(&self, waker: &Waker) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(me) = core.running else {
            return false;
        };
        core.yielded(me);
        if core.observes() {
            core.observe_suspension(me);
        }
        let Some(task) = core.task_mut(me) else {
            return false;
        };
        task.has_yielded = true;
        let is_own = task.wake.is_woken_by(waker);
        if is_own {
            self.wakes.wake(&task.wake);
        }
        is_own
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
        let task = core.running?;
        core.hold(resource, task, self.now.get());
        Some(task)
    }

    #[inline]
    pub(crate) fn release(&self, resource: ResourceId, task: TaskId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.resources[resource].remove_holder(task, self.now.get());
        core.record_lock(task, resource, LockStep::Released);
        if let Some(me) = core.running {
            core.touched(me, resource);
        }
    }

    /// Records that the running task waits for `resource`, which keeps a waker of it or does not.
    /// Returns the task, and the entry's id.
    #[inline]
    pub(crate) fn begin_wait(
        &self,
        resource: ResourceId,
        operation: Operation,
        keeps_waker: bool,
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
                keeps_waker,
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

impl Core {
    /// Puts the running task at the head of the queue: it is the default pick once the other
    /// one has to wait. If it has paused its own host, it is parked there. Returns `false`,
    /// always: the result of `point`.
    #[inline(always)]
    fn requeue(&mut self, me: TaskId, at: Option<PendingOperation>) -> bool {
        if self.suspend(me, at) {
            self.ready.push_front(me);
        }
        false
    }

    /// Suspends the running task at a scheduling point. Returns `true` if the caller is to queue
    /// it; else it is parked, because it has paused its own host, or it was woken while it ran,
    /// and is queued already.
    #[inline(always)]
    pub(super) fn suspend(&mut self, me: TaskId, at: Option<PendingOperation>) -> bool {
        self.points[me] = at;
        if self.observes() {
            self.observe_interruption(me);
        }
        let Some(task) = self.task_mut(me) else {
            return false;
        };
        if !task.wake.claim() {
            return false;
        }
        let was_ready = std::mem::replace(&mut task.is_ready, true);
        assert!(!was_ready, "a ready task is queued once");
        task.is_at_point = true;
        let host = task.host;
        let host = &mut self.hosts[host];
        let is_parked = host.state == HostState::Paused;
        if is_parked {
            host.park(me);
        }
        !is_parked
    }

    /// Makes a task a holder of `resource`.
    #[inline]
    fn hold(&mut self, resource: ResourceId, task: TaskId, now: VirtualTime) {
        let info = &mut self.resources[resource];
        if info.holders.is_empty() {
            info.held_since = now;
        }
        info.holders.push(task);
        self.record_lock(task, resource, LockStep::Acquired);
    }

    #[inline]
    fn is_switched_away(&self) -> bool {
        let is_over = self.next.is_some() || self.halted.is_some() || self.cancellations.drops();
        self.running.is_some() && is_over
    }
}
