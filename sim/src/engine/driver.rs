//! The future that tokio polls: who is next, and what to do when nobody is.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::deadlock;
use crate::time::VirtualTime;
use crate::wait::TaskId;

use super::Engine;

/// The future that tokio polls.
pub(super) struct Driver {
    pub(super) engine: Rc<Engine>,
    /// Set to the next packet's arrival.
    pub(super) network: Pin<Box<tokio::time::Sleep>>,
    pub(super) armed: VirtualTime,
    /// The end of virtual time.
    pub(super) limit: Pin<Box<tokio::time::Sleep>>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let engine = Rc::clone(&this.engine);
        engine.wakes.enter(cx.waker());
        engine.read_clock();
        loop {
            match engine.next_task() {
                Next::Task(id) => engine.poll_task(id),
                Next::Over => return Poll::Ready(()),
                Next::Idle => {
                    if engine.advance_network() || this.network_due(cx) {
                        continue;
                    }
                    // Looking for quiet collects wakes; another thread's may have
                    // come in just then, and its task must not be slept over.
                    if engine.settle() || engine.has_ready() {
                        continue;
                    }
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
    /// Arms the timer of the next arrival. True if that is due already.
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
        if core.halted.is_some() || core.tasks.first().is_none_or(Option::is_none) {
            return Next::Over;
        }
        if let Some(id) = core.next.take() {
            return Next::Task(id);
        }
        if core.ready.is_empty() {
            return Next::Idle;
        }
        let index = core.pick(None);
        core.picked(None, index);
        core.ready.remove(index).map_or(Next::Idle, Next::Task)
    }

    /// Nothing is ready and nothing is in flight: those who wait for that may go.
    pub(super) fn settle(&self) -> bool {
        if !self.is_quiet() {
            return false;
        }
        let settlers = std::mem::take(&mut self.core.borrow_mut().settlers);
        let any = !settlers.is_empty();
        settlers.into_iter().for_each(Waker::wake);
        any
    }

    fn has_ready(&self) -> bool {
        !self.core.borrow().ready.is_empty()
    }

    /// Virtual time is up. If no timer was pending, nothing could ever have run.
    pub(super) fn out_of_time(&self) {
        let mut core = self.core.borrow_mut();
        let verdict = deadlock::out_of_time(&core, core.last_activity, core.budget.virtual_time);
        core.halted.get_or_insert(verdict);
    }
}

impl Engine {
    /// Sets the run's clock, and that of its scope, by tokio's. That moves only while
    /// the thread is parked: constant within one poll of the driver.
    pub(super) fn read_clock(&self) {
        let elapsed = Instant::now() - self.start;
        self.now.set(VirtualTime::ZERO + elapsed);
        rehearsal_hermetic::set_elapsed(elapsed);
    }

    pub(crate) fn add_settler(&self, waker: Waker) {
        self.core.borrow_mut().settlers.push(waker);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let mut core = self.core.borrow_mut();
        core.collect(&self.wakes);
        core.ready.is_empty()
            && core
                .network
                .as_ref()
                .is_none_or(|network| network.is_quiet())
    }
}
