//! `Harness` as its users meet it: a test binary with scenarios, kept repros and
//! the environment. This binary is two things: started with a directory in
//! `HARNESS_SCENARIOS` it is such a test binary, else it starts itself as one and
//! looks at what comes out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Failed, Trial};
use rehearsal::Harness;
use rehearsal::repro::{Origin, Repro, TestRef, save_failure};
use rehearsal::run::StrategyName;
use rehearsal::scenario::load;

const SCENARIOS: &str = "HARNESS_SCENARIOS";
const NAME: &str = "sequence-apart-from-send";
const SEED: u64 = 5;

/// Takes the test's name, for a directory of its own.
type Test = fn(&str);

fn main() -> ExitCode {
    if let Some(root) = std::env::var_os(SCENARIOS) {
        return Harness::new().scenarios(root).run();
    }
    let tests: [(&str, Test); 12] = [
        ("a_kept_repro_is_the_first_test", kept_repro_is_first),
        ("a_repro_that_cannot_be_read_fails", unreadable),
        ("a_repro_without_its_scenario_fails", without_scenario),
        ("tests_run_one_by_one_as_in_nextest", one_by_one),
        ("a_changed_scenario_is_no_quiet_pass", changed),
        ("a_failing_seed_leaves_a_repro", leaves_a_repro),
        ("replay_runs_one_test", replay_runs_one),
        ("replay_of_another_binarys_test", replay_of_another_binarys),
        ("replay_of_a_bad_file_is_refused", replay_of_a_bad_file),
        ("replay_and_seeds_contradict", contradiction),
        ("replay_shows_a_failure_that_is_new", replay_shows_a_failure),
        ("replay_that_fits_no_more_fails", replay_that_fits_no_more),
    ];
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let body = move || {
                test(name);
                Ok::<(), Failed>(())
            };
            Trial::test(name, body)
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A project of a test's own: one scenario, with a defect.
struct Project {
    root: PathBuf,
}

impl Project {
    fn new(name: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("harness")
            .join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("scenarios/regressions")).expect("a directory");
        let text = fs::read_to_string(format!("scenarios/bridge/defects/{NAME}.toml"));
        let text = text.expect("it is there");
        let project = Self { root };
        // Few seeds: what many of them show is tested elsewhere.
        project.write(
            &format!("scenarios/{NAME}.toml"),
            text.replace("seeds = 64", "seeds = 8"),
        );
        project
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(file), text).expect("a file");
    }

    fn scenario(&self) -> PathBuf {
        self.path(&format!("scenarios/{NAME}.toml"))
    }

    /// Keeps a failing seed.
    fn keep(&self) -> PathBuf {
        let scenario = load(&self.scenario()).expect("it is valid");
        let directory = self.path("scenarios/regressions");
        let saved = save_failure(&scenario, SEED, StrategyName::RANDOM, &directory);
        saved.expect("it is written").0
    }

    fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("REHEARSAL_") {
                command.env_remove(name);
            }
        }
        command
            .env(SCENARIOS, self.path("scenarios"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .args(["--test-threads", "1"]);
        command
    }
}

fn run(command: &mut Command) -> (i32, String) {
    let output: Output = command.output().expect("it starts");
    let mut text = String::from_utf8(output.stdout).expect("UTF-8");
    text += &String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code().expect("an exit code"), text)
}

#[track_caller]
fn tells(text: &str, expected: &[&str]) {
    for word in expected {
        assert!(text.contains(word), "{word} in\n{text}");
    }
}

fn edited(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("it is there");
    assert!(text.contains(from), "{from} in {text}");
    fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

/// nextest starts a test binary with these arguments to list its tests, then once for each.
fn one_by_one(name: &str) {
    let project = Project::new(name);
    let (code, list) = run(project.command().args(["--list", "--format", "terse"]));
    assert_eq!(code, 0, "{list}");
    let names: Vec<&str> = list
        .lines()
        .map(|line| line.strip_suffix(": test").expect("a test a line"))
        .collect();
    assert_eq!(names.len(), 2, "{list}");
    for name in names {
        let (code, text) = run(project.command().args(["--exact", name, "--nocapture"]));
        assert_eq!(code, 0, "{text}");
        tells(&text, &["1 passed"]);
    }
}

fn kept_repro_is_first(name: &str) {
    let project = Project::new(name);
    project.keep();
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 0, "{text}");
    let kept = format!("test regressions/{NAME}-seed-{SEED}");
    let first = text.lines().find(|line| line.starts_with("test "));
    assert!(first.is_some_and(|line| line.starts_with(&kept)), "{text}");
    tells(&text, &["3 passed"]);
    assert!(!text.contains("warning"), "{text}");
}

fn unreadable(name: &str) {
    let project = Project::new(name);
    project.write("scenarios/regressions/bad.repro", "format = 1\nchoices = [");
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &[
            "regressions/bad",
            "error[R0007]",
            "bad.repro:2:11",
            "1 failed",
        ],
    );
}

fn without_scenario(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    let text = fs::read_to_string(&file).expect("it is there");
    fs::write(&file, text.replace(NAME, "missing")).expect("a file");
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 101, "{text}");
    tells(&text, &["error[R0024]", "`missing`", "1 failed"]);
}

fn changed(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    edited(&project.scenario(), "seeds = 8", "seeds = 9");
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 0, "{text}");
    let file = file.display().to_string();
    tells(
        &text,
        &[
            "warning: ",
            &file,
            "scenario changed",
            "seed 5 was run afresh",
        ],
    );
    // Without the defect there is nothing left that it could show.
    edited(
        &project.scenario(),
        ", defect = \"sequence-apart-from-send\"",
        "",
    );
    edited(&project.scenario(), "verdict = \"violation:fifo\"", "");
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 0, "{text}");
    tells(&text, &["warning: ", "scenario changed", "it passes"]);
}

/// A defect that another oracle than the expected one finds is a failure.
fn leaves_a_repro(name: &str) {
    let project = Project::new(name);
    edited(&project.scenario(), "violation:fifo", "violation:no-loss");
    let (code, text) = run(&mut project.command());
    assert_eq!(code, 101, "{text}");
    let seed = (0..8)
        .map(|seed| project.path(&format!("target/rehearsal/{NAME}-seed-{seed}.repro")))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no repro, but\n{text}"));
    let replay = format!("rehearsal replay {}", seed.display());
    let keep = format!("rehearsal keep {}", seed.display());
    tells(&text, &["VIOLATION", &replay, &keep]);
    let repro = rehearsal::repro::Repro::read(&seed);
    assert!(repro.is_ok(), "{repro:?}");
}

fn replay_runs_one(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 0, "{text}");
    tells(
        &text,
        &[
            &format!("test bridge/{NAME}"),
            "1 passed",
            "2 ignored",
            "REHEARSAL_REPLAY replays `bridge/sequence-apart-from-send`",
            "VIOLATION",
            "seed 5",
            "reproduced",
        ],
    );
    let mut other = project.command();
    other.arg("regressions").env("REHEARSAL_REPLAY", &file);
    let (_, text) = run(&mut other);
    tells(
        &text,
        &["REHEARSAL_REPLAY replays is not selected", "0 passed"],
    );
}

/// `cargo test` runs every test binary of a package under one environment.
fn replay_of_another_binarys(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    let mut repro = Repro::read(&file).expect("a repro");
    repro.origin = Origin::Test(TestRef {
        package: "bank".to_owned(),
        name: "bank::no_money_is_lost".to_owned(),
        file: "tests/bank.rs".into(),
    });
    repro.cuts.clear();
    repro.save(&file).expect("it is written");
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 0, "{text}");
    let reason = "REHEARSAL_REPLAY replays `bank::no_money_is_lost`";
    tells(&text, &["0 passed", "3 ignored", reason]);
}

fn replay_of_a_bad_file(name: &str) {
    let project = Project::new(name);
    let nowhere = project.path("nowhere.repro");
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", &nowhere));
    assert_eq!(code, 2, "{text}");
    tells(
        &text,
        &["REHEARSAL_REPLAY", "error[R0001]", "nowhere.repro"],
    );
    assert!(!text.contains("running"), "{text}");
    let scenario = project.scenario();
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", scenario));
    assert_eq!(code, 2, "{text}");
    tells(&text, &["error[R0017]", "rehearsal run"]);
}

fn contradiction(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    for other in ["REHEARSAL_SEED", "REHEARSAL_SEEDS"] {
        let mut command = project.command();
        command.env("REHEARSAL_REPLAY", &file).env(other, "1");
        let (code, text) = run(&mut command);
        assert_eq!(code, 2, "{text}");
        tells(&text, &["REHEARSAL_REPLAY: ", "seed"]);
    }
}

fn replay_shows_a_failure(name: &str) {
    let project = Project::new(name);
    edited(&project.scenario(), "violation:fifo", "violation:no-loss");
    let file = project.keep();
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 101, "{text}");
    let file = file.display().to_string();
    tells(&text, &["VIOLATION", "fifo at", &file, "1 failed"]);
}

fn replay_that_fits_no_more(name: &str) {
    let project = Project::new(name);
    let file = project.keep();
    edited(&file, "nth = 0", "nth = 1000000");
    let (code, text) = run(project.command().env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 101, "{text}");
    tells(&text, &["diverged at choice 1", "1000000", "1 failed"]);
}
