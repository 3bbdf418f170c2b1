//! A timer of the simulator's.

use std::task::{Context, Poll};

use ::tokio::time::Instant;

use crate::engine::timers::TimerId;
use crate::engine::{Engine, context};

/// A timer of a task of a run. As tokio's it is set when it is first polled, or reset.
#[derive(Debug)]
pub(super) struct Timer {
    serial: u32,
    deadline: Instant,
    /// None until it is set.
    id: Option<TimerId>,
}

impl Timer {
    /// Creates a timer for the instant that `deadline` returns when it is given the present.
    /// Returns `None` where timers are tokio's: outside a run, and in a plain task.
    pub(super) fn new(deadline: impl FnOnce(Instant) -> Instant) -> Option<Self> {
        context::with(|engine| {
            engine.running()?;
            Some(Self {
                serial: engine.serial(),
                deadline: deadline(engine.instant()),
                id: None,
            })
        })
        .flatten()
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the present of its run.
    ///
    /// # Panics
    ///
    /// If the run is over.
    pub(super) fn now(&self) -> Instant {
        self.in_run(Engine::instant)
    }

    /// # Panics
    ///
    /// If the run is over.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let (id, polled) = self.in_run(|engine| {
            let id = match self.id {
                Some(id) => id,
                None => engine.set_timer(None, self.deadline),
            };
            (id, engine.poll_timer(id, cx))
        });
        self.id = Some(id);
        polled
    }

    /// Sets it to another instant, even if it has fired.
    ///
    /// # Panics
    ///
    /// If the run is over.
    pub(super) fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.id = Some(self.in_run(|engine| engine.set_timer(self.id, deadline)));
    }

    /// Moves it to another instant, for which it is set when it is next polled.
    pub(super) fn renew(&mut self, deadline: Instant) {
        self.remove();
        self.deadline = deadline;
    }

    /// Returns `true` if it has fired since it was set.
    pub(super) fn is_elapsed(&self) -> bool {
        self.id.is_some_and(|id| {
            let pending = context::with(|engine| {
                engine.serial() == self.serial && engine.is_timer_pending(id)
            });
            pending != Some(true)
        })
    }

    fn in_run<R>(&self, f: impl FnOnce(&Engine) -> R) -> R {
        let result = context::with(|engine| (engine.serial() == self.serial).then(|| f(engine)));
        match result.flatten() {
            Some(result) => result,
            None => panic!("the run of this timer is over"),
        }
    }

    fn remove(&mut self) {
        let Some(id) = self.id.take() else { return };
        context::with(|engine| {
            if engine.serial() == self.serial {
                engine.remove_timer(id);
            }
        });
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.remove();
    }
}
