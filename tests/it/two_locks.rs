//! A check and an act under two locks that are always free. With plain tokio neither
//! ever waits, so that no order of tasks shows the race; with the facade each is a
//! scheduling point, and the portfolio finds it.

use std::sync::Arc;

use rehearsal::run::StrategyName;
use rehearsal::sim::{Config, Profile, Strategy, Verdict, run, tokio as facade};

const SEEDS: u64 = 1_000;

/// Two buyers, one piece in stock, with the lock of the given library. How many
/// orders were taken.
macro_rules! orders_taken {
    ($library:ident, $config:expr) => {{
        use $library::sync::Mutex;
        let outcome = run($config, |_| async {
            let (stock, orders) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(0)));
            let buyers: Vec<_> = (0..2)
                .map(|_| {
                    let (stock, orders) = (Arc::clone(&stock), Arc::clone(&orders));
                    facade::spawn(async move {
                        // Each lock is let go before the next is taken.
                        if *stock.lock().await > 0 {
                            *orders.lock().await += 1;
                            *stock.lock().await -= 1;
                        }
                    })
                })
                .collect();
            for buyer in buyers {
                buyer.await.expect("no buyer panics");
            }
            *orders.lock().await
        });
        assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
        outcome.value.expect("it ran to its end")
    }};
}

#[derive(Clone, Copy)]
enum Locks {
    Facade,
    Plain,
}

fn config(seed: u64, strategy: Box<dyn Strategy>) -> Config {
    Config {
        seed,
        strategy,
        ..Config::default()
    }
}

fn orders(locks: Locks, config: Config) -> u32 {
    match locks {
        Locks::Facade => orders_taken!(facade, config),
        Locks::Plain => orders_taken!(tokio, config),
    }
}

fn build(locks: Locks, name: StrategyName, seed: u64) -> Box<dyn Strategy> {
    let name = name.for_seed(seed);
    if !name.needs_profile() {
        return name.build(&Profile::default());
    }
    let profile = Profile::of_default_schedule(|strategy| {
        orders(locks, config(seed, strategy));
    });
    name.build(&profile)
}

/// The seeds whose run sells the one piece twice.
fn failing(locks: Locks, name: StrategyName) -> Vec<u64> {
    (0..SEEDS)
        .filter(|seed| orders(locks, config(*seed, build(locks, name, *seed))) != 1)
        .collect()
}

/// The number of a thousand seeds that show it, for each strategy. The numbers are the same
/// on every machine; another way to draw changes them.
#[test]
fn every_strategy_finds_the_race_with_the_facades_locks() {
    let strategies = [
        (StrategyName::PORTFOLIO, 516),
        (StrategyName::RANDOM, 645),
        (StrategyName::pct(2), 132),
        (StrategyName::pct(3), 229),
        (StrategyName::POS, 456),
        (StrategyName::URW, 644),
    ];
    let found = strategies.map(|(name, _)| (name, failing(Locks::Facade, name).len()));
    assert!(found.iter().all(|(_, count)| *count > 0), "{found:?}");
    assert_eq!(found, strategies);
}

#[test]
fn no_order_of_tasks_shows_it_with_plain_locks() {
    assert!(failing(Locks::Plain, StrategyName::PORTFOLIO).is_empty());
}

/// The default schedule, by which each buyer is done before the next begins.
#[test]
fn default_schedule_does_not_show_it_either() {
    for locks in [Locks::Facade, Locks::Plain] {
        assert_eq!(
            orders(
                locks,
                config(0, StrategyName::FIFO.build(&Profile::default()))
            ),
            1
        );
    }
}
