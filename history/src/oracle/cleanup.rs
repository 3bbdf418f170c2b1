//! Cleanup: when all spans and subscribers have ended, nothing of them is left. Not one
//! resource, task, socket, timer or lock is excused.

use rehearsal_sim::Census;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Phase, Resource};
use crate::facets::{CheckedRun, Facet};
use crate::ids::EntityId;

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

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        if !run.at_rest() {
            return Finding::not_applicable();
        }
        let mut report = Report::new();
        let parties = run.spans().iter().len() + run.messages().subscribers().len();
        report.check(parties as u64);
        for resource in run.resources().held(Phase::Quiescent).into_iter().flatten() {
            report.broken("resource", entities(resource), None, || {
                describe(run, resource)
            });
        }
        match run.resources().census(Phase::ShutDown) {
            Some(census) => check_census(census, &mut report),
            None => report.broken("not-counted", [], None, || {
                "tasks and sockets were not counted at the end".to_owned()
            }),
        }
        report.finish()
    }
}

fn entities(resource: &Resource) -> impl Iterator<Item = EntityId> {
    [Some(resource.holder), resource.target]
        .into_iter()
        .flatten()
}

/// `the registration of run-3 (failure-3) is still held, for thread-1`.
fn describe(run: &CheckedRun<'_>, resource: &Resource) -> String {
    let kind = &resource.kind;
    let holder = run.describe_entity(resource.holder);
    match resource.target {
        Some(target) => {
            let target = run.describe_entity(target);
            format!("the {kind} of {holder} is still held, for {target}")
        }
        None => format!("the {kind} of {holder} is still held"),
    }
}

fn check_census(census: &Census, report: &mut Report) {
    for task in &census.tasks {
        report.broken("task", [], None, || {
            if task.waits.is_empty() {
                format!("leaked: {task}")
            } else {
                format!("leaked: {task}, waiting for {}", task.waits.join(" and "))
            }
        });
    }
    for socket in &census.sockets {
        report.broken("socket", [], None, || {
            format!("leaked: socket on {}: {}", socket.host, socket.description)
        });
    }
    if census.timers > 0 {
        report.broken("timer", [], None, || {
            format!("leaked: {} timers are still waited for", census.timers)
        });
    }
    for lock in &census.locks {
        report.broken("lock", [], None, || format!("leaked: {lock} is still held"));
    }
}
