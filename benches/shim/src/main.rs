//! A program on plain tokio, in a run: the shim's side of the benchmarks.
//!
//! `shim-peer executions TASKS ROUNDS TIMES` does its work `TIMES` times and prints one line of
//! JSON: the mean processor time of one, in nanoseconds. It is built by `cargo rehearsal`.

use std::process::ExitCode;
use std::sync::Arc;

use cpu_time::ThreadTime;
use rehearsal::sim::{Config, Random, run};
use tokio::sync::Mutex;
use tokio::task::{spawn, yield_now};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some([tasks, rounds, times]) = parse(&arguments) else {
        eprintln!("usage: shim-peer executions TASKS ROUNDS TIMES");
        return ExitCode::FAILURE;
    };
    let start = ThreadTime::now();
    let choices: u64 = (0..times)
        .map(|seed| execution(u64::from(seed), tasks, rounds))
        .sum();
    let nanoseconds = start.elapsed().as_nanos() / u128::from(times.max(1));
    if choices == 0 {
        eprintln!("no choice was made: this is not built with the shim");
        return ExitCode::FAILURE;
    }
    println!("{{\"nanoseconds\":{nanoseconds}}}");
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Option<[u32; 3]> {
    let [work, first, second, times] = arguments else {
        return None;
    };
    let size = |text: &String| text.parse().ok();
    (work == "executions").then_some([size(first)?, size(second)?, size(times)?])
}

/// Runs some tasks that lock, change and yield. Returns the number of choices.
fn execution(seed: u64, tasks: u32, rounds: u32) -> u64 {
    let config = Config {
        seed,
        strategy: Box::new(Random::default()),
        ..Config::default()
    };
    let outcome = run(config, move |_| async move {
        let sum = Arc::new(Mutex::new(0u32));
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let sum = Arc::clone(&sum);
                spawn(async move {
                    for _ in 0..rounds {
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
    assert_eq!(outcome.value, Some(tasks * rounds));
    outcome.statistics.choices
}
