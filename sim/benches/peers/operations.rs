//! Tasks that add to an atomic: a step where operations are points, beside a step where awaits
//! are, and beside shuttle.

use std::sync::Arc;

use rehearsal_sim::std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use rehearsal_sim::{Config, Interleave, Random, run};

use crate::instructions::Program;
use crate::measure::{in_turn, side};
use crate::table::{Figures, Goal, Row};

const TASKS: u32 = 20;
const ADDITIONS: u32 = 100;
/// Runs in each turn.
const TIMES: u32 = 10;
const TURNS: u32 = 51;

pub(crate) fn rows() -> Vec<Row> {
    let [operations, awaits, shuttle] = in_turn(
        TURNS,
        [
            side(TIMES, || (0..TIMES).for_each(|_| with_operations())),
            side(TIMES, || (0..TIMES).for_each(|_| with_awaits())),
            side(TIMES, with_shuttle),
        ],
    );
    let row = |peer: &str, theirs, goal| Row {
        work: format!("{TASKS} × {ADDITIONS} additions to an atomic, each a point, `random`"),
        peer: peer.to_owned(),
        figures: Figures::of(&operations, &theirs),
        goal,
    };
    vec![
        row("shuttle, random", shuttle, Goal::Known),
        row("itself, an awaited point before each", awaits, Goal::Known),
    ]
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 2] {
    let program = |name, work: fn()| Program::new(name, TASKS * ADDITIONS, work);
    [
        program("addition, operations are points", with_operations),
        program("addition, awaits are points", with_awaits),
    ]
}

fn config(interleave: Interleave) -> Config {
    Config {
        strategy: Box::new(Random::default()),
        interleave,
        ..Config::default()
    }
}

/// Each addition is a point in the middle of a poll.
fn with_operations() {
    add(Interleave::Operations);
}

/// Before each addition there is an awaited point.
fn with_awaits() {
    add(Interleave::Awaits);
}

fn add(interleave: Interleave) {
    let outcome = run(config(interleave), move |_| async move {
        let total = Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let total = Arc::clone(&total);
                rehearsal_sim::tokio::spawn(async move {
                    for _ in 0..ADDITIONS {
                        if interleave == Interleave::Awaits {
                            rehearsal_sim::tokio::task::consume_budget().await;
                        }
                        total.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        total.load(SeqCst)
    });
    assert_eq!(outcome.value, Some(TASKS * ADDITIONS));
}

fn with_shuttle() {
    use shuttle::scheduler::RandomScheduler;
    use shuttle::sync::atomic::AtomicU32;
    use shuttle::thread;

    let scheduler = RandomScheduler::new_from_seed(0, TIMES as usize);
    shuttle::Runner::new(scheduler, shuttle::Config::default()).run(|| {
        let total = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..TASKS)
            .map(|_| {
                let total = Arc::clone(&total);
                thread::spawn(move || {
                    for _ in 0..ADDITIONS {
                        total.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no thread fails");
        }
        assert_eq!(total.load(SeqCst), TASKS * ADDITIONS);
    });
}
