//! Cleanup: when all spans and subscribers have ended, nothing of them is left: neither
//! while the system still serves nor after it was shut down. A shutdown aborts tasks and
//! closes sockets, so that what it takes with it would never be seen as leaked.
//!
//! Excused before the shutdown: tasks, sockets, timers and locks that were there when the
//! system was ready and no work had begun (servers, listening sockets), one for one. A task
//! that had not come to wait for anything by then may wait for a timer since. After the
//! shutdown not one is excused, and a resource that the system says it holds never is.

use std::collections::BTreeMap;

use rehearsal_sim::{Census, LiveSocket, LiveTask};

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Phase, Resource};
use crate::facets::{CheckedRun, Facet};
use crate::ids::EntityId;
use crate::validation::Validation;

/// The oracle `cleanup`.
#[derive(Debug)]
pub struct Cleanup;

impl Oracle for Cleanup {
    fn name(&self) -> &'static str {
        "cleanup"
    }

    fn claim(&self) -> &'static str {
        "nothing is left behind when the work is done"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Engine]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "not-counted",
                meaning: "Tasks and sockets were never counted at the end.",
            },
            Rule {
                name: "resource",
                meaning: "The system still holds something of work that has ended.",
            },
            Rule {
                name: "task",
                meaning: "A task is still alive.",
            },
            Rule {
                name: "socket",
                meaning: "A socket is still open.",
            },
            Rule {
                name: "timer",
                meaning: "A timer is still waited for.",
            },
            Rule {
                name: "lock",
                meaning: "A lock is still held.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::ResourceCleanup]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        if !run.at_rest() {
            return Finding::not_applicable();
        }
        let mut report = Report::new();
        let parties = run.spans().iter().len() + run.messages().subscribers().len();
        report.check(parties as u64);
        let before = run.resources().census(Phase::Ready);
        for (phase, baseline) in [(Phase::Quiescent, before), (Phase::ShutDown, None)] {
            check_held(run, phase, &mut report);
            if let Some(census) = run.resources().census(phase) {
                check_census(census, Baseline::new(baseline), phase, &mut report);
            }
        }
        if run.resources().census(Phase::ShutDown).is_none() {
            report.broken("not-counted", [], None, || {
                "tasks and sockets were not counted at the end".to_owned()
            });
        }
        report.finish()
    }
}

fn when(phase: Phase) -> &'static str {
    match phase {
        Phase::Ready => "before the work",
        Phase::Quiescent => "before the shutdown",
        Phase::ShutDown => "after the shutdown",
    }
}

fn check_held(run: &CheckedRun<'_>, phase: Phase, report: &mut Report) {
    for resource in run.resources().held(phase).into_iter().flatten() {
        report.broken("resource", entities(resource), None, || {
            describe(run, resource, phase)
        });
    }
}

fn entities(resource: &Resource) -> impl Iterator<Item = EntityId> {
    let entities = [Some(resource.holder), resource.target];
    entities.into_iter().flatten()
}

/// Returns `the registration of run-3 (failure-3) is still held, for thread-1`.
fn describe(run: &CheckedRun<'_>, resource: &Resource, phase: Phase) -> String {
    let (kind, when) = (&resource.kind, when(phase));
    let holder = run.describe_entity(resource.holder);
    match resource.target {
        Some(target) => {
            let target = run.describe_entity(target);
            format!("the {kind} of {holder} is still held, for {target} ({when})")
        }
        None => format!("the {kind} of {holder} is still held ({when})"),
    }
}

/// Things that were there before the work began, and may be there at its end.
#[derive(Default)]
struct Baseline<'a> {
    tasks: BTreeMap<(&'a str, &'a str), u64>,
    /// Of the tasks, those that waited for nothing yet.
    ready: BTreeMap<(&'a str, &'a str), u64>,
    sockets: BTreeMap<(&'a str, &'a str), u64>,
    locks: BTreeMap<&'a str, u64>,
    timers: usize,
}

impl<'a> Baseline<'a> {
    fn new(census: Option<&'a Census>) -> Self {
        let mut baseline = Self::default();
        let Some(census) = census else {
            return baseline;
        };
        for task in &census.tasks {
            *baseline.tasks.entry(kind_of_task(task)).or_default() += 1;
            if task.waits.is_empty() {
                *baseline.ready.entry(kind_of_task(task)).or_default() += 1;
            }
        }
        for socket in &census.sockets {
            *baseline.sockets.entry(name_of_socket(socket)).or_default() += 1;
        }
        for lock in &census.locks {
            *baseline.locks.entry(lock).or_default() += 1;
        }
        baseline.timers = census.timers;
        baseline
    }

    /// Takes a task of that one's kind from the baseline, and returns `true` if there was
    /// one.
    fn take_task(&mut self, task: &'a LiveTask) -> bool {
        let kind = kind_of_task(task);
        if take(&mut self.ready, &kind) {
            self.timers += 1;
        }
        take(&mut self.tasks, &kind)
    }
}

/// Returns the kind of a task: a server may replace one by another of the same kind. The
/// name is no part of it, since a task gets one only when it first runs.
fn kind_of_task(task: &LiveTask) -> (&str, &str) {
    (&task.host, &task.spawned_at)
}

fn name_of_socket(socket: &LiveSocket) -> (&str, &str) {
    (&socket.host, &socket.description)
}

/// Takes one of that kind from the baseline, and returns `true` if there was one.
fn take<K: Ord>(baseline: &mut BTreeMap<K, u64>, kind: &K) -> bool {
    match baseline.get_mut(kind) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn check_census<'a>(
    census: &'a Census,
    mut baseline: Baseline<'a>,
    phase: Phase,
    report: &mut Report,
) {
    let when = when(phase);
    for task in &census.tasks {
        if !baseline.take_task(task) {
            report.broken("task", [], None, || {
                let waits = if task.waits.is_empty() {
                    String::new()
                } else {
                    format!(", waiting for {}", task.waits.join(" and "))
                };
                format!("leaked: {task}{waits} ({when})")
            });
        }
    }
    for socket in &census.sockets {
        if !take(&mut baseline.sockets, &name_of_socket(socket)) {
            report.broken("socket", [], None, || {
                let (host, socket) = (&socket.host, &socket.description);
                format!("leaked: socket on {host}: {socket} ({when})")
            });
        }
    }
    if census.timers > baseline.timers {
        report.broken("timer", [], None, || {
            let timers = census.timers - baseline.timers;
            format!("leaked: {timers} timers are still waited for ({when})")
        });
    }
    for lock in &census.locks {
        if !take(&mut baseline.locks, &lock.as_str()) {
            report.broken("lock", [], None, || {
                format!("leaked: {lock} is still held ({when})")
            });
        }
    }
}
