//! Cleanup: when all runs and clients have ended, nothing of them is left. Not
//! one registry entry, task, socket, timer or lock is excused.

use rehearsal_agents::record::RegistrySnapshot;
use rehearsal_sim::Census;

use super::finding::Report;
use super::view::View;
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    if !view.at_rest() {
        return Finding::not_applicable();
    }
    let mut report = Report::new(Oracle::Cleanup);
    report.check(view.evidence.runs.len() + view.evidence.clients.len());
    match &view.evidence.final_registry {
        Some(registry) => judge_registry(view, registry, &mut report),
        None => report.broken(None, || {
            "nobody looked at the registry at the end".to_owned()
        }),
    }
    match &view.evidence.final_census {
        Some(census) => judge_census(census, &mut report),
        None => report.broken(None, || {
            "nobody counted the tasks and sockets at the end".to_owned()
        }),
    }
    report.finish()
}

fn judge_registry(view: &View<'_>, registry: &RegistrySnapshot, report: &mut Report) {
    for (run, thread) in &registry.forward {
        report.broken(None, || {
            let name = view.run_name(*run);
            format!("{name} is still registered, for {thread}")
        });
    }
    for (thread, runs) in &registry.reverse {
        report.broken(None, || {
            let runs: Vec<String> = runs.iter().map(|run| view.run_name(*run)).collect();
            format!("{thread} is still mapped to runs: [{}]", runs.join(", "))
        });
    }
    for client in &registry.connections {
        report.broken(None, || format!("the connection of {client} is still open"));
    }
    for (thread, client) in &registry.subscriptions {
        report.broken(None, || {
            format!("the subscription of {client} to {thread} is still there")
        });
    }
}

fn judge_census(census: &Census, report: &mut Report) {
    for task in &census.tasks {
        report.broken(None, || {
            if task.waits.is_empty() {
                format!("leaked: {task}")
            } else {
                format!("leaked: {task}, waiting for {}", task.waits.join(" and "))
            }
        });
    }
    for socket in &census.sockets {
        report.broken(None, || {
            format!("leaked: socket on {}: {}", socket.host, socket.description)
        });
    }
    if census.timers > 0 {
        report.broken(None, || {
            format!("leaked: {} timers are still waited for", census.timers)
        });
    }
    for lock in &census.locks {
        report.broken(None, || format!("leaked: {lock} is still held"));
    }
}
