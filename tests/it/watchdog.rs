//! Runs that hang: a task that never comes to an await ends the process, with a repro.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rehearsal::exit::Exit;
use rehearsal::prelude::*;
use rehearsal::repro::Repro;
use rehearsal::run::RunVerdict;
use rehearsal::tokio::{spawn, task};
use rehearsal::{Test, TestLocation};

use crate::support::{assert_shows, code, stderr};

/// Set in the process that is to end.
const CHILD: &str = "RUN_HANGS";

/// A task that never comes to an await, after some that do.
async fn hanging(world: World) {
    let waiting = spawn(task::yield_now());
    let stuck = spawn(async move {
        world.name_task("stuck");
        task::yield_now().await;
        loop {
            std::hint::spin_loop();
        }
    });
    waiting.await.expect("it does not fail");
    stuck.await.expect("it does not end")
}

/// Runs this test in a process of its own, whose repros go below `directory`.
fn child(name: &str, directory: &Path, replay: Option<&Path>) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("REHEARSAL_WATCHDOG", "2s")
        .env("REHEARSAL_TARGET_DIR", directory);
    if let Some(file) = replay {
        command.env("REHEARSAL_REPLAY", file);
    }
    command.output().expect("it starts")
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

#[test]
fn task_without_an_await_ends_the_process_with_a_repro() {
    if std::env::var_os(CHILD).is_some() {
        let place = TestLocation {
            package: "rehearsal",
            module: module_path!(),
            name: "task_without_an_await_ends_the_process_with_a_repro",
            file: file!(),
        };
        Test::new(place).seeds(3..5).run(hanging);
        unreachable!("the process has ended");
    }
    let name = "watchdog::task_without_an_await_ends_the_process_with_a_repro";
    let out = directory("hang");
    let output = child(name, &out, None);
    let shown = stderr(&output);
    assert_eq!(code(&output), i32::from(Exit::Hang.code()), "{shown}");
    assert_shows(
        &shown,
        &[
            "HANG it::watchdog::",
            "seed 3, ",
            "task    `stuck` on world, spawned at ",
            "tests/it/watchdog.rs:",
        ],
    );
    let files = std::fs::read_dir(out.join("rehearsal")).expect("a directory");
    let files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    let [file] = &files[..] else {
        panic!("one repro: {files:?}");
    };
    let name_of_file = file.file_name().expect("a name").to_string_lossy();
    assert_shows(&shown, &["repro   ", &name_of_file]);
    let repro = Repro::read(file).expect("a repro");
    assert_eq!((repro.seed, repro.expected.verdict), (3, RunVerdict::Hang));
    let rule = repro.expected.signature.rule.expect("a place");
    assert_shows(&rule, &["tests/it/watchdog.rs:"]);
    // The repro hangs too, at the same step.
    let replayed = child(name, &out, Some(file));
    assert_eq!(code(&replayed), i32::from(Exit::Hang.code()));
    let step = |text: &str| {
        let (_, rest) = text.split_once(": step ").expect("a step");
        rest.split(' ').next().expect("a number").to_owned()
    };
    assert_eq!(step(&stderr(&replayed)), step(&shown));
}
