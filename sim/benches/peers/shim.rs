//! The overhead of the facade: an uncontended mutex, locked and unlocked.

use std::future::Future;
use std::hint::black_box;

use rehearsal_sim::{Config, Random, run};

use crate::instructions::Program;
use crate::measure::{Side, in_turn, side};
use crate::table::{Figures, Goal, Row};

/// Locks and unlocks in each turn.
const TIMES: u32 = 20_000;
const TURNS: u32 = 51;

pub(crate) fn rows() -> Vec<Row> {
    let [alone, outside, shuttle, tokio] = in_turn(
        TURNS,
        [
            side(TIMES, || in_a_run(1)),
            side(TIMES, || block_on(facade(TIMES))),
            side(TIMES, || in_shuttle(1)),
            side(TIMES, || block_on(plain())),
        ],
    );
    let row = |what: &str, ours, peer: &str, theirs, goal| Row {
        work: format!("a free mutex, locked and unlocked, {what}"),
        peer: peer.to_owned(),
        figures: Figures::of(ours, theirs),
        goal,
    };
    let mut rows = vec![
        row(
            "one task",
            &alone,
            "shuttle, random",
            &shuttle,
            Goal::Faster(12.0),
        ),
        row("one task", &alone, "plain tokio", &tokio, Goal::Known),
        row(
            "outside a run",
            &outside,
            "plain tokio",
            &tokio,
            Goal::Known,
        ),
    ];
    let [two, shuttle] = in_turn(TURNS, [two_tasks(), side(TIMES, || in_shuttle(2))]);
    let what = "two tasks with one each, `random`";
    rows.push(row(
        what,
        &two,
        "shuttle, random",
        &shuttle,
        Goal::Faster(8.0),
    ));
    rows
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 3] {
    let program = |name, work: fn()| Program::new(name, TIMES, work);
    [
        program("free mutex, one task", || in_a_run(1)),
        program("free mutex, two tasks", || in_a_run(2)),
        program("free mutex, plain tokio", || block_on(plain())),
    ]
}

fn two_tasks() -> Side<'static> {
    side(TIMES, || in_a_run(2))
}

/// Runs the work in that many tasks; each has a mutex of its own.
fn in_a_run(tasks: u32) {
    let config = Config {
        strategy: Box::new(Random::default()),
        ..Config::default()
    };
    let outcome = run(config, move |_| async move {
        let each = TIMES / tasks;
        let others: Vec<_> = (1..tasks)
            .map(|_| rehearsal_sim::tokio::spawn(facade(each)))
            .collect();
        let mut count = facade(each).await;
        for other in others {
            count += other.await.expect("no task fails");
        }
        count
    });
    assert_eq!(outcome.value, Some(TIMES));
}

async fn facade(times: u32) -> u32 {
    let mutex = rehearsal_sim::tokio::sync::Mutex::new(0);
    for _ in 0..times {
        *black_box(&mutex).lock().await += 1;
    }
    mutex.into_inner()
}

async fn plain() -> u32 {
    let mutex = tokio::sync::Mutex::new(0);
    for _ in 0..TIMES {
        *black_box(&mutex).lock().await += 1;
    }
    mutex.into_inner()
}

fn block_on(work: impl Future<Output = u32>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    assert_eq!(runtime.block_on(work), TIMES);
}

fn in_shuttle(threads: u32) {
    use shuttle::scheduler::RandomScheduler;
    use shuttle::sync::Mutex;
    use shuttle::thread;

    let scheduler = RandomScheduler::new_from_seed(0, 1);
    let mut config = shuttle::Config::default();
    config.max_steps = shuttle::MaxSteps::None;
    shuttle::Runner::new(scheduler, config).run(move || {
        let each = TIMES / threads;
        let count = move || {
            let mutex = Mutex::new(0);
            for _ in 0..each {
                *black_box(&mutex).lock().expect("no thread fails") += 1;
            }
            mutex.into_inner().expect("no thread fails")
        };
        let others: Vec<_> = (1..threads).map(|_| thread::spawn(count)).collect();
        let mut all: u32 = count();
        for other in others {
            all += other.join().expect("no thread fails");
        }
        assert_eq!(all, TIMES);
    });
}
