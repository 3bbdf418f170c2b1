//! The command line as its users meet it: what is printed where, and how the
//! process ends.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{code, stderr, stdout};

fn rehearsal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .output()
        .expect("the command starts")
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
        "vacuous",
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
        assert_eq!(lines[0]["options"]["transport"], transport);
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
fn list_groups_scenarios_by_system() {
    let output = rehearsal(&["list"]);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    let systems: Vec<&str> = rehearsal::agents::systems::SYSTEMS
        .iter()
        .map(|system| system.info().name)
        .collect();
    let heads = text.lines().filter_map(|line| {
        let (name, _) = line.split_once(": ")?;
        systems.contains(&name).then_some(name)
    });
    let mut sorted = systems.clone();
    sorted.sort_unstable();
    assert_eq!(heads.collect::<Vec<_>>(), sorted);
    let place = |text_of: &str| text.find(text_of);
    assert!(place("\nshared_bridge") < place("\nbus: "));
    assert!(place("\nbus: ") < place("\nbus_requests"));
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
    let good = std::fs::read_to_string("scenarios/bridge/shared_bridge.toml").expect("it is there");
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
    let good = std::fs::read_to_string("scenarios/bridge/shared_bridge.toml").expect("it is there");
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

/// Returns the exit code of a command whose standard output has no reader, and what it says on
/// standard error.
fn unread(arguments: &[&str]) -> (i32, String) {
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    (code(&output), stderr(&output))
}

#[test]
fn a_closed_pipe_is_no_error_and_no_pass() {
    let out = concat!(env!("CARGO_TARGET_TMPDIR"), "/closed_pipe");
    assert_eq!(unread(&["list"]), (0, String::new()));
    let many = ["run", "shared_bridge", "--seeds", "200", "--json"];
    assert_eq!(unread(&many), (3, String::new()));
    let failing = ["--out", out, "run", "double-terminal", "--seeds", "0..20"];
    assert_eq!(unread(&failing), (10, String::new()));
    let failing = ["--out", out, "explore", "double-terminal", "--seeds", "20"];
    assert_eq!(unread(&failing), (10, String::new()));
    assert_eq!(unread(&["conform", "--list"]), (0, String::new()));
    let events = |name: &str, kinds: &[&str]| {
        let line = |kind: &&str| format!("{{\"span\":1,\"kind\":\"{kind}\"}}\n");
        let file = fresh_directory("closed_pipe").join(name);
        std::fs::create_dir_all(file.parent().expect("a directory")).expect("it can be made");
        std::fs::write(&file, kinds.iter().map(line).collect::<String>()).expect("written");
        unread(&["conform", "request-response", utf8(&file)])
    };
    assert_eq!(events("passing", &["response"]), (3, String::new()));
    let twice = ["response", "response"];
    assert_eq!(events("failing", &twice), (10, String::new()));
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

/// A directory of this test's own that is not there yet.
fn fresh_directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("cli")
        .join(name);
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

fn utf8(path: &std::path::Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The repro of a failing seed, in a directory of the test's own.
fn failing_seed(test: &str, arguments: &[&str]) -> String {
    let out = fresh_directory(test);
    let mut all = vec!["run", "--json", "--out", utf8(&out)];
    all.extend(arguments);
    let lines = json_lines(&rehearsal(&all));
    let mut repros = lines.iter().filter_map(|line| line["repro"].as_str());
    let repro = repros.next_back().expect("a seed fails").to_owned();
    assert!(repro.starts_with(utf8(&out)), "{repro}");
    repro
}

fn edit(file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(file, text.replacen(from, to, 1)).expect("a file");
}

#[test]
fn each_failing_seed_leaves_a_repro_and_says_how_to_go_on() {
    let out = fresh_directory("leaves");
    let arguments = ["run", "sequence-apart-from-send", "--seeds", "6", "--out"];
    let output = rehearsal(&[&arguments[..], &[utf8(&out), "--json"]].concat());
    assert_eq!(code(&output), 10);
    let lines = json_lines(&output);
    for line in &lines {
        let failed = line["verdict"] != "pass";
        assert_eq!(line["repro"].is_string(), failed, "{line}");
        if let Some(repro) = line["repro"].as_str() {
            let replay = json_lines(&rehearsal(&["replay", repro, "--json"]));
            assert_eq!(replay[0]["result"], "reproduced", "{line}");
            assert_eq!(replay[0]["fingerprint"], line["fingerprint"]);
        }
    }
    assert!(lines.iter().any(|line| line["repro"].is_string()));
    let output = rehearsal(&[&arguments[..], &[utf8(&out)]].concat());
    let text = stdout(&output);
    for expected in ["  replay  rehearsal replay ", "  keep    rehearsal keep "] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_passing_run_leaves_nothing() {
    let out = fresh_directory("passes");
    let output = rehearsal(&["run", "shared_bridge", "--out", utf8(&out)]);
    assert_eq!(code(&output), 0);
    assert!(!stdout(&output).contains("replay"));
    assert!(!out.exists());
}

/// Without a place to write to, the failure is printed all the same.
#[test]
fn a_repro_that_cannot_be_written_is_a_warning() {
    let taken = file("taken", b"");
    let out = taken.join("below");
    let arguments = ["run", "broadcast-to-all", "--json", "--out", utf8(&out)];
    let output = rehearsal(&arguments);
    assert_eq!(code(&output), 10);
    let lines = json_lines(&output);
    assert_eq!(lines[0]["verdict"], "violation");
    assert!(lines[0]["repro"].is_null());
    let told = stderr(&output);
    for expected in ["warning: ", "no repro", "seed 0", utf8(&out)] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn a_repro_of_another_transport_says_so_and_replays() {
    let seeds = [
        "sequence-apart-from-send",
        "--transport",
        "in-process",
        "--seeds",
        "8",
    ];
    let repro = failing_seed("transport", &seeds);
    assert!(
        repro.contains("sequence-apart-from-send-transport-in-process-seed-"),
        "{repro}"
    );
    let output = rehearsal(&["replay", &repro]);
    assert_eq!(code(&output), 10);
    let text = stdout(&output);
    for expected in ["in-process", "reproduced", "VIOLATION", "deviations"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_replay_ends_as_the_run_did_and_its_line_has_every_promised_field() {
    let repro = failing_seed("fields", &["lock-order-inversion", "--seed", "0"]);
    let output = rehearsal(&["replay", &repro, "--json"]);
    assert_eq!(code(&output), 11, "{}", stderr(&output));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 1);
    let line = lines[0].as_object().expect("an object");
    for field in [
        "file",
        "scenario",
        "seed",
        "strategy",
        "result",
        "verdict",
        "fingerprint",
        "expected_fingerprint",
        "choices",
        "divergence",
        "violations",
    ] {
        assert!(line.contains_key(field), "{field}");
    }
    assert_eq!(line["result"], "reproduced");
    assert_eq!(line["verdict"], "deadlock");
    assert_eq!(line["fingerprint"], line["expected_fingerprint"]);
    assert!(line["divergence"].is_null());
}

/// The five results by their words and codes, with what a person is told.
#[test]
fn a_replay_has_one_of_five_results() {
    let cases = [
        (
            "as-it-is",
            "seed = 0",
            "seed = 0",
            10,
            "reproduced",
            "reproduced",
        ),
        (
            "fingerprint",
            "fingerprint = \"",
            "fingerprint = \"",
            10,
            "reproduced-other-fingerprint",
            "reproduced with another fingerprint",
        ),
        (
            "diverged",
            "nth = 0",
            "nth = 70000",
            13,
            "diverged",
            "diverged at choice 1",
        ),
        (
            "changed",
            "hash = \"",
            "hash = \"",
            13,
            "scenario-changed",
            "scenario changed",
        ),
        (
            "otherwise",
            "judge = \"fifo\"",
            "judge = \"no-loss\"",
            13,
            "no-longer-fails",
            "no longer fails",
        ),
    ];
    for (name, from, to, exit, word, told) in cases {
        let repro = failing_seed(name, &["sequence-apart-from-send", "--seed", "0"]);
        edit(&repro, from, to);
        if ["fingerprint", "changed"].contains(&name) {
            let text = std::fs::read_to_string(&repro).expect("it is there");
            let at = text.find(from).expect("a fingerprint or hash") + from.len();
            let other = if text[at..].starts_with('0') {
                "1"
            } else {
                "0"
            };
            let text = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            std::fs::write(&repro, text).expect("a file");
        }
        let output = rehearsal(&["replay", &repro, "--json"]);
        assert_eq!(code(&output), exit, "{name}: {}", stderr(&output));
        let line = &json_lines(&output)[0];
        assert_eq!(line["result"], word, "{name}");
        assert_eq!(line["divergence"].is_object(), name == "diverged", "{line}");
        let output = rehearsal(&["replay", &repro]);
        assert_eq!(code(&output), exit, "{name}");
        let text = stdout(&output);
        assert!(
            text.contains(&format!("result    {told}")),
            "{name}: {text}"
        );
        assert!(text.contains("VIOLATION"), "{name}: {text}");
        let output = rehearsal(&[
            "--scenarios",
            utf8(&fresh_directory("kept")),
            "keep",
            &repro,
        ]);
        let kept = if exit == 10 { 0 } else { 13 };
        assert_eq!(code(&output), kept, "{name}: {}", stderr(&output));
    }
}

/// Hand-edited repros end in 2 with a diagnostic, and nothing is run.
#[test]
fn a_bad_repro_ends_in_2_with_a_diagnostic() {
    let good = failing_seed("bad", &["sequence-apart-from-send", "--seed", "0"]);
    let text = std::fs::read_to_string(&good).expect("it is there");
    let middle = text.find("choices = [").expect("choices") + 40;
    let cases: [(&str, String, &str); 5] = [
        (
            "future",
            text.replacen("format = 2", "format = 7", 1),
            "R0016",
        ),
        ("truncated", text[..middle].to_owned(), "R0007"),
        (
            "swapped",
            text.replacen(&["name = \"sequence"].concat(), "name = \"order", 1),
            "R0023",
        ),
        (
            "range",
            text.replacen("of = 2, take = 1", "of = 2, take = 2", 1),
            "R0018",
        ),
        ("empty", String::new(), "R0006"),
    ];
    for (name, text, code_name) in cases {
        let path = file(&format!("{name}.repro"), text);
        for command in ["replay", "keep"] {
            let output = rehearsal(&[command, utf8(&path)]);
            let told = stderr(&output);
            assert_eq!(code(&output), 2, "{name}: {told}");
            assert!(stdout(&output).is_empty(), "{name}");
            assert!(told.contains(code_name), "{name}: {told}");
            assert!(told.contains(utf8(&path)), "{name}: {told}");
        }
    }
    let output = rehearsal(&["replay", "no/such/file.repro"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("R0001"), "{}", stderr(&output));
    let output = rehearsal(&["replay", "scenarios/bridge/cleanup.toml"]);
    assert!(stderr(&output).contains("rehearsal run scenarios/bridge/cleanup.toml"));
    for command in ["run", "check"] {
        let output = rehearsal(&[command, &good]);
        assert_eq!(code(&output), 2, "{command}");
        let hint = format!("rehearsal replay {good}");
        assert!(stderr(&output).contains(&hint), "{}", stderr(&output));
    }
}

#[test]
fn keep_overwrites_nothing_unasked() {
    let root = fresh_directory("keep");
    let keep = |repro: &str, more: &[&str]| {
        let mut all = vec!["--scenarios", utf8(&root), "keep", repro];
        all.extend(more);
        rehearsal(&all)
    };
    let first = failing_seed("keep-1", &["sequence-apart-from-send", "--seed", "0"]);
    let other = failing_seed("keep-2", &["sequence-apart-from-send", "--seeds", "5..16"]);
    let output = keep(&first, &["--name", "mine"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("cargo test") && text.contains("regressions/mine"),
        "{text}"
    );
    let kept = root.join("regressions/mine.repro");
    let read = |path: &std::path::Path| std::fs::read(path).expect("it is there");
    assert_eq!(read(&kept), read(first.as_ref()));
    assert_eq!(code(&keep(&first, &["--name", "mine"])), 0);
    let output = keep(&other, &["--name", "mine"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(read(&kept), read(first.as_ref()));
    assert_eq!(code(&keep(&other, &["--name", "mine", "--force"])), 0);
    assert_eq!(read(&kept), read(other.as_ref()));
    for name in ["../mine", "", ".hidden", "a/b", "a b"] {
        assert_eq!(code(&keep(&first, &["--name", name])), 2, "{name}");
    }
    assert_eq!(code(&keep(&first, &[])), 0);
    let names = std::fs::read_dir(root.join("regressions")).expect("a directory");
    let names: Vec<String> = names
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let default = "sequence-apart-from-send-fifo-overtaken.repro".to_owned();
    assert!(names.contains(&default), "{names:?}");
}

#[test]
fn codes_are_explained() {
    let one = rehearsal(&["explain", "s0010"]);
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    let text = stdout(&one);
    assert!(text.starts_with("S0010: The key"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    let all = stdout(&rehearsal(&["explain"]));
    for known in rehearsal::scenario::Code::ALL {
        let alone = rehearsal(&["explain", known.name()]);
        assert_eq!(code(&alone), 0, "{known}: {}", stderr(&alone));
        assert!(stdout(&alone).starts_with(&format!("{known}: ")), "{known}");
        assert!(all.contains(&stdout(&alone)), "{known}");
    }
}

#[test]
fn misspelt_names_get_a_suggestion() {
    let file = file("empty.jsonl", "");
    let file = file.to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 12] = [
        (&["run", "colision"], "`collision`"),
        (&["run", "collision", "--strategy", "pso"], "`pos`"),
        (
            &["explore", "collision", "--strategy", "exhastive:2"],
            "`exhaustive`",
        ),
        (&["score", "--strategy", "rnadom"], "`random`"),
        (
            &["run", "collision", "--set", "agents.0.cuont=1"],
            "`count`",
        ),
        (
            &["run", "collision", "--transport", "websockt"],
            "`websocket`",
        ),
        (&["run", "collision", "--sede", "1"], "'--seed'"),
        (&["new", "x", "--system", "bux"], "'bus'"),
        (&["schema", "--system", "bux"], "'bus'"),
        (&["explain", "S010"], "`S0010`"),
        (&["exlpore"], "'explore'"),
        (&["conform", "ag-ui-spce", file], "`ag-ui-spec`"),
    ];
    for (arguments, meant) in cases {
        let output = rehearsal(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(meant), "{arguments:?}: {said}");
    }
}

#[test]
fn times_of_the_command_line_say_how_they_are_written() {
    for wrong in ["5", "1.5m", "999999999999h", "soon", ""] {
        let option = format!("--for={wrong}");
        let output = rehearsal(&["explore", "collision", &option]);
        assert_eq!(code(&output), 2, "{wrong}");
        let said = stderr(&output);
        assert!(said.contains("as in 90s or 5m"), "{wrong}: {said}");
        assert!(!said.contains("in a scenario"), "{wrong}: {said}");
    }
}

#[test]
fn unknown_codes_are_refused_with_a_suggestion() {
    let near = rehearsal(&["explain", "S010"]);
    assert_eq!((code(&near), stdout(&near).as_str()), (2, ""));
    let message = stderr(&near);
    assert!(
        message.contains("no code `S010`; did you mean `S0010`?"),
        "{message}"
    );
    let far = stderr(&rehearsal(&["explain", "\u{1b}[8mnonsense"]));
    assert!(
        far.contains("prints all of them") && !far.contains("\u{1b}[8m"),
        "{far}"
    );
}

/// A problem leads to the explanation of its code.
#[test]
fn problems_name_the_command_that_explains_them() {
    let path = file("explained.toml", "format = 9\n");
    let output = rehearsal(&["check", path.to_str().expect("a path of text")]);
    assert_eq!(code(&output), 2);
    let message = stderr(&output);
    assert!(message.contains("`rehearsal explain S00"), "{message}");
}

#[test]
fn help_has_the_exit_code_of_a_process_without_memory() {
    let help = stdout(&rehearsal(&["--help"]));
    assert!(help.contains("134 if memory ran out"), "{help}");
}

#[test]
fn byte_order_mark_has_no_column() {
    let path = file("marked.toml", "\u{feff}claim = 3\n");
    let output = rehearsal(&["check", path.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 2);
    let problems = stderr(&output);
    assert!(problems.contains("marked.toml:1:9"), "{problems}");
    assert!(!problems.contains("feff"), "{problems}");
}
