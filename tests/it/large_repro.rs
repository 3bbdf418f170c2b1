//! Repros of runs with more deviations than a file lists.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rehearsal::repro::Repro;
use rehearsal::scenario::FileKind;
use serde_json::Value;

use crate::support::{code, stderr, stdout};

/// Five agents, each with 2,000 events, of which a buffer loses some.
const SCENARIO: &str = r#"
format = 1
name = "many_events"
claim = "A buffer that overflows while a client is away must leave a gap marker."
system = { kind = "bridge", transport = "in-process", defect = "silent-overflow" }
seeds = 1

[bridge]
buffer = 50

[clients]
reconnect_after = "500ms"

[[agents]]
kind = "stress"
count = 5
events = 2000
delay = "4ms"

[faults]
budget = 1
at_least = 1
kinds = ["client-reconnect"]
window = "3500ms..3600ms"

[expect]
oracles = ["no-loss", "registry", "deadlock"]
verdict = "violation:no-loss"
"#;

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.current_dir(directory);
    command.args(["--out", "out"]).args(arguments);
    command
}

fn rehearsal(directory: &Path, arguments: &[&str]) -> Output {
    let output = command(directory, arguments).output();
    output.expect("the command starts")
}

/// Sends a signal to the shrinking of a repro once it has begun: the first run takes long.
fn interrupted_shrink(directory: &Path, name: &str) -> Output {
    let mut child = command(directory, &["shrink", name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut told = String::new();
    lines.read_line(&mut told).expect("a line");
    assert!(told.starts_with("shrinking "), "{told}");
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
    lines.read_to_string(&mut told).expect("UTF-8");
    let output = child.wait_with_output().expect("it ends");
    Output {
        stderr: told.into_bytes(),
        ..output
    }
}

fn json(output: &Output) -> Value {
    let text = stdout(output);
    serde_json::from_str(text.trim()).expect("one line of JSON")
}

/// A failure among 10,000 events has a repro that is read, replayed and shrunk.
#[test]
fn failing_run_of_10_000_events_is_replayed_and_shrunk() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("large_repro");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(directory.join("scenarios")).expect("a directory");
    let file = directory.join("scenarios/many_events.toml");
    std::fs::write(file, SCENARIO).expect("a file");
    let explore = [
        "explore",
        "many_events",
        "--seeds",
        "1",
        "--no-shrink",
        "--json",
    ];
    let explored = rehearsal(&directory, &explore);
    assert_eq!(code(&explored), 10, "{}", stderr(&explored));
    let line = json(&explored);
    let name = line["signatures"][0]["repro"].as_str().expect("a repro");
    let path = directory.join(name);
    let size = std::fs::metadata(&path).expect("a file").len();
    assert!(size < FileKind::Repro.max_bytes() as u64, "{size} bytes");
    let repro = Repro::read(&path).expect("it can be read back");
    assert!(repro.drawn.is_some(), "seed and strategy have the choices");

    let replayed = rehearsal(&directory, &["replay", name, "--json"]);
    assert_eq!(code(&replayed), 10, "{}", stderr(&replayed));
    let line = json(&replayed);
    assert_eq!(line["result"], "reproduced", "{line}");
    assert!(line["choices"].as_u64() > Some(10_000), "{line}");

    let output = interrupted_shrink(&directory, name);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("has the smallest run so far"));
    let lines = stdout(&output).lines().count();
    assert!(
        lines < 1_000,
        "the story of a run that did not get smaller: {lines} lines"
    );
    let kept = Repro::read(&path).expect("it can be read back");
    assert_eq!(kept.expected, repro.expected);

    let shrunk = rehearsal(&directory, &["shrink", name, "--for", "5m"]);
    assert_eq!(code(&shrunk), 0, "{}", stderr(&shrunk));
    let small = Repro::read(&path).expect("it can be read back");
    assert!(small.drawn.is_none(), "what remains is listed");
    assert!(small.schedule.len() < 100, "{}", small.schedule.len());
    assert_eq!(code(&rehearsal(&directory, &["replay", name])), 10);
}
