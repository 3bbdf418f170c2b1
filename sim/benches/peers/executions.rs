//! Short executions by the thousand: four tasks of some hundred steps.

use std::sync::Arc;

use rehearsal_sim::{Config, Fifo, Pct, Pos, Profile, Random, Strategy, Urw, run};

use crate::instructions::Program;
use crate::measure::{in_turn, side};
use crate::peer::Peer;
use crate::table::{Figures, Goal, Row};

pub(crate) const TASKS: u32 = 4;
/// Steps of each task, which locks, unlocks and yields: 99 in all.
pub(crate) const ROUNDS: u32 = 33;
/// Executions in each turn.
pub(crate) const TIMES: u32 = 100;
const TURNS: u32 = 51;

pub(crate) fn rows(madsim: &Peer) -> Vec<Row> {
    let profile = profile();
    let ours = |make: &'static dyn Fn() -> Box<dyn Strategy>| {
        side(TIMES, move || {
            (0..TIMES).for_each(|seed| execution(u64::from(seed), make()));
        })
    };
    let pct = || Box::new(Pct::new(3, &profile));
    let urw = || Box::new(Urw::new(&profile));
    let [fifo, random, pct, pos, urw, walk, priorities, madsim] = in_turn(
        TURNS,
        [
            ours(&|| Box::new(Fifo)),
            ours(&|| Box::new(Random::default())),
            side(TIMES, || {
                (0..TIMES).for_each(|seed| execution(u64::from(seed), pct()));
            }),
            ours(&|| Box::new(Pos::default())),
            side(TIMES, || {
                (0..TIMES).for_each(|seed| execution(u64::from(seed), urw()));
            }),
            side(TIMES, || {
                shuttle_executions(shuttle::scheduler::RandomScheduler::new_from_seed(
                    0,
                    TIMES as usize,
                ));
            }),
            side(TIMES, || {
                shuttle_executions(shuttle::scheduler::PctScheduler::new_from_seed(
                    0,
                    3,
                    TIMES as usize,
                ));
            }),
            madsim.side("executions", [TASKS, ROUNDS], TIMES),
        ],
    );
    let strategies = [
        ("fifo", fifo),
        ("random", random),
        ("pct:3", pct),
        ("pos", pos),
        ("urw", urw),
    ];
    let peers = [
        ("shuttle, random", walk, 5.0),
        ("shuttle, pct:3", priorities, 5.0),
        ("madsim", madsim, 4.0),
    ];
    let mut rows = Vec::new();
    for (peer, theirs, goal) in &peers {
        for (strategy, ours) in &strategies {
            rows.push(Row {
                work: format!("an execution, 4 tasks × 99 steps, `{strategy}`"),
                peer: (*peer).to_owned(),
                figures: Figures::of(ours, theirs),
                goal: Goal::Faster(*goal),
            });
        }
    }
    rows
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 7] {
    let program = |name, work: fn()| Program::new(name, 1, work);
    [
        program("empty run", || {
            run(Config::default(), |_| async {});
        }),
        program("execution, fifo", || execution(0, Box::new(Fifo))),
        program("execution, random", || {
            execution(0, Box::new(Random::default()));
        }),
        program("execution, pct:3, with its profile", || {
            execution(0, Box::new(Pct::new(3, &profile())));
        }),
        program("execution, pos", || execution(0, Box::new(Pos::default()))),
        program("execution, urw, with its profile", || {
            execution(0, Box::new(Urw::new(&profile())));
        }),
        program("execution, shuttle's random", || {
            shuttle_executions(shuttle::scheduler::RandomScheduler::new_from_seed(0, 1));
        }),
    ]
}

fn execution(seed: u64, strategy: Box<dyn Strategy>) {
    execution_with(Config {
        seed,
        strategy,
        ..Config::default()
    });
}

pub(crate) fn execution_with(config: Config) {
    use rehearsal_sim::tokio::sync::Mutex;
    use rehearsal_sim::tokio::task::{spawn, yield_now};

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

/// Returns the profile for `pct` and `urw`.
fn profile() -> Profile {
    Profile::of_default_schedule(|strategy| execution(0, strategy))
}

/// Runs the work on shuttle's futures, which it executes a little faster than its threads.
pub(crate) fn shuttle_executions(scheduler: impl shuttle::scheduler::Scheduler + 'static) {
    use shuttle::future::{block_on, spawn, yield_now};
    use shuttle::sync::Mutex;

    let runner = shuttle::Runner::new(scheduler, shuttle::Config::default());
    runner.run(|| {
        let sum = Arc::new(Mutex::new(0u32));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let sum = Arc::clone(&sum);
                spawn(async move {
                    for _ in 0..ROUNDS {
                        *sum.lock().expect("no task fails") += 1;
                        yield_now().await;
                    }
                })
            })
            .collect();
        block_on(async {
            for task in tasks {
                task.await.expect("no task fails");
            }
        });
        assert_eq!(*sum.lock().expect("no task fails"), TASKS * ROUNDS);
    });
}
