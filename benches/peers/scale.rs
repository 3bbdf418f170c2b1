//! What an event costs with many agents, compared with few.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rehearsal::sim::{Budget, Config, Random, run};
use rehearsal::tokio::sync::Mutex;
use rehearsal::tokio::task::{spawn, yield_now};
use rehearsal::tokio::time::sleep;

use crate::measure::{Side, in_turn, side};
use crate::table::{Figures, Goal, Row};

const FEW: u32 = 50;
const MANY: u32 = 50_000;
/// Of each agent.
const EVENTS: u32 = 100;
/// Runs with few agents in each turn, so that it takes long enough to measure.
const TIMES: u32 = 40;
const TURNS: u32 = 3;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("agents that sleep", sleeping),
        row("agents that are always ready", always_ready),
        row("agents on one lock", on_one_lock),
    ]
}

fn row(what: &str, agent: Agent) -> Row {
    let [many, few] = in_turn(TURNS, [runs(MANY, 1, agent), runs(FEW, TIMES, agent)]);
    Row {
        work: format!("an event, 50,000 {what}"),
        peer: "itself with 50".to_owned(),
        figures: Figures::of(&many, &few),
        goal: Goal::Dearer(1.5),
    }
}

/// What one agent does, by its number.
type Agent = fn(u32, Arc<Mutex<u64>>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

fn sleeping(agent: u32, _: Arc<Mutex<u64>>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for event in 0..EVENTS {
            let scattered = agent.wrapping_mul(7_919) ^ event.wrapping_mul(104_729);
            sleep(Duration::from_millis(u64::from(scattered % 1_000 + 1))).await;
        }
    })
}

fn always_ready(_: u32, _: Arc<Mutex<u64>>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {
        for _ in 0..EVENTS {
            yield_now().await;
        }
    })
}

fn on_one_lock(_: u32, sum: Arc<Mutex<u64>>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for _ in 0..EVENTS {
            let mut sum = sum.lock().await;
            *sum += 1;
            yield_now().await;
        }
    })
}

/// Whole runs, from the first spawn to the last join, for each event.
fn runs(agents: u32, times: u32, agent: Agent) -> Side<'static> {
    side(times * agents * EVENTS, move || {
        for seed in 0..times {
            all(u64::from(seed), agents, agent);
        }
    })
}

fn all(seed: u64, agents: u32, agent: Agent) {
    let config = Config {
        seed,
        strategy: Box::new(Random::default()),
        budget: Budget {
            steps: u64::MAX,
            steps_per_instant: u64::MAX,
            ..Budget::default()
        },
        ..Config::default()
    };
    let outcome = run(config, |_| async move {
        let sum = Arc::new(Mutex::new(0));
        let agents: Vec<_> = (0..agents)
            .map(|number| spawn(agent(number, Arc::clone(&sum))))
            .collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
    });
    assert_eq!(outcome.verdict.word(), "pass", "{}", outcome.verdict);
}
