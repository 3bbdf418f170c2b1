//! The hosts, tasks, entities and locks of a run, by their positions in its document.

use std::collections::BTreeMap;

use rehearsal_history::{EntityId, Names};
use rehearsal_sim::{Effect, HostId, LockChange, ResourceId};

use super::{Entity, Lock, Task};
use crate::run::RunReport;

/// Positions of everything that events refer to.
#[derive(Default)]
pub(super) struct Index {
    /// The hosts, by id.
    pub hosts: Vec<String>,
    /// The tasks, by id.
    pub tasks: Vec<Task>,
    /// The entities, in order of first use.
    pub entities: Vec<Entity>,
    /// The locks, in order of first use.
    pub locks: Vec<Lock>,
    by_entity: BTreeMap<EntityId, usize>,
    by_lock: BTreeMap<ResourceId, usize>,
}

impl Index {
    /// Returns the index of a recorded run, with its hosts and tasks.
    pub(super) fn of(report: &RunReport) -> Self {
        let mut index = Self::default();
        let outcome = &report.outcome;
        for entry in &outcome.trace.entries {
            match entry.effect {
                Effect::Spawn { task, host, .. } => {
                    let host = index.host(host);
                    let task = index.task(task.index() as usize);
                    task.host = host;
                    task.began = entry.at.as_micros();
                }
                Effect::End { task, .. } => {
                    index.task(task.index() as usize).ended = Some(entry.at.as_micros());
                }
                Effect::Packet { from, to, .. } | Effect::Arrival { from, to, .. } => {
                    index.host(from);
                    index.host(to);
                }
                _ => {}
            }
        }
        for info in &outcome.tasks {
            let task = index.task(info.id.index() as usize);
            task.spawned_at = info.spawned_at.to_string();
            task.name = if info.name.is_empty() {
                format!("{} ({})", info.id, info.spawned_at)
            } else {
                info.name.clone()
            };
            let host = task.host;
            if let Some(name) = index.hosts.get_mut(host) {
                info.host.clone_into(name);
            }
        }
        index
    }

    fn task(&mut self, position: usize) -> &mut Task {
        while self.tasks.len() <= position {
            self.tasks.push(Task {
                name: format!("task {}", self.tasks.len()),
                host: 0,
                spawned_at: String::new(),
                began: 0,
                ended: None,
            });
        }
        &mut self.tasks[position]
    }

    /// Returns the position of a host.
    pub(super) fn host(&mut self, host: HostId) -> usize {
        let position = host.index() as usize;
        while self.hosts.len() <= position {
            self.hosts.push(format!("host {}", self.hosts.len()));
        }
        position
    }

    /// Returns the name of a host.
    pub(super) fn host_name(&mut self, host: HostId) -> &str {
        let position = self.host(host);
        &self.hosts[position]
    }

    /// Returns the host of a task.
    pub(super) fn host_of(&self, task: usize) -> Option<usize> {
        self.tasks.get(task).map(|task| task.host)
    }

    /// Returns the name of a task.
    pub(super) fn task_name(&self, task: usize) -> &str {
        self.tasks.get(task).map_or("", |task| task.name.as_str())
    }

    /// Returns the position of an entity.
    pub(super) fn entity(&mut self, id: EntityId, names: &Names) -> usize {
        *self.by_entity.entry(id).or_insert_with(|| {
            self.entities.push(Entity {
                kind: names.word(id.kind),
                name: names.of(id).to_string(),
            });
            self.entities.len() - 1
        })
    }

    /// Returns the position of a lock.
    pub(super) fn lock(&mut self, change: &LockChange) -> usize {
        *self.by_lock.entry(change.lock).or_insert_with(|| {
            self.locks.push(Lock {
                name: format!("{}#{}", change.kind, change.lock.index()),
                created_at: change.created_at.to_string(),
            });
            self.locks.len() - 1
        })
    }
}
