//! Fifty agents that contend for one lock, and yield while they hold it.

use std::sync::Arc;

use rehearsal_sim::{Config, Random, Recording, run};

use crate::instructions::Program;
use crate::measure::{Side, in_turn, side};
use crate::table::{Figures, Goal, Row};

const AGENTS: u32 = 50;
const EVENTS: u32 = 100;
/// Runs in each turn.
const TIMES: u32 = 5;
const TURNS: u32 = 51;

pub(crate) fn rows() -> Vec<Row> {
    let [ours, shuttle, tokio] = in_turn(
        TURNS,
        [
            ours(Recording::Fingerprint),
            side(TIMES, contended_shuttle),
            side(TIMES, || (0..TIMES).for_each(|_| contended_tokio())),
        ],
    );
    let row = |peer: &str, theirs, goal| Row {
        work: format!("{AGENTS} × {EVENTS} events, one contended lock, `random`"),
        peer: peer.to_owned(),
        figures: Figures::of(&ours, &theirs),
        goal: Goal::Faster(goal),
    };
    vec![
        row("shuttle, random", shuttle, 4.0),
        row("plain tokio, first come first served", tokio, 3.0),
    ]
}

/// Measures full recording where the engine does all of the work.
pub(crate) fn recording() -> Row {
    let [full, off] = in_turn(TURNS, [ours(Recording::Full), ours(Recording::Off)]);
    Row {
        work: format!("{AGENTS} × {EVENTS} events, one contended lock, recording in full"),
        peer: "itself, recording off".to_owned(),
        figures: Figures::of(&full, &off),
        goal: Goal::Dearer(1.4),
    }
}

fn ours(recording: Recording) -> Side<'static> {
    side(TIMES, move || {
        (0..TIMES).for_each(|_| contended_in_rehearsal(recording));
    })
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 3] {
    let program = |name, work: fn()| Program::new(name, AGENTS * EVENTS, work);
    [
        program("contended event", || {
            contended_in_rehearsal(Recording::Fingerprint);
        }),
        program("contended event, recorded in full", || {
            contended_in_rehearsal(Recording::Full);
        }),
        program("contended event, plain tokio", contended_tokio),
    ]
}

fn contended_in_rehearsal(recording: Recording) {
    use rehearsal_sim::tokio::sync::Mutex;
    use rehearsal_sim::tokio::task::{spawn, yield_now};

    let config = Config {
        strategy: Box::new(Random::default()),
        recording,
        ..Config::default()
    };
    let outcome = run(config, |_| async {
        let events = Arc::new(Mutex::new(Vec::new()));
        let agents: Vec<_> = (0..AGENTS)
            .map(|agent| {
                let events = Arc::clone(&events);
                spawn(async move {
                    for event in 0..EVENTS {
                        let mut log = events.lock().await;
                        log.push((agent, event));
                        yield_now().await;
                    }
                })
            })
            .collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
        events.lock().await.len()
    });
    assert_eq!(outcome.value, Some((AGENTS * EVENTS) as usize));
}

fn contended_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let count = runtime.block_on(async {
        let events = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let agents: Vec<_> = (0..AGENTS)
            .map(|agent| {
                let events = Arc::clone(&events);
                tokio::spawn(async move {
                    for event in 0..EVENTS {
                        let mut log = events.lock().await;
                        log.push((agent, event));
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
        events.lock().await.len()
    });
    assert_eq!(count, (AGENTS * EVENTS) as usize);
}

fn contended_shuttle() {
    use shuttle::scheduler::RandomScheduler;
    use shuttle::sync::Mutex;
    use shuttle::thread;

    let scheduler = RandomScheduler::new_from_seed(0, TIMES as usize);
    shuttle::Runner::new(scheduler, shuttle::Config::default()).run(|| {
        let events = Arc::new(Mutex::new(Vec::new()));
        let agents: Vec<_> = (0..AGENTS)
            .map(|agent| {
                let events = Arc::clone(&events);
                thread::spawn(move || {
                    for event in 0..EVENTS {
                        let mut log = events.lock().expect("no thread fails");
                        log.push((agent, event));
                        thread::yield_now();
                    }
                })
            })
            .collect();
        for agent in agents {
            agent.join().expect("no thread fails");
        }
        let count = events.lock().expect("no thread fails").len();
        assert_eq!(count, (AGENTS * EVENTS) as usize);
    });
}
