//! Plain tasks: those that a library has spawned with tokio's own `spawn`.
//!
//! Tokio polls them between two polls of the driver, in an order of its own that is
//! the same each time. They have no scheduling points. Where tokio tells about them,
//! which it does only if it is compiled with `cfg(tokio_unstable)`, a plain task is on
//! the host of whoever spawned it; else all are on the world.

use tokio::runtime::Builder;

use crate::ids::HostId;

/// The plain tasks of a run.
#[derive(Default)]
pub(crate) struct PlainTasks {
    /// Those that are alive.
    #[cfg(tokio_unstable)]
    homes: std::collections::BTreeMap<tokio::task::Id, HostId>,
    /// That of the one that is being polled.
    polled_on: Option<HostId>,
}

impl PlainTasks {
    pub(super) fn current_host(&self) -> HostId {
        self.polled_on.unwrap_or(HostId::WORLD)
    }
}

/// Has tokio tell about plain tasks.
#[cfg(not(tokio_unstable))]
pub(crate) fn watch(_: &mut Builder) {}

/// Has tokio tell about plain tasks.
#[cfg(tokio_unstable)]
pub(crate) fn watch(builder: &mut Builder) {
    use tokio::runtime::UnhandledPanic;

    use crate::engine::context;

    builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    builder.on_task_spawn(|task| {
        context::with(|engine| {
            let home = engine.current_host();
            let homes = &mut engine.core.borrow_mut().plain_tasks.homes;
            homes.insert(task.id(), home);
        });
    });
    builder.on_before_task_poll(|task| {
        context::with(|engine| {
            let plain_tasks = &mut engine.core.borrow_mut().plain_tasks;
            plain_tasks.polled_on = plain_tasks.homes.get(&task.id()).copied();
        });
    });
    builder.on_after_task_poll(|_| {
        context::with(|engine| engine.core.borrow_mut().plain_tasks.polled_on = None);
    });
    builder.on_task_terminate(|task| {
        context::with(|engine| {
            let homes = &mut engine.core.borrow_mut().plain_tasks.homes;
            homes.remove(&task.id());
        });
    });
}
