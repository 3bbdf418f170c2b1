//! Files that cannot be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::geteuid;
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use super::{CASES, Project, REPRO};
use crate::support::{assert_shows, code, stderr, stdout};

/// A command that is to write a file, its exit code if it cannot, and its words about that.
struct Refused {
    arguments: &'static [&'static str],
    exit: i32,
    reports: &'static str,
}

const REFUSED: [Refused; 8] = [
    // A failure that is found stays one.
    Refused {
        arguments: &["run", "sequence-apart-from-send", "--seed", "21"],
        exit: 10,
        reports: "no repro of seed 21 of sequence-apart-from-send",
    },
    Refused {
        arguments: &["explore", "sequence-apart-from-send", "--seeds", "40"],
        exit: 10,
        reports: "cannot write",
    },
    Refused {
        arguments: &["shrink", REPRO],
        exit: 1,
        reports: "kept.repro is not shrunk",
    },
    Refused {
        arguments: &["keep", REPRO],
        exit: 1,
        reports: "cannot write scenarios/regressions/",
    },
    Refused {
        arguments: &["report", REPRO, "--html", "page.html"],
        exit: 1,
        reports: "cannot write",
    },
    Refused {
        arguments: &["report", REPRO, "--perfetto", "trace.json"],
        exit: 1,
        reports: "cannot write",
    },
    Refused {
        arguments: &["new", "fresh"],
        exit: 1,
        reports: "cannot write `scenarios/fresh.toml`",
    },
    Refused {
        arguments: &["run", "shared_bridge", "--junit", "results.xml"],
        exit: 1,
        reports: "cannot write `results.xml`",
    },
];

/// Runs each command that writes; none changes, adds or loses a file. Then each that only reads.
fn nothing_is_written(name: &str, run: impl Fn(&Project, &[&str]) -> Output) {
    let project = Project::new(name);
    let before = project.files();
    for refused in &REFUSED {
        let output = run(&project, refused.arguments);
        let (name, text) = (refused.arguments, stderr(&output));
        assert_eq!(code(&output), refused.exit, "{name:?}: {text}");
        assert_shows(&text, &[refused.reports]);
        assert!(!text.contains("panicked"), "{name:?}: {text}");
        assert!(project.files() == before, "{name:?} changes a file");
    }
    for case in CASES
        .iter()
        .filter(|case| ["replay", "report", "list"].contains(&case.name()))
    {
        let output = run(&project, case.arguments);
        assert_eq!(code(&output), case.exit, "{}", stderr(&output));
        assert!(!stdout(&output).is_empty(), "{}", case.name());
    }
}

/// No byte can be added to any file, as on a full disk; pipes take what they are given.
#[test]
fn full_disk_leaves_every_file_as_it_was() {
    nothing_is_written("full", |project, arguments| {
        let full = "trap '' XFSZ; ulimit -f 0";
        let mut command = project.after(full, arguments);
        command.output().expect("it starts")
    });
}

/// Runs a command that has only the rights that permissions give: root has more.
fn without_privileges(mut command: Command) -> Output {
    let run = move || {
        if geteuid().is_root() {
            // Of this thread alone, and of what it starts.
            remove_capability_from_bounding_set(CapabilitySet::DAC_OVERRIDE)
                .expect("it may be removed");
        }
        command.output().expect("it starts")
    };
    std::thread::scope(|scope| scope.spawn(run).join()).expect("it does not panic")
}

fn set_permissions(directory: &Path, mode: u32) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            set_permissions(&path, mode);
        }
    }
    fs::set_permissions(directory, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn directory_that_is_only_to_be_read_is_an_error_and_stays_as_it_was() {
    nothing_is_written("read-only", |project, arguments| {
        set_permissions(&project.root, 0o555);
        let output = without_privileges(project.command(arguments));
        set_permissions(&project.root, 0o755);
        output
    });
}

#[test]
fn attempt_that_failed_is_not_in_the_way_of_the_next() {
    let project = Project::new("again");
    let arguments = ["new", "fresh"];
    let mut command = project.after("trap '' XFSZ; ulimit -f 0", &arguments);
    assert_eq!(code(&command.output().expect("it starts")), 1);
    let output = project.run(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = project.run(&["run", "fresh"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}
