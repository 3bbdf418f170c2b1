//! `rehearsal explore`: many seeds on many threads, shards of them, every schedule
//! within a bound, and what is kept of a failure when the process is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rehearsal::explore::now;
use rehearsal::repro::Repro;
use rehearsal::run::{RunOptions, RunVerdict, StrategyName, run_deviating};
use rehearsal::scenario::{discover, load};
use rehearsal::sim::{Alternative, PickDeviation};
use serde_json::Value;

use crate::support::{code, stderr, stdout};

/// A directory of that test's own, empty.
fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("explore")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn command(out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("explore").arg("--out").arg(out).args(arguments);
    command
}

fn explore(out: &Path, arguments: &[&str]) -> Output {
    command(out, arguments)
        .output()
        .expect("the command starts")
}

fn lines(text: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).expect("a line is JSON");
    text.lines().map(parse).collect()
}

/// The only line, without what is measured.
fn line(output: &Output) -> Value {
    let text = stdout(output);
    let mut found = lines(&text);
    assert_eq!(found.len(), 1, "{text}");
    let mut line = found.remove(0);
    let fields = line.as_object_mut().expect("an object");
    for measured in ["wall_ms", "runs_per_s"] {
        assert!(fields.remove(measured).is_some(), "{measured}");
    }
    line
}

/// The files in a directory with their texts, in order.
fn files(directory: &Path, extension: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (
                name.into_owned(),
                std::fs::read_to_string(&path).expect("UTF-8"),
            )
        })
        .collect();
    found.sort();
    found
}

/// The directory's own name is in the line.
fn without(line: &Value, out: &Path) -> String {
    line.to_string()
        .replace(out.to_str().expect("UTF-8"), "OUT")
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let arguments = ["sequence-apart-from-send", "--seeds", "60", "--json"];
    let (one, many) = (directory("one_job"), directory("many_jobs"));
    let alone = explore(&one, &[&arguments[..], &["--jobs", "1"]].concat());
    let together = explore(&many, &[&arguments[..], &["--jobs", "4"]].concat());
    assert_eq!(code(&alone), 10, "{}", stderr(&alone));
    assert_eq!(code(&together), 10);
    let (alone, together) = (line(&alone), line(&together));
    assert_eq!(without(&alone, &one), without(&together, &many));
    assert_eq!(alone["seeds"], 60);
    let repros = files(&one, "repro");
    assert!(!repros.is_empty());
    assert_eq!(repros, files(&many, "repro"));
    let sorted = |directory| {
        let log = files(directory, "jsonl").remove(0).1;
        let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&one), sorted(&many));
}

/// A run is the same alone in its process as among others on other threads.
#[test]
fn a_repro_has_the_fingerprint_of_its_seed() {
    let out = directory("fingerprint");
    let arguments = [
        "shared-run-context",
        "--seeds",
        "40",
        "--jobs",
        "3",
        "--no-shrink",
        "--json",
    ];
    let found = line(&explore(&out, &arguments));
    let signature = &found["signatures"][0];
    let repro = signature["repro"].as_str().expect("a repro");
    let text = std::fs::read_to_string(repro).expect("it is there");
    let seed = signature["first_seed"].to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "shared-run-context", "--seed", &seed, "--json"])
        .output()
        .expect("the command starts");
    let run = lines(&stdout(&output)).remove(0);
    let fingerprint = run["fingerprint"].as_str().expect("a fingerprint");
    assert!(text.contains(fingerprint), "{fingerprint} in\n{text}");
    assert!(text.contains(&format!("seed = {seed}\n")), "{text}");
}

#[test]
fn a_line_has_every_promised_field() {
    let out = directory("fields");
    let output = explore(&out, &["shared_bridge", "--seeds", "64", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let line = &lines(&stdout(&output))[0];
    for field in [
        "scenario",
        "seeds",
        "distinct_schedules",
        "schedules_one_in",
        "failures",
        "first_failing_seed",
        "verdicts",
        "wall_ms",
        "runs_per_s",
        "strategy",
        "set",
        "shard",
        "signatures",
        "goals_reached",
        "goals_missed",
        "oracles_vacuous",
        "detected",
        "exhaustive",
        "begun_with",
    ] {
        assert!(line.get(field).is_some(), "{field}");
    }
    assert_eq!(line["scenario"], "shared_bridge");
    assert_eq!(line["verdicts"]["pass"], 64);
    assert_eq!(line["failures"], 0);
    assert_eq!(line["first_failing_seed"], Value::Null);
    assert_eq!(line["shard"], Value::Null);
    assert!(line["distinct_schedules"].as_u64() > Some(32), "{line}");
    assert_eq!(files(&out, "results").len(), 1);
    let all = std::fs::read_dir(&out).expect("a directory").count();
    assert_eq!(all, 1, "without a failure nothing else is written");
}

/// The schedules of one deviation come first where they are few beside the seeds.
#[test]
fn few_schedules_of_one_deviation_come_before_the_seeds() {
    let out = directory("begun_with");
    let seeds = |count| {
        let arguments = ["programs_stack", "--seeds", count, "--json", "--jobs"];
        let one = line(&explore(&out, &[&arguments[..], &["1"]].concat()));
        let two = line(&explore(&out, &[&arguments[..], &["2"]].concat()));
        assert_eq!(one["begun_with"], two["begun_with"]);
        assert_eq!(one["verdicts"], two["verdicts"]);
        one
    };
    let few = seeds("16");
    assert_eq!(few["begun_with"], Value::Null, "{few}");
    let many = seeds("400");
    let begun = &many["begun_with"];
    assert_eq!(
        (&begun["bound"], &begun["complete"]),
        (&1.into(), &true.into()),
        "{many}"
    );
    assert_eq!(
        (&begun["seed"], &begun["failures"]),
        (&0.into(), &0.into()),
        "{many}"
    );
    let (schedules, estimate) = (begun["schedules"].as_u64(), begun["estimate"].as_u64());
    assert!(schedules > Some(10) && schedules <= estimate, "{many}");
    assert!(estimate <= Some(100), "{many}");
    assert_eq!(
        many["verdicts"]["pass"], 400,
        "the schedules are counted apart"
    );
}

#[test]
fn shards_are_the_whole() {
    let count = |line: &Value, field: &str| line[field].as_u64().expect("a number");
    let arguments = ["double-terminal", "--seeds", "3..13", "--json"];
    let whole = line(&explore(&directory("whole"), &arguments));
    for shards in [1, 3, 4, 15] {
        let mut seeds = 0;
        let mut failures = 0;
        let mut first = None;
        for index in 0..shards {
            let shard = format!("{index}/{shards}");
            let out = directory(&format!("shard_{index}_{shards}"));
            let output = explore(&out, &[&arguments[..], &["--shard", &shard]].concat());
            let part = line(&output);
            assert_eq!(part["shard"], shard);
            seeds += count(&part, "seeds");
            failures += count(&part, "failures");
            first = first.or(part["first_failing_seed"].as_u64());
            if count(&part, "seeds") == 0 {
                assert_eq!(code(&output), 0, "{}", stderr(&output));
            }
        }
        assert_eq!(seeds, 10);
        assert_eq!(failures, count(&whole, "failures"));
        assert_eq!(first, whole["first_failing_seed"].as_u64());
    }
}

#[test]
fn one_bug_is_shown_once() {
    let out = directory("dedupe");
    let output = explore(&out, &["double-terminal", "--seeds", "20"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let text = stdout(&output);
    let shown = text.matches("VIOLATION").count();
    let repros = files(&out, "repro").len();
    assert_eq!(shown, repros, "{text}");
    let failed = lines(&files(&out, "jsonl")[0].1).len();
    assert!(shown < failed, "{failed} failures\n{text}");
    let expected = format!("caught the defect in {failed} of 20 runs");
    for expected in ["repro ", "too few seeds to say", "runs a second", &expected] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
}

/// Waits for something that another process does.
fn until<T>(what: &str, mut happened: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + Duration::from_secs(60);
    while now() < deadline {
        if let Some(value) = happened() {
            return value;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!("{what} has not happened");
}

#[test]
fn found_failures_survive_a_kill() {
    let out = directory("kill");
    // With as many threads as lines, there might be no repro yet.
    let arguments = ["double-terminal", "--seeds", "1000000000", "--jobs", "2"];
    let mut child = command(&out, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let log = out.join("double-terminal-failures.jsonl");
    let whole_lines = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        (text.lines().count() > 20).then_some(())
    };
    until("a failure", whole_lines);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let text = std::fs::read_to_string(&log).expect("UTF-8");
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        for field in [
            "scenario", "seed", "strategy", "set", "verdict", "judge", "message",
        ] {
            assert!(line.get(field).is_some(), "{field}");
        }
    }
    let repros = files(&out, "repro");
    assert!(!repros.is_empty());
    for (name, text) in repros {
        assert!(text.contains("[expected]"), "{name}: {text}");
    }
}

#[test]
fn a_torn_line_is_ended_before_the_next() {
    let out = directory("torn");
    std::fs::create_dir_all(&out).expect("a directory");
    let log = out.join("double-terminal-failures.jsonl");
    std::fs::write(&log, "{\"scenario\":\"dou").expect("a file");
    explore(&out, &["double-terminal", "--seeds", "2", "--json"]);
    let text = std::fs::read_to_string(&log).expect("UTF-8");
    let (torn, rest) = text.split_once('\n').expect("a line break");
    assert_eq!(torn, "{\"scenario\":\"dou");
    assert!(!lines(rest).is_empty());
}

/// A failure that cannot be kept is told all the same.
#[test]
fn a_directory_that_cannot_be_written_is_one_warning() {
    let out = directory("no_directory");
    std::fs::create_dir_all(out.parent().expect("a parent")).expect("a directory");
    std::fs::write(&out, "a file").expect("a file");
    let output = explore(&out, &["double-terminal", "--seeds", "10", "--json"]);
    std::fs::remove_file(&out).expect("it is there");
    assert_eq!(code(&output), 10);
    let told = stderr(&output);
    assert_eq!(told.matches("cannot write").count(), 1, "{told}");
    let found = line(&output);
    assert_eq!(found["signatures"][0]["repro"], Value::Null);
    assert_eq!(found["signatures"][0]["first_seed"], 0);
}

#[test]
fn a_search_within_one_deviation_proves_and_finds() {
    let out = directory("search");
    let arguments = ["--strategy", "exhaustive:1", "--json", "--jobs"];
    let search = |scenario, jobs| explore(&out, &[&[scenario], &arguments[..], &[jobs]].concat());
    // It takes two switches.
    let proved = search("shared-context-stack", "2");
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    let proved = line(&proved);
    assert_eq!(proved["exhaustive"]["complete"], true);
    assert_eq!(proved["exhaustive"]["bound"], 1);
    let schedules = proved["exhaustive"]["schedules"].as_u64();
    // Of the postponements that the estimate counts, some turn out to change nothing.
    let estimate = proved["exhaustive"]["estimate"].as_u64();
    assert!(
        schedules <= estimate && schedules.map(|n| 2 * n) > estimate,
        "{proved}"
    );
    assert_eq!(schedules, proved["verdicts"]["pass"].as_u64());
    assert!(
        proved["distinct_schedules"].as_u64() < schedules,
        "{proved}"
    );
    // It takes one.
    let (one, two) = (
        search("shared-run-context", "1"),
        search("shared-run-context", "2"),
    );
    assert_eq!(code(&one), 10, "{}", stderr(&one));
    let found = line(&one);
    assert_eq!(found, line(&two));
    assert_eq!(found["exhaustive"]["complete"], true);
    let repro = found["signatures"][0]["repro"].as_str().expect("a repro");
    let text = std::fs::read_to_string(repro).expect("it is there");
    assert!(text.contains("strategy = \"exhaustive:1\""), "{text}");
}

/// A schedule that a search found is one like any other: its repro needs no search.
#[test]
fn a_schedule_of_a_search_replays() {
    let out = directory("replayed");
    let arguments = ["shared-run-context", "--strategy", "exhaustive:1", "--json"];
    explore(&out, &arguments);
    let failure = lines(&files(&out, "jsonl")[0].1).remove(0);
    let number = |value: &Value| u32::try_from(value.as_u64().expect("a number")).expect("small");
    let deviations: Vec<PickDeviation> = failure["deviations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|deviation| PickDeviation {
            pick: number(&deviation[0]),
            instead: match &deviation[1] {
                Value::String(word) if word == "postpone" => Alternative::Postpone,
                index => Alternative::Take(number(index)),
            },
        })
        .collect();
    assert_eq!(deviations.len(), 1);
    let file = discover::resolve(Path::new("scenarios"), "shared-run-context").expect("it exists");
    let scenario = load(&file).expect("it is valid");
    let strategy = StrategyName::exhaustive(1);
    let options = RunOptions::new(0, strategy).recorded();
    let (recorded, _) = run_deviating(&scenario, options, &deviations);
    assert_ne!(recorded.verdict, RunVerdict::Pass);
    let repro = Repro::of(&scenario, &recorded).expect("it failed");
    let replayed = repro.run_once(&*repro.variant_of(&scenario).expect("it can be run"));
    assert_eq!(replayed.outcome.fingerprint, recorded.outcome.fingerprint);
    assert_eq!(replayed.outcome.divergence, None);
}

#[test]
fn a_search_that_is_cut_short_proves_nothing() {
    let out = directory("cut_short");
    let arguments = ["shared-context-stack+healthy", "--strategy", "exhaustive:2"];
    let output = explore(&out, &[&arguments[..], &["--max-runs", "50"]].concat());
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let text = stdout(&output);
    for expected in ["about ", "50 schedules", "nothing is proved"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("no schedule with at most"), "{text}");
}

/// Sends signals to an exploration once it has found a failure, and returns its output.
#[cfg(unix)]
fn interrupted(out: &Path, mut command: Command, signals: &[&str]) -> Output {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let log = out.join("double-terminal-failures.jsonl");
    until("a failure", || log.exists().then_some(()));
    for signal in signals {
        let sent = Command::new("kill")
            .args([signal, child.id().to_string().as_str()])
            .status()
            .expect("kill is there");
        assert!(sent.success());
    }
    child.wait_with_output().expect("it ends")
}

const ENDLESS: [&str; 4] = ["double-terminal", "--seeds", "1000000000", "--json"];

/// The first signal, of any of the three, has it print what it found.
#[test]
#[cfg(target_os = "linux")]
fn an_interruption_tells_what_was_found_and_how_to_go_on() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let out = directory(&format!("interrupted{signal}"));
        let mut command = Command::new("env");
        // A hangup that this process ignores, as one under `nohup`, would be ignored there too.
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_rehearsal")]);
        command.arg("explore").arg("--out").arg(&out).args(ENDLESS);
        let output = interrupted(&out, command, &[signal]);
        assert_eq!(code(&output), 10, "{}", stderr(&output));
        let found = line(&output);
        let seeds = found["seeds"].as_u64().expect("a number");
        assert_eq!(found["remaining"], format!("{seeds}..1000000000"));
        let told = stderr(&output);
        let expected = format!("--seeds {seeds}..1000000000");
        assert!(told.contains(&expected), "{told}");
        assert!(told.contains("interrupted: the runs under way"), "{told}");
    }
}

/// An exploration under `nohup` outlives its terminal. If it heeded the first signal, the
/// second would end the process at once.
#[test]
#[cfg(unix)]
fn ignored_hangup_is_no_interruption() {
    let out = directory("ignored_hangup");
    let mut shell = Command::new("sh");
    let script = r#"trap "" HUP; exec "$@""#;
    shell.args(["-c", script, "sh", env!("CARGO_BIN_EXE_rehearsal")]);
    shell.arg("explore").arg("--out").arg(&out).args(ENDLESS);
    let output = interrupted(&out, shell, &["-HUP", "-TERM"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("to go on: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn time_ends_it() {
    let out = directory("time");
    let arguments = ["cleanup", "--for", "1ms", "--json", "--jobs", "2"];
    let output = explore(&out, &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(line(&output)["seeds"].as_u64() >= Some(1));
}

/// Seeds that were named and not run are no pass.
#[test]
fn time_that_is_up_before_the_named_seeds_is_reported() {
    let out = directory("cut_by_time");
    let arguments = ["cleanup", "--seeds", "1000000000", "--for", "1ms", "--json"];
    let output = explore(&out, &arguments);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let seeds = line(&output)["seeds"].as_u64().expect("a number");
    let told = stderr(&output);
    assert!(told.contains("the time was up after "), "{told}");
    assert!(
        told.contains(&format!("--seeds {seeds}..1000000000")),
        "{told}"
    );
}

/// Two scenarios of one name, in directories of their own.
#[test]
fn scenarios_of_one_name_have_repros_of_their_own() {
    let out = directory("one_name");
    let source = Path::new("scenarios/bridge/defects/double-terminal.toml");
    let text = std::fs::read_to_string(source).expect("a scenario");
    let claims = ["One claim.", "Another claim."];
    let copies = claims.map(|claim| {
        let folder = out.join(claim.split(' ').next().expect("a word"));
        std::fs::create_dir_all(&folder).expect("a directory");
        let file = folder.join("double-terminal.toml");
        let claimed = |line: &str| match line.starts_with("claim = ") {
            true => format!("claim = \"{claim}\""),
            false => line.to_owned(),
        };
        let lines: Vec<String> = text.lines().map(claimed).collect();
        std::fs::write(&file, lines.join("\n")).expect("a file");
        file.to_str().expect("UTF-8").to_owned()
    });
    let arguments = ["--seeds", "8", "--no-shrink", "--json"];
    let output = explore(
        &out,
        &[&[copies[0].as_str(), &copies[1]], &arguments[..]].concat(),
    );
    let announced: Vec<String> = lines(&stdout(&output))
        .iter()
        .map(|line| {
            line["signatures"][0]["repro"]
                .as_str()
                .expect("a repro")
                .to_owned()
        })
        .collect();
    assert_eq!(announced.len(), 2);
    for (repro, scenario) in announced.iter().zip(&copies) {
        let text = std::fs::read_to_string(repro).expect("a repro");
        assert!(text.contains(&format!("file = \"{scenario}\"")), "{text}");
    }
    // The same again replaces each by its own.
    let again = explore(&out, &[&[copies[1].as_str()], &arguments[..]].concat());
    let again = lines(&stdout(&again));
    assert_eq!(again[0]["signatures"][0]["repro"], *announced[1]);
    let log = out.join("double-terminal-failures.jsonl");
    let log = std::fs::read_to_string(log).expect("a log");
    for scenario in &copies {
        assert!(log.contains(&format!("\"file\":\"{scenario}\"")), "{log}");
    }
}

/// Explores a scenario, and returns the path of the repro of its only signature, with its text.
fn only_repro(out: &Path, scenario: &Path, more: &[&str]) -> (PathBuf, String) {
    let scenario = scenario.to_str().expect("UTF-8");
    let output = explore(out, &[&[scenario, "--json"], more].concat());
    let found = line(&output);
    let signatures = found["signatures"].as_array().expect("a list");
    assert_eq!(signatures.len(), 1, "{found}");
    let repro = PathBuf::from(signatures[0]["repro"].as_str().expect("a repro"));
    let text = std::fs::read_to_string(&repro).expect("it is there");
    (repro, text)
}

#[test]
fn shrunk_repro_stays_until_it_no_longer_shows_its_failure() {
    let out = directory("shrunk_stays");
    std::fs::create_dir_all(&out).expect("a directory");
    let source = Path::new("scenarios/bridge/defects/double-terminal.toml");
    let scenario = out.join("double-terminal.toml");
    let text = std::fs::read_to_string(source).expect("a scenario");
    std::fs::write(&scenario, &text).expect("a file");
    let (repro, shrunk) = only_repro(&out, &scenario, &["--seeds", "8"]);
    assert!(shrunk.contains("[shrunk]"), "{shrunk}");

    let unshrunk = ["--no-shrink", "--seeds"];
    let others = [&unshrunk[..], &["8..16"]].concat();
    // Neither a run that is not shrunk nor a shrinking that gains nothing replaces it.
    for more in [&others[..], &["--seeds", "8..16"], &["--seeds", "8"]] {
        let again = only_repro(&out, &scenario, more);
        assert_eq!(again, (repro.clone(), shrunk.clone()), "{more:?}");
    }

    // With another value it is another scenario, whose failure has a repro of its own.
    let set = [&others[..], &["--set", "network.latency=1ms..2ms"]].concat();
    let (of_values, text_of_values) = only_repro(&out, &scenario, &set);
    assert_ne!(of_values, repro);
    assert!(!text_of_values.contains("[shrunk]"), "{text_of_values}");
    let there = std::fs::read_to_string(&repro).expect("it is there");
    assert_eq!(there, shrunk);

    // One that shows something else is of no use.
    let other_failure = Repro::read(&repro).map(|mut repro| {
        repro.expected.verdict = RunVerdict::Panic;
        repro
    });
    let other_failure = other_failure.expect("a repro");
    other_failure.save(&repro).expect("a file");
    let (again, fresh) = only_repro(&out, &scenario, &others);
    assert_eq!(again, repro);
    assert!(!fresh.contains("[shrunk]"), "{fresh}");

    // So is one of the scenario as it was before.
    std::fs::write(&repro, &shrunk).expect("a file");
    std::fs::write(&scenario, format!("{text}\n# Changed.\n")).expect("a file");
    let (again, fresh) = only_repro(&out, &scenario, &others);
    assert_eq!(again, repro);
    assert!(!fresh.contains("[shrunk]"), "{fresh}");
}

#[test]
fn seed_of_another_strategy_has_a_repro_of_its_own() {
    let out = directory("strategies");
    let run = |strategy: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "double-terminal", "--no-shrink", "--json"])
            .args(["--strategy", strategy, "--out"])
            .arg(&out)
            .output();
        let output = output.expect("the command starts");
        let repro = lines(&stdout(&output))[0]["repro"]
            .as_str()
            .expect("a repro")
            .to_owned();
        let text = std::fs::read_to_string(&repro).expect("a repro");
        assert!(
            text.contains(&format!("strategy = \"{strategy}\"")),
            "{text}"
        );
        repro
    };
    let random = run("random");
    let fifo = run("fifo");
    assert_ne!(random, fifo);
    assert_eq!(run("random"), random);
    assert_eq!(run("fifo"), fifo);
}

#[test]
fn estimate_beyond_all_numbers_is_no_number() {
    let out = directory("estimate");
    let arguments = [
        "collision",
        "--strategy",
        "exhaustive:16",
        "--max-runs",
        "3",
    ];
    let text = stdout(&explore(&out, &arguments));
    assert!(text.contains("more than 10^15 were expected"), "{text}");
    let text = stdout(&explore(&out, &["collision", "--strategy", "exhaustive:1"]));
    assert!(text.contains("; about "), "{text}");
}

/// Before the first failure, of which nothing would be kept.
#[test]
fn directory_that_cannot_be_written_is_reported_at_once() {
    let parent = directory("unwritable");
    std::fs::create_dir_all(&parent).expect("a directory");
    let file = parent.join("file");
    std::fs::write(&file, "").expect("a file");
    let output = explore(&file.join("out"), &["cleanup", "--seeds", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("warning: cannot write to "), "{told}");
}

#[test]
fn bad_arguments_end_in_2() {
    let out = directory("bad");
    for arguments in [
        &["no_such_scenario"][..],
        &["cleanup", "--shard", "4/4"],
        &["cleanup", "--shard", "0/0"],
        &["cleanup", "--shard", "1"],
        &["cleanup", "--seeds", "0"],
        &["cleanup", "--for", "0s"],
        &["cleanup", "--for", "soon"],
        &["cleanup", "--jobs", "0"],
        &["cleanup", "--jobs", "1000000"],
        &["cleanup", "--strategy", "exhaustive:99"],
        &["cleanup", "--strategy", "exhaustive", "--shard", "0/2"],
        &["cleanup", "--max-runs", "7"],
        &["partition", "--transport", "in-process"],
    ] {
        let output = explore(&out, arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stdout(&output).is_empty(), "{arguments:?}");
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
    let run = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "cleanup", "--strategy", "exhaustive"])
        .output()
        .expect("the command starts");
    assert_eq!(code(&run), 2);
    assert!(
        stderr(&run).contains("rehearsal explore"),
        "{}",
        stderr(&run)
    );
}

/// Seeded defects are to fail; they are explored if they are named or asked for.
#[test]
fn without_names_seeded_defects_are_left_out() {
    let root = "scenarios/programs";
    let arguments = ["--scenarios", root, "--seeds", "1", "--no-shrink", "--json"];
    let out = directory("without_names");
    let healthy = explore(&out, &arguments);
    assert_eq!(code(&healthy), 0, "{}", stderr(&healthy));
    let all = explore(&out, &[&arguments[..], &["--defects"]].concat());
    assert_ne!(code(&all), 0, "seeded defects fail");
    let files = discover::find(Path::new(root)).expect("scenario files are found");
    let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
    let names = |with_defects: bool| {
        let chosen = scenarios.clone();
        let chosen = chosen.filter(|it| with_defects || it.spec.defect.is_none());
        chosen.map(|it| it.name).collect::<BTreeSet<_>>()
    };
    let explored = |output: &Output| {
        let lines = lines(&stdout(output)).into_iter();
        let name = |line: Value| line["scenario"].as_str().map(str::to_owned);
        lines.filter_map(name).collect::<BTreeSet<_>>()
    };
    assert_eq!(explored(&healthy), names(false));
    assert_eq!(explored(&all), names(true));
    assert!(names(false).len() < names(true).len());
}

/// The log of a failure that nearly every seed shows stays small.
#[test]
fn the_log_has_at_most_a_thousand_failures_of_a_kind() {
    let out = directory("log_bound");
    let arguments = [
        "double-terminal",
        "--transport",
        "in-process",
        "--seeds",
        "1100",
    ];
    let output = explore(&out, &[&arguments[..], &["--no-shrink", "--json"]].concat());
    let found = line(&output);
    let failures = found["failures"].as_u64().expect("a number");
    assert!(failures > 1_000, "{found}");
    let kinds = found["signatures"].as_array().expect("a list").len();
    let logged: usize = files(&out, "jsonl")
        .iter()
        .map(|(_, text)| text.lines().count())
        .sum();
    assert!((1_000..=1_000 * kinds).contains(&logged), "{logged} lines");
}

/// Of seeds that fail alike, the first sixteen have repros; the repro of a later one is written
/// when that seed is run alone.
#[test]
fn sixteen_seeds_that_fail_alike_have_repros() {
    let out = directory("seed_repros");
    let run = |seeds: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        let scenario = ["double-terminal", "--transport", "in-process"];
        command.arg("run").args(scenario).arg("--out").arg(&out);
        let command = command.args(["--no-shrink", "--json"]).args(seeds);
        command.output().expect("the command starts")
    };
    let output = run(&["--seeds", "0..60"]);
    let lines = lines(&stdout(&output));
    assert_eq!(lines.len(), 60, "{}", stderr(&output));
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut without = None;
    for line in lines.iter().filter(|line| line["verdict"] != "pass") {
        let first = &line["violations"][0];
        let kind = kinds.entry(format!("{} {}", first["oracle"], first["rule"]));
        let (failed, kept) = kind.or_default();
        *failed += 1;
        match line["repro"].as_str() {
            Some(_) => *kept += 1,
            None => without = line["seed"].as_u64(),
        }
    }
    for (kind, (failed, kept)) in &kinds {
        assert_eq!(kept, failed.min(&16), "{kind}");
    }
    let kept: usize = kinds.values().map(|(_, kept)| kept).sum();
    assert_eq!(files(&out, "repro").len(), kept);
    let without = without
        .expect("more than sixteen seeds fail alike")
        .to_string();
    let text = stderr(&output);
    let more = kinds
        .values()
        .filter(|(failed, kept)| failed > kept)
        .count();
    let told = text.matches("of further ones, `--seed N`").count();
    assert_eq!(told, more, "{text}");
    let alone = self::lines(&stdout(&run(&["--seed", &without])));
    let repro = alone[0]["repro"].as_str().expect("it has a repro");
    assert!(Path::new(repro).is_file(), "{repro}");
}
