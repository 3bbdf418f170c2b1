//! The future that tokio polls: it runs the next task, or advances the network and time.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::engine::deadlock;
use crate::ids::TaskId;
use crate::time::VirtualTime;

use super::Engine;

/// The future that tokio polls.
pub(crate) struct Driver {
    pub(crate) engine: Rc<Engine>,
    /// Set to the next packet's arrival.
    pub(crate) network: Pin<Box<tokio::time::Sleep>>,
    pub(crate) armed: VirtualTime,
    /// `true` if plain tasks have had their turn since a task of the run was polled.
    pub(crate) yielded: bool,
    /// The end of virtual time.
    pub(crate) limit: Pin<Box<tokio::time::Sleep>>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let engine = Rc::clone(&this.engine);
        engine.wakes.enter(cx.waker());
        engine.read_clock();
        engine.check_leaks();
        loop {
            match engine.next_task() {
                Next::Task(id) => {
                    this.yielded = false;
                    engine.poll_task(id);
                }
                Next::Over => return Poll::Ready(()),
                Next::Idle => {
                    if engine.advance_network() || this.network_due(cx) {
                        this.yielded = false;
                        continue;
                    }
                    if engine.has_quiescence_waiters() && (!this.yielded || plain_tasks_are_ready())
                    {
                        // The run is not quiet before the plain tasks have run as well.
                        this.yielded = true;
                        engine.wakes.leave();
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    // The check collects wakes; if one of another thread's came in just then,
                    // the driver must not sleep while its task is ready.
                    if engine.wake_quiescence_waiters() || engine.has_ready() {
                        continue;
                    }
                    engine.count_unreported_plain_tasks();
                    if this.limit.as_mut().poll(cx).is_ready() {
                        engine.out_of_time();
                        return Poll::Ready(());
                    }
                    if engine.wakes.leave() {
                        engine.wakes.enter(cx.waker());
                        continue;
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl Driver {
    /// Arms the timer of the next arrival. Returns `true` if that is due already.
    pub(super) fn network_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.engine.next_arrival() else {
            return false;
        };
        if at <= self.engine.now.get() {
            return true;
        }
        if self.armed != at {
            self.armed = at;
            let deadline = self.engine.start + (at - VirtualTime::ZERO);
            self.network.as_mut().reset(deadline);
        }
        self.network.as_mut().poll(cx).is_ready()
    }
}

/// Returns `true` if tokio's own queue holds a task. Without `cfg(tokio_unstable)` there is no
/// such metric: the queue is taken for empty once tokio has had one turn, which is some sixty
/// polls.
fn plain_tasks_are_ready() -> bool {
    #[cfg(tokio_unstable)]
    let ready = tokio::runtime::Handle::current()
        .metrics()
        .worker_local_queue_depth(0)
        > 0;
    #[cfg(not(tokio_unstable))]
    let ready = false;
    ready
}

pub(super) enum Next {
    Task(TaskId),
    Idle,
    Over,
}

impl Engine {
    #[inline]
    pub(super) fn next_task(&self) -> Next {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        core.collect(&self.wakes);
        // The program is task 0; the run is over when it is.
        if core.halted.is_some() || core.task(TaskId::PROGRAM).is_none() {
            return Next::Over;
        }
        if let Some(id) = core.next.take() {
            return Next::Task(id);
        }
        if !core.postponed.is_empty()
            && let Some(id) = core.release_postponed()
        {
            return Next::Task(id);
        }
        if core.ready.is_empty() {
            return Next::Idle;
        }
        core.pick_ready().map_or(Next::Idle, Next::Task)
    }

    /// Wakes the tasks that wait for quiescence, if nothing is ready and nothing is in flight.
    /// Returns `true` if there were any.
    pub(super) fn wake_quiescence_waiters(&self) -> bool {
        if !self.is_quiet() {
            return false;
        }
        let quiescence_waiters = std::mem::take(&mut self.core.borrow_mut().quiescence_waiters);
        let any = !quiescence_waiters.is_empty();
        quiescence_waiters.into_iter().for_each(Waker::wake);
        any
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
