//! Replays: each of the five results, and what a kept repro asserts.

use std::path::{Path, PathBuf};

use rehearsal::agents::sections;
use rehearsal::exit::Exit;
use rehearsal::regression;
use rehearsal::replay::{Change, Replay, Replayed};
use rehearsal::repro::{Origin, Repro, ScenarioRef, TestRef, VariantError, save_failure};
use rehearsal::run::{RunOptions, RunVerdict, StrategyName, run_once};
use rehearsal::scenario::{Code, ColorChoice, Edit, ExpectedVerdict, Scenario, render_all};
use rehearsal::sim::{Deviation, Fingerprint, Schedule, Site};

use crate::support::{over, scenario};

const NAME: &str = "sequence-apart-from-send";

/// A seed that breaks it.
const SEED: u64 = 5;

fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("replay");
    directory.join(name)
}

fn failing(scenario: &Scenario, seed: u64) -> Repro {
    let options = RunOptions::new(seed, StrategyName::RANDOM).recorded();
    let report = run_once(scenario, options);
    Repro::of(scenario, &report).expect("the seed fails")
}

fn with_decisions(repro: &Repro, change: impl FnOnce(&mut Vec<Deviation>)) -> Repro {
    let mut decisions = repro.schedule.deviations().to_vec();
    change(&mut decisions);
    Repro {
        schedule: Schedule::new(decisions),
        ..repro.clone()
    }
}

#[test]
fn a_saved_failure_reproduces_over_either_transport() {
    for transport in ["websocket", "in-process"] {
        let scenario = over(&scenario(NAME), transport).expect("no faults");
        let mut failed = 0;
        for seed in 0..8 {
            let report = run_once(&scenario, RunOptions::new(seed, StrategyName::PORTFOLIO));
            if report.verdict == RunVerdict::Pass {
                continue;
            }
            failed += 1;
            let (path, repro) = save_failure(
                &scenario,
                seed,
                StrategyName::PORTFOLIO,
                &directory("either"),
            )
            .expect("it is written");
            assert_eq!(repro.expected.fingerprint, report.outcome.fingerprint);
            let named = path.to_string_lossy().contains("in-process");
            assert_eq!(named, transport == "in-process", "{path:?}");
            let read = Repro::read(&path).expect("what is written can be read");
            assert_eq!(read, repro);
            let found = read.find_scenario(&path, &[]).expect("it is there");
            let replay = Replay::of(&read, &found);
            assert_eq!(replay.result, Replayed::Reproduced, "seed {seed}");
            assert_eq!(replay.exit(), Exit::Violation);
        }
        assert!(failed > 0, "{transport:?}");
    }
}

#[test]
fn a_deadlock_reproduces_as_a_deadlock() {
    let scenario = scenario("lock-order-inversion");
    let repro = failing(&scenario, 0);
    let replay = Replay::of(&repro, &scenario);
    assert_eq!(replay.result, Replayed::Reproduced);
    assert_eq!(replay.exit(), Exit::Stuck);
}

/// A failure that an oracle and the engine both find stays the oracle's when it is judged
/// alone.
#[test]
fn a_failure_that_a_deadlock_follows_keeps_its_judge() {
    let whole = scenario("lock-order-inversion");
    let signature = rehearsal::signature::Signature {
        judge: "no-loss".to_owned(),
        rule: None,
    };
    let oracles = |scenario: &Scenario| {
        let names = scenario.expect.oracles.iter().map(|oracle| oracle.name());
        names.collect::<Vec<_>>()
    };
    assert_eq!(oracles(&whole.focused(&signature)), ["no-loss"]);
    let mut late = whole.clone();
    late.expect.oracles.rotate_left(1);
    assert_eq!(oracles(&late.focused(&signature)), ["no-loss", "deadlock"]);
}

#[test]
fn another_fingerprint_is_told_and_counts_as_reproduced() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    let found = repro.expected.fingerprint;
    repro.expected.fingerprint = Fingerprint(1);
    let replay = Replay::of(&repro, &scenario);
    let expected = Fingerprint(1);
    assert_eq!(
        replay.result,
        Replayed::OtherFingerprint { expected, found }
    );
    assert_eq!(replay.exit(), Exit::Violation);
    let text = replay.explain(&repro);
    assert!(text.contains(&found.to_string()) && text.contains(&expected.to_string()));
}

#[test]
fn a_choice_that_never_comes_diverges_at_its_place() {
    let scenario = scenario(NAME);
    let repro = failing(&scenario, SEED);
    let moved = with_decisions(&repro, |decisions| decisions[2].nth += 1_000_000);
    let replay = Replay::of(&moved, &scenario);
    let Replayed::Diverged { choice, at } = &replay.result else {
        panic!("{:?}", replay.result);
    };
    assert_eq!(*choice, 3);
    assert_eq!(at.site, repro.schedule.deviations()[2].site);
    assert_eq!(replay.result.to_string(), "diverged at choice 3");
    assert_eq!(replay.exit(), Exit::NotReproduced);
    let text = replay.explain(&moved);
    assert!(
        text.contains(&at.expected) && text.contains(&at.found),
        "{text}"
    );
}

#[test]
fn a_choice_among_fewer_diverges() {
    let scenario = scenario(NAME);
    let repro = failing(&scenario, SEED);
    let wider = with_decisions(&repro, |decisions| decisions[3].bound += 1);
    let replay = Replay::of(&wider, &scenario);
    let Replayed::Diverged { choice, at } = &replay.result else {
        panic!("{:?}", replay.result);
    };
    assert_eq!(*choice, 4);
    assert!(at.expected.contains("alternatives") && at.found.contains("alternatives"));
}

#[test]
fn a_changed_scenario_comes_before_everything_else() {
    let mut scenario = scenario(NAME);
    let repro = failing(&scenario, SEED);
    scenario.hash ^= 1;
    let moved = with_decisions(&repro, |decisions| decisions[0].nth += 1_000_000);
    for repro in [&repro, &moved] {
        let replay = Replay::of(repro, &scenario);
        assert_eq!(replay.result, Replayed::ScenarioChanged(Change::Text));
        assert_eq!(replay.exit(), Exit::NotReproduced);
        assert!(replay.report.is_some(), "it was run all the same");
    }
    let text = Replay::of(&repro, &scenario).explain(&repro);
    assert!(text.contains("it fails as expected"), "{text}");
}

#[test]
fn repro_without_its_variant_is_a_changed_scenario() {
    let scenario = scenario(NAME);
    let repro = failing(&scenario, SEED);
    let cut = Repro {
        cuts: vec![Edit::number(
            sections::Path::of("agents").index(9).key("count"),
            1,
        )],
        ..repro.clone()
    };
    let replay = Replay::of(&cut, &scenario);
    assert!(matches!(
        replay.result,
        Replayed::ScenarioChanged(Change::VariantError(VariantError::Cut(_)))
    ));
    assert!(replay.report.is_none());
    assert_eq!(replay.exit(), Exit::NotReproduced);
    let mut twin = repro;
    of_scenario(&mut twin).healthy = true;
    let mut without_defect = scenario;
    without_defect.spec.defect = None;
    let replay = Replay::of(&twin, &without_defect);
    assert_eq!(
        replay.result,
        Replayed::ScenarioChanged(Change::VariantError(VariantError::NoTwin))
    );
}

#[test]
fn repro_of_a_passing_run_no_longer_fails() {
    let scenario = scenario(NAME);
    let passing = (0..64)
        .map(|seed| {
            run_once(
                &scenario,
                RunOptions::new(seed, StrategyName::RANDOM).recorded(),
            )
        })
        .find(|report| report.verdict == RunVerdict::Pass)
        .expect("half of all seeds pass");
    let repro = Repro {
        schedule: passing.outcome.tape.schedule(),
        ..failing(&scenario, SEED)
    };
    let replay = Replay::of(&repro, &scenario);
    assert_eq!(replay.result, Replayed::NoLongerFails { instead: None });
    assert_eq!(replay.exit(), Exit::NotReproduced);
    let text = replay.explain(&repro);
    assert!(
        text.starts_with("it passes; expected `fifo/overtaken`"),
        "{text}"
    );
}

/// A failure of another kind is no success, and is not kept quiet.
#[test]
fn another_failure_is_told() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    let found = repro.expected.signature.clone();
    repro.expected.signature.judge = "no-loss".to_owned();
    let replay = Replay::of(&repro, &scenario);
    let instead = Some(found.clone());
    assert_eq!(replay.result, Replayed::NoLongerFails { instead });
    assert_eq!(replay.exit(), Exit::NotReproduced);
    assert!(replay.explain(&repro).contains(&found.to_string()));
}

/// The content of a repro reaches the terminal as text, not as commands.
#[test]
fn control_characters_of_a_repro_are_not_printed() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    let wild = "\u{1b}[2J";
    let moved = with_decisions(&repro, |decisions| decisions[0].site = Site::world(wild));
    let text = Replay::of(&moved, &scenario).explain(&moved);
    assert!(text.contains("[2J") && !text.contains(wild), "{text:?}");
    repro.expected.signature.rule = Some(wild.to_owned());
    let text = Replay::of(&repro, &scenario).explain(&repro);
    assert!(text.contains("[2J") && !text.contains(wild), "{text:?}");
}

/// The scenario is found by its name where the file has moved.
fn of_scenario(repro: &mut Repro) -> &mut ScenarioRef {
    match &mut repro.origin {
        Origin::Scenario(scenario) => scenario,
        Origin::Test(test) => panic!("it is of the test {}", test.name),
    }
}

/// The program of a test is in the test's binary: no scenario can stand for it.
#[test]
fn repro_of_a_test_is_replayed_by_it() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    repro.origin = Origin::Test(TestRef {
        package: "bank".to_owned(),
        name: "bank::tests::no_money_is_lost".to_owned(),
        file: PathBuf::from("src/lib.rs"),
    });
    let problems = repro.find_scenario(Path::new("some.repro"), &[PathBuf::from("scenarios")]);
    let problems = problems.expect_err("it has no scenario");
    let shown = render_all(&problems, ColorChoice::Plain);
    assert_eq!(problems[0].code, Code::ReproOfATest);
    let command =
        "REHEARSAL_REPLAY=some.repro cargo test -p bank tests::no_money_is_lost -- --exact";
    assert!(shown.contains(command), "{shown}");
    let replay = Replay::of(&repro, &scenario);
    let changed = Change::VariantError(VariantError::NotOfThis);
    assert_eq!(replay.result, Replayed::ScenarioChanged(changed));
}

#[test]
fn a_scenario_that_has_moved_is_found_by_its_name() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    of_scenario(&mut repro).file = PathBuf::from(format!("elsewhere/{NAME}.toml"));
    let path = Path::new("some.repro");
    let found = repro.find_scenario(path, &[PathBuf::from("scenarios")]);
    let found = found.expect("it is there");
    assert_eq!(found, scenario);
    assert_eq!(Replay::of(&repro, &found).result, Replayed::Reproduced);
    of_scenario(&mut repro).name = "missing".to_owned();
    let problems = repro
        .find_scenario(path, &[PathBuf::from("scenarios")])
        .expect_err("it is nowhere");
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::ReproScenarioMissing]);
}

#[test]
fn another_verdict_is_another_failure() {
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    repro.expected.verdict = RunVerdict::Panic;
    let replay = Replay::of(&repro, &scenario);
    assert!(!replay.shows_failure);
    assert!(matches!(replay.result, Replayed::NoLongerFails { .. }));
    let explained = replay.explain(&repro);
    assert!(
        explained.ends_with("; expected the verdict panic, found violation"),
        "{explained}"
    );
}

/// A repro from elsewhere may name any file of the machine.
#[test]
fn nothing_is_shown_of_a_file_elsewhere_that_is_no_scenario() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elsewhere");
    std::fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("secrets.toml");
    std::fs::write(&file, "token = \"hunter2\"\n").expect("a file");
    let scenario = scenario(NAME);
    let mut repro = failing(&scenario, SEED);
    let sought = of_scenario(&mut repro);
    (sought.name, sought.file) = ("secrets".to_owned(), file);
    let problems = repro
        .find_scenario(Path::new("some.repro"), &[])
        .expect_err("it is no scenario");
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::ReproForeignFile]);
    let shown = problems[0].render(ColorChoice::Plain);
    assert!(shown.contains("secrets.toml"), "{shown}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("token"),
        "{shown}"
    );
}

// What a kept repro asserts.

const FILE: &str = "scenarios/regressions/kept.repro";

fn verified(repro: &Repro, scenario: &Scenario) -> regression::Outcome {
    regression::verify(Path::new(FILE), repro, scenario)
}

/// A healthy scenario whose system has the bug that its repro shows.
fn with_a_bug() -> (Scenario, Repro) {
    let mut scenario = scenario(NAME);
    scenario.expect.verdict = ExpectedVerdict::Pass;
    let repro = failing(&scenario, SEED);
    (scenario, repro)
}

#[test]
fn a_defect_must_still_show() {
    let scenario = scenario(NAME);
    let repro = failing(&scenario, SEED);
    let outcome = verified(&repro, &scenario);
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.warning, None);
    let tame = Repro {
        schedule: Schedule::default(),
        ..repro
    };
    let problem = verified(&tame, &scenario).result.expect_err("it passes");
    assert!(problem.contains("no longer catches"), "{problem}");
    assert!(problem.contains(FILE), "{problem}");
}

#[test]
fn a_bug_that_is_still_there_fails_its_test() {
    let (scenario, repro) = with_a_bug();
    let outcome = verified(&repro, &scenario);
    let problem = outcome.result.expect_err("the bug is there");
    for expected in ["VIOLATION", "event-7", FILE, "reproduced"] {
        assert!(problem.contains(expected), "{expected} in {problem}");
    }
    assert_eq!(outcome.warning, None);
}

/// A fixed system makes the run's end another; that is what a repro of a bug
/// is kept for, unless it does not even follow its choices.
#[test]
fn fixed_bug_passes_and_reports_a_repro_that_no_longer_fits() {
    let (mut scenario, repro) = with_a_bug();
    scenario.spec.defect = None;
    let replay = Replay::of(&repro, &scenario);
    let outcome = verified(&repro, &scenario);
    assert_eq!(outcome.result, Ok(()));
    let fits = matches!(replay.result, Replayed::NoLongerFails { instead: None });
    assert_eq!(outcome.warning.is_none(), fits, "{:?}", replay.result);
    let default = Repro {
        schedule: Schedule::default(),
        ..repro
    };
    let outcome = verified(&default, &scenario);
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.warning, None);
}

/// If the repro says nothing any more, its seed must still be run.
#[test]
fn repro_that_no_longer_fits_has_its_seed_run_afresh() {
    let (mut scenario, repro) = with_a_bug();
    scenario.hash ^= 1;
    let default = Repro {
        schedule: Schedule::default(),
        ..repro.clone()
    };
    let outcome = verified(&default, &scenario);
    let problem = outcome.result.expect_err("its seed still fails");
    assert!(problem.contains("VIOLATION"), "{problem}");
    let warning = outcome.warning.expect("it does not fit");
    for expected in [FILE, "scenario changed", "afresh"] {
        assert!(warning.contains(expected), "{expected} in {warning}");
    }
    let moved = with_decisions(&repro, |decisions| decisions[0].nth += 1_000_000);
    scenario.hash ^= 1;
    let warning = verified(&moved, &scenario).warning.expect("it diverges");
    assert!(warning.contains("diverged at choice 1"), "{warning}");
}

/// A twin's repro runs the twin.
#[test]
fn a_twins_repro_is_judged_as_the_twin() {
    let mut bad_twin = scenario(NAME).twin().expect("it has a defect");
    bad_twin.spec.defect = scenario(NAME).spec.defect;
    let repro = failing(&bad_twin, SEED);
    assert!(repro.scenario().is_some_and(|scenario| scenario.healthy));
    assert_eq!(repro.target_name(), format!("{NAME}+healthy"));
    let (path, saved) =
        save_failure(&bad_twin, SEED, StrategyName::RANDOM, &directory("twin")).expect("written");
    assert_eq!(saved, repro);
    let read = Repro::read(&path).expect("it can be read");
    let replay = Replay::of(&read, &scenario(NAME));
    let report = replay.report.as_ref().expect("it is run");
    assert_eq!(report.target, repro.target_name());
    assert_eq!(report.verdict, RunVerdict::Pass);
    assert_eq!(replay.exit(), Exit::NotReproduced);
    assert_eq!(verified(&read, &scenario(NAME)).result, Ok(()));
}
