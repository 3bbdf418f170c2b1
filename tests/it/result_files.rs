//! Files of results: JUnit, read by another reader than the services', and Markdown.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use crate::support::{code, stderr};

fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("result-files")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn rehearsal(out: &Path, arguments: &[&str]) -> Output {
    let junit = out.join("results.xml");
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .arg("--junit")
        .arg(junit)
        .output()
        .expect("the command starts")
}

fn results(out: &Path) -> Report {
    let text = std::fs::read_to_string(out.join("results.xml")).expect("it is written");
    Report::deserialize_from_str(&text).expect("it is JUnit")
}

#[test]
fn each_scenario_is_a_test_case() {
    let commands: [&[&str]; 2] = [&["run"], &["explore", "--no-shrink"]];
    for command in commands {
        let out = directory(command[0]);
        let scenarios = ["programs_stack", "claimed-twice", "--seeds", "64"];
        let output = rehearsal(&out, &[command, &scenarios[..]].concat());
        assert_eq!(code(&output), 10, "{}", stderr(&output));
        let report = results(&out);
        assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
        let cases = &report.test_suites[0].test_cases;
        assert_eq!(cases[0].name.as_str(), "programs_stack");
        assert_eq!(
            cases[0].classname.as_ref().map(|name| name.as_str()),
            Some("programs")
        );
        assert!(matches!(cases[0].status, TestCaseStatus::Success { .. }));
        let TestCaseStatus::NonSuccess {
            kind,
            message,
            description,
            ..
        } = &cases[1].status
        else {
            panic!("{:?}", cases[1].status);
        };
        assert_eq!(*kind, NonSuccessKind::Failure);
        let message = message.as_ref().expect("a message").as_str();
        assert!(message.ends_with(" of 64 runs"), "{message}");
        let description = description.as_ref().expect("a description").as_str();
        assert!(description.contains("VIOLATION"), "{description}");
        assert!(!description.contains('\u{1b}'), "{description}");
    }
}

#[test]
fn results_that_cannot_be_written_are_no_pass() {
    let out = directory("unwritable");
    std::fs::create_dir_all(out.join("results.xml")).expect("a directory is made");
    let output = rehearsal(&out, &["run", "programs_stack"]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("cannot write"),
        "{}",
        stderr(&output)
    );
}

fn markdown(out: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .arg("--markdown")
        .arg(out.join("results.md"))
        .output()
        .expect("the command starts")
}

#[test]
fn each_scenario_is_a_row_and_each_failure_a_line_that_replays_it() {
    let out = directory("markdown");
    let run = ["run", "programs_stack", "--seeds", "2"];
    assert_eq!(code(&markdown(&out, &run)), 0);
    let explore = ["explore", "claimed-twice", "--seeds", "64", "--no-shrink"];
    assert_eq!(code(&markdown(&out, &explore)), 10);
    let text = std::fs::read_to_string(out.join("results.md")).expect("it is written");
    assert_eq!(text.matches("### rehearsal").count(), 2, "{text}");
    assert!(
        text.contains("| `programs_stack` | passed | 2 | 0 |"),
        "{text}"
    );
    assert!(
        text.contains("| `claimed-twice` | **violation** |"),
        "{text}"
    );
    let replays = text
        .lines()
        .filter_map(|line| line.split("`rehearsal replay ").nth(1));
    let repros: Vec<&str> = replays.filter_map(|end| end.split('`').next()).collect();
    assert!(!repros.is_empty(), "{text}");
    for repro in repros {
        assert!(Path::new(repro).exists(), "{repro}");
    }
}

#[test]
fn results_of_a_test_are_not_written_by_the_command() {
    let out = directory("test");
    let output = rehearsal(&out, &["explore", "--test", "any"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--junit"), "{}", stderr(&output));
}
