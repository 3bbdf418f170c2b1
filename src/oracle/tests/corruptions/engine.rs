//! What is left behind, waits for ever, or disagrees.

use super::super::healthy::{ALICE, BOB, FAILING, SLOW, THREAD_1, THREAD_2};
use super::{Case, check, task};
use crate::oracle::Oracle;
use rehearsal_sim::{DeadlockedTask, LiveSocket, TaskId, Verdict, VirtualTime};

#[test]
fn cleanup() {
    check(&[
        Case(
            "nobody looked at the registry",
            Oracle::Cleanup,
            |stage| stage.evidence.final_registry = None,
            &["nobody looked at the registry"],
        ),
        Case(
            "nobody counted",
            Oracle::Cleanup,
            |stage| stage.evidence.final_census = None,
            &["nobody counted"],
        ),
        Case(
            "a run left registered",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.forward.insert(FAILING, THREAD_1);
            },
            &["run-3 (failure-3) is still registered, for thread-1"],
        ),
        Case(
            "a thread left mapped",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.reverse.insert(THREAD_2, vec![SLOW]);
            },
            &["thread-2 is still mapped to runs: [run-7 (slow-7)]"],
        ),
        Case(
            "a thread left mapped to nothing",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.reverse.insert(THREAD_2, vec![]);
            },
            &["thread-2 is still mapped"],
        ),
        Case(
            "a connection left open",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.connections.push(BOB);
            },
            &["the connection of client-3"],
        ),
        Case(
            "a subscription left",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.subscriptions.push((THREAD_1, ALICE));
            },
            &["the subscription of client-1 to thread-1"],
        ),
        Case(
            "a task left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census.tasks.push(task("serve"));
            },
            &[
                "`serve` on bridge (spawned at agents/src/serve.rs:41:9)",
                "waiting for channel#4",
            ],
        ),
        Case(
            "a socket left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census.sockets.push(LiveSocket {
                    host: "bridge".to_owned(),
                    description: "tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT".to_owned(),
                });
            },
            &["socket on bridge: tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT"],
        ),
        Case(
            "timers left",
            Oracle::Cleanup,
            |stage| {
                stage
                    .evidence
                    .final_census
                    .as_mut()
                    .expect("a census")
                    .timers = 2
            },
            &["2 timers"],
        ),
        Case(
            "a lock left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census
                    .locks
                    .push("Mutex#3 (created at src/bridge.rs:12:5)".to_owned());
            },
            &["Mutex#3 (created at src/bridge.rs:12:5) is still held"],
        ),
    ]);
}

#[test]
fn deadlock() {
    check(&[
        Case(
            "a cycle of locks",
            Oracle::Deadlock,
            |stage| {
                let stuck = |name: &str, lock: &str| DeadlockedTask {
                    id: TaskId::PROGRAM,
                    description: format!("task `{name}`"),
                    waits: vec![lock.to_owned()],
                };
                stage.verdict = Verdict::Deadlock {
                    at: VirtualTime::from_micros(5_000),
                    cycle: true,
                    tasks: vec![stuck("route", "Mutex#1"), stuck("register", "Mutex#2")],
                };
            },
            &[
                "2 tasks wait for each other",
                "task `route` waits for Mutex#1",
                "register",
            ],
        ),
        Case(
            "a livelock",
            Oracle::Deadlock,
            |stage| {
                stage.verdict = Verdict::Livelock {
                    at: VirtualTime::ZERO,
                    polls: 1_000,
                };
            },
            &["1000 polls"],
        ),
        Case(
            "time ran out",
            Oracle::Deadlock,
            |stage| {
                stage.verdict = Verdict::Timeout {
                    limit: std::time::Duration::from_secs(60),
                    tasks: Vec::new(),
                };
            },
            &["60s"],
        ),
    ]);
}

#[test]
fn registry() {
    check(&[Case(
        "maps that disagree",
        Oracle::Registry,
        |stage| {
            let at = VirtualTime::from_micros(1_250_000);
            let what = "run-3 is not listed under thread-1".to_owned();
            stage.evidence.broken_registry.push((at, what));
        },
        &["1.250s", "run-3 is not listed under thread-1"],
    )]);
}
