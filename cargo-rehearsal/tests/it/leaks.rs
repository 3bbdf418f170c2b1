//! The parts of tokio that the shim passes on as they are.

use crate::races::ended;
use crate::support::{Project, build_lock, text};

#[test]
fn what_leaves_a_run_through_the_shim_fails_it() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let words = ["test", "-p", "checks", "--test", "outside"];
    let output = text(&project.cargo_rehearsal(".", &words, &[]));
    let tests = [
        ("process_is_started", "PANIC", "IO is disabled"),
        (
            "unix_sockets_are_made",
            "LEAK",
            "made a real socket at checks/tests/outside.rs:",
        ),
    ];
    assert_eq!(
        ended(&output, "FAILED"),
        tests.map(|(name, ..)| name),
        "{output}"
    );
    assert_eq!(
        ended(&output, "ok"),
        ["file_is_one_of_the_run", "run_receives_no_signal"],
        "{output}"
    );
    for (name, verdict, cause) in tests {
        let begins = format!("{verdict}  outside::{name}  ");
        let report = output.lines().skip_while(|line| !line.starts_with(&begins));
        let line = report.clone().nth(1).unwrap_or_default();
        assert!(line.contains(cause), "{name}\n{output}");
    }
}
