//! Tasks: added, polled, aborted, parked, dropped.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::engine::host::HostState;
use crate::engine::wake_queue::{WakeQueue, Woken};
use crate::engine::{deadlock, panics};
use crate::ids::{HostId, TaskId};
use crate::schedule::strategy::Spawn;
use crate::time::VirtualTime;
use crate::trace::{Effect, PanicReport, TaskEnd, Verdict};

use super::core::Body;
use super::stacks::StackTurn;
use super::{Core, Disposal, Engine, Exemption, Task};

impl Engine {
    /// Adds a task without its future, which needs the id. [`Engine::start_task`] follows.
    pub(crate) fn add_task(&self, host: HostId, spawned_at: &'static Location<'static>) -> TaskId {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let id = core.tasks.push(None);
        let point = core.points.push(None);
        assert_eq!(id, point, "each task has one place for its point");
        core.statistics.tasks += 1;
        let parent = core.running;
        core.record(
            self.now.get(),
            Effect::Spawn {
                task: id,
                parent,
                host,
            },
        );
        let spawn_path_hash = core.spawn_tree.spawned(parent);
        core.happens_before.spawned(parent, spawn_path_hash);
        core.strategy.spawned(&Spawn {
            task: id,
            parent,
            path_hash: spawn_path_hash,
            spawned_at,
        });
        id
    }

    /// Gives a task its future, and makes it ready.
    pub(crate) fn start_task(
        &self,
        id: TaskId,
        future: Pin<Box<dyn Future<Output = ()>>>,
        host: HostId,
        spawned_at: &'static Location<'static>,
    ) {
        let wake = self.wakes.task(id);
        let waker = Waker::from(Arc::clone(&wake));
        let mut core = self.core.borrow_mut();
        let parent = core.running.and_then(|parent| core.task(parent));
        let exempt = match parent.map(|parent| parent.exempt) {
            Some(Exemption::Subtree) => Exemption::Subtree,
            _ if id == TaskId::PROGRAM => Exemption::Root,
            _ => Exemption::None,
        };
        core.tasks[id] = Some(Box::new(Task {
            body: Some(Box::new(Body { future, waker })),
            suspended: None,
            wake,
            host,
            name: String::new(),
            spawned_at,
            waits: Vec::new(),
            aborted: false,
            is_ready: false,
            is_at_point: false,
            has_yielded: false,
            exempt,
            has_wakers_out: false,
        }));
        core.collect(&self.wakes);
        core.enqueue_now(id);
        self.wakes.wake_driver();
    }

    pub(crate) fn name_task(&self, id: TaskId, name: &str) {
        if let Some(task) = self.core.borrow_mut().task_mut(id) {
            name.clone_into(&mut task.name);
        }
    }

    /// Marks the task to be dropped the next time it would be polled, as tokio does.
    pub(crate) fn abort(&self, id: TaskId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(task) = core.task_mut(id) else {
            return;
        };
        task.aborted = true;
        task.wake.mark_woken();
        if !self.wakes.is_woken(id) && task.wake.claim() {
            core.collect(&self.wakes);
            core.enqueue_now(id);
            self.wakes.wake_driver();
        }
    }

    /// Exempts the task from cancellation; with [`Exemption::Subtree`] also every task that it
    /// spawns.
    pub(crate) fn exempt_from_cancellation(&self, id: TaskId, exempt: Exemption) {
        if let Some(task) = self.core.borrow_mut().task_mut(id) {
            task.exempt = exempt;
        }
    }

    pub(crate) fn is_alive(&self, id: TaskId) -> bool {
        self.core.borrow().task(id).is_some()
    }

    /// Ends the run because of a panic in a task; none if that is being dropped.
    pub(crate) fn panicked(&self, id: Option<TaskId>, message: String, location: String) {
        // If a leak leads to a panic, as with tokio's sockets, the leak is the verdict.
        self.check_leaks();
        let mut core = self.core.borrow_mut();
        let task = match id {
            Some(id) => deadlock::describe_task(&core, id),
            None => deadlock::DROPPED_TASK.to_owned(),
        };
        core.halted.get_or_insert(Verdict::Panic(PanicReport {
            task,
            message,
            location,
            at: self.now.get(),
        }));
    }

    /// Takes the turn of a task that is shown another wall clock, or is polled on a stack.
    pub(super) fn poll_task(&self, id: TaskId) {
        let shift = self.core.borrow().shift_wall_clock(id, self.now.get());
        let turn = self.core.borrow_mut().begin_turn(id, self.now.get());
        match turn {
            Turn::Poll(mut body) => {
                let mut cx = Context::from_waker(&body.waker);
                let poll = body.future.as_mut().poll(&mut cx);
                self.end_poll(id, body, poll);
            }
            Turn::OnStack(turn) => self.take_turns_on_stack(id, turn),
            Turn::Drop(aborted) => drop(aborted),
            Turn::None => {}
        }
        if shift != 0 {
            rehearsal_hermetic::set_wall_shift(0);
        }
    }

    /// Ends the poll of a task.
    pub(super) fn end_poll(&self, id: TaskId, body: Box<Body>, poll: Poll<()>) {
        match poll {
            Poll::Ready(()) => self.end_task_after_poll(id, body),
            Poll::Pending => {
                if rehearsal_hermetic::has_leaked() {
                    self.check_leaks();
                }
                let mut core = self.core.borrow_mut();
                let dropped = core.end_poll(id, body, &self.wakes, self.now.get());
                drop(core);
                drop(dropped);
            }
        }
    }

    /// Ends a task, whose poll has returned that it is ready.
    pub(super) fn end_task_after_poll(&self, id: TaskId, body: Box<Body>) {
        if rehearsal_hermetic::has_leaked() {
            self.check_leaks();
        }
        let mut borrowed = self.core.borrow_mut();
        let core = &mut *borrowed;
        core.running = None;
        core.cancellations.end_poll();
        if core.next == Some(id) {
            // It was to be dropped at a scheduling point, and has ended in the same poll.
            core.next = None;
        }
        if self.wakes.is_woken_remotely() {
            // The task must still exist when it is described.
            core.woken_remotely(&self.wakes);
        }
        let panicked = matches!(core.halted, Some(Verdict::Panic(_)));
        let how = if panicked {
            TaskEnd::Panicked
        } else {
            TaskEnd::Returned
        };
        let task = core.end_task(id, how, self.now.get());
        drop(borrowed);
        drop(task);
        drop(body);
    }

    /// Removes the chosen tasks and drops them, oldest first.
    pub(crate) fn drop_tasks(
        &self,
        which: &dyn Fn(&Task) -> bool,
        how: TaskEnd,
        disposal: Disposal,
    ) {
        let doomed: Vec<Box<Task>> = {
            let mut core = self.core.borrow_mut();
            let core = &mut *core;
            let ids: Vec<TaskId> = core
                .live()
                .filter(|id| core.task(*id).is_some_and(which))
                .collect();
            if ids.is_empty() {
                return;
            }
            let doomed = ids
                .iter()
                .filter_map(|id| match disposal {
                    Disposal::Recorded => core.end_task(*id, how, self.now.get()),
                    Disposal::Quiet => core.forget_task(*id),
                })
                .collect();
            let tasks = &core.tasks;
            core.ready.retain(|id| tasks[id].is_some());
            core.postponed.retain(|one| tasks[one.task].is_some());
            if core.next.is_some_and(|id| tasks[id].is_none()) {
                core.next = None;
            }
            doomed
        };
        for task in doomed {
            // A panic in a destructor must not end the simulator.
            if let Err(caught) = panics::catch(|| drop(task)) {
                self.panicked(None, caught.message, caught.location);
            }
        }
    }

    /// Pauses a host: its ready tasks are put aside.
    pub(crate) fn park(&self, id: HostId) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect(&self.wakes);
        core.hosts[id].state = HostState::Paused;
        let tasks = &core.tasks;
        let parked = &mut core.hosts[id].parked;
        let stays = |task| {
            let on_host = tasks[task].as_ref().is_some_and(|task| task.host == id);
            if on_host {
                parked.push(task);
            }
            !on_host
        };
        core.ready.retain(stays);
        let postponed = core.take_postponed_of(id);
        core.hosts[id].parked.extend(postponed);
    }

    /// Makes the parked tasks of a host ready again.
    pub(crate) fn unpark(core: &mut Core, host: HostId) {
        let parked = std::mem::take(&mut core.hosts[host].parked);
        for id in parked {
            if core.task(id).is_some() {
                core.ready.push_back(id);
            }
        }
    }
}

/// The turn of a task.
pub(super) enum Turn {
    /// Its future is polled.
    Poll(Box<Body>),
    /// The same on a stack, or the continuation of what is suspended there.
    OnStack(StackTurn),
    /// It is dropped.
    Drop(Option<Box<Body>>),
    /// It has none.
    None,
}

impl Core {
    /// Makes a task ready, after the effects so far.
    fn enqueue_now(&mut self, task: TaskId) {
        let effects = self.record.effects.get();
        self.enqueue(Woken { task, effects });
    }

    /// Shows the task the wall clock of its host. Returns the microseconds by which that is wrong.
    #[inline]
    pub(super) fn shift_wall_clock(&self, id: TaskId, now: VirtualTime) -> i64 {
        if !self.has_skewed_clock {
            return 0;
        }
        let host = self.task(id).map(|task| task.host);
        let shift = host.map_or(0, |host| self.hosts[host].clock_shift(now));
        rehearsal_hermetic::set_wall_shift(shift);
        shift
    }

    /// Begins the turn of a task, and takes out what it needs.
    #[inline(always)]
    pub(super) fn begin_turn(&mut self, id: TaskId, now: VirtualTime) -> Turn {
        if !self.spend(now, id) {
            return Turn::None;
        }
        assert!(self.running.is_none(), "one task is polled at a time");
        let Some(task) = self.tasks.get_mut(id).and_then(Option::as_deref_mut) else {
            return Turn::None;
        };
        let was_ready = std::mem::take(&mut task.is_ready);
        assert!(
            was_ready,
            "a running task was in the queue, and has left it"
        );
        let is_suspended = task.suspended.is_some();
        if is_suspended {
            task.wake.continue_poll();
        } else {
            task.wake.begin_poll();
        }
        let resumes = std::mem::take(&mut task.is_at_point);
        let has_yielded = std::mem::take(&mut task.has_yielded);
        let body = task.body.take();
        // A poll is never broken off in its middle.
        let aborted =
            !is_suspended && (task.aborted || self.cancels_instead_of_polling(id, resumes));
        self.spawn_tree.begin_turn(id);
        self.last = Some(id);
        if let Some(at) = self.points[id].take()
            && !aborted
        {
            // The operation at whose point it stood happens now.
            self.operates(id, at.resource());
        }
        if aborted {
            return self.abort_in_turn(id, body, now);
        }
        self.running = Some(id);
        self.record_poll(now, id);
        if has_yielded {
            // What it does from here on.
            self.yielded(id);
        }
        if is_suspended {
            return self.continue_in_turn(id);
        }
        self.cancellations.begin_poll(resumes);
        match body {
            Some(body) if self.stacks.are_used() => Self::poll_on_stack(body),
            Some(body) => Turn::Poll(body),
            None => Turn::None,
        }
    }

    #[cold]
    fn poll_on_stack(body: Box<Body>) -> Turn {
        Turn::OnStack(StackTurn::Poll(body))
    }

    /// Ends a task whose turn it is.
    #[cold]
    fn abort_in_turn(&mut self, id: TaskId, body: Option<Box<Body>>, now: VirtualTime) -> Turn {
        drop(self.end_task(id, TaskEnd::Aborted, now));
        Turn::Drop(body)
    }

    /// Returns the turn of a task that is suspended in the middle of a poll.
    #[inline(never)]
    fn continue_in_turn(&mut self, id: TaskId) -> Turn {
        let suspended = self.task_mut(id).and_then(|task| task.suspended.take());
        let suspended = suspended.expect("it was suspended when its turn began");
        Turn::OnStack(self.continue_suspended(suspended))
    }

    /// Ends the poll of a task that waits now. Returns its future if the task is gone: its host
    /// crashed while it ran.
    #[inline]
    pub(super) fn end_poll(
        &mut self,
        id: TaskId,
        body: Box<Body>,
        wakes: &WakeQueue,
        now: VirtualTime,
    ) -> Option<Box<Body>> {
        self.running = None;
        self.cancellations.end_poll();
        let Some(task) = self.tasks[id].as_deref_mut() else {
            return Some(body);
        };
        let none = task.body.replace(body);
        debug_assert!(none.is_none(), "the body was taken out when the turn began");
        if task.wake.is_woken() && task.wake.claim() {
            // It was suspended in the middle of the poll, and what woke it was taken for the
            // end of that.
            wakes.push(id);
        }
        if task.count_wakers_out(&mut self.with_wakers_out) {
            self.look_for_deadlock(id, now);
        }
        None
    }

    /// Looks at what a task waits for, now that its poll has ended or is suspended.
    #[inline]
    pub(super) fn look_at_waits(&mut self, id: TaskId, now: VirtualTime) {
        let Some(task) = self.tasks[id].as_deref_mut() else {
            return;
        };
        if task.count_wakers_out(&mut self.with_wakers_out) {
            self.look_for_deadlock(id, now);
        }
    }

    fn look_for_deadlock(&mut self, id: TaskId, now: VirtualTime) {
        if self.halted.is_none() {
            self.halted = deadlock::closed_cycle(self, id, now);
        }
    }

    /// Ends a task and takes it out of the run. The caller drops it, once the engine is no longer
    /// borrowed.
    pub(super) fn end_task(
        &mut self,
        id: TaskId,
        how: TaskEnd,
        now: VirtualTime,
    ) -> Option<Box<Task>> {
        self.record(now, Effect::End { task: id, how });
        self.strategy.ended(id);
        self.happens_before.ended(id);
        self.forget_task(id)
    }

    /// Takes a task out of a run that is over.
    fn forget_task(&mut self, id: TaskId) -> Option<Box<Task>> {
        self.record_task(id);
        let task = self.tasks[id].take();
        let had_wakers_out = task.as_ref().is_some_and(|task| task.has_wakers_out);
        self.with_wakers_out -= usize::from(had_wakers_out);
        task
    }
}
