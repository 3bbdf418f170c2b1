//! Faults of answers: each shows a defect that nothing else shows, is told, and shrinks away where
//! it is not needed.

use std::path::Path;

use rehearsal::agents::fault::answer::{ANSWER_FAULTS, AnswerKind, Call};
use rehearsal::history::{EntryKind, FaultPhase};
use rehearsal::repro::Repro;
use rehearsal::run::{RunOptions, RunReport, StrategyName, run_once};
use rehearsal::scenario::{Scenario, load, parse};
use rehearsal::shrink::{self, Limits};

/// The seeded defects that need a fault of answers, and the fault.
const DEFECTS: [(&str, &str); 9] = [
    ("late-reply-taken", "model-delayed:coordinator"),
    ("repetition-carried-out", "model-repeated:coordinator"),
    ("cut-output-accepted", "model-truncated:coordinator"),
    ("unreadable-reply-ends-turn", "model-malformed:worker"),
    ("retry-after-ignored", "model-limited:worker"),
    ("limit-ends-turn", "model-limited-silent:worker"),
    ("error-is-output", "model-unavailable:worker"),
    ("expired-token-kept", "token-expired:worker"),
    ("result-taken-twice", "tool-repeated:coordinator"),
];

/// The seeds of each scenario.
const SEEDS: u64 = 12;

fn path(name: &str) -> String {
    format!("scenarios/gateway/defects/{name}.toml")
}

fn scenario(name: &str) -> Scenario {
    load(Path::new(&path(name))).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn run(scenario: &Scenario, seed: u64) -> RunReport {
    run_once(
        scenario,
        RunOptions::new(seed, StrategyName::RANDOM).recorded(),
    )
}

/// Returns the faults that have begun, and those that are over.
fn struck(report: &RunReport) -> (Vec<String>, Vec<String>) {
    let history = &report.judged.as_ref().expect("it is judged").history;
    let in_phase = |wanted: FaultPhase| {
        let entries = history.entries.iter();
        let faults = entries.filter_map(|entry| match &entry.kind {
            EntryKind::Fault { fault, phase } if *phase == wanted => Some(fault.to_string()),
            _ => None,
        });
        faults.collect()
    };
    (in_phase(FaultPhase::Began), in_phase(FaultPhase::Ended))
}

#[test]
fn each_kind_shows_a_defect_that_needs_it() {
    let of_gateway = |kind: &&AnswerKind| kind.call() != Call::Write;
    for kind in ANSWER_FAULTS.iter().filter(of_gateway) {
        let shows =
            |(_, fault): &(&str, &str)| fault.split_once(':').is_some_and(|it| it.0 == kind.name());
        assert!(DEFECTS.iter().any(shows), "{kind:?}");
    }
    for (name, fault) in DEFECTS {
        let scenario = scenario(name);
        let mut faultless = scenario.clone();
        faultless.spec.faults.at.clear();
        faultless.expect.reached.clear();
        let twin = scenario.twin().expect("it has a defect");
        let mut found = 0;
        for seed in 0..SEEDS {
            let report = run(&scenario, seed);
            found += usize::from(!report.failures.is_empty());
            let once = (vec![fault.to_owned()], vec![fault.to_owned()]);
            assert_eq!(struck(&report), once, "{name} {seed}");
            assert_eq!(run(&twin, seed).failures, [], "{name}+healthy {seed}");
            assert_eq!(
                run(&faultless, seed).failures,
                [],
                "{name} without faults {seed}"
            );
        }
        assert!(found > 0, "{name}");
    }
}

#[test]
fn guide_lists_every_kind() {
    let guide = std::fs::read_to_string("docs/guide/faults.md").expect("it is there");
    for kind in ANSWER_FAULTS {
        let entry = format!("| `{}:ROLE` |", kind.name());
        assert!(guide.contains(&entry), "{entry}");
    }
}

#[test]
fn run_with_a_fault_of_an_answer_replays() {
    for (name, _) in DEFECTS {
        let scenario = scenario(name);
        let report = run(&scenario, 3);
        let options = RunOptions::new(3, StrategyName::FIFO).recorded();
        let replayed = run_once(&scenario, options.replaying(report.outcome.tape.schedule()));
        assert_eq!(replayed.outcome.divergence, None, "{name}");
        assert_eq!(
            replayed.outcome.fingerprint, report.outcome.fingerprint,
            "{name}"
        );
    }
}

/// Of several faults at times, the one that the failure needs is left.
#[test]
fn fault_that_is_not_needed_is_shrunk_away() {
    let text = std::fs::read_to_string(path("error-is-output")).expect("it is there");
    let at = "at = [{ effect = \"model\", by = \"worker\", fault = \"model-unavailable:worker\" }]";
    assert!(text.contains(at), "{text}");
    let timed = "budget = 3\nat_least = 3\nwindow = \"0ms..250ms\"\nkinds = [\
                 \"model-unavailable:worker\", \"token-expired:worker\", \"model-delayed:worker\"]";
    let text = text
        .replace(at, timed)
        .replace("reached = ", "sometimes = ");
    let path = Path::new("error-is-output.toml");
    let scenario = parse(&text, path).unwrap_or_else(|problems| panic!("{problems:?}"));
    let several = |report: &RunReport| !report.failures.is_empty() && struck(report).0.len() > 1;
    let report = (0..200).map(|seed| run(&scenario, seed)).find(several);
    let report = report.expect("a failing seed with several faults");
    let repro = Repro::of(&scenario, &report).expect("a failure");
    let shrunk = shrink::shrink(&scenario, &repro, &Limits::runs(400)).expect("it fails");
    let target = shrunk.repro.variant_of(&scenario).expect("it fits");
    let options = RunOptions::new(shrunk.repro.seed, StrategyName::FIFO).recorded();
    let again = run_once(&*target, options.replaying(shrunk.repro.schedule.clone()));
    assert!(!again.failures.is_empty());
    assert_eq!(struck(&again).0, ["model-unavailable:worker"]);
}
