//! The command line as its users meet it: what is printed where, and how the
//! process ends.

use std::path::PathBuf;
use std::process::{Command, Output};

fn rehearsal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .output()
        .expect("the command starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// A scenario file of this test's own.
fn file(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn json_lines(output: &Output) -> Vec<serde_json::Value> {
    let text = stdout(output);
    let parse = |line| serde_json::from_str(line).expect("a line is JSON");
    text.lines().map(parse).collect()
}

#[test]
fn a_healthy_run_passes_and_says_what_happened() {
    let output = rehearsal(&["run", "shared_bridge"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    for expected in ["25 emitted, 25 delivered", "PASS", "seed 0", "fingerprint "] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
}

#[test]
fn a_json_line_has_every_promised_field() {
    let output = rehearsal(&["run", "shared_bridge", "--seed", "3", "--json"]);
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 1);
    let line = lines[0].as_object().expect("an object");
    for field in [
        "scenario",
        "seed",
        "strategy",
        "verdict",
        "fingerprint",
        "choices",
        "steps",
        "virtual_ms",
        "emitted",
        "delivered",
        "violations",
        "repro",
    ] {
        assert!(line.contains_key(field), "{field}");
    }
    assert_eq!(line["seed"], 3);
    assert_eq!(line["verdict"], "pass");
    assert_eq!(line["emitted"], 25);
}

#[test]
fn a_defect_ends_in_10_and_names_its_oracle() {
    let output = rehearsal(&["run", "broadcast-to-all", "--seeds", "4", "--json"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 4);
    let violation = &lines[0]["violations"][0];
    assert_eq!(violation["oracle"], "isolation");
    let message = violation["message"].as_str().expect("a message");
    for expected in ["event-", "thread-", "run-"] {
        assert!(message.contains(expected), "{expected} in {message}");
    }
}

#[test]
fn a_deadlock_ends_in_11_and_names_its_tasks() {
    let output = rehearsal(&["run", "lock-order-inversion", "--seeds", "64", "--json"]);
    assert_eq!(code(&output), 11, "{}", stderr(&output));
    let lines = json_lines(&output);
    let stuck = lines
        .iter()
        .find(|line| line["verdict"] == "deadlock")
        .expect("a deadlock");
    let message = stuck["violations"][0]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("held by"), "{message}");
}

#[test]
fn both_transports_give_the_same_counts() {
    for transport in ["websocket", "in-process"] {
        let output = rehearsal(&["run", "collision", "--transport", transport, "--json"]);
        let lines = json_lines(&output);
        assert_eq!(lines[0]["transport"], transport);
        assert_eq!(lines[0]["emitted"], 75);
        assert_eq!(lines[0]["delivered"], 75);
    }
}

#[test]
fn a_network_fault_without_a_network_is_refused() {
    let output = rehearsal(&["run", "partition", "--transport", "in-process"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).is_empty());
    assert!(stderr(&output).contains("partition"), "{}", stderr(&output));
}

#[test]
fn list_names_every_scenario_once() {
    let output = rehearsal(&["list", "--json"]);
    assert_eq!(code(&output), 0);
    let lines = json_lines(&output);
    let mut names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["name"].as_str())
        .collect();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for expected in ["shared_bridge", "lock_contention", "lock-order-inversion"] {
        assert!(names.contains(&expected), "{expected}");
    }
    for line in &lines {
        for field in [
            "name", "file", "claim", "system", "defect", "oracles", "seeds",
        ] {
            assert!(line.get(field).is_some(), "{field} in {line}");
        }
    }
}

#[test]
fn check_accepts_what_is_there() {
    let output = rehearsal(&["check"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn nothing_selected_is_not_a_pass() {
    let empty = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&empty).expect("a directory");
    let empty = empty.to_str().expect("UTF-8");
    assert_eq!(code(&rehearsal(&["--scenarios", empty, "check"])), 4);
    assert_eq!(code(&rehearsal(&["--scenarios", empty, "list"])), 4);
}

#[test]
fn bad_usage_ends_in_2() {
    for arguments in [
        &["run"][..],
        &["run", "no_such_scenario"],
        &["run", "shared_bridge", "--strategy", "luck"],
        &["run", "shared_bridge", "--seeds", "0"],
        &["run", "shared_bridge", "--seeds", "9..3"],
        &["run", "shared_bridge", "--seed", "1", "--seeds", "2"],
        &["dance"],
    ] {
        let output = rehearsal(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stdout(&output).is_empty(), "{arguments:?}");
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
}

/// Every kind of bad file: exit 2, a diagnostic with file and line, no panic and
/// no run.
#[test]
fn a_bad_file_ends_in_2_with_a_diagnostic() {
    let good = std::fs::read_to_string("scenarios/shared_bridge.toml").expect("it is there");
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        (
            "unknown_key",
            with("count = 2", "cuont = 2"),
            &["cuont", "count"],
        ),
        (
            "wrong_type",
            with("count = 2", "count = \"two\""),
            &["whole number"],
        ),
        ("impossible", with("count = 2", "count = 0"), &["count"]),
        (
            "huge",
            with("count = 2", "count = 4000000000"),
            &["4000000000"],
        ),
        (
            "unknown_kind",
            with("kind = \"data\"", "kind = \"dota\""),
            &["dota", "data"],
        ),
        ("empty", Vec::new(), &["empty"]),
        ("not_utf8", vec![b'#', 0xff, 0xfe], &["UTF-8"]),
        ("not_toml", b"format = = 1".to_vec(), &[]),
    ];
    for (name, text, expected) in cases {
        let path = file(&format!("{name}.toml"), text);
        let path = path.to_str().expect("UTF-8");
        for command in ["run", "check"] {
            let output = rehearsal(&[command, path]);
            let told = stderr(&output);
            assert_eq!(code(&output), 2, "{name}: {told}");
            assert!(stdout(&output).is_empty(), "{name}");
            assert!(told.contains(path), "{name}: {told}");
            assert!(!told.contains("panicked"), "{name}: {told}");
            for word in expected {
                assert!(told.contains(word), "{name}: {word} in {told}");
            }
        }
    }
}

#[test]
fn two_errors_come_at_once() {
    let good = std::fs::read_to_string("scenarios/shared_bridge.toml").expect("it is there");
    let bad = good
        .replacen("count = 2", "count = -1", 1)
        .replacen("seeds =", "sedes =", 1);
    let path = file("two_errors.toml", bad);
    let output = rehearsal(&["check", path.to_str().expect("UTF-8")]);
    let told = stderr(&output);
    assert_eq!(code(&output), 2);
    assert!(told.contains("-1") && told.contains("sedes"), "{told}");
}

#[test]
fn a_missing_file_ends_in_2() {
    let output = rehearsal(&["check", "no/such/file.toml"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no/such/file.toml"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["run", "shared_bridge", "--seeds", "200", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    let mut told = String::new();
    let mut pipe = child.stderr.take().expect("piped");
    pipe.read_to_string(&mut told).expect("UTF-8");
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(told.is_empty(), "{told}");
}

/// A run whose result cannot be written is not a pass.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_in_1() {
    for arguments in [&["run", "shared_bridge", "--json"][..], &["list"]] {
        let full = std::fs::File::create("/dev/full").expect("Linux has it");
        let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(arguments)
            .stdout(full)
            .output()
            .expect("the command starts");
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(stderr(&output).contains("cannot write"), "{arguments:?}");
    }
}
