//! The cost of an event with many agents, compared with few.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::task::{spawn, yield_now};
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{Budget, Config, Fifo, Random, Strategy, run};

use crate::instructions::Program;
use crate::measure::{Side, in_turn, side};
use crate::table::{Figures, Goal, Row};

const FEW: u32 = 50;
const MANY: u32 = 50_000;
/// Events of each agent.
const EVENTS: u32 = 100;
/// Runs with few agents in each turn, so that it takes long enough to measure.
const TIMES: u32 = 40;
const TURNS: u32 = 3;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("agents that sleep", Order::Random, sleeping),
        row("agents that are always ready", Order::Fifo, always_ready),
        row("agents that are always ready", Order::Random, always_ready),
        row("agents on one lock", Order::Fifo, on_one_lock),
        row("agents on one lock", Order::Random, on_one_lock),
    ]
}

/// The order of wakes: as in memory, or not.
#[derive(Clone, Copy)]
enum Order {
    Fifo,
    Random,
}

impl Order {
    fn strategy(self) -> Box<dyn Strategy> {
        match self {
            Self::Fifo => Box::new(Fifo),
            Self::Random => Box::new(Random::default()),
        }
    }
}

fn row<F>(what: &str, order: Order, agent: impl Fn(u32, u32, Log) -> F + Copy) -> Row
where
    F: Future<Output = ()> + Send + 'static,
{
    let [many, few] = in_turn(
        TURNS,
        [runs(MANY, 1, order, agent), runs(FEW, TIMES, order, agent)],
    );
    Row {
        work: format!("an event, 50,000 {what}, `{}`", order.strategy().name()),
        peer: "itself with 50".to_owned(),
        figures: Figures::of(&many, &few),
        goal: Goal::Dearer(1.5),
    }
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> [Program; 6] {
    /// Events of each agent: fewer, because callgrind is slow.
    const EACH: u32 = 10;
    macro_rules! program {
        ($name:literal, $agents:ident, $agent:ident) => {
            Program {
                name: $name,
                units: $agents * EACH,
                work: || {
                    all(0, $agents, Order::Random, |agent, log| {
                        $agent(agent, EACH, log)
                    })
                },
            }
        };
    }
    [
        program!("event of 50 that sleep", FEW, sleeping),
        program!("event of 50,000 that sleep", MANY, sleeping),
        program!("event of 50 that are ready", FEW, always_ready),
        program!("event of 50,000 that are ready", MANY, always_ready),
        program!("event of 50 on one lock", FEW, on_one_lock),
        program!("event of 50,000 on one lock", MANY, on_one_lock),
    ]
}

/// The state that agents share.
type Log = Arc<Mutex<u64>>;

async fn sleeping(agent: u32, events: u32, _: Log) {
    for event in 0..events {
        let scattered = agent.wrapping_mul(7_919) ^ event.wrapping_mul(104_729);
        sleep(Duration::from_millis(u64::from(scattered % 1_000 + 1))).await;
    }
}

async fn always_ready(_: u32, events: u32, _: Log) {
    for _ in 0..events {
        yield_now().await;
    }
}

async fn on_one_lock(_: u32, events: u32, sum: Log) {
    for _ in 0..events {
        let mut sum = sum.lock().await;
        *sum += 1;
        yield_now().await;
    }
}

/// Measures whole runs, from the first spawn to the last join, by event.
fn runs<'a, F>(
    agents: u32,
    times: u32,
    order: Order,
    agent: impl Fn(u32, u32, Log) -> F + Copy + 'a,
) -> Side<'a>
where
    F: Future<Output = ()> + Send + 'static,
{
    side(times * agents * EVENTS, move || {
        for seed in 0..times {
            all(u64::from(seed), agents, order, |number, log| {
                agent(number, EVENTS, log)
            });
        }
    })
}

fn all<F>(seed: u64, agents: u32, order: Order, agent: impl Fn(u32, Log) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let config = Config {
        seed,
        strategy: order.strategy(),
        budget: Budget {
            steps: u64::MAX,
            steps_per_instant: u64::MAX,
            ..Budget::default()
        },
        ..Config::default()
    };
    let sum = Arc::new(Mutex::new(0));
    let futures: Vec<_> = (0..agents)
        .map(|number| agent(number, Arc::clone(&sum)))
        .collect();
    let outcome = run(config, |_| async {
        let agents: Vec<_> = futures.into_iter().map(spawn).collect();
        for agent in agents {
            agent.await.expect("no task fails");
        }
    });
    assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
}
