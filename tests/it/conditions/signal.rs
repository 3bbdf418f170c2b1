//! A signal that asks what is under way.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::Project;

#[test]
fn sigusr1_prints_the_runs_under_way_and_ends_nothing() {
    let project = Project::new("signal");
    let explore = ["explore", "shared_bridge", "--for", "10m", "--jobs", "2"];
    let mut child = project
        .command(&explore)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let pid = Pid::from_child(&child);
    let errors = child.stderr.take().expect("a pipe");
    let mut lines = BufReader::new(errors)
        .lines()
        .map(|line| line.expect("UTF-8"));
    // Its first line of progress: from then on it takes signals.
    let progress = lines.next().expect("a line");
    assert!(progress.starts_with("shared_bridge: "), "{progress}");
    // Between two runs none is under way.
    loop {
        kill_process(pid, Signal::USR1).expect("it is there");
        let mut reports = lines
            .by_ref()
            .filter(|line| !line.starts_with("shared_bridge: "));
        match reports.next().expect("a report").as_str() {
            "under way:" => break,
            other => assert!(other.starts_with("no run is under way"), "{other}"),
        }
    }
    let run = lines.next().expect("a run");
    assert!(run.starts_with("  shared_bridge  seed "), "{run}");
    assert!(run.contains("  step "), "{run}");
    // It goes on until it is interrupted.
    kill_process(pid, Signal::INT).expect("it is there");
    assert!(lines.any(|line| line.starts_with("interrupted")));
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(3));
}
