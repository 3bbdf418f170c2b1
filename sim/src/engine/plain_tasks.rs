//! Plain tasks: tasks that a library has spawned with tokio's own `spawn`.
//!
//! Tokio polls them between two polls of the driver, in an order of its own that is the same
//! each time; the run may interrupt them ([`interruptions`](super::interruptions)). All that is
//! known of them comes from tokio's hooks, which it has only if it is compiled with
//! `cfg(tokio_unstable)`. Then a plain task is on the host of its spawner, else on the world.

use std::collections::BTreeMap;
use std::panic::Location;

use tokio::runtime::Builder;
use tokio::task::Id;

use crate::ids::{HostId, TaskId};
use crate::schedule::{PlainPath, SiteId, SpawnPath};
use crate::time::VirtualTime;
use crate::trace::{LivePlainTask, Verdict, mix, place};

use super::{Core, Engine};

/// The plain tasks of a run.
#[derive(Default)]
pub(crate) struct PlainTasks {
    /// Those that are alive. Tokio's ids ascend, so the oldest is the first.
    alive: BTreeMap<Id, PlainTask>,
    /// The number of plain tasks that each task of the run has spawned, and that were spawned
    /// outside any.
    spawned_by: BTreeMap<Option<TaskId>, u32>,
    /// The one that is being polled.
    polled: Option<Id>,
    /// The last instant at which one was polled, and the polls in it.
    instant: (VirtualTime, u64),
}

/// A plain task that has not ended.
pub(super) struct PlainTask {
    pub(super) host: HostId,
    pub(super) spawned_at: &'static Location<'static>,
    /// The same in every run in which its spawners spawn in the same order.
    pub(super) path_hash: u64,
    /// Its place in the tree of spawns; empty if nothing is recorded or replayed.
    pub(super) path: PlainPath,
    /// The site of its interruptions, once it was used.
    pub(super) site: Option<SiteId>,
    /// The polls so far.
    pub(super) polls: u32,
    /// The plain tasks that it has spawned.
    children: u32,
}

impl PlainTasks {
    /// Returns the host of the plain task that is being polled; the world if there is none.
    pub(super) fn current_host(&self) -> HostId {
        self.polled().map_or(HostId::WORLD, |task| task.host)
    }

    /// Returns the plain task that is being polled.
    pub(super) fn polled(&self) -> Option<&PlainTask> {
        self.alive.get(&self.polled?)
    }

    pub(super) fn polled_mut(&mut self) -> Option<&mut PlainTask> {
        self.alive.get_mut(&self.polled?)
    }

    /// Returns the plain tasks that have not ended, oldest first.
    pub(super) fn alive(&self) -> impl Iterator<Item = &PlainTask> {
        self.alive.values()
    }
}

impl Core {
    /// Adds a plain task, on the host of its spawner.
    #[cfg_attr(not(tokio_unstable), expect(dead_code, reason = "there are no hooks"))]
    fn add_plain_task(&mut self, id: Id, host: HostId, spawned_at: &'static Location<'static>) {
        let (origin, path, number) = self.next_plain_path();
        let task = PlainTask {
            host,
            spawned_at,
            path_hash: mix(origin, number.into()),
            path,
            site: None,
            polls: 0,
            children: 0,
        };
        self.plain_tasks.alive.insert(id, task);
        self.statistics.plain_tasks += 1;
    }

    /// Returns the hash of the spawner's path, and path and number of the next plain task.
    fn next_plain_path(&mut self) -> (u64, PlainPath, u32) {
        let addressed = self.spawn_tree.is_addressed();
        let running = self.running;
        if running.is_none()
            && let Some(parent) = self.plain_tasks.polled_mut()
        {
            parent.children += 1;
            let number = parent.children;
            let path = if addressed {
                PlainPath {
                    spawner: parent.path.spawner.clone(),
                    below: parent.path.below.child(number),
                }
            } else {
                PlainPath::default()
            };
            return (parent.path_hash, path, number);
        }
        let number = self.plain_tasks.spawned_by.entry(running).or_default();
        *number += 1;
        let number = *number;
        let origin = running.map_or(0, |task| self.spawn_tree.path_hash(task));
        let path = if addressed {
            PlainPath {
                spawner: running.map_or_else(Default::default, |task| self.spawn_tree.path(task)),
                below: SpawnPath::default().child(number),
            }
        } else {
            PlainPath::default()
        };
        (origin, path, number)
    }

    /// Begins the poll of a plain task. Returns `false` if the run is over.
    #[cfg_attr(not(tokio_unstable), expect(dead_code, reason = "there are no hooks"))]
    fn begin_plain_poll(&mut self, id: Id, now: VirtualTime) -> bool {
        let own = &mut self.plain_tasks;
        own.polled = own.alive.contains_key(&id).then_some(id);
        if let Some(task) = own.polled_mut() {
            task.polls = task.polls.saturating_add(1);
        }
        own.instant = match own.instant {
            (at, polls) if at == now => (at, polls + 1),
            _ => (now, 1),
        };
        let in_instant = own.instant.1;
        self.last_activity = now;
        self.statistics.plain_polls += 1;
        if self.halted.is_none() {
            if self.statistics.plain_polls > self.budget.steps {
                self.halted = Some(Verdict::Unknown {
                    steps: self.budget.steps,
                });
            } else if in_instant > self.budget.steps_per_instant {
                self.halted = Some(Verdict::Livelock {
                    at: now,
                    polls: in_instant,
                });
            }
        }
        self.halted.is_none()
    }

    /// Returns the number of plain tasks on that host that have not ended.
    pub(crate) fn plain_tasks_on(&self, host: HostId) -> usize {
        let alive = self.plain_tasks.alive();
        alive.filter(|task| task.host == host).count()
    }

    /// Returns descriptions of the plain tasks that have not ended, oldest first.
    pub(crate) fn live_plain_tasks(&self) -> Vec<LivePlainTask> {
        let describe = |task: &PlainTask| LivePlainTask {
            host: self.hosts[task.host].name.clone(),
            spawned_at: place(task.spawned_at),
        };
        self.plain_tasks.alive().map(describe).collect()
    }
}

impl Engine {
    /// Counts the plain tasks that are alive, where no hook reports them.
    pub(super) fn count_unreported_plain_tasks(&self) {
        #[cfg(not(tokio_unstable))]
        {
            let alive = tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks();
            let alive = u64::try_from(alive).expect("a count of 64 bits");
            let count = &mut self.core.borrow_mut().statistics.plain_tasks;
            *count = alive.max(*count);
        }
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
            let mut core = engine.core.borrow_mut();
            core.add_plain_task(task.id(), host, task.spawned_at());
        });
    });
    builder.on_before_task_poll(|task| {
        context::with(|engine| {
            let mut core = engine.core.borrow_mut();
            if core.begin_plain_poll(task.id(), engine.now()) {
                core.plan_interruption();
            } else {
                engine.wakes.wake_driver();
            }
        });
    });
    builder.on_after_task_poll(|_| {
        context::with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.record_interruption(engine.now());
            core.plain_tasks.polled = None;
        });
    });
    builder.on_task_terminate(|task| {
        context::with(|engine| {
            let mut core = engine.core.borrow_mut();
            core.plain_tasks.alive.remove(&task.id());
        });
    });
}
