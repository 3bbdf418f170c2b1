//! The scenario files of this project, and how scenario files are found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{bridge, codes, oracle, over};
use rehearsal::agents::bridge::Transport;
use rehearsal::agents::bridge::defects;
use rehearsal::agents::spec::AgentKind;
use rehearsal::agents::systems::SYSTEMS;
use rehearsal::history::Facet;
use rehearsal::oracle::OracleRef;
use rehearsal::run::{RunOptions, StrategyName, run_once};
use rehearsal::scenario::{
    Code, ColorChoice, ExpectedVerdict, Kinds, Scenario, discover, load, parse, render_all,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(discover::ROOT)
}

fn every_scenario() -> Vec<Scenario> {
    let files = discover::find(&root())
        .unwrap_or_else(|problems| panic!("{}", render_all(&problems, ColorChoice::Plain)));
    files
        .iter()
        .map(|file| {
            load(file)
                .unwrap_or_else(|problems| panic!("{}", render_all(&problems, ColorChoice::Plain)))
        })
        .collect()
}

fn scenario(name: &str) -> Scenario {
    every_scenario()
        .into_iter()
        .find(|scenario| scenario.name == name)
        .unwrap_or_else(|| panic!("there is no scenario {name}"))
}

/// Runs and events of a scenario, sub-agents counted.
fn totals(scenario: &Scenario) -> (u64, u64) {
    fn total(kind: &AgentKind) -> (u64, u64) {
        let mut sum = (1, kind.events());
        if let AgentKind::Supervisor { children } = kind {
            for (runs, events) in children.iter().map(total) {
                sum = (sum.0 + runs, sum.1 + events);
            }
        }
        sum
    }
    bridge(scenario)
        .settings
        .agents
        .iter()
        .fold((0, 0), |sum, group| {
            let (runs, events) = total(&group.kind);
            let count = u64::from(group.count);
            (sum.0 + count * runs, sum.1 + count * events)
        })
}

#[test]
fn every_scenario_file_is_right() {
    assert!(every_scenario().len() >= 7 + defects::NAMES.len());
}

#[test]
fn the_seven_scenarios_have_the_agents_and_events_that_they_claim() {
    for (name, runs, events) in [
        ("shared_bridge", 5, 5 * 5),
        ("supervisor_hierarchy", 4, 3 + 3 * 2 + 3 * 5),
        ("event_ordering", 4, 5 + 5 + 9 + 7),
        ("bridge_consistency", 20, 20 * 52),
        ("cleanup", 6, 3 * 5 + 3 * 3),
        ("collision", 15, 15 * 5),
        ("lock_contention", 50, 50 * 102),
    ] {
        let scenario = scenario(name);
        assert_eq!(totals(&scenario), (runs, events), "{name}");
        assert_eq!(
            bridge(&scenario).settings.transport,
            Transport::WebSocket,
            "{name}"
        );
        assert_eq!(scenario.expect.verdict, ExpectedVerdict::Pass, "{name}");
    }
}

#[test]
fn every_defect_has_a_scenario_that_expects_its_oracle_first() {
    let expected = [
        (defects::SILENT_OVERFLOW, oracle("no-loss")),
        (defects::RESUBSCRIBE_FROM_NOW, oracle("no-loss")),
        (defects::RESUME_INCLUSIVE, oracle("exactly-once")),
        (defects::SEQUENCE_APART_FROM_SEND, oracle("fifo")),
        (defects::BROADCAST_TO_ALL, oracle("isolation")),
        (defects::SHARED_RUN_CONTEXT, oracle("isolation")),
        (defects::REPORT_BEFORE_JOIN, oracle("hierarchy")),
        (
            defects::SILENT_DEATH_IS_SUCCESS,
            oracle("terminal-exactly-once"),
        ),
        (defects::DOUBLE_TERMINAL, oracle("terminal-exactly-once")),
        (defects::LEAK_ON_ERROR, oracle("cleanup")),
        (defects::LEAK_ON_DISCONNECT, oracle("cleanup")),
        (defects::LOCK_ORDER_INVERSION, oracle("deadlock")),
        (defects::UNAWAITED_TOOL_EVENT, oracle("protocol")),
        (defects::SWEEP_WITHOUT_RECHECK, oracle("no-loss")),
        (defects::SHARED_CONTEXT_STACK, oracle("isolation")),
        (defects::ROUTED_BY_RUN_NUMBER, oracle("isolation")),
        (defects::ROUTED_BY_USER_NUMBER, oracle("isolation")),
        (defects::MAPS_UPDATED_APART, oracle("invariants")),
        (defects::GROUPED_BY_RUN, oracle("causal")),
    ];
    assert_eq!(expected.len(), defects::NAMES.len());
    for (defect, oracle) in expected {
        let scenario = scenario(defect.name());
        assert_eq!(scenario.spec.defect, Some(defect));
        assert_eq!(scenario.expect.verdict, ExpectedVerdict::Violation(oracle));
        assert_eq!(scenario.expect.oracles.first(), Some(&oracle), "{defect:?}");
    }
}

#[test]
fn every_oracle_is_tripped_by_a_defect() {
    let scenarios = every_scenario();
    let expected = scenarios.iter().map(|scenario| scenario.expect.verdict);
    let tripped: BTreeSet<OracleRef> = expected
        .filter_map(|verdict| match verdict {
            ExpectedVerdict::Violation(oracle) => Some(oracle),
            _ => None,
        })
        .collect();
    assert_eq!(tripped, judging());
}

/// The oracles that judge scenarios: no system of scenario files records operations.
fn judging() -> BTreeSet<OracleRef> {
    let read = |oracle: &OracleRef| !oracle.reads().contains(&Facet::Operations);
    OracleRef::all().filter(read).collect()
}

#[test]
fn every_defect_of_every_system_has_a_scenario_and_a_healthy_twin() {
    let scenarios = every_scenario();
    for defect in SYSTEMS.iter().flat_map(|system| system.info().defects) {
        let of_defect = scenarios
            .iter()
            .find(|scenario| scenario.spec.defect == Some(*defect))
            .unwrap_or_else(|| panic!("no scenario shows {defect}"));
        let first = of_defect.expect.oracles[0];
        assert_eq!(of_defect.name, defect.name());
        assert_eq!(of_defect.expect.verdict, ExpectedVerdict::Violation(first));
        assert!(of_defect.twin().is_some(), "{defect}");
    }
}

#[test]
fn every_oracle_judges_some_healthy_scenario() {
    let scenarios = every_scenario();
    let healthy: BTreeSet<OracleRef> = scenarios
        .iter()
        .filter(|scenario| scenario.spec.defect.is_none())
        .flat_map(|scenario| scenario.expect.oracles.clone())
        .collect();
    assert_eq!(healthy, judging());
}

/// An oracle is admitted to a scenario by what its system says it records.
#[test]
fn systems_record_the_facets_that_they_declare() {
    let mut recorded: BTreeMap<&str, BTreeSet<Facet>> = BTreeMap::new();
    let scenarios = every_scenario();
    for scenario in scenarios.iter().filter(|s| s.spec.defect.is_none()) {
        let report = run_once(scenario, RunOptions::new(0, StrategyName::FIFO));
        let judged = report.judged.expect("a scenario has oracles");
        let facets = Facet::recorded(&judged.history);
        recorded
            .entry(scenario.kind.name())
            .or_default()
            .extend(facets);
    }
    for kind in Kinds::shipped().iter() {
        let declared = kind.info().records.iter().copied().collect();
        assert_eq!(recorded.remove(kind.name()), Some(declared), "{kind:?}");
    }
}

#[test]
fn a_healthy_twin_differs_in_name_defect_and_verdict_alone() {
    let ill = scenario("broadcast-to-all");
    let twin = ill.twin().unwrap_or_else(|| panic!("there is no twin"));
    assert_eq!(twin.name, "broadcast-to-all+healthy");
    assert_eq!(twin.spec.defect, None);
    assert_eq!(twin.expect.verdict, ExpectedVerdict::Pass);
    assert_eq!(*twin.spec.settings, *ill.spec.settings);
    assert_eq!(twin.expect.oracles, ill.expect.oracles);
    assert!(twin.twin().is_none());
}

#[test]
fn only_scenarios_whose_faults_need_no_network_run_in_process() {
    let moved = |name: &str| over(&scenario(name), "in-process");
    let shared = moved("shared_bridge").map(|scenario| bridge(&scenario).settings.transport);
    assert_eq!(shared, Ok(Transport::InProcess));
    assert!(moved("client_reconnect").is_ok());
    let refused = moved("bridge_crash").map_err(|problems| codes(&problems));
    assert_eq!(refused.err(), Some(vec![Code::NeedsNetwork]));
}

#[test]
fn the_hash_is_that_of_the_text() {
    let file = Path::new("scenarios/shared_bridge.toml");
    let text = fs::read_to_string(root().join("shared_bridge.toml")).unwrap_or_default();
    let hash = |text: &str| parse(text, file).map(|scenario| scenario.hash).ok();
    assert!(hash(&text).is_some());
    assert_eq!(hash(&text), Some(scenario("shared_bridge").hash));
    assert_ne!(hash(&text), hash(&format!("{text}\n")));
}

/// An empty directory for one test.
fn playground(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{error}"));
    directory
}

fn touch(file: &Path) {
    let parent = file.parent().unwrap_or(file);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(file, ""))
        .unwrap_or_else(|error| panic!("{error}"));
}

fn found(root: &Path) -> Vec<String> {
    discover::find(root)
        .unwrap_or_else(|problems| panic!("{}", render_all(&problems, ColorChoice::Plain)))
        .iter()
        .map(|file| {
            let below = file.strip_prefix(root).unwrap_or(file);
            below.display().to_string()
        })
        .collect()
}

#[test]
fn files_are_found_at_any_depth_and_sorted_by_name() {
    let root = playground("depth");
    for file in [
        "b.toml",
        "deep/er/a.toml",
        "c.toml",
        "notes.md",
        ".hidden.toml",
        ".git/d.toml",
    ] {
        touch(&root.join(file));
    }
    assert_eq!(found(&root), ["deep/er/a.toml", "b.toml", "c.toml"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let root = playground("links");
    let elsewhere = playground("elsewhere");
    touch(&root.join("sub/a.toml"));
    touch(&elsewhere.join("b.toml"));
    for (target, link) in [
        (root.clone(), root.join("sub/loop")),
        (root.join("sub"), root.join("again")),
        (elsewhere, root.join("far")),
    ] {
        symlink(target, link).unwrap_or_else(|error| panic!("{error}"));
    }
    let names: Vec<String> = found(&root)
        .iter()
        .map(|file| discover::name_of(Path::new(file)))
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn an_argument_is_a_name_or_a_path() {
    let root = playground("arguments");
    touch(&root.join("sub/one.toml"));
    let resolved = |argument: &str| discover::resolve(&root, argument).ok();
    assert_eq!(resolved("one"), Some(root.join("sub/one.toml")));
    assert_eq!(resolved("./one"), Some(PathBuf::from("./one")));
    assert_eq!(resolved("one.toml"), Some(PathBuf::from("one.toml")));
    assert_eq!(resolved("two"), None);
}

/// The command.
mod command {
    use std::path::Path;
    use std::process::{Command, Output};

    use super::{SYSTEMS, playground};

    fn rehearsal(arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(arguments)
            .output()
            .expect("it starts")
    }

    fn told(output: &Output) -> String {
        let both = [output.stdout.clone(), output.stderr.clone()].concat();
        String::from_utf8(both).expect("UTF-8")
    }

    fn text(path: &Path) -> &str {
        path.to_str().expect("UTF-8")
    }

    #[test]
    fn a_new_scenario_is_valid_and_runs_and_is_never_overwritten() {
        let root = playground("new");
        let new = ["--scenarios", text(&root), "new", "my_scenario"];
        let output = rehearsal(&new);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let file = root.join("my_scenario.toml");
        let output = rehearsal(&["run", text(&file), "--seeds", "64"]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        std::fs::write(&file, "# mine").expect("it is written");
        assert_eq!(rehearsal(&new).status.code(), Some(2));
        assert_eq!(std::fs::read_to_string(&file).expect("UTF-8"), "# mine");
        for name in ["../x", "My Scenario", ""] {
            let output = rehearsal(&["--scenarios", text(&root), "new", name]);
            assert_eq!(output.status.code(), Some(2), "{name}");
        }
        assert!(!root.with_file_name("x.toml").exists());
    }

    #[test]
    fn a_new_scenario_of_every_system_is_valid_and_runs() {
        for system in SYSTEMS {
            let name = system.info().name;
            let root = playground(&format!("new_{name}"));
            let new = [
                "--scenarios",
                text(&root),
                "new",
                "my_own",
                "--system",
                name,
            ];
            let output = rehearsal(&new);
            assert_eq!(output.status.code(), Some(0), "{}", told(&output));
            let file = root.join("my_own.toml");
            let output = rehearsal(&["run", text(&file), "--seeds", "64"]);
            assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        }
    }

    #[test]
    fn the_schema_is_printed_as_json() {
        let output = rehearsal(&["schema"]);
        assert_eq!(output.status.code(), Some(0));
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let kinds = schema["oneOf"].as_array().expect("a schema for each kind");
        assert_eq!(kinds.len(), SYSTEMS.len());
        for schema in kinds {
            assert_eq!(schema["properties"]["seeds"]["maximum"], 1_000_000);
            assert_eq!(schema["additionalProperties"], false);
        }
    }

    #[test]
    fn a_repro_of_a_run_with_values_that_were_set_replays() {
        let out = playground("set");
        let output = rehearsal(&[
            "--out",
            text(&out),
            "run",
            "double-terminal",
            "--seeds",
            "8",
            "--set",
            "agents.0.count=3",
            "--set",
            "clients.per_thread=2",
        ]);
        assert_eq!(output.status.code(), Some(10), "{}", told(&output));
        let repros: Vec<_> = std::fs::read_dir(&out)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "repro")
            })
            .collect();
        assert!(!repros.is_empty());
        for repro in repros {
            let kept = std::fs::read_to_string(&repro).expect("UTF-8");
            assert!(kept.contains("\"clients.per_thread = 2\""), "{kept}");
            let output = rehearsal(&["replay", text(&repro)]);
            assert_eq!(output.status.code(), Some(10), "{}", told(&output));
        }
    }

    #[test]
    fn a_value_without_a_place_is_bad_usage() {
        for set in ["agents", "agents.9.count=1", "seeds=none"] {
            let output = rehearsal(&["run", "double-terminal", "--set", set]);
            assert_eq!(output.status.code(), Some(2), "{}", told(&output));
            assert!(output.stdout.is_empty());
        }
    }
}
