//! Commands that are ended at random moments, by SIGKILL and SIGTERM: what they have printed is
//! there, no file is half written, and a resumed exploration counts every seed once.
//!
//! `KILL_CASES` sets how often each command is ended. The moments are spread over the time that
//! the command took when nothing ended it; where they fall decides what is tested, and no
//! assertion depends on it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rehearsal::explore::now;
use serde_json::Value;

use crate::support::{code, stderr, stdout};

/// The seed of the moments and signals.
const SEED: u64 = 7;

/// The number of times that each command is ended.
fn cases() -> u32 {
    let cases = std::env::var("KILL_CASES").ok();
    cases.map_or(8, |cases| cases.parse().expect("KILL_CASES is a number"))
}

/// Random numbers (S. Vigna: splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a moment of a command that takes so long: mostly before its end.
    fn moment(&mut self, length: Duration) -> Duration {
        let thousandths = u32::try_from(self.next() % 1_100).expect("it is small");
        length * thousandths / 1_000
    }
}

/// An empty directory with the files of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("kills")
            .join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.args(arguments).current_dir(&self.0);
        command
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().expect("it starts");
        (code(&output), stdout(&output) + &stderr(&output))
    }

    /// Runs a command to its end, and returns how long it took.
    fn time(&self, arguments: &[&str]) -> Duration {
        let begun = now();
        self.run(arguments);
        now().duration_since(begun)
    }

    /// Runs a command that is ended at that moment, and returns what it has printed. One that a
    /// SIGTERM ends does so by itself.
    fn ended(&self, arguments: &[&str], moment: Duration, random: &mut Random) -> String {
        let (out, err) = (self.path("stdout"), self.path("stderr"));
        let mut child = self
            .command(arguments)
            .stdout(Stdio::from(File::create(&out).expect("a file")))
            .stderr(Stdio::from(File::create(&err).expect("a file")))
            .spawn()
            .expect("it starts");
        let is_killed = random.next().is_multiple_of(2);
        let status = end(&mut child, moment, is_killed);
        let printed = std::fs::read_to_string(&out).expect("UTF-8");
        let errors = std::fs::read_to_string(&err).expect("UTF-8");
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        // A SIGTERM before the command watches for it ends it as it ends any other.
        let is_known = [0, 3, 10].map(Some).contains(&status.code()) || status.code().is_none();
        assert!(is_known, "{arguments:?}: {status}: {errors}");
        printed
    }

    /// Asserts that nothing below a directory is half written, and that each repro there can be
    /// replayed.
    fn assert_whole(&self, directory: &str, extensions: &[&str]) {
        for entry in std::fs::read_dir(self.path(directory)).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            // What was not finished has a name that nothing reads.
            let is_draft = name.starts_with(".draft-") && extension.is_empty();
            let is_known = extensions.contains(&extension.as_ref());
            assert!(is_draft || is_known, "{}", path.display());
            if extension == "repro" {
                self.assert_replayed(&path);
            }
        }
    }

    fn assert_replayed(&self, repro: &Path) {
        let name = repro.to_str().expect("UTF-8");
        let (code, text) = self.run(&["replay", name]);
        assert_eq!(code, 10, "{name}: {text}");
    }
}

/// Waits for the moment, ends a child then, and waits for its end.
fn end(child: &mut Child, moment: Duration, is_killed: bool) -> ExitStatus {
    let begun = now();
    while now().duration_since(begun) < moment {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    if is_killed {
        child.kill().expect("it is not waited for yet");
    } else {
        let sent = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
    }
    child.wait().expect("a child")
}

const SCENARIO: &str = "double-terminal";

/// Copies the scenario to `scenarios` of that place, where a regression can be kept.
fn with_scenario(name: &str) -> Place {
    let place = Place::new(name);
    let found = rehearsal::scenario::discover::resolve(Path::new("scenarios"), SCENARIO);
    std::fs::create_dir(place.path("scenarios")).expect("a directory");
    let copy = place.path(&format!("scenarios/{SCENARIO}.toml"));
    std::fs::copy(found.expect("it exists"), copy).expect("a file");
    place
}

/// Returns an exploration whose results are in that directory.
fn explore<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let explore = ["--out", out, "explore", SCENARIO, "--jobs", "2"];
    [&explore[..], &["--no-shrink", "--seeds"], more].concat()
}

/// Returns the merged results of a directory; none if there are none yet.
fn merged(place: &Place, directory: &str) -> Option<String> {
    let (code, text) = place.run(&["merge", "--json", directory]);
    match code {
        10 | 0 => Some(text),
        4 => None,
        _ => panic!("{code}: {text}"),
    }
}

/// Asserts that the seeds that are said to be counted are as many as the runs.
fn assert_counted_once(merged: &str) {
    let line: Value = serde_json::from_str(merged).expect("one program");
    for problem in ["overlapping", "contradicting"] {
        assert_eq!(line[problem], serde_json::json!([]), "{problem}");
    }
    let size = |row: &Value| {
        let row = row.as_str().and_then(|row| row.split_once(".."));
        let (first, end) = row.expect("seeds in a row");
        let number = |text: &str| text.parse::<u64>().expect("a seed");
        number(end) - number(first)
    };
    let rows = line["seeds"].as_array().expect("rows");
    assert_eq!(line["runs"], rows.iter().map(size).sum::<u64>(), "{line}");
}

/// Asserts that each failure that was printed is in the log, and has a repro.
fn assert_announced_is_there(place: &Place, out: &str, printed: &str) {
    let log = place.path(&format!("{out}/{SCENARIO}-failures.jsonl"));
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let whole = log
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let lines: Vec<Value> = whole
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    // The last line may be cut off.
    let printed = printed.split_inclusive('\n');
    let printed: Vec<&str> = printed.filter(|line| line.ends_with('\n')).collect();
    let is_failure = |line: &&&str| line.contains(&format!("{SCENARIO}  seed "));
    for line in printed.iter().filter(is_failure) {
        let (_, seed) = line.split_once("  seed ").expect("it has a seed");
        let digits = seed.split(|c: char| !c.is_ascii_digit()).next();
        let seed: u64 = digits.and_then(|text| text.parse().ok()).expect("a seed");
        let is_logged = lines.iter().any(|line| line["seed"] == seed);
        assert!(is_logged, "seed {seed} is not in the log");
    }
    if printed.iter().any(|line| is_failure(&line)) {
        let files = std::fs::read_dir(place.path(out)).expect("a directory");
        let mut paths = files.map(|entry| entry.expect("an entry").path());
        assert!(paths.any(|path| path.extension().is_some_and(|found| found == "repro")));
    }
}

#[test]
fn ended_exploration_goes_on_and_counts_each_seed_once() {
    const SEEDS: &str = "2000";
    let place = with_scenario("explore");
    let length = place.time(&explore("whole", &[SEEDS]));
    let expected = merged(&place, "whole").expect("results");
    assert_counted_once(&expected);
    let mut random = Random(SEED);
    let mut sweep = 0;
    let mut out = "sweep-0".to_owned();
    for _ in 0..cases() {
        let arguments = explore(&out, &[SEEDS, "--resume", &out]);
        let printed = place.ended(&arguments, random.moment(length), &mut random);
        if !place.path(&out).exists() {
            continue;
        }
        place.assert_whole(&out, &["results", "repro", "jsonl"]);
        assert_announced_is_there(&place, &out, &printed);
        let found = merged(&place, &out);
        found.iter().for_each(|found| assert_counted_once(found));
        // It has come to its end in spite of the signals; another one begins.
        if found.as_ref() == Some(&expected) {
            sweep += 1;
            out = format!("sweep-{sweep}");
        }
    }
    let arguments = explore(&out, &[SEEDS, "--resume", &out]);
    let (code, text) = place.run(&arguments);
    assert_eq!(code, 10, "{text}");
    assert_eq!(merged(&place, &out), Some(expected));
}

/// Returns a place with the unshrunk repro of a failure, `given.repro`.
fn with_repro(name: &str) -> Place {
    let place = with_scenario(name);
    let (code, text) = place.run(&explore("found", &["40"]));
    assert_eq!(code, 10, "{text}");
    let files = std::fs::read_dir(place.path("found")).expect("a directory");
    let mut paths = files.map(|entry| entry.expect("an entry").path());
    let repro = paths.find(|path| path.extension().is_some_and(|found| found == "repro"));
    let repro = repro.expect("a repro");
    std::fs::copy(repro, place.path("given.repro")).expect("a file");
    place
}

#[test]
fn ended_shrinking_leaves_a_repro() {
    let place = with_repro("shrink");
    let copy = || {
        let _ = std::fs::remove_dir_all(place.path("work"));
        std::fs::create_dir(place.path("work")).expect("a directory");
        std::fs::copy(place.path("given.repro"), place.path("work/a.repro")).expect("a file");
    };
    copy();
    let shrink = ["shrink", "work/a.repro"];
    let length = place.time(&shrink);
    let mut random = Random(SEED);
    for _ in 0..cases() {
        copy();
        place.ended(&shrink, random.moment(length), &mut random);
        place.assert_whole("work", &["repro", "html"]);
        assert!(place.path("work/a.repro").exists());
    }
}

#[test]
fn ended_keeping_leaves_a_whole_regression_or_none() {
    let place = with_repro("keep");
    let given = || std::fs::read(place.path("given.repro")).expect("a file");
    let before = given();
    let keep = ["keep", "given.repro", "--name", "kept", "--force"];
    let length = place.time(&keep);
    let regressions = "scenarios/regressions";
    place.assert_whole(regressions, &["repro"]);
    let mut random = Random(SEED);
    for case in 0..cases() {
        // In turn, there is one of that name and there is none.
        let kept = place.path(&format!("{regressions}/kept.repro"));
        let was_there = kept.exists() && case % 2 == 0;
        if !was_there {
            let _ = std::fs::remove_file(&kept);
        }
        let printed = place.ended(&keep, random.moment(length), &mut random);
        place.assert_whole(regressions, &["repro"]);
        assert_eq!(given(), before);
        let is_announced = printed.contains("kept.repro");
        assert!(kept.exists() || !(is_announced || was_there), "{printed}");
    }
}

#[test]
fn ended_merging_leaves_whole_results_or_none() {
    let place = with_scenario("merge");
    place.run(&explore("first", &["0..400"]));
    place.run(&explore("second", &["400..800"]));
    let arguments = ["merge", "--into", "merged", "first", "second"];
    let length = place.time(&arguments);
    let expected = merged(&place, "merged").expect("results");
    let before = [merged(&place, "first"), merged(&place, "second")];
    let mut random = Random(SEED);
    for case in 0..cases() {
        if case % 2 == 0 {
            let _ = std::fs::remove_dir_all(place.path("merged"));
            std::fs::create_dir(place.path("merged")).expect("a directory");
        }
        place.ended(&arguments, random.moment(length), &mut random);
        place.assert_whole("merged", &["results"]);
        let found = merged(&place, "merged");
        assert!(found.is_none() || found.as_ref() == Some(&expected));
        assert_eq!([merged(&place, "first"), merged(&place, "second")], before);
    }
}
