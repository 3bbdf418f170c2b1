//! Deadlocks: cycles of locks as soon as they close, and runs in which nothing
//! can happen any more.

use std::time::Duration;

use crate::engine::Core;
use crate::engine::wait::{Wait, describe};
use crate::ids::{ResourceId, TaskId};
use crate::operation::ResourceKind;
use crate::time::VirtualTime;
use crate::trace::{DeadlockedTask, Verdict};

/// Returns the verdict if `task`, which has just been left pending, closes a cycle.
///
/// A cycle counts only if none of its tasks can be woken by anything but the lock that it waits
/// for: it has one wait, and no waker is out but the lock's. A time-out around a lock is a second
/// wait (the facade's) or another waker (any other), and then there is a way out.
pub(crate) fn closed_cycle(core: &Core, task: TaskId, now: VirtualTime) -> Option<Verdict> {
    // Mostly the task waits for something else, or for a lock whose holders can continue.
    let lock = blocking_lock(core, task)?;
    let stuck = |holder: &TaskId| *holder == task || blocking_lock(core, *holder).is_some();
    if !core.resources[lock].holders.iter().any(stuck) {
        return None;
    }
    let mut path = vec![task];
    if !reaches(core, task, task, &mut path) {
        return None;
    }
    Some(Verdict::Deadlock {
        at: now,
        cycle: true,
        tasks: path.into_iter().map(|id| deadlocked(core, id)).collect(),
        plain_tasks: Vec::new(),
    })
}

/// Returns `true` if following locks and their holders from `from` leads to `to`; `path` then
/// holds the tasks between them.
fn reaches(core: &Core, from: TaskId, to: TaskId, path: &mut Vec<TaskId>) -> bool {
    let Some(resource) = blocking_lock(core, from) else {
        return false;
    };
    for &holder in &core.resources[resource].holders {
        if holder == to {
            return true;
        }
        if path.contains(&holder) {
            continue;
        }
        path.push(holder);
        if reaches(core, holder, to, path) {
            return true;
        }
        path.pop();
    }
    false
}

/// Returns the lock without which the task can never run again, if there is one.
fn blocking_lock(core: &Core, id: TaskId) -> Option<ResourceId> {
    let task = core.task(id)?;
    if task.suspended.is_some() && task.wake.is_queued() {
        // It stands in the middle of a poll, and goes on there whatever a branch of it waits for.
        return None;
    }
    let wait = task.only_wait()?;
    blocks_until_released(core, wait).then_some(wait.resource)
}

/// Returns `true` if only a release by all holders can end the wait. A reader that waits while
/// only readers hold the lock queues behind a writer, whose wait may be cancelled.
fn blocks_until_released(core: &Core, wait: &Wait) -> bool {
    match core.resources[wait.resource].kind {
        ResourceKind::Mutex | ResourceKind::OnceCell => true,
        ResourceKind::RwLock => wait.operation.excludes_all(),
        _ => false,
    }
}

/// Returns the verdict when virtual time is up. If no task waits for a timer, more time would
/// change nothing: the run was stuck since `last_activity`.
pub(crate) fn out_of_time(core: &Core, last_activity: VirtualTime, limit: Duration) -> Verdict {
    let timers = core
        .live()
        .filter_map(|id| core.task(id))
        .any(|task| task.waits.iter().any(|wait| is_timer(core, wait)));
    let tasks = core.live().map(|id| deadlocked(core, id)).collect();
    let plain_tasks = core.live_plain_tasks();
    if timers {
        Verdict::Timeout {
            limit,
            tasks,
            plain_tasks,
        }
    } else {
        Verdict::Deadlock {
            at: last_activity,
            cycle: false,
            tasks,
            plain_tasks,
        }
    }
}

pub(crate) fn is_timer(core: &Core, wait: &Wait) -> bool {
    core.resources[wait.resource].kind == ResourceKind::Timer
}

fn deadlocked(core: &Core, id: TaskId) -> DeadlockedTask {
    DeadlockedTask {
        id,
        description: describe_task(core, id),
        waits: describe_waits(core, id),
    }
}

/// The description of a task that has already left the run.
pub(crate) const DROPPED_TASK: &str = "a task that is being dropped";

/// Returns `task 3 `data-1` on server (spawned at src/x.rs:1:2)`. The first task is the
/// program, whatever its spawn site.
pub(crate) fn describe_task(core: &Core, id: TaskId) -> String {
    let Some(task) = core.task(id) else {
        return DROPPED_TASK.to_owned();
    };
    if id == TaskId::PROGRAM {
        return "the program".to_owned();
    }
    let host = &core.hosts[task.host].name;
    let name = if task.name.is_empty() {
        String::new()
    } else {
        format!(" `{}`", task.name)
    };
    format!("{id}{name} on {host} (spawned at {})", task.spawned_at)
}

/// Returns the operations that the task waits for and the holders, one line each.
pub(crate) fn describe_waits(core: &Core, id: TaskId) -> Vec<String> {
    let Some(task) = core.task(id) else {
        return Vec::new();
    };
    let line = |wait: &Wait| {
        let info = &core.resources[wait.resource];
        let mut line = format!("{} of {}", wait.operation, describe(wait.resource, info));
        for (index, holder) in info.holders.iter().enumerate() {
            line += if index == 0 { ", held by " } else { " and " };
            line += &short_name(core, *holder);
        }
        line
    };
    task.waits.iter().map(line).collect()
}

fn short_name(core: &Core, id: TaskId) -> String {
    match core.task(id) {
        Some(task) if !task.name.is_empty() => format!("{id} `{}`", task.name),
        _ => id.to_string(),
    }
}

/// Returns every lock that is held, with its creation site and holders.
pub(crate) fn held_locks(core: &Core) -> Vec<String> {
    core.resources
        .iter()
        .zip(0u32..)
        .filter(|(info, _)| info.kind.is_lock() && !info.holders.is_empty())
        .map(|(info, index)| {
            let holders: Vec<String> = info
                .holders
                .iter()
                .map(|holder| short_name(core, *holder))
                .collect();
            let lock = describe(ResourceId(index), info);
            format!("{lock}, held by {}", holders.join(" and "))
        })
        .collect()
}
