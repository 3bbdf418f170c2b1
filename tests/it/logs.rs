//! Lines that the code under test logs with `tracing`, in the reports of its failures.

#![expect(
    clippy::disallowed_types,
    reason = "the order of such a table is what a subscriber could change"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use rehearsal::prelude::*;
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::Mutex;
use rehearsal::{Test, TestLocation};
use tracing::{Instrument, debug, info, info_span};

use crate::support::{assert_shows, stderr, stdout};

/// Set in the process whose test fails.
const CHILD: &str = "TEST_LOGS";

const NAME: &str = "logs::logged_lines_are_in_the_timeline_and_in_the_page";

/// Two tasks lose an update, and log what they read and write. The order of a table of the
/// standard library is part of what the program does.
async fn lost_update(world: World) {
    let balance = Arc::new(Mutex::new(0));
    let tellers = ["ann", "ben"].map(|name| {
        let balance = Arc::clone(&balance);
        let add = async move {
            world.name_task(name);
            let seen = *balance.lock().await;
            info!(seen, "has read");
            debug!("not to be seen");
            let order: HashMap<u8, ()> = (0..8).map(|key| (key, ())).collect();
            world.note("order", format!("{:?}", order.keys()));
            *balance.lock().await = seen + 1;
        };
        spawn(add.instrument(info_span!("teller", name)))
    });
    for teller in tellers {
        teller.await.expect("no teller fails");
    }
    assert_eq!(*balance.lock().await, 2, "an update is lost");
}

/// Runs the test in a process of its own, whose repros go below `directory`.
fn child(directory: &Path, filter: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, "1")
        .env("REHEARSAL_TARGET_DIR", directory)
        .env_remove("REHEARSAL_LOG");
    if let Some(filter) = filter {
        command.env("REHEARSAL_LOG", filter);
    }
    command.output().expect("it starts")
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("logs")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Returns the failure that was printed, the page beside its repro, and its fingerprint.
fn failure(name: &str, filter: Option<&str>) -> (String, String, String) {
    let directory = directory(name);
    let output = child(&directory, filter);
    assert!(!output.status.success(), "it fails");
    let text = stdout(&output) + &stderr(&output);
    let page = text
        .lines()
        .find_map(|line| line.strip_prefix("  page    "));
    let page = page.unwrap_or_else(|| panic!("no page in\n{text}"));
    let page = std::fs::read_to_string(page).expect("a page");
    let (_, fingerprint) = text.split_once("fingerprint ").expect("a fingerprint");
    let fingerprint = fingerprint.lines().next().expect("its line").to_owned();
    (text, page, fingerprint)
}

#[test]
fn logged_lines_are_in_the_timeline_and_in_the_page() {
    if std::env::var_os(CHILD).is_some() {
        let place = TestLocation {
            package: "rehearsal",
            module: module_path!(),
            name: "logged_lines_are_in_the_timeline_and_in_the_page",
            file: file!(),
        };
        Test::new(place).run(lost_update);
        unreachable!("an update is lost");
    }
    let (text, page, fingerprint) = failure("with", Some("info"));
    for name in ["ann", "ben"] {
        let line = format!("info teller{{name=\"{name}\"}}: has read seen=0");
        let lines: Vec<&str> = text.lines().filter(|text| text.contains(&line)).collect();
        assert_eq!(lines.len(), 1, "{line} once in\n{text}");
        // On its task, with the time.
        assert_shows(lines[0], &[&format!("  {name}"), "0.000s"]);
        assert_shows(
            &page,
            &[&format!("teller{{name=\\\"{name}\\\"}}: has read seen=0")],
        );
    }
    assert!(!text.contains("not to be seen"), "{text}");

    // The same run without them.
    let (text, page, without) = failure("without", None);
    assert_eq!(fingerprint, without);
    assert!(
        !text.contains("has read") && !page.contains("has read"),
        "{text}"
    );
    let (_, _, off) = failure("off", Some("off"));
    assert_eq!(fingerprint, off);
}

#[test]
fn wrong_filter_is_reported_before_anything_is_run() {
    let output = child(&directory("wrong"), Some("info,my_crate=loud"));
    assert!(!output.status.success());
    let text = stderr(&output);
    assert_shows(&text, &["REHEARSAL_LOG", "my_crate=loud", "is no filter"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("list").env("REHEARSAL_LOG", "my_crate=loud");
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert_shows(&stderr(&output), &["REHEARSAL_LOG", "is no filter"]);
}
