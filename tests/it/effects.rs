//! Faults at effects: just before or just after the n-th write or frame of a role.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rehearsal::agents::effect::{Effect, EffectFault, EffectsOf, Moment};
use rehearsal::agents::spec::FaultPlan;
use rehearsal::agents::systems::SYSTEMS;
use rehearsal::repro::Repro;
use rehearsal::run::{RunOptions, RunReport, StrategyName, run_once};
use rehearsal::scenario::{Code, Goal, Scenario, load, parse};
use rehearsal::shrink::{self, Limits};
use rehearsal::sim;

use crate::support::codes;

/// A store with counters under these faults, and with this system.
fn text(system: &str, faults: &str, expect: &str) -> String {
    format!(
        "format = 1\nname = \"example\"\nclaim = \"Whatever strikes, increments are counted.\"\n\
         system = {{ kind = \"store\"{system} }}\nseeds = 8\n\n\
         [[agents]]\nkind = \"counter\"\ncount = 2\noperations = 4\ndelay = \"5ms\"\n\n\
         [faults]\n{faults}\nlasting = \"100ms\"\n\n\
         [expect]\noracles = [\"linearizable\", \"cleanup\"]\n{expect}\n"
    )
}

fn read(system: &str, faults: &str, expect: &str) -> Scenario {
    let text = text(system, faults, expect);
    parse(&text, Path::new("example.toml")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A crash of the store at a write.
fn crash(moment: &str) -> String {
    format!(
        "budget = 0\nat = [{{ effect = \"write\", by = \"store\", moment = \"{moment}\", \
         fault = \"crash:store\" }}]"
    )
}

const BROKEN: &str = ", defect = \"answer-before-journal\"";
const VIOLATION: &str = "verdict = \"violation:linearizable\"";

fn run(scenario: &Scenario, seed: u64) -> RunReport {
    let options = RunOptions::new(seed, StrategyName::RANDOM);
    run_once(scenario, options.recorded())
}

/// Returns the effects at which faults struck, as the trace says.
fn struck(report: &RunReport) -> Vec<String> {
    let entries = report.outcome.trace.entries.iter();
    let notes = entries.filter_map(|entry| match &entry.effect {
        sim::Effect::Note { label, text, .. } if *label == "fault" => Some(text.clone()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn fault_strikes_once_at_an_effect_that_the_seed_draws() {
    for moment in ["before", "after"] {
        let scenario = read("", &crash(moment), "reached = [\"fault:crash:store\"]");
        let mut places = BTreeSet::new();
        for seed in 0..16 {
            let report = run(&scenario, seed);
            assert_eq!(report.failures, [], "{moment} {seed}");
            let [place] = <[String; 1]>::try_from(struck(&report)).expect("one fault");
            let start = format!("crash:store {moment} write ");
            assert!(
                place.starts_with(&start) && place.ends_with(" of store"),
                "{place}"
            );
            places.insert(place);
        }
        // Two agents with four increments each.
        assert!((4..=8).contains(&places.len()), "{places:?}");
    }
}

/// A crash before a write that was answered already loses it, and one after it does not; a crash
/// at a time that is drawn rarely falls between the two.
#[test]
fn crash_before_a_write_shows_whether_it_was_answered_too_early() {
    let failing = |faults: &str| {
        let scenario = read(BROKEN, faults, VIOLATION);
        (0..32)
            .filter(|seed| !run(&scenario, *seed).failures.is_empty())
            .count()
    };
    let timed = "budget = 1\nat_least = 1\nkinds = [\"crash:store\"]\nwindow = \"0ms..60ms\"";
    let (at_effect, at_time) = (failing(&crash("before")), failing(timed));
    assert!(
        at_effect > 2 * at_time,
        "{at_effect} against {at_time} of 32 seeds"
    );
}

#[test]
fn a_run_with_a_fault_at_an_effect_replays_and_shrinks() {
    let scenario = read(BROKEN, &crash("before"), VIOLATION);
    let report = (0..32)
        .map(|seed| run(&scenario, seed))
        .find(|report| !report.failures.is_empty())
        .expect("a failing seed");
    let options = RunOptions::new(report.seed, StrategyName::FIFO).recorded();
    let replayed = run_once(&scenario, options.replaying(report.outcome.tape.schedule()));
    assert_eq!(replayed.outcome.fingerprint, report.outcome.fingerprint);
    assert_eq!(replayed.outcome.divergence, None);
    let repro = Repro::of(&scenario, &report).expect("a failure");
    let shrunk = shrink::shrink(&scenario, &repro, &Limits::runs(200)).expect("it fails");
    let target = shrunk.repro.variant_of(&scenario).expect("it fits");
    let options = RunOptions::new(shrunk.repro.seed, StrategyName::FIFO).recorded();
    let again = run_once(&*target, options.replaying(shrunk.repro.schedule.clone()));
    assert!(!again.failures.is_empty());
    // The effect is a choice, and the lowest that fails is found.
    assert_eq!(struck(&again), ["crash:store before write 1 of store"]);
}

#[test]
fn frames_are_effects_and_links_can_break_there() {
    let faults = "budget = 0\nat = [{ effect = \"frame\", by = \"agent\", moment = \"after\", \
                  fault = \"reset:agent-store\" }]";
    let scenario = read(
        "",
        faults,
        "reached = [\"fault:reset:agent-store\", \"request-repeated\"]",
    );
    for seed in 0..16 {
        let report = run(&scenario, seed);
        assert_eq!(report.failures, [], "{seed}");
        assert_eq!(struck(&report).len(), 1);
    }
}

#[test]
fn a_swarm_leaves_out_kinds_and_never_all() {
    let kinds = ["crash:store", "reset:agent-store", "hold:agent-store"];
    let sets = |swarm: bool| -> BTreeSet<BTreeSet<Goal>> {
        let faults = format!(
            "budget = 8\nat_least = 8\nkinds = {kinds:?}\nwindow = \"0ms..30ms\"\nswarm = {swarm}"
        );
        let scenario = read("", &faults, "");
        let goals = |seed| run(&scenario, seed).judged.expect("it is judged").goals;
        let of_faults = |goals: BTreeSet<Goal>| {
            let faults = goals.into_iter();
            faults
                .filter(|goal| matches!(goal, Goal::Fault(_)))
                .collect()
        };
        (0..24).map(|seed| of_faults(goals(seed))).collect()
    };
    let (all, some) = (sets(false), sets(true));
    assert!(some.iter().any(|set| set.len() == 1), "{some:?}");
    assert!(some.iter().all(|set| !set.is_empty()), "{some:?}");
    assert!(some.len() > all.len(), "{some:?} against {all:?}");
}

#[test]
fn mistakes_in_faults_at_effects_are_reported() {
    let problems = |faults: &str, expect: &str| {
        let parsed = parse(&text("", faults, expect), Path::new("example.toml"));
        codes(&parsed.expect_err("it is wrong"))
    };
    let at = |entry: &str| format!("budget = 0\nat = [{entry}]");
    let role = at("{ effect = \"write\", by = \"shop\", fault = \"crash:store\" }");
    assert_eq!(problems(&role, ""), [Code::UnknownName]);
    let effect = at("{ effect = \"thought\", by = \"store\", fault = \"crash:store\" }");
    assert_eq!(problems(&effect, ""), [Code::UnknownName]);
    let fault = at("{ effect = \"write\", by = \"store\", fault = \"crash:moon\" }");
    assert_eq!(problems(&fault, ""), [Code::UnknownName]);
    let missing = at("{ effect = \"write\", fault = \"crash:store\" }");
    assert_eq!(problems(&missing, ""), [Code::MissingKey]);
    let swarm = format!("{}\nswarm = true", crash("before"));
    let goal = "reached = [\"fault:crash:store\"]";
    assert_eq!(problems(&swarm, goal), [Code::UnreachableGoal]);
    let other = "reached = [\"fault:pause:store\"]";
    assert_eq!(problems(&crash("before"), other), [Code::UnreachableGoal]);
    assert_eq!(problems("budget = 0", ""), [Code::FaultPlan]);
}

/// Messages of HTTP and WebSocket, and the writes of a journal, of systems that write them through
/// libraries.
#[test]
fn every_system_strikes_at_its_own_effects() {
    let cases = [
        (
            "gateway/gateway_link_faults",
            Effect::Frame,
            "gateway",
            "reset:client-gateway",
        ),
        (
            "gateway/gateway_link_faults",
            Effect::Frame,
            "worker",
            "reset:worker-gateway",
        ),
        (
            "gateway/gateway_link_faults",
            Effect::Frame,
            "client",
            "reset:client-gateway",
        ),
        (
            "gateway/gateway_delegation",
            Effect::Model,
            "worker",
            "token-expired:worker",
        ),
        (
            "gateway/gateway_delegation",
            Effect::Tool,
            "coordinator",
            "tool-repeated:coordinator",
        ),
        (
            "bridge/connection_reset",
            Effect::Frame,
            "bridge",
            "reset:client-bridge",
        ),
        (
            "workflow/workflow_chain_crash",
            Effect::Write,
            "worker",
            "crash:worker",
        ),
    ];
    for (name, effect, by, fault) in cases {
        let mut scenario = load(Path::new(&format!("scenarios/{name}.toml")))
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let kind = scenario.kind.name();
        let mut infos = SYSTEMS.iter().map(|system| system.info());
        let info = infos
            .find(|info| info.name == kind)
            .expect("a kind of the table");
        let role = info.roles.iter().find(|role| role.name == by);
        let of = EffectsOf {
            effect,
            by: role.expect("the system has the role").name,
        };
        let fault = info.fault(fault).expect("the system admits it");
        let moments = match (kind, effect, by) {
            // The first frame follows the handshake at once: a reset before it meets a server
            // that has not accepted the connection yet, and does after it.
            ("gateway", Effect::Frame, "client") => &[Moment::After][..],
            // After the result of the only delegated task there is no call to be struck.
            ("gateway", Effect::Tool, _) => &[Moment::Before],
            _ => &Moment::ALL,
        };
        for moment in moments.iter().copied() {
            scenario.spec.faults = FaultPlan {
                lasting: Duration::from_millis(100),
                at: vec![EffectFault {
                    of,
                    moment,
                    fault,
                    among: 0,
                }],
                ..FaultPlan::default()
            };
            scenario.expect.reached.clear();
            let mut places = BTreeSet::new();
            for seed in 0..6 {
                let report = run(&scenario, seed);
                assert_eq!(
                    report.failures,
                    [],
                    "{name} {moment} {effect} of {by}, {seed}"
                );
                places.extend(struck(&report));
            }
            assert!(!places.is_empty(), "{name} {moment} {effect} of {by}");
            let name = fault
                .alias()
                .map_or_else(|| fault.to_string(), str::to_owned);
            let start = format!("{name} {moment} {effect} ");
            assert!(
                places.iter().all(|place| place.starts_with(&start)),
                "{places:?}"
            );
        }
    }
}
