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
    let [
        fifo,
        random,
        pct,
        pos,
        urw,
        walk,
        priorities,
        uniform,
        madsim,
    ] = in_turn(
        TURNS,
        [
            ours(&|| Box::new(Fifo)),
            ours(&|| Box::new(Random::default())),
            side(TIMES, || {
                (0..TIMES).for_each(|seed| execution(u64::from(seed), pct()));
            }),
            ours(&|| Box::new(Pos::default())),
            side(TIMES, || {
                (0..TIMES).for_each(|seed| profiled_urw(u64::from(seed)));
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
            side(TIMES, || {
                (0..TIMES).for_each(|seed| profiled_shuttle_urw(u64::from(seed)));
            }),
            madsim.side("executions", [TASKS, ROUNDS], TIMES),
        ],
    );
    let row = |strategy: &str, ours, peer: &str, theirs, goal| Row {
        work: format!("an execution, 4 tasks × 99 steps, {strategy}"),
        peer: peer.to_owned(),
        figures: Figures::of(ours, theirs),
        goal,
    };
    let shuttle_random =
        |strategy, ours, goal| row(strategy, ours, "shuttle, random", &walk, Goal::Faster(goal));
    let beside_madsim =
        |strategy, ours, goal| row(strategy, ours, "madsim", &madsim, Goal::Faster(goal));
    vec![
        shuttle_random("`fifo`", &fifo, 15.0),
        shuttle_random("`random`", &random, 8.0),
        shuttle_random("`pct:3`", &pct, 12.0),
        shuttle_random("`pos`", &pos, 7.0),
        row("`pct:3`", &pct, "shuttle, pct:3", &priorities, Goal::Known),
        row(
            "`urw`, with its profile",
            &urw,
            "shuttle, URW, with its profile",
            &uniform,
            Goal::Faster(5.0),
        ),
        beside_madsim("`fifo`", &fifo, 4.0),
        beside_madsim("`random`", &random, 2.0),
        beside_madsim("`pct:3`", &pct, 3.0),
    ]
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 8] {
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
        program("execution, urw, with its profile", || profiled_urw(0)),
        program("execution, shuttle's random", || {
            shuttle_executions(shuttle::scheduler::RandomScheduler::new_from_seed(0, 1));
        }),
        program("execution, shuttle's URW, with its profile", || {
            profiled_shuttle_urw(0);
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

/// Returns the profile of the work's default schedule.
fn profile() -> Profile {
    Profile::of_default_schedule(|strategy| execution(0, strategy))
}

/// Runs the work twice: once for the profile.
fn profiled_urw(seed: u64) {
    execution(seed, Box::new(Urw::new(&profile())));
}

/// Runs the work twice as well: shuttle's first execution counts the steps of each task.
fn profiled_shuttle_urw(seed: u64) {
    shuttle_executions(shuttle::scheduler::UrwRandomScheduler::new_from_seed(
        seed, 2,
    ));
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
