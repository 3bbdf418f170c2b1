//! Annotations of results, where a workflow of GitHub's runs the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{code, stderr, stdout};

/// Returns an empty directory.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("github")
        .join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).expect("it is removed");
    }
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn rehearsal(out: &Path, workflow: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(arguments).arg("--out").arg(out);
    match workflow {
        Some(value) => command.env("GITHUB_ACTIONS", value),
        None => command.env_remove("GITHUB_ACTIONS"),
    };
    command.output().expect("the command starts")
}

fn annotations(output: &Output) -> Vec<String> {
    let text = stderr(output);
    let lines = text.lines().filter(|line| line.starts_with("::"));
    lines.map(str::to_owned).collect()
}

#[test]
fn scenario_that_fails_is_annotated_at_its_file() {
    let commands: [&[&str]; 2] = [&["run", "--no-shrink"], &["explore", "--no-shrink"]];
    for command in commands {
        let out = directory(command[0]);
        let scenarios = ["programs_stack", "claimed-twice", "--seeds", "64", "--json"];
        let output = rehearsal(&out, Some("true"), &[command, &scenarios[..]].concat());
        assert_eq!(code(&output), 10, "{}", stderr(&output));
        let annotations = annotations(&output);
        let [annotation] = annotations.as_slice() else {
            panic!("{annotations:?}");
        };
        let begin = "::error file=scenarios/";
        assert!(annotation.starts_with(begin), "{annotation}");
        assert!(
            annotation.contains("claimed-twice.toml,title=rehearsal%3A claimed-twice::"),
            "{annotation}"
        );
        for line in stdout(&output).lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON alone");
        }
    }
}

#[test]
fn nothing_is_annotated_outside_a_workflow() {
    let out = directory("outside");
    for workflow in [None, Some(""), Some("false")] {
        let output = rehearsal(&out, workflow, &["run", "broadcast-to-all", "--no-shrink"]);
        assert_eq!(code(&output), 10, "{}", stderr(&output));
        assert_eq!(annotations(&output), [""; 0]);
    }
}

#[test]
fn name_of_a_file_cannot_end_its_annotation() {
    let out = directory("name");
    let shipped = std::fs::read_to_string("scenarios/bridge/defects/broadcast-to-all.toml");
    let hostile = out.join("a,b\n::warning::100% c");
    std::fs::create_dir_all(&hostile).expect("a directory");
    let file = hostile.join("broadcast-to-all.toml");
    std::fs::write(&file, shipped.expect("a scenario")).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let output = rehearsal(&out, Some("true"), &["run", file, "--no-shrink"]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let annotations = annotations(&output);
    let [annotation] = annotations.as_slice() else {
        panic!("{annotations:?}");
    };
    assert!(
        annotation.contains("a%2Cb%0A%3A%3Awarning%3A%3A100%25 c/broadcast-to-all.toml,title="),
        "{annotation}"
    );
}
