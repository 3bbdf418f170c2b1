//! The commands on `#[rehearsal::test]`s: the command line builds a package's test
//! binaries with cargo and has the right one explore, replay, shrink, report and keep.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rehearsal::explore::now;
use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

const MANIFEST: &str = r#"
[package]
name = "till"
version = "0.1.0"
edition = "2024"

[dev-dependencies]
rehearsal = { path = "HERE" }

[workspace]
"#;

const TESTS: &str = r#"
use std::sync::Arc;

use rehearsal::prelude::*;
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::{Mutex, mpsc};
use rehearsal::tokio::time::{Duration, sleep};

async fn add(balance: &Mutex<u32>) {
    let seen = *balance.lock().await;
    *balance.lock().await = seen + 1;
}

#[rehearsal::test(seeds = 1, strategy = "fifo")]
async fn no_update_is_lost() {
    let balance = Arc::new(Mutex::new(0));
    let tellers = [(); 2].map(|()| {
        let balance = Arc::clone(&balance);
        spawn(async move { add(&balance).await })
    });
    for teller in tellers {
        teller.await.expect("no teller fails");
    }
    println!("the output of a test is not that of the command");
    assert_eq!(*balance.lock().await, 2, "an update is lost");
}

#[rehearsal::test(seeds = 1)]
async fn an_hour_passes() {
    let naps = [1, 2].map(|minutes| spawn(sleep(Duration::from_secs(60 * minutes))));
    for nap in naps {
        nap.await.expect("no nap fails");
    }
}

/// A task for each note: they overtake each other.
#[rehearsal::test(seeds = 1, strategy = "fifo", oracles = ["no-loss", "fifo"])]
async fn notes_keep_their_order(world: World) {
    let (writer, reader) = (world.actor("writer"), world.actor("reader"));
    reader.subscribed("notes");
    let (sender, mut receiver) = mpsc::channel(8);
    for _ in 0..3 {
        let sender = sender.clone();
        let deliver = |id| async move {
            spawn(async move { sender.send(id).await.expect("it is open") });
            Ok::<_, String>(())
        };
        writer.send("notes", "note", deliver).await.expect("accepted");
    }
    drop(sender);
    while let Some(id) = receiver.recv().await {
        reader.received("notes", id);
    }
    reader.drained();
}

#[rehearsal::test(seeds = 1)]
async fn the_name_is_taken() {}

/// The surroundings of the process decide what it does.
#[rehearsal::test(seeds = 1)]
async fn the_time_zone_decides() {
    let zone = std::env::var("TZ").unwrap_or_default();
    sleep(Duration::from_millis(1 + zone.len() as u64)).await;
}

/// So does what has been run before.
#[rehearsal::test(seeds = 1)]
async fn the_runs_before_decide() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let before = RUNS.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(1 + before)).await;
}

#[test]
fn it_is_not_simulated() {}
"#;

const MORE_TESTS: &str = r#"
#[rehearsal::test(seeds = 1)]
async fn the_name_is_taken() {}
"#;

/// A package outside this repository.
struct Package {
    root: PathBuf,
}

/// Returns the package; all tests of this file share it.
fn package() -> &'static Package {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let name = format!("rehearsal-till-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let package = Package { root };
        package.write("Cargo.toml", &MANIFEST.replace("HERE", HERE));
        package.write("src/lib.rs", "#[cfg(test)]\nmod tests;\n");
        package.write("src/tests.rs", TESTS);
        package.write("tests/it.rs", MORE_TESTS);
        let lock = fs::read_to_string(Path::new(HERE).join("Cargo.lock")).expect("a lock file");
        package.write("Cargo.lock", &lock);
        package
    })
}

impl Package {
    fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// Returns the command line in that directory. Its builds share those of the guide.
    fn rehearsal(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("REHEARSAL_") || text.starts_with("CARGO_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(directory)
            .env(
                "CARGO_TARGET_DIR",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/guide"),
            )
            .env("CARGO_NET_OFFLINE", "true");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.rehearsal(&self.root, arguments);
        command.output().expect("the command starts")
    }

    fn out(&self, name: &str) -> PathBuf {
        self.root.join("out").join(name)
    }

    /// Explores the test that fails, and returns the line of JSON without what is
    /// measured.
    fn explore(&self, out: &str, arguments: &[&str]) -> Value {
        let directory = self.out(out);
        let directory = directory.to_str().expect("UTF-8");
        let test = ["explore", "--test", "no_update_is_lost", "--out", directory];
        let output = self.run(&[&test[..], &["--json"], arguments].concat());
        assert_eq!(code(&output), 10, "{}", text(&output.stderr));
        let text = text(&output.stdout).replace(directory, "OUT");
        let mut line: Value = serde_json::from_str(&text).expect("one line of JSON");
        let fields = line.as_object_mut().expect("an object");
        for measured in ["wall_ms", "runs_per_s"] {
            assert!(fields.remove(measured).is_some(), "{measured}");
        }
        line
    }

    /// Returns the repro of the first failure of an exploration.
    fn repro(&self, name: &str) -> String {
        let line = self.explore(name, &["--seeds", "60", "--no-shrink"]);
        let file = line["signatures"][0]["repro"].as_str().expect("a repro");
        file.replace("OUT", self.out(name).to_str().expect("UTF-8"))
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).expect("UTF-8")
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

/// Returns the repros in a directory with their texts.
fn repros(directory: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<(String, String)> = paths
        .filter(|path| path.extension().is_some_and(|found| found == "repro"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn results_do_not_depend_on_the_number_of_jobs() {
    let package = package();
    let one = package.explore("one", &["--seeds", "80", "--jobs", "1"]);
    let two = package.explore("two", &["--seeds", "80", "--jobs", "2"]);
    assert_eq!(one, two);
    assert_eq!(one["test"], "till::tests::no_update_is_lost");
    assert_eq!(one["seeds"], 80);
    assert!(one["distinct_schedules"].as_u64() > Some(3), "{one}");
    let files = repros(&package.out("one"));
    assert_eq!(files, repros(&package.out("two")));
    assert!(files[0].0.starts_with("till-tests-no_update_is_lost-"));
    assert!(files[0].1.contains("[shrunk]"), "{}", files[0].1);
}

#[test]
fn shards_add_up_to_the_whole() {
    let package = package();
    let count = |line: &Value, field: &str| line[field].as_u64().expect("a number");
    let whole = package.explore("whole", &["--seeds", "60", "--no-shrink"]);
    let shards = ["0/2", "1/2"].map(|shard| {
        let out = format!("shard_{}", &shard[..1]);
        package.explore(&out, &["--seeds", "60", "--shard", shard, "--no-shrink"])
    });
    for field in ["seeds", "failures"] {
        let sum: u64 = shards.iter().map(|shard| count(shard, field)).sum();
        assert_eq!(sum, count(&whole, field), "{field}");
    }
    assert_eq!(shards[0]["first_failing_seed"], whole["first_failing_seed"]);
}

#[test]
fn exhaustive_search_covers_the_schedules_of_a_test() {
    let package = package();
    let arguments = [
        "explore",
        "--test",
        "an_hour_passes",
        "--strategy",
        "exhaustive:2",
    ];
    let output = package.run(&arguments);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    contains(&text(&output.stdout), &["about ", "proved", "distinct"]);
    let found = package.explore("exhaustive", &["--strategy", "exhaustive:1"]);
    assert_eq!(found["exhaustive"]["complete"], true);
    assert_eq!(found["exhaustive"]["bound"], 1);
}

#[test]
fn time_limit_ends_an_exploration() {
    let package = package();
    let output = package.run(&[
        "explore",
        "--test",
        "tests::an_hour_passes",
        "--for",
        "200ms",
    ]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    contains(&printed, &["till::tests::an_hour_passes", "distinct by"]);
    assert!(!printed.contains("running 1 test"), "{printed}");
}

#[test]
fn exploration_prints_the_shrunk_run_and_the_commands() {
    let package = package();
    let arguments = ["explore", "--test", "no_update_is_lost", "--seeds", "40"];
    let out = package.out("printed");
    let out = ["--out", out.to_str().expect("UTF-8")];
    // From elsewhere, too.
    let manifest = package.root.join("Cargo.toml");
    let manifest = ["--manifest-path", manifest.to_str().expect("UTF-8")];
    let arguments = [&arguments[..], &out, &manifest].concat();
    let elsewhere = std::env::temp_dir();
    let mut command = package.rehearsal(&elsewhere, &arguments);
    let output = command.output().expect("the command starts");
    assert_eq!(code(&output), 10, "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    contains(
        &printed,
        &[
            "PANIC  till::tests::no_update_is_lost",
            "an update is lost",
            "1 deviation, 0 preemptions, 1 postponement",
            "  replay  rehearsal replay ",
            "  keep    rehearsal keep ",
        ],
    );
    assert!(!printed.contains("the output of a test"), "{printed}");
}

#[test]
fn repro_of_a_test_is_replayed_reported_and_shrunk_by_the_command_line() {
    let package = package();
    let repro = package.repro("repro");
    let replayed = package.run(&["replay", &repro]);
    assert_eq!(code(&replayed), 10, "{}", text(&replayed.stderr));
    let printed = text(&replayed.stdout);
    contains(
        &printed,
        &["till::tests::no_update_is_lost", "reproduced", "PANIC"],
    );
    let replayed = package.run(&["replay", &repro, "--json"]);
    let line: Value = serde_json::from_str(&text(&replayed.stdout)).expect("JSON");
    assert_eq!(line["result"], "reproduced");
    let reported = package.run(&["report", &repro]);
    assert_eq!(code(&reported), 10, "{}", text(&reported.stderr));
    contains(
        &text(&reported.stdout),
        &["of virtual time", "an update is lost"],
    );
    let before = fs::read_to_string(&repro).expect("a file");
    let shrunk = package.run(&["shrink", &repro]);
    assert_eq!(code(&shrunk), 0, "{}", text(&shrunk.stderr));
    contains(&text(&shrunk.stdout), &["1 deviation, 1 preemption"]);
    let after = fs::read_to_string(&repro).expect("a file");
    assert!(after.contains("[shrunk]") && !before.contains("[shrunk]"));
}

#[test]
fn test_with_oracles_is_judged_as_a_scenario_is() {
    let package = package();
    let out = package.out("oracles");
    let out = out.to_str().expect("UTF-8");
    let test = ["explore", "--test", "notes_keep_their_order", "--out", out];
    let output = package.run(&[&test[..], &["--json", "--seeds", "60"]].concat());
    assert_eq!(code(&output), 10, "{}", text(&output.stderr));
    let line: Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
    let signatures = line["signatures"].as_array().expect("a list");
    assert_eq!(signatures.len(), 1, "{line}");
    assert_eq!(signatures[0]["judge"], "fifo");
    assert_eq!(signatures[0]["rule"], "overtaken");
    let repro = signatures[0]["repro"].as_str().expect("a repro");
    let replayed = package.run(&["replay", repro]);
    assert_eq!(code(&replayed), 10, "{}", text(&replayed.stderr));
    contains(
        &text(&replayed.stdout),
        &[
            "reproduced",
            "VIOLATION",
            "fifo at ",
            "reached reader before writer-1",
        ],
    );
    let reported = package.run(&["report", repro]);
    contains(
        &text(&reported.stdout),
        &["checked   fifo 3", "1 deviation", "deliver writer-"],
    );
    let history = package.run(&["history", repro]);
    assert_eq!(code(&history), 0, "{}", text(&history.stderr));
    contains(
        &text(&history.stdout),
        &[
            "emit writer-1 note writer/notes notes",
            "to reader",
            "accepted writer-3",
        ],
    );
    let lines = package.run(&["history", repro, "--json"]);
    let file = package.out("history.jsonl");
    fs::write(&file, &lines.stdout).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let judged = package.run(&["conform", file, "--oracle", "fifo", "--json"]);
    assert_eq!(code(&judged), 10, "{}", text(&judged.stderr));
    let judged: Value = serde_json::from_str(&text(&judged.stdout)).expect("JSON");
    assert_eq!(judged["violations"][0]["rule"], "overtaken");
}

#[test]
fn kept_repro_of_a_test_is_in_its_package() {
    let package = package();
    let repro = package.repro("kept");
    let kept = package.run(&["keep", &repro, "--name", "lost-update"]);
    assert_eq!(code(&kept), 0, "{}", text(&kept.stderr));
    let file = package.root.join("tests/regressions/lost-update.repro");
    assert_eq!(
        fs::read_to_string(&file).expect("it is kept"),
        fs::read_to_string(&repro).expect("a file")
    );
    contains(
        &text(&kept.stdout),
        &["in the test `tests::no_update_is_lost`"],
    );
    fs::remove_file(&file).expect("it is there");
}

#[test]
fn name_without_a_single_test_selects_nothing() {
    let package = package();
    for (name, parts) in [
        (
            "no_such_test",
            &["no test is called `no_such_test`", "2 test binaries"][..],
        ),
        (
            "the_name_is_taken",
            &[
                "2 tests are called",
                "till::tests::the_name_is_taken",
                "it::the_name_is_taken",
            ],
        ),
        ("it_is_not_simulated", &["is no `#[rehearsal::test]`"]),
    ] {
        let output = package.run(&["explore", "--test", name]);
        assert_eq!(code(&output), 4, "{name}: {}", text(&output.stderr));
        contains(&text(&output.stderr), parts);
    }
    let whole = package.run(&["explore", "--test", "it::the_name_is_taken", "--seeds", "2"]);
    assert_eq!(code(&whole), 0, "{}", text(&whole.stderr));
    let absent = package.run(&["explore", "--test", "x", "--package", "absent"]);
    assert_eq!(code(&absent), 2);
}

#[test]
fn pairs_of_a_test_agree_only_if_it_is_deterministic() {
    let package = package();
    let verify = |name: &str| {
        let arguments = ["verify-determinism", "--pairs", "12", "--jobs", "1"];
        package.run(&[&arguments[..], &["--test", name]].concat())
    };
    let healthy = verify("an_hour_passes");
    assert_eq!(code(&healthy), 0, "{}", text(&healthy.stderr));
    contains(&text(&healthy.stdout), &["12 of 12 pairs agreed"]);
    let surroundings = verify("the_time_zone_decides");
    assert_eq!(code(&surroundings), 12, "{}", text(&surroundings.stderr));
    let parts = [
        "0 of 12 pairs agreed",
        "they part at effect ",
        " --test the_time_zone_decides",
    ];
    contains(&text(&surroundings.stdout), &parts);
    let order = verify("the_runs_before_decide");
    assert_eq!(code(&order), 12, "{}", text(&order.stderr));
    contains(
        &text(&order.stdout),
        &["alone in a process it agreed 8 times"],
    );
}

/// Waits for an effect of another process.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = now() + Duration::from_secs(120);
    while !happened() {
        assert!(now() < deadline, "{what} has not happened");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn killed_command_loses_no_failure_and_leaves_no_process() {
    let package = package();
    let out = package.out("killed");
    let directory = out.to_str().expect("UTF-8");
    let test = ["explore", "--test", "no_update_is_lost", "--out", directory];
    let endless = ["--seeds", "1000000000", "--jobs", "2"];
    let mut command = package.rehearsal(&package.root, &[&test[..], &endless].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    let log = out.join("till-tests-no_update_is_lost-failures.jsonl");
    let lines = || fs::read_to_string(&log).unwrap_or_default().lines().count();
    until("a failure", || lines() > 20);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(!repros(&out).is_empty());
    // The test binary ends by itself: its log is no longer held open.
    until("the end of the test", || !is_open(&log));
}

/// Returns `true` if any process has the file open.
fn is_open(file: &Path) -> bool {
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let descriptors = processes
        .flatten()
        .filter_map(|process| fs::read_dir(process.path().join("fd")).ok());
    descriptors
        .flat_map(|entries| entries.flatten())
        .any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == file))
}
