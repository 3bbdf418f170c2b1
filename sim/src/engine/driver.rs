//! The future that tokio polls: it runs the next task, or advances the network and time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};

use crate::engine::deadlock;
use crate::engine::wake_queue::WakeQueue;
use crate::ids::TaskId;
use crate::time::VirtualTime;

use super::Engine;
use super::core::{Body, Core};
use super::network::Advance;
use super::tasks::Turn;

/// The future that tokio polls.
pub(crate) struct Driver {
    engine: Rc<Engine>,
    /// Tokio's timer for the next time at which something happens, by which it moves its clock.
    /// Made when it is first set: most runs move the clock themselves.
    alarm: Option<Pin<Box<tokio::time::Sleep>>>,
    armed: VirtualTime,
    /// `true` if plain tasks have had their turn since a task of the run was polled.
    yielded: bool,
    /// The end of virtual time.
    limit: VirtualTime,
    tokio: RuntimeMetrics,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let engine = Rc::clone(&this.engine);
        engine.wakes.enter(cx.waker());
        engine.read_clock();
        engine.check_leaks();
        engine.fire_timers();
        let mut waiting = None;
        loop {
            match engine.next_turn(waiting.take()) {
                Begun::Poll(id, mut body) => {
                    this.yielded = false;
                    let mut cx = Context::from_waker(&body.waker);
                    match body.future.as_mut().poll(&mut cx) {
                        Poll::Pending => waiting = Some((id, body)),
                        Poll::Ready(()) => engine.end_task_after_poll(id, body),
                    }
                }
                Begun::Nothing(Next::Task(id)) => {
                    this.yielded = false;
                    engine.poll_task(id);
                }
                Begun::Drop(body) => drop(body),
                Begun::Nothing(Next::Over) => return Poll::Ready(()),
                Begun::Nothing(Next::Idle) => {
                    if let Some(poll) = this.idle(&engine, cx) {
                        return poll;
                    }
                }
            }
        }
    }
}

impl Driver {
    /// Creates the driver of a run that may last as long as `limit`.
    pub(crate) fn new(engine: Rc<Engine>, limit: Duration) -> Self {
        Self {
            alarm: None,
            armed: VirtualTime::ZERO,
            yielded: false,
            limit: VirtualTime::ZERO + limit,
            tokio: Handle::current().metrics(),
            engine,
        }
    }

    /// Advances the network and time, until a task may be ready. Returns none then, and else
    /// what the poll returns. No task is ready when it is called.
    fn idle(&mut self, engine: &Engine, cx: &mut Context<'_>) -> Option<Poll<()>> {
        loop {
            let advance = engine.advance_network();
            if advance != Advance::Nothing {
                self.yielded = false;
            }
            // Packets that have left wake no task, unless they were for their own host.
            if advance == Advance::Delivered || engine.wakes.has_some() {
                return None;
            }
            if engine.has_quiescence_waiters() && (!self.yielded || plain_tasks_are_ready()) {
                // The run is not quiet before the plain tasks have run as well.
                self.yielded = true;
                engine.wakes.leave();
                cx.waker().wake_by_ref();
                return Some(Poll::Pending);
            }
            // The check collects wakes; if one of another thread's came in just then, the driver
            // must not sleep while its task is ready.
            if engine.wake_quiescence_waiters() || engine.has_ready() {
                return None;
            }
            engine.count_unreported_plain_tasks();
            if engine.now() >= self.limit {
                engine.out_of_time();
                return Some(Poll::Ready(()));
            }
            let at = self.next_event();
            if self.time_is_ours() {
                engine.move_clock(at);
                if engine.wakes.has_some() {
                    return None;
                }
                continue;
            }
            if self.arm(at, cx).is_ready() {
                engine.fire_timers();
                return None;
            }
            if engine.wakes.leave() {
                engine.wakes.enter(cx.waker());
                return None;
            }
            return Some(Poll::Pending);
        }
    }

    /// Returns the time of the next timer, arrival or end.
    fn next_event(&self) -> VirtualTime {
        let times = [self.engine.next_timer(), self.engine.next_arrival()];
        times.into_iter().flatten().fold(self.limit, Ord::min)
    }

    /// Returns `true` if there can be no timer and no task of plain tokio's, which it would have
    /// to run before time moves.
    fn time_is_ours(&self) -> bool {
        self.engine.time_is_ours() && self.tokio.num_alive_tasks() == 0
    }

    /// Sets the alarm. Returns `Ready` if it is due already.
    fn arm(&mut self, at: VirtualTime, cx: &mut Context<'_>) -> Poll<()> {
        if at <= self.engine.now() {
            return Poll::Ready(());
        }
        let deadline = self.engine.start + (at - VirtualTime::ZERO);
        let new = || Box::pin(tokio::time::sleep_until(deadline));
        let alarm = self.alarm.get_or_insert_with(new);
        if self.armed != at {
            self.armed = at;
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx)
    }
}

/// Returns `true` if tokio's own queue holds a task. Without `cfg(tokio_unstable)` there is no
/// such metric: the queue is taken for empty once tokio has had one turn, which is some sixty
/// polls.
fn plain_tasks_are_ready() -> bool {
    #[cfg(tokio_unstable)]
    let ready = Handle::current().metrics().worker_local_queue_depth(0) > 0;
    #[cfg(not(tokio_unstable))]
    let ready = false;
    ready
}

/// What follows after the turn of a task.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// The turn of this task.
    Task(TaskId),
    /// Nothing, until a task is ready.
    Idle,
    /// The end of the run.
    Over,
}

/// What the driver does next.
enum Begun {
    /// It polls this future of the task.
    Poll(TaskId, Box<Body>),
    /// It drops a future. What follows is not known before.
    Drop(Option<Box<Body>>),
    /// Nothing has begun.
    Nothing(Next),
}

impl Engine {
    /// Ends the poll of a task that is not ready, if there is one, and begins the next turn: one
    /// look at the core for both, because nothing is done more often.
    #[inline(always)]
    fn next_turn(&self, waiting: Option<(TaskId, Box<Body>)>) -> Begun {
        if waiting.is_some() && rehearsal_hermetic::has_leaked() {
            self.check_leaks();
        }
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        if let Some((id, body)) = waiting
            && let Some(dropped) = core.end_poll(id, body, &self.wakes, self.now.get())
        {
            return Begun::Drop(Some(dropped));
        }
        let id = match core.next_task(&self.wakes) {
            Next::Task(id) if !core.has_skewed_clock && !core.stacks.are_used() => id,
            next => return Begun::Nothing(next),
        };
        let turn = core.begin_turn(id, self.now.get());
        // A test of its own for what nearly every turn is.
        if let Turn::Poll(body) = turn {
            return Begun::Poll(id, body);
        }
        match turn {
            Turn::Drop(aborted) => Begun::Drop(aborted),
            Turn::None => Begun::Drop(None),
            Turn::Poll(_) | Turn::OnStack(_) => unreachable!("no task is polled on a stack"),
        }
    }

    /// Wakes the tasks that wait for quiescence, if nothing is ready and nothing is in flight.
    /// Returns `true` if there were any.
    pub(super) fn wake_quiescence_waiters(&self) -> bool {
        if !self.has_quiescence_waiters() {
            self.core.borrow_mut().collect(&self.wakes);
            return false;
        }
        if !self.is_quiet() {
            return false;
        }
        let quiescence_waiters = std::mem::take(&mut self.core.borrow_mut().quiescence_waiters);
        quiescence_waiters.into_iter().for_each(Waker::wake);
        true
    }

    /// Returns `true` if nothing but the simulator can wake a task.
    fn time_is_ours(&self) -> bool {
        self.core.borrow().time_is_ours() && !self.wakes.is_woken_remotely()
    }

    /// Moves tokio's clock to `at`, on its grid, and fires the timers that are due then. Tokio
    /// would get there by itself, by several turns of its driver.
    fn move_clock(&self, at: VirtualTime) {
        let by = at.on_grid() - self.now.get();
        // The clock moves in the first poll. What remains is a yield, which nothing needs.
        let advance = pin!(tokio::time::advance(by));
        let polled = advance.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "tokio's clock is paused");
        self.set_clock(self.elapsed.get() + by);
        self.fire_timers();
    }

    fn has_ready(&self) -> bool {
        !self.core.borrow().ready.is_empty()
    }

    /// Ends the run because virtual time is up. If no timer was pending, nothing could ever
    /// have run.
    pub(super) fn out_of_time(&self) {
        let mut core = self.core.borrow_mut();
        let verdict = deadlock::out_of_time(&core, core.last_activity, core.budget.virtual_time);
        core.halted.get_or_insert(verdict);
    }
}

impl Engine {
    pub(crate) fn add_quiescence_waiter(&self, waker: Waker) {
        self.core.borrow_mut().quiescence_waiters.push(waker);
        self.wakes.wake_driver();
    }

    fn has_quiescence_waiters(&self) -> bool {
        !self.core.borrow().quiescence_waiters.is_empty()
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let mut core = self.core.borrow_mut();
        core.collect(&self.wakes);
        core.ready.is_empty()
            && core.postponed.is_empty()
            && core
                .network
                .as_ref()
                .is_none_or(|network| network.is_quiet())
    }
}

impl Core {
    /// Returns the task that runs next.
    #[inline(always)]
    pub(super) fn next_task(&mut self, wakes: &WakeQueue) -> Next {
        self.collect(wakes);
        // The program is task 0; the run is over when it is.
        if self.halted.is_some() || self.task(TaskId::PROGRAM).is_none() {
            return Next::Over;
        }
        if let Some(id) = self.next.take() {
            return Next::Task(id);
        }
        if !self.postponed.is_empty()
            && let Some(id) = self.release_postponed()
        {
            return Next::Task(id);
        }
        if self.ready.is_empty() {
            return Next::Idle;
        }
        self.pick_ready().map_or(Next::Idle, Next::Task)
    }
}
