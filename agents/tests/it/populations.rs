//! The seven populations of the bridge, on the healthy system.

use rehearsal_agents::record::{Mark, RunEnd};
use rehearsal_agents::spec::Transport;

use crate::common::{ORDERS, Order, Played, TRANSPORTS, assert_flawless, flaws, play, seven};

fn play_all(transport: Transport, seeds: std::ops::Range<u64>) {
    for (name, spec, events) in seven(transport) {
        for order in ORDERS {
            for seed in seeds.clone() {
                let played = play(&spec, seed, order);
                let what = format!("{name}, {transport:?}, {order:?}, seed {seed}");
                assert_flawless(&what, &played, flaws(&played));
                let evidence = &played.evidence;
                assert_eq!(evidence.emissions.len() as u64, events, "{what}");
                assert_eq!(evidence.deliveries.len() as u64, events, "{what}");
                assert_eq!(
                    marks(&played, Mark::Fault(rehearsal_agents::bridge::faults::HOLD)),
                    0
                );
            }
        }
    }
}

fn marks(played: &Played, mark: Mark) -> u32 {
    played
        .evidence
        .marks
        .get(&mark)
        .copied()
        .unwrap_or_default()
}

#[test]
fn all_events_arrive_in_process() {
    play_all(Transport::InProcess, 0..6);
}

#[test]
fn all_events_arrive_over_websocket() {
    play_all(Transport::WebSocket, 0..3);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for transport in TRANSPORTS {
        for (name, spec, _) in seven(transport) {
            let (a, b) = (play(&spec, 7, Order::Random), play(&spec, 7, Order::Random));
            assert_eq!(a.outcome.fingerprint, b.outcome.fingerprint, "{name}");
            assert_eq!(a.evidence, b.evidence, "{name}");
            let other = play(&spec, 8, Order::Random);
            assert_ne!(a.outcome.fingerprint, other.outcome.fingerprint, "{name}");
        }
    }
}

#[test]
fn failing_agents_end_in_their_own_ways() {
    for transport in TRANSPORTS {
        let (_, spec, _) = seven(transport).remove(4);
        let played = play(&spec, 0, Order::Random);
        let ends: Vec<_> = played.evidence.runs.values().map(|run| run.end).collect();
        let expected = [
            RunEnd::Completed,
            RunEnd::Completed,
            RunEnd::Completed,
            RunEnd::Failed,
            RunEnd::TimedOut,
            RunEnd::DiedSilently,
        ];
        assert_eq!(ends, expected.map(Some));
        assert_eq!(marks(&played, Mark::DeadlineFired), 1);
        assert_eq!(marks(&played, Mark::DeathNoticed), 1);
        let errors: Vec<_> = played
            .evidence
            .emissions
            .iter()
            .filter_map(|emission| emission.payload.error.as_deref())
            .collect();
        assert_eq!(
            errors,
            ["the tool raised an exception", "timeout after 500 ms"]
        );
    }
}

#[test]
fn parties_leave_their_barriers_together_and_collide() {
    let (_, spec, _) = seven(Transport::InProcess).remove(5);
    let played = play(&spec, 1, Order::Random);
    assert_eq!(marks(&played, Mark::BarrierReleased), 3);
    assert!(marks(&played, Mark::Interleaved) > 0);
}

#[test]
fn start_up_is_idempotent_under_concurrent_callers() {
    let (_, spec, _) = seven(Transport::InProcess).remove(0);
    let overlapping = (0..10)
        .map(|seed| play(&spec, seed, Order::Random))
        .inspect(|played| assert_eq!(flaws(played), Vec::<String>::new()))
        .filter(|played| marks(played, Mark::ConcurrentStartup) > 0)
        .count();
    assert!(overlapping > 0);
}
