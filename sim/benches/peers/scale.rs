//! The cost of an event with many agents, compared with few.

use std::cell::OnceCell;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::task::{spawn, yield_now};
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{Budget, Config, Profile, Strategy, StrategyName, run};

use crate::instructions::Program;
use crate::measure::{in_turn, side};
use crate::table::{Figures, Goal, Row};

const FEW: u32 = 50;
const MANY: u32 = 50_000;
/// Events of each agent.
const EVENTS: u32 = 20;
/// Runs with few agents in each turn, so that it takes long enough to measure.
const TIMES: u32 = 200;
const TURNS: u32 = 3;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![row("agents that sleep", StrategyName::RANDOM, sleeping)];
    for strategy in StrategyName::samplers() {
        rows.push(row("agents that are always ready", strategy, always_ready));
        rows.push(row("agents on one lock", strategy, on_one_lock));
    }
    rows
}

fn row<F>(
    what: &str,
    strategy: StrategyName,
    agent: impl Fn(u32, u32, Log) -> F + Copy + 'static,
) -> Row
where
    F: Future<Output = ()> + Send + 'static,
{
    let runs = |agents, times| {
        let runs = Runs::new(agents, EVENTS, strategy, agent);
        side(times * agents * EVENTS, move || {
            (0..times).for_each(|seed| runs.run(u64::from(seed)));
        })
    };
    let [many, few] = in_turn(TURNS, [runs(MANY, 1), runs(FEW, TIMES)]);
    Row {
        work: format!("an event, 50,000 {what}, `{strategy}`"),
        peer: "itself with 50".to_owned(),
        figures: Figures::of(&many, &few),
        goal: Goal::Dearer(2.2),
    }
}

/// Returns the programs whose instructions are counted.
pub(crate) fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    for (agents, count) in [(FEW, "50"), (MANY, "50,000")] {
        programs.push(program(
            count,
            agents,
            "that sleep",
            StrategyName::RANDOM,
            sleeping,
        ));
        for strategy in StrategyName::samplers() {
            programs.push(program(
                count,
                agents,
                "that are ready",
                strategy,
                always_ready,
            ));
            programs.push(program(count, agents, "on one lock", strategy, on_one_lock));
        }
    }
    programs
}

fn program<F>(
    count: &str,
    agents: u32,
    what: &str,
    strategy: StrategyName,
    agent: impl Fn(u32, u32, Log) -> F + Copy + 'static,
) -> Program
where
    F: Future<Output = ()> + Send + 'static,
{
    /// Events of each agent: few, because callgrind is slow.
    const EACH: u32 = 4;
    let name = format!("event of {count} {what}, {strategy}");
    let runs = Runs::new(agents, EACH, strategy, agent);
    Program::new(name, agents * EACH, move || runs.run(0))
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

/// Runs of so many agents, from the first spawn to the last join.
struct Runs<A> {
    agents: u32,
    events: u32,
    strategy: StrategyName,
    agent: A,
    /// Made before the first run, and no part of what is measured after it.
    profile: OnceCell<Profile>,
}

impl<A, F> Runs<A>
where
    A: Fn(u32, u32, Log) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    fn new(agents: u32, events: u32, strategy: StrategyName, agent: A) -> Self {
        Self {
            agents,
            events,
            strategy,
            agent,
            profile: OnceCell::new(),
        }
    }

    fn run(&self, seed: u64) {
        let profile = self
            .profile
            .get_or_init(|| match self.strategy.needs_profile() {
                true => Profile::of_default_schedule(|strategy| self.run_with(0, strategy)),
                false => Profile::default(),
            });
        self.run_with(seed, self.strategy.build(profile));
    }

    fn run_with(&self, seed: u64, strategy: Box<dyn Strategy>) {
        let config = Config {
            seed,
            strategy,
            budget: Budget {
                steps: u64::MAX,
                steps_per_instant: u64::MAX,
                ..Budget::default()
            },
            ..Config::default()
        };
        let sum = Arc::new(Mutex::new(0));
        let futures: Vec<_> = (0..self.agents)
            .map(|number| (self.agent)(number, self.events, Arc::clone(&sum)))
            .collect();
        let outcome = run(config, |_| async {
            let agents: Vec<_> = futures.into_iter().map(spawn).collect();
            for agent in agents {
                agent.await.expect("no task fails");
            }
        });
        assert_eq!(outcome.verdict.as_str(), "pass", "{}", outcome.verdict);
    }
}
