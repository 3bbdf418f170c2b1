//! Races of a library on plain tokio, which interruptions of its tasks show.
#![cfg(tokio_unstable)]

mod library;

use std::future::Future;
use std::pin::Pin;
use std::process::Command;

use rehearsal_sim::{
    Choices, Config, Fifo, Outcome, PlainTaskPolicy, Random, Recording, Schedule, Strategy,
    Verdict, run,
};

/// A race of the library, by its name.
type Race = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

macro_rules! races {
    ($($name:ident,)*) => {
        &[$((stringify!($name), || Box::pin(library::$name())),)*]
    };
}

const RACES: &[Race] = races![
    update_lost_under_one_lock,
    update_lost_between_two_locks,
    message_between_check_and_use,
    order_of_two_senders,
    signal_lost,
    event_missed,
];

const SEEDS: u64 = 300;

fn full(seed: u64, strategy: Box<dyn Strategy>, choices: Choices) -> Config {
    Config {
        seed,
        strategy,
        choices,
        recording: Recording::Full,
        ..Config::default()
    }
}

fn random(race: Race, seed: u64) -> Outcome<()> {
    let config = full(seed, Box::new(Random::default()), Choices::Fresh);
    run(config, |_| (race.1)())
}

fn replay(race: Race, seed: u64, schedule: Schedule) -> Outcome<()> {
    let config = full(seed, Box::new(Fifo), Choices::Replay(schedule));
    run(config, |_| (race.1)())
}

fn fails(outcome: &Outcome<()>) -> bool {
    outcome.verdict != Verdict::Pass
}

/// Returns the first failing run under `random`, with its seed.
fn found(race: Race) -> (u64, Outcome<()>) {
    let mut runs = (0..SEEDS).map(|seed| (seed, random(race, seed)));
    let (name, _) = race;
    runs.find(|(_, outcome)| fails(outcome))
        .unwrap_or_else(|| panic!("{name}: no run fails"))
}

/// Takes out one deviation after another for as long as the run fails the same way.
fn shrunk(race: Race, seed: u64, outcome: &Outcome<()>) -> Schedule {
    let mut schedule = outcome.tape.schedule();
    let mut index = 0;
    while index < schedule.len() {
        let smaller = schedule.with_value(index, 0);
        if replay(race, seed, smaller.clone()).verdict.as_str() == outcome.verdict.as_str() {
            schedule = smaller;
        } else {
            index += 1;
        }
    }
    schedule
}

#[test]
fn default_schedule_interrupts_no_plain_task() {
    for race in RACES {
        for seed in 0..5 {
            let outcome = run(full(seed, Box::new(Fifo), Choices::Fresh), |_| (race.1)());
            assert_eq!(outcome.verdict, Verdict::Pass, "{}", race.0);
            assert_eq!(outcome.statistics.interruptions, 0);
            assert!(outcome.statistics.plain_tasks >= 2);
        }
    }
}

#[test]
fn plain_tasks_that_are_polled_as_a_whole_show_no_race() {
    for race in RACES {
        for seed in 0..50 {
            let config = Config {
                plain_tasks: PlainTaskPolicy::Whole,
                ..full(seed, Box::new(Random::default()), Choices::Fresh)
            };
            let outcome = run(config, |_| (race.1)());
            assert_eq!(outcome.verdict, Verdict::Pass, "{} {seed}", race.0);
            assert_eq!(outcome.statistics.interruptions, 0);
        }
    }
}

#[test]
fn interruptions_show_each_race_within_300_seeds() {
    for race in RACES {
        let failing = (0..SEEDS)
            .filter(|seed| fails(&random(*race, *seed)))
            .count();
        assert!(failing > 0, "{}", race.0);
    }
}

#[test]
fn races_shrink_to_at_most_two_interruptions() {
    for race in RACES {
        let (seed, outcome) = found(*race);
        let schedule = shrunk(*race, seed, &outcome);
        let small = replay(*race, seed, schedule.clone());
        assert!(schedule.len() <= 2, "{}: {schedule:?}", race.0);
        assert_eq!(small.divergence, None);
        assert_eq!(small.interruptions.len(), schedule.len());
        let [first, ..] = small.interruptions.as_slice() else {
            panic!("{}: nothing is interrupted", race.0);
        };
        assert!(first.task().starts_with("a plain task spawned at "));
        assert!(first.task().contains("plain_races/library.rs"));
    }
}

/// The recorded schedule gives the same run, here and in another process, and so does the seed.
#[test]
fn interrupted_runs_are_repeatable_in_another_process() {
    const EXPECTED: &str = "PLAIN_RACES_EXPECTED";
    let fingerprints = |race: &Race| -> Vec<String> {
        let each = |seed| random(*race, seed).fingerprint.to_string();
        (0..50).map(each).collect()
    };
    let all = RACES.iter().flat_map(fingerprints).collect::<Vec<_>>();
    if let Ok(expected) = std::env::var(EXPECTED) {
        assert_eq!(all.join(" "), expected);
        return;
    }
    for race in RACES {
        let (seed, outcome) = found(*race);
        let again = replay(*race, seed, outcome.tape.schedule());
        assert_eq!(again.divergence, None);
        assert_eq!(again.fingerprint, outcome.fingerprint, "{}", race.0);
        assert_eq!(again.tape.schedule(), outcome.tape.schedule());
    }
    let output = Command::new(std::env::current_exe().expect("a path"))
        .args([
            "--exact",
            "plain_races::interrupted_runs_are_repeatable_in_another_process",
        ])
        .env(EXPECTED, all.join(" "))
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}
