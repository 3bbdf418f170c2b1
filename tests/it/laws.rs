//! Laws of replaying and shrinking, over random scenarios.

use std::path::Path;

use crate::support::oracle;
use proptest::prelude::*;
use rehearsal::agents::bridge::defects;
use rehearsal::oracle::OracleRef;
use rehearsal::repro::Repro;
use rehearsal::run::{RunOptions, RunReport, StrategyName, run_once};
use rehearsal::scenario::{self, Scenario};
use rehearsal::shrink::{self, Limits};
use rehearsal::signature::Signature;

/// A group of agents, as in a file.
fn agents() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        Just("kind = \"data\"".to_owned()),
        Just("kind = \"fast\"".to_owned()),
        Just("kind = \"burst\"".to_owned()),
        Just("kind = \"streaming\"".to_owned()),
        (1u32..6).prop_map(|events| format!("kind = \"hammer\"\nevents = {events}")),
        (1u32..6).prop_map(|n| format!("kind = \"stress\"\nevents = {n}\ndelay = \"5ms\"")),
        Just("kind = \"supervisor\"\nchildren = [\"data\", \"fast\"]".to_owned()),
        Just("kind = \"failure\"\nmode = \"exception\"".to_owned()),
    ];
    let thread = prop_oneof![Just("own"), Just("shared"), Just("group")];
    (kind, 1u32..4, thread, 0u32..4).prop_map(|(kind, count, thread, start)| {
        format!(
            "[[agents]]\n{kind}\ncount = {count}\nthread = \"{thread}\"\nstart_within = \"{start}ms\"\n"
        )
    })
}

fn faults() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        Just("client-reconnect"),
        Just("connection-reset"),
        Just("partition"),
        Just("bridge-crash"),
    ];
    prop::option::of((kind, 0u32..20)).prop_map(|fault| match fault {
        None => String::new(),
        Some((kind, from)) => format!(
            "[faults]\nbudget = 2\nkinds = [\"{kind}\"]\nwindow = \"{from}ms..80ms\"\nlasting = \"200ms\"\n"
        ),
    })
}

/// A small scenario with any of the defects, or none, over sockets.
fn scenarios() -> impl Strategy<Value = Scenario> {
    let defect = prop::option::of(prop::sample::select(defects::NAMES.to_vec()));
    let groups = prop::collection::vec(agents(), 1..4);
    (groups, faults(), defect, 1u32..30).prop_map(|(groups, faults, defect, latency)| {
        let text = format!(
            "format = 1\nname = \"example\"\nclaim = \"Whatever happens, it happens again.\"\n\
             system = {{ kind = \"bridge\", transport = \"websocket\" }}\nseeds = 1\n\n\
             [clients]\nidle_timeout = \"300ms\"\nreconnect_after = \"50ms\"\n\n\
             [network]\nlatency = \"1ms..{latency}ms\"\n\n{}\n{faults}\n\
             [expect]\noracles = [\"no-loss\", \"exactly-once\", \"cleanup\", \"deadlock\"]\n",
            groups.join("\n"),
        );
        let parsed = scenario::parse(&text, Path::new("example.toml"));
        let mut scenario = parsed.unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
        scenario.spec.defect = defect.map(|(_, defect)| defect);
        // A file may not name an oracle that will find nothing to check. Here that
        // is said of the run.
        let more = [
            oracle("fifo"),
            oracle("isolation"),
            oracle("terminal-exactly-once"),
        ];
        scenario.expect.oracles.extend(more);
        scenario
    })
}

fn recorded(scenario: &Scenario, seed: u64) -> RunReport {
    run_once(
        scenario,
        RunOptions::new(seed, StrategyName::PORTFOLIO).recorded(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_schedule_replays_its_run(scenario in scenarios(), seed in 0u64..1_000) {
        let original = recorded(&scenario, seed);
        let options = RunOptions::new(seed + 1, StrategyName::FIFO).recorded();
        let replayed = run_once(&scenario, options.replaying(original.outcome.tape.schedule()));
        prop_assert_eq!(&original.outcome.trace, &replayed.outcome.trace);
        prop_assert_eq!(original.outcome.fingerprint, replayed.outcome.fingerprint);
        prop_assert_eq!(original.outcome.interleaving, replayed.outcome.interleaving);
        prop_assert_eq!(original.failures, replayed.failures);
        prop_assert_eq!(original.outcome.tape, replayed.outcome.tape);
        prop_assert_eq!(replayed.outcome.divergence, None);
    }

    /// Whatever is left of a schedule is a schedule.
    #[test]
    fn a_schedule_cut_anywhere_runs(
        scenario in scenarios(),
        seed in 0u64..1_000,
        cut: prop::sample::Index,
        stride in 1usize..5,
    ) {
        let schedule = recorded(&scenario, seed).outcome.tape.schedule();
        let len = cut.index(schedule.len() + 1);
        let mut index = 0;
        let part = schedule.filtered(|_| {
            index += 1;
            index <= len && index % stride == 0
        });
        let options = RunOptions::new(seed, StrategyName::FIFO).recorded();
        let first = run_once(&scenario, options.clone().replaying(part.clone()));
        let second = run_once(&scenario, options.replaying(part));
        prop_assert_ne!(first.verdict.word(), "panic", "{:?}", first.failures);
        prop_assert_eq!(first.outcome.fingerprint, second.outcome.fingerprint);
        prop_assert_eq!(first.outcome.divergence, second.outcome.divergence);
    }

    /// However far shrinking comes, what it leaves fails in the same way.
    #[test]
    fn a_shrunk_schedule_fails_with_the_same_signature(
        scenario in scenarios(),
        seed in 0u64..1_000,
        runs in 0u64..120,
    ) {
        let report = recorded(&scenario, seed);
        if let Some(repro) = Repro::of(&scenario, &report) {
            let small = shrink::shrink(&scenario, &repro, &Limits::runs(runs));
            let small = small.map_err(|error| TestCaseError::fail(error.to_string()))?.repro;
            prop_assert!(small.schedule.len() <= repro.schedule.len() || !small.cuts.is_empty());
            let variant = small.variant_of(&scenario).expect("it fits");
            let again = small.run_once(&*variant);
            prop_assert_eq!(Signature::of(&again), Some(repro.expected.signature));
            prop_assert_eq!(again.outcome.fingerprint, small.expected.fingerprint);
        }
    }

    #[test]
    fn oracles_change_no_fingerprint(scenario in scenarios(), seed in 0u64..1_000) {
        let all = recorded(&scenario, seed);
        let mut every = scenario.clone();
        every.expect.oracles = OracleRef::all().collect();
        let mut none = scenario.clone();
        none.expect.oracles.clear();
        for other in [every, none] {
            let report = recorded(&other, seed);
            prop_assert_eq!(all.outcome.fingerprint, report.outcome.fingerprint);
            prop_assert_eq!(&all.outcome.trace, &report.outcome.trace);
        }
    }
}
