//! The program of the executions under each kind of points: awaits, operations, tasks of plain
//! tokio that are interrupted, and the same program on plain tokio, built with the shim.

use std::sync::Arc;

use rehearsal_sim::{Config, INTERRUPTS_PLAIN_TASKS, Interleave, PlainTaskPolicy, Random, run};

use crate::executions::{ROUNDS, TASKS, TIMES, execution_with, shuttle_executions};
use crate::measure::{Side, in_turn, side};
use crate::peer::Peer;
use crate::table::{Figures, Goal, Row};

const TURNS: u32 = 51;

pub(crate) fn rows(madsim: &Peer) -> Vec<Row> {
    let shim = Peer::shim();
    let [awaits, operations, budget, whole, shim, shuttle, madsim] = in_turn(
        TURNS,
        [
            ours(Interleave::Awaits),
            ours(Interleave::Operations),
            plain(PlainTaskPolicy::default()),
            plain(PlainTaskPolicy::Whole),
            shim.side("executions", [TASKS, ROUNDS], TIMES),
            side(TIMES, || {
                shuttle_executions(shuttle::scheduler::RandomScheduler::new_from_seed(
                    0,
                    TIMES as usize,
                ));
            }),
            madsim.side("executions", [TASKS, ROUNDS], TIMES),
        ],
    );
    let modes = [
        ("awaits are points", awaits),
        ("operations are points", operations),
        ("plain tokio, interrupted", budget),
        ("plain tokio, not interrupted", whole),
        ("plain tokio, with the shim", shim),
    ];
    let mut rows = Vec::new();
    for (peer, theirs) in [("shuttle, random", shuttle), ("madsim", madsim)] {
        for (mode, ours) in &modes {
            rows.push(Row {
                work: format!("an execution, {TASKS} tasks × 99 steps, `random`, {mode}"),
                peer: peer.to_owned(),
                figures: Figures::of(ours, &theirs),
                goal: Goal::Known,
            });
        }
    }
    rows
}

fn config(seed: u32) -> Config {
    Config {
        seed: u64::from(seed),
        strategy: Box::new(Random::default()),
        ..Config::default()
    }
}

fn ours(interleave: Interleave) -> Side<'static> {
    side(TIMES, move || {
        for seed in 0..TIMES {
            execution_with(Config {
                interleave,
                ..config(seed)
            });
        }
    })
}

fn plain(plain_tasks: PlainTaskPolicy) -> Side<'static> {
    const { assert!(INTERRUPTS_PLAIN_TASKS, "a part of this table needs it") };
    side(TIMES, move || {
        for seed in 0..TIMES {
            plain_execution(Config {
                plain_tasks,
                ..config(seed)
            });
        }
    })
}

/// Runs the program with tasks and a lock of plain tokio.
fn plain_execution(config: Config) {
    use tokio::sync::Mutex;
    use tokio::task::{spawn, yield_now};

    let outcome = run(config, |_| async {
        let sum = Arc::new(Mutex::new(0u32));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let sum = Arc::clone(&sum);
                spawn(async move {
                    for _ in 0..ROUNDS {
                        *sum.lock().await += 1;
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        *sum.lock().await
    });
    assert_eq!(outcome.value, Some(TASKS * ROUNDS));
}
