//! The seven populations of the bridge, on the healthy system.

use rehearsal_agents::agent::marks::{BARRIER_RELEASED, DEADLINE_FIRED, DEATH_NOTICED};
use rehearsal_agents::bridge::Transport;
use rehearsal_agents::bridge::faults;
use rehearsal_agents::bridge::marks::CONCURRENT_STARTUP;
use rehearsal_agents::record::RunEnd;
use rehearsal_agents::record::marks::INTERLEAVED;

use crate::common::{ORDERS, Order, TRANSPORTS, assert_flawless, flaws, populations, run_spec};

fn run_all(transport: Transport, seeds: std::ops::Range<u64>) {
    for (name, spec, events) in populations(transport) {
        for order in ORDERS {
            for seed in seeds.clone() {
                let run = run_spec(&spec, seed, order);
                let what = format!("{name}, {transport:?}, {order:?}, seed {seed}");
                assert_flawless(&what, &run, flaws(&run));
                let view = run.view();
                let messages = view.messages();
                assert_eq!(messages.sendings().len() as u64, events, "{what}");
                assert_eq!(messages.deliveries().len() as u64, events, "{what}");
                assert_eq!(run.marks(faults::HOLD), 0, "{what}");
            }
        }
    }
}

#[test]
fn all_events_arrive_in_process() {
    run_all(Transport::InProcess, 0..6);
}

#[test]
fn all_events_arrive_over_websocket() {
    run_all(Transport::WebSocket, 0..3);
}

#[test]
fn history_and_fingerprint_depend_on_the_seed_alone() {
    for transport in TRANSPORTS {
        for (name, spec, _) in populations(transport) {
            let [a, b, other] = [7, 7, 8].map(|seed| run_spec(&spec, seed, Order::Random));
            assert_eq!(a.outcome.fingerprint, b.outcome.fingerprint, "{name}");
            assert_eq!(a.history, b.history, "{name}");
            assert_ne!(a.outcome.fingerprint, other.outcome.fingerprint, "{name}");
        }
    }
}

#[test]
fn failing_agents_end_as_their_mode_says() {
    for transport in TRANSPORTS {
        let (_, spec, _) = populations(transport).remove(4);
        let run = run_spec(&spec, 0, Order::Random);
        let expected = [
            RunEnd::Completed,
            RunEnd::Completed,
            RunEnd::Completed,
            RunEnd::Failed,
            RunEnd::TimedOut,
            RunEnd::DiedSilently,
        ];
        assert_eq!(run.ends(), expected.map(Some));
        assert_eq!(run.marks(DEADLINE_FIRED), 1);
        assert_eq!(run.marks(DEATH_NOTICED), 1);
        let view = run.view();
        let sendings = view.messages().sendings().iter();
        let errors: Vec<&str> = sendings
            .filter_map(|sending| sending.sent.body.field("error")?.text())
            .collect();
        assert_eq!(
            errors,
            ["the tool raised an exception", "timeout after 500 ms"]
        );
    }
}

#[test]
fn collision_groups_leave_barriers_together_and_interleave() {
    let (_, spec, _) = populations(Transport::InProcess).remove(5);
    let run = run_spec(&spec, 1, Order::Random);
    assert_eq!(run.marks(BARRIER_RELEASED), 3);
    assert!(run.reached(INTERLEAVED));
}

#[test]
fn start_up_is_idempotent_under_concurrent_callers() {
    let (_, spec, _) = populations(Transport::InProcess).remove(0);
    let overlapping = (0..10)
        .map(|seed| run_spec(&spec, seed, Order::Random))
        .inspect(|run| assert_eq!(flaws(run), Vec::<String>::new()))
        .filter(|run| run.reached(CONCURRENT_STARTUP))
        .count();
    assert!(overlapping > 0);
}
