//! Leaks, endless waits, and broken invariants.

use std::time::Duration;

use rehearsal_sim::{
    DeadlockedTask, LivePlainTask, LiveSocket, LiveTask, TaskId, Verdict, VirtualTime,
};

use super::super::healthy::{ALICE, BOB, CHANNEL_1, CHANNEL_2, FAILING, SLOW};
use super::Case;
use crate::{EntityId, Phase, Resource};

fn resource(kind: &'static str, holder: impl Into<EntityId>, target: Option<EntityId>) -> Resource {
    Resource {
        kind: kind.into(),
        holder: holder.into(),
        target,
    }
}

fn task(name: &str) -> LiveTask {
    LiveTask {
        id: TaskId::PROGRAM,
        name: name.to_owned(),
        host: "server".to_owned(),
        spawned_at: "agents/src/serve.rs:41:9".to_owned(),
        waits: vec!["channel#4".to_owned()],
    }
}

pub(super) const CLEANUP: &[Case] = &[
    Case {
        name: "nothing was counted",
        oracle: "cleanup",
        rule: "not-counted",
        corrupt: |builder| builder.census.clear(),
        says: &["were not counted"],
    },
    Case {
        name: "a span left registered",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| {
            let left = resource("registration", FAILING, Some(CHANNEL_1.into()));
            builder.held_mut().push(left);
        },
        says: &["the registration of run-3 (failure-3) is still held, for thread-1"],
    },
    Case {
        name: "a channel left mapped",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| {
            let left = resource("mapping", CHANNEL_2, Some(SLOW.into()));
            builder.held_mut().push(left);
        },
        says: &["the mapping of thread-2 is still held, for run-7 (slow-7)"],
    },
    Case {
        name: "a channel left mapped to nothing",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| {
            builder
                .held_mut()
                .push(resource("mapping", CHANNEL_2, None))
        },
        says: &["the mapping of thread-2 is still held"],
    },
    Case {
        name: "a connection left open",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| builder.held_mut().push(resource("connection", BOB, None)),
        says: &["the connection of client-3"],
    },
    Case {
        name: "a subscription left",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| {
            let left = resource("subscription", ALICE, Some(CHANNEL_1.into()));
            builder.held_mut().push(left);
        },
        says: &["the subscription of client-1 is still held, for thread-1"],
    },
    Case {
        name: "a task left",
        oracle: "cleanup",
        rule: "task",
        corrupt: |builder| {
            builder
                .census_mut(Phase::ShutDown)
                .tasks
                .push(task("serve"))
        },
        says: &[
            "`serve` on server (spawned at agents/src/serve.rs:41:9)",
            "waiting for channel#4",
        ],
    },
    Case {
        name: "a socket left",
        oracle: "cleanup",
        rule: "socket",
        corrupt: |builder| {
            builder
                .census_mut(Phase::ShutDown)
                .sockets
                .push(LiveSocket {
                    host: "server".to_owned(),
                    description: "tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT".to_owned(),
                });
        },
        says: &["socket on server: tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT"],
    },
    Case {
        name: "timers left",
        oracle: "cleanup",
        rule: "timer",
        corrupt: |builder| builder.census_mut(Phase::ShutDown).timers = 2,
        says: &["2 timers"],
    },
    Case {
        name: "a lock left",
        oracle: "cleanup",
        rule: "lock",
        corrupt: |builder| {
            let lock = "Mutex#3 (created at src/server.rs:12:5)".to_owned();
            builder.census_mut(Phase::ShutDown).locks.push(lock);
        },
        says: &["Mutex#3 (created at src/server.rs:12:5) is still held"],
    },
    Case {
        name: "a connection task that the shutdown would abort",
        oracle: "cleanup",
        rule: "task",
        corrupt: |builder| {
            builder
                .census_mut(Phase::Quiescent)
                .tasks
                .push(task("serve"))
        },
        says: &["`serve` on server", "before the shutdown"],
    },
    Case {
        name: "a second task of the server's kind",
        oracle: "cleanup",
        rule: "task",
        corrupt: |builder| {
            let tasks = &mut builder.census_mut(Phase::Quiescent).tasks;
            tasks.push(tasks[0].clone());
        },
        says: &["`accept` on server", "before the shutdown"],
    },
    Case {
        name: "the server's own task after the shutdown",
        oracle: "cleanup",
        rule: "task",
        corrupt: |builder| {
            let server = builder.census_mut(Phase::Ready).tasks[0].clone();
            builder.census_mut(Phase::ShutDown).tasks.push(server);
        },
        says: &["`accept` on server", "after the shutdown"],
    },
    Case {
        name: "a socket that the shutdown would close",
        oracle: "cleanup",
        rule: "socket",
        corrupt: |builder| {
            builder
                .census_mut(Phase::Quiescent)
                .sockets
                .push(LiveSocket {
                    host: "server".to_owned(),
                    description: "tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT".to_owned(),
                });
        },
        says: &["CLOSE_WAIT", "before the shutdown"],
    },
    Case {
        name: "a timer before the shutdown",
        oracle: "cleanup",
        rule: "timer",
        corrupt: |builder| builder.census_mut(Phase::Quiescent).timers = 1,
        says: &["1 timers", "before the shutdown"],
    },
    Case {
        name: "a resource after the shutdown alone",
        oracle: "cleanup",
        rule: "resource",
        corrupt: |builder| {
            let held = builder.holds.get_mut(&Phase::ShutDown).expect("a snapshot");
            held.push(resource("connection", BOB, None));
        },
        says: &["the connection of client-3", "after the shutdown"],
    },
    Case {
        name: "a task left by a system without a snapshot",
        oracle: "cleanup",
        rule: "task",
        corrupt: |builder| {
            builder.holds.clear();
            builder
                .census_mut(Phase::ShutDown)
                .tasks
                .push(task("serve"));
        },
        says: &["`serve` on server", "after the shutdown"],
    },
];

pub(super) const DEADLOCK: &[Case] = &[
    Case {
        name: "a cycle of locks",
        oracle: "deadlock",
        rule: "deadlock",
        corrupt: |builder| {
            let stuck = |name: &str, lock: &str| DeadlockedTask {
                id: TaskId::PROGRAM,
                description: format!("task `{name}`"),
                waits: vec![lock.to_owned()],
            };
            builder.verdict = Verdict::Deadlock {
                at: VirtualTime::from_micros(5_000),
                cycle: true,
                tasks: vec![stuck("route", "Mutex#1"), stuck("register", "Mutex#2")],
                plain_tasks: Vec::new(),
            };
        },
        says: &[
            "2 tasks wait for each other",
            "task `route` waits for Mutex#1",
            "register",
        ],
    },
    Case {
        name: "a livelock",
        oracle: "deadlock",
        rule: "livelock",
        corrupt: |builder| {
            builder.verdict = Verdict::Livelock {
                at: VirtualTime::ZERO,
                polls: 1_000,
            };
        },
        says: &["1000 polls"],
    },
    Case {
        name: "time ran out",
        oracle: "deadlock",
        rule: "timeout",
        corrupt: |builder| {
            builder.verdict = Verdict::Timeout {
                limit: Duration::from_secs(60),
                tasks: Vec::new(),
                plain_tasks: vec![LivePlainTask {
                    host: "server".to_owned(),
                    spawned_at: "src/lib.rs:3:9".to_owned(),
                }],
            };
        },
        says: &["60s", "a plain task on server (spawned at src/lib.rs:3:9)"],
    },
];

pub(super) const INVARIANTS: &[Case] = &[Case {
    name: "maps that disagree",
    oracle: "invariants",
    rule: "mirror",
    corrupt: |builder| {
        let at = VirtualTime::from_micros(1_250_000);
        let contradiction = "run-3 is not listed under thread-1";
        builder.invariant.push((at, Some(contradiction)));
    },
    says: &[
        "mirror does not hold at 1.250s",
        "run-3 is not listed under thread-1",
    ],
}];
