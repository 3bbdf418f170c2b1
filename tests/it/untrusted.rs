//! Names and texts from files without review.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A name that sets a terminal's title, clears its screen and turns its text round.
const HOSTILE: &str = "x\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}2J\u{202e}y";

/// Returns an empty directory.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("untrusted")
        .join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).expect("it is removed");
    }
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn rehearsal(scenarios: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("--scenarios")
        .arg(scenarios)
        .args(arguments)
        // Colours too, as on a terminal.
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("the command starts")
}

/// Asserts that nothing but text, line ends and colours was printed.
#[track_caller]
fn assert_harmless(text: &[u8]) {
    let text = std::str::from_utf8(text).expect("UTF-8");
    let deceptive = text.chars().filter(|c| {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{200b}')
            || c.is_control() && !matches!(c, '\n' | '\u{1b}')
    });
    assert_eq!(deceptive.collect::<String>(), "", "{text:?}");
    for sequence in text.split('\u{1b}').skip(1) {
        let parameters = sequence.strip_prefix('[').unwrap_or_default();
        let end = parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        assert!(end.starts_with('m'), "{sequence:?} in {text:?}");
    }
}

#[test]
#[cfg(unix)]
fn paths_do_not_reach_a_terminal_as_they_are() {
    let root = directory("paths");
    let hostile = root.join(HOSTILE);
    std::fs::create_dir(&hostile).expect("a directory");
    let file = hostile.join("bad.toml");
    std::fs::write(&file, "clam = \"\u{9b}2J\"\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    for arguments in [&["list"][..], &["check"], &["check", file], &["run", file]] {
        let output = rehearsal(&root, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
        assert_harmless(&output.stdout);
        assert_harmless(&output.stderr);
    }
    let output = rehearsal(&root, &["replay", file]);
    assert_harmless(&output.stderr);
}

/// A line that begins with two colons is a command to the runners of GitHub's workflows.
#[test]
#[cfg(unix)]
fn line_end_in_a_path_begins_no_line() {
    let root = directory("line-ends");
    let file = root.join("a\n::warning::x.toml");
    std::fs::write(&file, "clam = 1\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let commands = [
        &["list"][..],
        &["check"],
        &["check", file],
        &["run", file],
        &["explore", file],
        &["replay", file],
        &["report", file],
        &["shrink", file],
        &["keep", file],
    ];
    for arguments in commands {
        let output = rehearsal(&root, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(
            text.contains("a\\n::warning::x.toml"),
            "{arguments:?}: {text}"
        );
        let mut lines = text.lines();
        assert!(
            !lines.any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }
}

#[test]
fn claims_do_not_turn_the_text_round() {
    let root = directory("claims");
    let claim = "Safe \u{202e}gnihton\u{202c}\u{2028}PASS\u{200b}";
    let good = std::fs::read_to_string("scenarios/bridge/shared_bridge.toml").expect("it is there");
    let (before, rest) = good.split_once("claim = \"").expect("a claim");
    let (_, after) = rest.split_once('"').expect("its end");
    let text = format!("{before}claim = \"{claim}\"{after}").replacen("shared_bridge", "turned", 1);
    std::fs::write(root.join("turned.toml"), text).expect("a file");
    for arguments in [&["list"][..], &["run", "turned"]] {
        let output = rehearsal(&root, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_harmless(&output.stdout);
    }
    let output = rehearsal(&root, &["list", "--json"]);
    assert_harmless(&output.stdout);
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
    assert_eq!(line["claim"], claim);
}

/// The log of failures is appended to, so a link would lead the text anywhere.
#[test]
#[cfg(unix)]
fn log_that_is_a_link_is_not_followed() {
    let out = directory("links");
    let victim = out.join("victim");
    std::fs::write(&victim, "precious").expect("a file");
    let log = out.join("double-terminal-failures.jsonl");
    std::os::unix::fs::symlink(&victim, log).expect("a link");
    let out = out.to_str().expect("UTF-8");
    let arguments = ["--out", out, "explore", "double-terminal", "--seeds", "3"];
    let output = rehearsal(Path::new("scenarios"), &arguments);
    assert_eq!(output.status.code(), Some(10));
    let warning = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(warning.contains("it is a link"), "{warning}");
    assert_eq!(std::fs::read(&victim).expect("a file"), b"precious");
}

/// What a replay repeats of a repro is short, whatever the size of the file.
#[test]
fn long_names_and_places_of_a_repro_are_refused() {
    let root = directory("long");
    let long = "A".repeat(1 << 20);
    let repro = |choices: &str, rule: &str| {
        format!(
            "format = 2\ntool = \"x\"\n[scenario]\nname = \"double-terminal\"\n\
             file = \"scenarios/bridge/defects/double-terminal.toml\"\n\
             hash = \"00000000000000000000000000000000\"\nkind = \"bridge\"\n[run]\nseed = 0\n\
             strategy = \"random\"\nchoices = [{choices}]\n[expected]\n\
             verdict = \"violation\"\njudge = \"fifo\"\nrule = \"{rule}\"\n\
             fingerprint = \"00000000000000000000000000000000\"\n"
        )
    };
    let world = format!("{{ world = \"{long}\", nth = 0, of = 2, take = 1 }}");
    let link =
        format!("{{ loss = {{ from = \"{long}\", to = \"x\" }}, nth = 0, of = 2, take = 1 }}");
    let file = root.join("long.repro");
    for text in [repro("", &long), repro(&world, "x"), repro(&link, "x")] {
        std::fs::write(&file, text).expect("a file");
        let arguments = ["replay", file.to_str().expect("UTF-8")];
        let output = rehearsal(Path::new("scenarios"), &arguments);
        assert_eq!(output.status.code(), Some(2));
        let problems = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(problems.contains("a text of 1048576 bytes"), "{problems}");
        assert!(problems.len() + output.stdout.len() < 4_096, "{problems}");
    }
}
