//! `rehearsal conform` and `rehearsal history`: histories that any program has recorded,
//! and those of a repro, under the same oracles; and streams under wire profiles.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{code, stderr, stdout};

const HEALTHY: &str = r#"{"at":0,"actor":"alice","kind":"subscribed","channel":"orders","tenant":"acme"}
{"at":10,"actor":"bob","kind":"sent","message":"m1","tenant":"acme","channel":"orders","stream":"bob","body":{"kind":"order"}}
{"at":20,"actor":"bob","kind":"accepted","message":"m1","channel":"orders","offset":1,"seq":1}
{"at":30,"actor":"alice","kind":"received","message":"m1","offset":1,"seq":1}
{"at":40,"actor":"alice","kind":"drained"}
"#;

fn rehearsal(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    rehearsal(arguments).output().expect("the command starts")
}

/// Runs `rehearsal conform -` on a text.
fn conform(text: &[u8], arguments: &[&str]) -> Output {
    let mut child = rehearsal(&[&["conform", "-"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A command that refuses its arguments, or the file, reads no further.
    if let Err(error) = stdin.write_all(text) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    }
    drop(stdin);
    child.wait_with_output().expect("the command ends")
}

fn directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conform");
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

fn lines(output: &Output) -> Vec<Value> {
    let text = stdout(output);
    let parse = |line| serde_json::from_str(line).expect("a line is JSON");
    text.lines().map(parse).collect()
}

fn line_of<'a>(lines: &'a [Value], oracle: &str) -> &'a Value {
    let mut lines = lines.iter();
    let line = lines.find(|line| line["oracle"] == oracle);
    line.unwrap_or_else(|| panic!("{oracle} judges"))
}

#[test]
fn healthy_history_conforms() {
    let file = directory().join("healthy.jsonl");
    std::fs::write(&file, HEALTHY).expect("a file");
    let output = run(&["conform", file.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("no-loss"), "{text}");
    assert!(text.contains("1 checked  pass"), "{text}");
    assert!(!text.contains("hierarchy"), "no span is recorded: {text}");
}

#[test]
fn lost_message_is_named_with_its_rule() {
    let lost: String = HEALTHY
        .lines()
        .filter(|line| !line.contains("received"))
        .map(|line| format!("{line}\n"))
        .collect();
    let output = conform(lost.as_bytes(), &["--oracle", "no-loss", "--json"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["oracle"], "no-loss");
    assert_eq!(lines[0]["checked"], 1);
    let violation = &lines[0]["violations"][0];
    assert_eq!(violation["rule"], "lost");
    assert_eq!(violation["witness"], serde_json::json!(["m1", "alice"]));
    assert_eq!(violation["at_ms"], 0);
    let text = stdout(&conform(lost.as_bytes(), &[]));
    assert!(text.contains("× lost at 0.000s: m1"), "{text}");
}

#[test]
fn named_oracle_with_nothing_to_check_fails() {
    let output = conform(HEALTHY.as_bytes(), &["--oracle", "protocol", "--json"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    assert_eq!(lines(&output)[0]["violations"][0]["rule"], "vacuous");
    let output = conform(b"", &[]);
    assert_eq!(code(&output), 4);
}

#[test]
fn settings_of_an_oracle_follow_its_name() {
    let sent = r#"{"at":12,"actor":"bob","kind":"sent","message":"m0","tenant":"acme","channel":"orders","stream":"bob","body":{"kind":"order"}}
{"at":13,"actor":"bob","kind":"accepted","message":"m0"}
{"at":14,"actor":"alice","kind":"missed","channel":"orders","count":1}
"#;
    let (start, rest) = HEALTHY.split_at(HEALTHY.find(r#"{"at":20"#).expect("the answer"));
    let text = format!("{start}{sent}{rest}");
    let strict = conform(text.as_bytes(), &["--oracle", "no-loss"]);
    assert_eq!(code(&strict), 10);
    let named = conform(
        text.as_bytes(),
        &["--oracle", "no-loss,gaps=overflow+crash"],
    );
    assert_eq!(code(&named), 0, "{}", stdout(&named));
    let held = conform(
        text.as_bytes(),
        &["--oracle", "no-loss,gaps=overflow,buffer=2"],
    );
    assert_eq!(code(&held), 10);
    let wrong = conform(text.as_bytes(), &["--oracle", "no-loss,gaps=luck,size=1"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("not one or several of overflow, crash"));
    assert!(stderr(&wrong).contains("`size` is no setting of `no-loss`"));
}

#[test]
fn operations_are_judged_by_the_models_of_their_calls() {
    let operation = |number: u32, at: u32, value: u32| {
        let end = at + 5;
        format!(
            "{{\"at\":{at},\"kind\":\"invoked\",\"operation\":{number},\"object\":\"total\",\
             \"call\":{{\"kind\":\"increment\"}}}}\n\
             {{\"at\":{end},\"kind\":\"returned\",\"operation\":{number},\
             \"value\":{{\"kind\":\"ok\",\"fields\":{{\"value\":{value}}}}}}}\n"
        )
    };
    let right = operation(1, 10, 1) + &operation(2, 20, 2);
    let output = conform(right.as_bytes(), &[]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let twice = operation(1, 10, 1) + &operation(2, 20, 1);
    let output = conform(
        twice.as_bytes(),
        &["--oracle", "linearizable,model=counter"],
    );
    assert_eq!(code(&output), 10);
    assert!(stdout(&output).contains("no-order"), "{}", stdout(&output));
}

#[test]
fn unknown_oracle_is_refused_with_the_names() {
    let output = conform(HEALTHY.as_bytes(), &["--oracle", "luck"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no-loss, exactly-once"));
}

#[test]
fn every_problem_of_a_bad_file_is_reported_with_its_place() {
    let bad = b"{\"at\":5,\"kind\":\"drained\"}\n\xff\n{\"at\":1,\"kind\":\"sung\"}\n[[[[\n";
    let output = conform(bad, &[]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).is_empty());
    let text = stderr(&output);
    for place in ["-:1:", "-:2:1: ", "-:3:16: unknown kind `sung`", "-:4:"] {
        assert!(text.contains(place), "{place} in\n{text}");
    }
    assert_eq!(code(&run(&["conform", "nowhere.jsonl"])), 2);
}

#[test]
fn hostile_texts_reach_no_terminal() {
    let hostile = HEALTHY
        .replace("\"m1\"", "\"m\\u001b[2J\"")
        .replace("received", "gone");
    let output = conform(hostile.as_bytes(), &[]);
    assert_eq!(code(&output), 2);
    let lost: String = HEALTHY
        .replace("\"m1\"", "\"m\\u001b[2J\"")
        .lines()
        .filter(|line| !line.contains("received"))
        .map(|line| format!("{line}\n"))
        .collect();
    let output = conform(lost.as_bytes(), &[]);
    assert_eq!(code(&output), 10);
    assert!(!stdout(&output).contains('\u{1b}'));
    let long = format!("{{\"at\":0,\"kind\":\"{}\"}}", "x".repeat(2 << 20));
    let file = directory().join("long.jsonl");
    std::fs::write(&file, long).expect("a file");
    let output = run(&["conform", file.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("is longer than"));
}

/// The repro of a defect's first failing seed.
fn repro(scenario: &str) -> (String, Value) {
    let out = directory().join(scenario);
    let out = out.to_str().expect("UTF-8");
    let seeds = ["--seeds", "64", "--no-shrink", "--json", "--out", out];
    let output = run(&[&["run", scenario], &seeds[..]].concat());
    let lines = lines(&output);
    let mut failing = lines.into_iter().filter(|line| line["repro"].is_string());
    let mut line = failing.next().expect("a failing seed");
    let file = line["repro"].as_str().expect("a path").to_owned();
    (file, line["violations"][0].take())
}

#[test]
fn history_of_a_repro_shows_the_same_failure() {
    let (file, found) = repro("sequence-apart-from-send");
    let history = run(&["history", &file, "--json"]);
    assert_eq!(code(&history), 0, "{}", stderr(&history));
    let output = conform(&history.stdout, &["--json"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let oracle = found["oracle"].as_str().expect("a name");
    let lines = lines(&output);
    let judged = &line_of(&lines, oracle)["violations"][0];
    assert_eq!(judged["rule"], found["rule"]);
    assert_eq!(judged["message"], found["message"]);
    let text = stdout(&run(&["history", &file]));
    for part in [
        "emit event-0",
        "accepted event-0",
        "deliver event-0",
        "census",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

const STREAM: &str = r#"{"type":"RUN_STARTED","threadId":"t","runId":"r"}
{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}
{"type":"TEXT_MESSAGE_END","messageId":"m"}
{"type":"RUN_FINISHED","threadId":"t","runId":"r"}
"#;

/// Runs `rehearsal conform PROFILE FILE` on a text.
fn conform_stream(profile: &str, text: &[u8], arguments: &[&str]) -> Output {
    let file = directory().join(format!("{profile}-{:x}.jsonl", text.len()));
    std::fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("UTF-8");
    run(&[&["conform", profile, file], arguments].concat())
}

#[test]
fn legal_stream_passes_its_profile() {
    let output = conform_stream("ag-ui-spec", STREAM.as_bytes(), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("ag-ui-spec  4 messages  pass"));
}

#[test]
fn broken_rule_is_named_with_its_line_and_section() {
    let without_start: String = STREAM
        .lines()
        .filter(|line| !line.contains("TEXT_MESSAGE_START"))
        .map(|line| format!("{line}\n"))
        .collect();
    let output = conform_stream("ag-ui-sdk", without_start.as_bytes(), &[]);
    assert_eq!(code(&output), 10);
    let text = stdout(&output);
    assert!(
        text.contains(".jsonl:2: not-open: no message `m` is open"),
        "{text}"
    );
    assert!(text.contains("(Events, Text Message Events)"), "{text}");
    let output = conform_stream("ag-ui-sdk", without_start.as_bytes(), &["--json"]);
    let line = &lines(&output)[0];
    assert_eq!(line["profile"], "ag-ui-sdk");
    assert_eq!(line["checked"], 3);
    assert_eq!(line["violations"][0]["rule"], "not-open");
    assert_eq!(line["violations"][0]["line"], 2);
    assert_eq!(line["unlisted"], 0);
    assert!(line["stopped"].is_null());
}

#[test]
fn stream_that_is_no_text_is_refused_with_line_and_byte() {
    let binary = [STREAM.as_bytes(), b"\xff\x00"].concat();
    let output = conform_stream("ag-ui-spec", &binary, &[]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains(":5:1: the line is not UTF-8"),
        "{}",
        stderr(&output)
    );
    let output = conform_stream("ag-ui-spec", &binary, &["--json"]);
    assert_eq!(lines(&output)[0]["stopped"]["reason"], "unreadable");
    let cut = conform_stream("ag-ui-spec", &STREAM.as_bytes()[..STREAM.len() - 20], &[]);
    assert_eq!(code(&cut), 2);
    assert!(stderr(&cut).contains("is cut off"), "{}", stderr(&cut));
    let empty = conform_stream("ag-ui-spec", b"\n", &[]);
    assert_eq!(code(&empty), 4);
    assert!(stderr(&empty).contains("has no messages"));
}

/// Bytes of the stream below, which is twice what the command may use as memory.
#[cfg(target_os = "linux")]
const LARGE_STREAM_BYTES: usize = 32 << 20;

#[test]
#[cfg(target_os = "linux")]
fn stream_that_is_larger_than_the_memory_is_checked() {
    let script = format!(
        "ulimit -d {}; exec \"$0\" conform ag-ui-spec -",
        LARGE_STREAM_BYTES / 2 / 1024
    );
    let mut child = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_rehearsal")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut stdin = child.stdin.take().expect("it is piped");
    let (mut written, mut run) = (0, 0);
    while written < LARGE_STREAM_BYTES {
        let text = run_of_messages(run);
        stdin.write_all(text.as_bytes()).expect("it reads on");
        written += text.len();
        run += 1;
    }
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("messages  pass"));
}

/// Returns a run of AG-UI with a hundred messages, whose ids no other run has.
#[cfg(target_os = "linux")]
fn run_of_messages(run: u32) -> String {
    let started = format!(r#"{{"type":"RUN_STARTED","threadId":"t","runId":"{run}"}}"#);
    let finished = format!(r#"{{"type":"RUN_FINISHED","threadId":"t","runId":"{run}"}}"#);
    let message = |number| {
        let id = format!("message {number} of run {run}");
        let words = "some words of an answer ".repeat(20);
        format!(
            r#"{{"type":"TEXT_MESSAGE_START","messageId":"{id}","role":"assistant"}}
{{"type":"TEXT_MESSAGE_CONTENT","messageId":"{id}","delta":"{words}"}}
{{"type":"TEXT_MESSAGE_END","messageId":"{id}"}}
"#
        )
    };
    let messages: String = (0..100).map(message).collect();
    format!("{started}\n{messages}{finished}\n")
}

#[test]
fn hostile_stream_reaches_no_terminal() {
    let hostile = STREAM.replace("TEXT_MESSAGE_END", "\\u001b[2J");
    let output = conform_stream("ag-ui-spec", hostile.as_bytes(), &[]);
    assert_eq!(code(&output), 10);
    assert!(!stdout(&output).contains('\u{1b}'));
}

#[test]
fn more_open_ids_than_are_kept_are_unknown_not_a_pass() {
    let open = |number: u32| format!("{{\"span\":{number},\"kind\":\"agent_started\"}}\n");
    let text: String = (0..70_000).map(open).collect();
    let output = conform_stream("agent-events", text.as_bytes(), &["--json"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(lines(&output)[0]["stopped"]["reason"], "limit");
    assert!(stderr(&output).contains("the rest is not checked"));
}

#[test]
fn mistaken_operands_are_refused_with_a_hint() {
    for (arguments, hint) in [
        (&["conform", "ag-ui"][..], "cannot read `ag-ui`"),
        (
            &["conform", "ag-ui-sdk"],
            "name the file of the stream after it",
        ),
        (
            &["conform", "mcp", "-"],
            "`mcp` is no profile; there are a2a-v0.3",
        ),
        (
            &["conform", "ag-ui-sdk", "-", "--oracle", "fifo"],
            "leave one of them out",
        ),
        (
            &["conform", "ag-ui-sdk", "nowhere.jsonl"],
            "cannot read `nowhere.jsonl`",
        ),
        (&["conform"], "FILE"),
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
}

#[test]
fn profiles_are_listed_from_their_table() {
    let output = run(&["conform", "--list", "--json"]);
    assert_eq!(code(&output), 0);
    let listed = lines(&output);
    let help = stdout(&run(&["conform", "--help"]));
    let text = stdout(&run(&["conform", "--list"]));
    for line in &listed {
        let name = line["profile"].as_str().expect("a name");
        assert!(help.contains(name) && text.contains(name), "{name}");
        for rule in line["rules"].as_array().expect("a list") {
            let meaning = rule["meaning"].as_str().expect("a sentence");
            assert!(text.contains(meaning) && meaning.ends_with('.'), "{rule}");
            assert!(!rule["section"].as_str().expect("a text").is_empty());
        }
    }
    let guide = std::fs::read_to_string("docs/guide/streams.md").expect("a page");
    for line in &listed {
        let name = format!("`{}`", line["profile"].as_str().expect("a name"));
        assert!(guide.contains(&name), "the guide has no {name}");
    }
}

/// Returns the text of the first block of a page with that language.
fn block<'p>(page: &'p str, language: &str) -> &'p str {
    let (_, rest) = page
        .split_once(&format!("```{language}\n"))
        .expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    block
}

#[test]
fn transcript_of_the_guide_is_what_the_command_prints() {
    let page = std::fs::read_to_string("docs/guide/streams.md").expect("the page");
    let directory = directory().join("guide");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("run.jsonl"), block(&page, "json")).expect("a file");
    let (command, expected) = block(&page, "console").split_once('\n').expect("lines");
    let arguments: Vec<&str> = command.split(' ').skip(2).collect();
    let output = rehearsal(&arguments).current_dir(&directory).output();
    let output = output.expect("the command starts");
    assert_eq!(stdout(&output), expected);
    assert_eq!(code(&output), 10);
}

/// A reader of the JSON alone learns what a violation is.
#[test]
fn violations_of_streams_have_their_meaning_in_json() {
    let file = directory().join("after-end.jsonl");
    std::fs::write(&file, "{\"span\":1,\"kind\":\"response\"}\n".repeat(2)).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let output = run(&["conform", "request-response", file, "--json"]);
    let violation = &lines(&output)[0]["violations"][0];
    assert_eq!(violation["rule"], "after-end");
    let meaning = "A message follows the one that ended its span.";
    assert_eq!(violation["meaning"], meaning);
}

#[test]
fn file_names_take_no_line_of_their_own() {
    let file = directory().join("two\nlines.jsonl");
    std::fs::write(&file, "{\"span\":1,\"kind\":\"response\"}\n".repeat(2)).expect("a file");
    let output = run(&["conform", "request-response", file.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 10);
    let text = stdout(&output);
    assert!(
        text.contains("two\u{FFFD}lines.jsonl:2: after-end"),
        "{text}"
    );
}
