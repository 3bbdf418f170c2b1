//! Exact numbers of the decisions, read from histories: virtual times, thresholds, weights.

use std::time::Duration;

use rehearsal_agents::sections::Settings;
use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::systems::decisions::{Decisions, DecisionsFile, DecisionsScenario};
use rehearsal_history::Body;
use rehearsal_sim::{Config, Fifo, Random, Strategy, Verdict};
use serde_json::{Value, json};

use crate::common::{ORDERS, Order, TestRun, invariant_checks, run_system};

/// Runs a file's sections on links with a latency of one millisecond.
fn run(file: &Value, seed: u64, order: Order) -> TestRun {
    let file: DecisionsFile = serde_json::from_value(file.clone()).expect("the schema");
    let scenario = DecisionsScenario::from_file(file).expect("it has no problems");
    let strategy: Box<dyn Strategy> = match order {
        Order::Fifo => Box::new(Fifo),
        Order::Random => Box::new(Random::default()),
    };
    let config = Config {
        seed,
        strategy,
        ..Config::default()
    };
    let run = run_system(config, Decisions, ScenarioSpec::new(scenario));
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    let (checked, broken) = invariant_checks(&run.history);
    assert!(checked > 0 && broken.is_empty(), "{broken:?}");
    run
}

fn runs(file: &Value) -> Vec<TestRun> {
    let each = |seed| ORDERS.map(|order| run(file, seed, order));
    (0..8).flat_map(each).collect()
}

/// Returns the times from the opening of each round to its decision, with the decisions.
fn rounds(run: &TestRun) -> Vec<(Duration, Body)> {
    let view = run.view();
    let sendings = view.messages().sendings();
    let of_kind = |kind: &'static str| sendings.iter().filter(move |sent| *sent.kind() == kind);
    let pairs = of_kind("opened").zip(of_kind("decided"));
    pairs
        .map(|(opened, decided)| (decided.at.since(opened.at), decided.sent.body.clone()))
        .collect()
}

/// Returns the decisions of every round of every run.
fn decisions(file: &Value) -> Vec<Body> {
    let of_run = |run: &TestRun| rounds(run).into_iter().map(|(_, body)| body);
    let runs = runs(file);
    let decisions: Vec<Body> = runs.iter().flat_map(of_run).collect();
    assert!(!decisions.is_empty());
    decisions
}

fn choice(body: &Body) -> Option<&str> {
    body.field("choice").and_then(|choice| choice.text())
}

#[track_caller]
fn assert_all_decide(file: &Value, wanted: &str) {
    for body in decisions(file) {
        assert_eq!(choice(&body), Some(wanted), "{body}");
    }
}

#[track_caller]
fn assert_all_undecided(file: &Value, reason: &str) {
    for body in decisions(file) {
        let undecided = body.field("undecided").and_then(|reason| reason.text());
        assert_eq!(undecided, Some(reason), "{body}");
    }
}

#[test]
fn missing_vote_ends_the_round_exactly_at_its_deadline() {
    let file = json!({
        "decision": { "rule": "majority", "rounds": 3, "deadline": "250ms" },
        "voters": [
            { "vote": "approve", "count": 3, "delay": "0ms..40ms" },
            { "vote": "none" },
        ],
    });
    for run in runs(&file) {
        let rounds = rounds(&run);
        assert_eq!(rounds.len(), 3);
        for (time, body) in rounds {
            assert_eq!(time, Duration::from_millis(250));
            assert_eq!(choice(&body), Some("approve"));
        }
    }
}

/// A millisecond to the voters, forty until they vote, a millisecond back.
#[test]
fn last_vote_ends_the_round_at_once() {
    let file = json!({
        "decision": { "rule": "majority", "rounds": 2, "deadline": "10s" },
        "voters": [
            { "vote": "approve", "count": 2 },
            { "vote": "reject", "delay": "40ms..40ms" },
        ],
    });
    for run in runs(&file) {
        for (time, body) in rounds(&run) {
            assert_eq!(time, Duration::from_millis(42));
            assert_eq!(choice(&body), Some("approve"));
        }
    }
}

fn split(threshold: u32, approving: u32, rejecting: u32) -> Value {
    json!({
        "decision": { "rule": "consensus", "threshold": threshold },
        "voters": [
            { "vote": "approve", "count": approving, "delay": "0ms..40ms" },
            { "vote": "reject", "count": rejecting, "delay": "0ms..40ms" },
        ],
    })
}

#[test]
fn exactly_sixty_and_seventy_percent_are_a_consensus() {
    assert_all_decide(&split(60, 3, 2), "approve");
    assert_all_decide(&split(70, 7, 3), "approve");
    assert_all_undecided(&split(61, 3, 2), "below the threshold");
    assert_all_undecided(&split(70, 2, 1), "below the threshold");
    assert_all_undecided(&split(71, 7, 3), "below the threshold");
}

/// Without a threshold in the file, sixty percent are demanded.
#[test]
fn threshold_is_sixty_percent_by_default() {
    let mut file = split(0, 3, 2);
    let decision = file["decision"].as_object_mut().expect("an object");
    decision.remove("threshold");
    assert_all_decide(&file, "approve");
    let mut below = split(0, 4, 3);
    let decision = below["decision"].as_object_mut().expect("an object");
    decision.remove("threshold");
    assert_all_undecided(&below, "below the threshold");
}

/// Five agents vote on the quality of tests, as experts in security: 1.0, 0.5, 0.3 and twice
/// 0.1. Of these 2.0, seventy percent are 1.4.
#[test]
fn weights_of_five_agents_reach_seventy_percent_together() {
    let file = |votes: [&str; 5]| {
        let experts = [
            "security",
            "accessibility",
            "code-quality",
            "performance",
            "performance",
        ];
        let voters = votes
            .into_iter()
            .zip(experts)
            .map(|(vote, expert)| json!({ "vote": vote, "expert": expert, "delay": "0ms..40ms" }));
        json!({
            "decision": { "rule": "weighted-consensus", "threshold": 70, "domain": "security" },
            "voters": voters.collect::<Vec<_>>(),
        })
    };
    let exactly = ["approve", "reject", "approve", "approve", "reject"];
    assert_all_decide(&file(exactly), "approve");
    let below = ["approve", "reject", "approve", "reject", "reject"];
    assert_all_undecided(&file(below), "below the threshold");
}

#[test]
fn weights_without_a_sum_decide_nothing() {
    let file = json!({
        "decision": { "rule": "weighted" },
        "voters": [{ "vote": "approve", "count": 3, "weight": 0 }],
    });
    assert_all_undecided(&file, "no weight");
}

#[test]
fn veto_decides_first_and_last() {
    for delay in ["0ms..0ms", "30ms..30ms", "200ms..200ms"] {
        let file = json!({
            "decision": { "rule": "veto", "deadline": "500ms" },
            "voters": [
                { "vote": "reject", "veto": true, "delay": delay },
                { "vote": "approve", "count": 4, "delay": "10ms..60ms" },
            ],
        });
        assert_all_decide(&file, "reject");
    }
}

/// Seven of ten approve, and one of the others has a veto.
#[test]
fn review_reports_its_consensus_beside_the_veto() {
    let file = json!({
        "decision": { "rule": "review", "threshold": 70 },
        "voters": [
            { "vote": "approve", "count": 7, "delay": "0ms..40ms" },
            { "vote": "request-changes", "count": 2, "delay": "0ms..40ms" },
            { "vote": "reject", "veto": true, "delay": "0ms..40ms" },
        ],
    });
    for body in decisions(&file) {
        assert_eq!(choice(&body), Some("reject"));
        let agreed = body.field("agreed").and_then(|agreed| agreed.text());
        assert_eq!(agreed, Some("approve"));
    }
}

/// One expert in the domain outweighs three in others: 1.0 against 0.3, 0.3 and 0.1.
#[test]
fn experts_are_weighted_by_the_domain_of_the_decision() {
    let file = |domain: &str| {
        json!({
            "decision": { "rule": "weighted", "domain": domain },
            "voters": [
                { "vote": "reject", "expert": "security", "delay": "0ms..40ms" },
                { "vote": "approve", "expert": "code-quality", "count": 2, "delay": "0ms..40ms" },
                { "vote": "approve", "expert": "performance", "delay": "0ms..40ms" },
            ],
        })
    };
    assert_all_decide(&file("security"), "reject");
    assert_all_decide(&file("performance"), "approve");
    assert_all_decide(&file("accessibility"), "approve");
}

/// The second recommendation is picked, and then the script is exhausted.
#[test]
fn mediator_answers_by_its_script() {
    let file = json!({
        "decision": { "rule": "conflict", "rounds": 2 },
        "mediator": { "picks": [2], "effort": "30ms" },
        "voters": [
            { "vote": "recommendation", "priority": 1, "domain": "accessibility", "severity": "high" },
            { "vote": "recommendation", "priority": 2, "domain": "performance", "severity": "low" },
        ],
    });
    for run in runs(&file) {
        let [first, second] = &rounds(&run)[..] else {
            panic!("not two rounds");
        };
        let field = |body: &Body, name: &str| body.field(name)?.text().map(str::to_owned);
        assert_eq!(field(&first.1, "taken").as_deref(), Some("voter-2"));
        assert_eq!(field(&first.1, "ground").as_deref(), Some("mediation"));
        assert_eq!(
            field(&second.1, "undecided").as_deref(),
            Some("no mediation")
        );
    }
}
