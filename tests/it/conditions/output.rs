//! Output that goes nowhere.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;

use super::{CASES, Case, Project, REPRO};
use crate::support::{code, stderr};

/// Returns the path of a repro in that directory of a project.
fn repro_in(project: &Project, directory: &str) -> String {
    let directory = project.root.join(directory);
    let files = project.files();
    let mut files = files.iter().map(|(path, _)| path);
    let is_repro = |path: &&PathBuf| {
        path.starts_with(&directory) && path.extension().is_some_and(|end| end == "repro")
    };
    let path = files.find(is_repro);
    let path = path.unwrap_or_else(|| panic!("no repro in {}", directory.display()));
    path.to_str().expect("UTF-8").to_owned()
}

/// The files that a command is to write are there, whole, with or without a reader of its output.
fn is_done(project: &Project, case: &Case) {
    let does_reproduce = |file: &str| {
        let output = project.run(&["replay", file]);
        assert_eq!(code(&output), 10, "{file}: {}", stderr(&output));
    };
    match case.name() {
        "shrink" => {
            assert!(project.read(REPRO).contains("[shrunk]"));
            does_reproduce(REPRO);
        }
        "keep" => does_reproduce(&repro_in(project, "scenarios/regressions")),
        "new" => {
            let output = project.run(&["run", "fresh"]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert!(project.read("scenarios/fresh.toml").contains("#:schema"));
            let schemas = project.files();
            let mut schemas = schemas.iter().map(|(path, _)| path);
            assert!(schemas.any(|path| path.extension().is_some_and(|end| end == "json")));
        }
        "run" | "explore" => does_reproduce(&repro_in(project, "target/rehearsal")),
        _ => {}
    }
}

#[test]
fn full_output_ends_in_1_and_loses_no_file() {
    for case in &CASES {
        let project = Project::new(&format!("full-output-{}", case.name()));
        let full = File::create("/dev/full").expect("Linux has it");
        let mut command = project.command(case.arguments);
        let output = command.stdout(full).output().expect("it starts");
        let text = stderr(&output);
        assert_eq!(code(&output), 1, "{}: {text}", case.name());
        assert!(text.contains("cannot write"), "{}: {text}", case.name());
        assert!(!text.contains("panicked"), "{}: {text}", case.name());
        if !["run", "explore"].contains(&case.name()) {
            is_done(&project, case);
        }
    }
}

#[test]
fn output_without_a_reader_changes_neither_result_nor_files() {
    for case in &CASES {
        let project = Project::new(&format!("closed-output-{}", case.name()));
        let mut child = project
            .command(case.arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let text = stderr(&output);
        assert_eq!(code(&output), case.exit, "{}: {text}", case.name());
        assert!(!text.contains("error"), "{}: {text}", case.name());
        assert!(!text.contains("panicked"), "{}: {text}", case.name());
        is_done(&project, case);
    }
}

#[test]
fn closed_streams_change_neither_result_nor_files() {
    for case in &CASES {
        let project = Project::new(&format!("no-streams-{}", case.name()));
        let closed = "exec <&- >&- 2>&-";
        let mut command = project.after(closed, case.arguments);
        let status = command.status().expect("it starts");
        assert_eq!(status.code(), Some(case.exit), "{}", case.name());
        is_done(&project, case);
    }
}
