//! Plain tasks: tasks that a library has spawned with tokio's own `spawn`.
//!
//! Tokio polls them between two polls of the driver, in an order of its own that is the same
//! each time. They have no scheduling points. Where tokio has hooks for them, which it has only
//! if it is compiled with `cfg(tokio_unstable)`, a plain task is on the host of its spawner;
//! else all are on the world.

use tokio::runtime::Builder;

use crate::ids::HostId;

/// The plain tasks of a run.
#[derive(Default)]
pub(crate) struct PlainTasks {
    /// The hosts of those that are alive.
    #[cfg(tokio_unstable)]
    hosts: std::collections::BTreeMap<tokio::task::Id, HostId>,
    /// The host of the one that is being polled.
    polled_on: Option<HostId>,
}

impl PlainTasks {
    pub(super) fn current_host(&self) -> HostId {
        self.polled_on.unwrap_or(HostId::WORLD)
    }
}

/// Registers tokio's hooks for plain tasks.
#[cfg(not(tokio_unstable))]
pub(crate) fn watch(_: &mut Builder) {}

/// Registers tokio's hooks for plain tasks.
#[cfg(tokio_unstable)]
pub(crate) fn watch(builder: &mut Builder) {
    use tokio::runtime::UnhandledPanic;

    use crate::engine::context;

    builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    builder.on_task_spawn(|task| {
        context::with(|engine| {
            let host = engine.current_host();
            let hosts = &mut engine.core.borrow_mut().plain_tasks.hosts;
            hosts.insert(task.id(), host);
        });
    });
    builder.on_before_task_poll(|task| {
        context::with(|engine| {
            let plain_tasks = &mut engine.core.borrow_mut().plain_tasks;
            plain_tasks.polled_on = plain_tasks.hosts.get(&task.id()).copied();
        });
    });
    builder.on_after_task_poll(|_| {
        context::with(|engine| engine.core.borrow_mut().plain_tasks.polled_on = None);
    });
    builder.on_task_terminate(|task| {
        context::with(|engine| {
            let hosts = &mut engine.core.borrow_mut().plain_tasks.hosts;
            hosts.remove(&task.id());
        });
    });
}
