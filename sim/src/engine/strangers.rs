//! Strangers: tasks that a library has spawned with tokio's own `spawn`.
//!
//! Tokio polls them between two polls of the driver, in an order of its own that is
//! the same each time. They have no scheduling points. Where tokio tells about them,
//! which it does only if it is compiled with `cfg(tokio_unstable)`, a stranger is on
//! the host of whoever spawned it; else all are on the world.

use tokio::runtime::{Builder, Handle};

use crate::host::HostId;
use crate::time::VirtualTime;

use super::Engine;

/// What is known of the strangers of a run.
#[derive(Default)]
pub(crate) struct Strangers {
    /// Those that are alive.
    #[cfg(tokio_unstable)]
    homes: std::collections::BTreeMap<tokio::task::Id, HostId>,
    /// That of the one that is being polled.
    polled_on: Option<HostId>,
    /// Polls of strangers.
    polls: u64,
    /// What had been done when the driver last let them go first.
    let_go: Option<Done>,
}

/// Polls of strangers, steps of the run, and the time.
type Done = (u64, u64, VirtualTime);

impl Strangers {
    pub(super) fn current_host(&self) -> HostId {
        self.polled_on.unwrap_or(HostId::WORLD)
    }
}

impl Engine {
    /// Whether somebody waits for quiet and a stranger may have something to do. Then
    /// the driver gives tokio a turn, and asks again until no stranger was polled.
    pub(super) fn lets_strangers_go_first(&self) -> bool {
        let nobody = || Handle::current().metrics().num_alive_tasks() == 0;
        if self.core.borrow().settlers.is_empty() || !self.is_quiet() || nobody() {
            return false;
        }
        let mut core = self.core.borrow_mut();
        // Where polls are not counted, one turn must do.
        let done = (core.strangers.polls, core.statistics.steps, self.now.get());
        core.strangers.let_go.replace(done) != Some(done)
    }
}

/// Has tokio tell about strangers.
#[cfg(not(tokio_unstable))]
pub(super) fn watch(_: &mut Builder) {}

/// Has tokio tell about strangers.
#[cfg(tokio_unstable)]
pub(super) fn watch(builder: &mut Builder) {
    use crate::context;

    builder.on_task_spawn(|stranger| {
        context::with(|engine| {
            let home = engine.current_host();
            let homes = &mut engine.core.borrow_mut().strangers.homes;
            homes.insert(stranger.id(), home);
        });
    });
    builder.on_before_task_poll(|stranger| {
        context::with(|engine| {
            // A timer of its own may have woken it, and not the driver.
            engine.look_at_the_clock();
            let strangers = &mut engine.core.borrow_mut().strangers;
            strangers.polled_on = strangers.homes.get(&stranger.id()).copied();
            strangers.polls += 1;
        });
    });
    builder.on_after_task_poll(|_| {
        context::with(|engine| engine.core.borrow_mut().strangers.polled_on = None);
    });
    builder.on_task_terminate(|stranger| {
        context::with(|engine| {
            let homes = &mut engine.core.borrow_mut().strangers.homes;
            homes.remove(&stranger.id());
        });
    });
}
