//! Published libraries, unmodified, through the shim and on plain tokio: each passes a program
//! under many seeds, with more than one schedule, and two processes agree in every one of them.
//!
//! Here is what needs the network, or compiles for minutes. `LIBRARIES_SEEDS` is the number of seeds, `LIBRARIES_PROFILE` the profile of cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::support::{Project, build_lock, target, text};

mod repository;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "another test program shares it")]
mod support;

/// The directory of this repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A way to run the libraries.
struct Mode {
    name: &'static str,
    /// `true` if they are built with the shim, `false` if on plain tokio.
    with_shim: bool,
    variables: &'static [(&'static str, &'static str)],
}

const SHIM: Mode = Mode {
    name: "shim",
    with_shim: true,
    variables: &[],
};

const OPERATIONS: Mode = Mode {
    name: "operations",
    with_shim: true,
    variables: &[("LIBRARIES_INTERLEAVE", "operations")],
};

const PLAIN: Mode = Mode {
    name: "plain",
    with_shim: false,
    variables: &[("RUSTFLAGS", "--cfg tokio_unstable")],
};

/// The libraries that open sockets themselves: on plain tokio a run refuses them.
const OWN_SOCKETS: [&str; 1] = ["async_nats"];

/// Returns the names of the libraries, each of which has a module in the project.
fn libraries(project: &Project) -> Vec<String> {
    let modules = fs::read_dir(project.path("tests/it")).expect("a directory");
    let names = modules.map(|module| {
        let path = module.expect("an entry").path();
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    });
    let mut names: Vec<String> = names.filter(|name| name != "main").collect();
    names.sort_unstable();
    assert!(names.len() >= 10, "{names:?}");
    names
}

/// Runs every library, and returns the record of each: a line for each seed.
fn records(project: &Project, mode: &Mode, process: &str) -> BTreeMap<String, String> {
    let directory = target().join("records").join(mode.name).join(process);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    run(project, mode, &directory);
    let files = fs::read_dir(&directory).expect("a directory");
    let paths = files.map(|file| file.expect("an entry").path());
    paths.map(read).collect()
}

fn read(path: PathBuf) -> (String, String) {
    let name = path.file_name().expect("a name").to_string_lossy();
    (
        name.into_owned(),
        fs::read_to_string(&path).expect("a record"),
    )
}

fn run(project: &Project, mode: &Mode, directory: &Path) {
    let mut command = project.cargo(".");
    match mode.with_shim {
        true => command.args(["rehearsal", "test"]),
        false => command.args(["test", "--features", "plain"]),
    };
    if let Some(profile) = env::var_os("LIBRARIES_PROFILE") {
        command.arg("--profile").arg(profile);
    }
    command
        .env("LIBRARIES_RECORD", directory)
        .envs(mode.variables.iter().copied());
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}\n{}", mode.name, text(&output));
}

/// Asserts that each library passes under each seed and has a record, and that two processes agree
/// in them.
#[track_caller]
fn assert_pairs(mode: &Mode) {
    let _lock = build_lock();
    let project = Project::copy_to("libraries", "libraries");
    let mut expected = libraries(&project);
    if !mode.with_shim {
        expected.retain(|name| !OWN_SOCKETS.contains(&name.as_str()));
    }
    let first = records(&project, mode, "first");
    let second = records(&project, mode, "second");
    assert!(
        first.keys().eq(&expected),
        "{expected:?}, {:?}",
        first.keys()
    );
    for (name, record) in &first {
        let lines = record.lines().zip(second[name].lines());
        for (one, other) in lines {
            assert_eq!(one, other, "{name}: seed, fingerprint, order of operations");
        }
        assert_eq!(
            record.lines().count(),
            second[name].lines().count(),
            "{name}"
        );
    }
}

#[test]
fn libraries_have_many_schedules_with_the_shim() {
    assert_pairs(&SHIM);
}

#[test]
fn libraries_are_repeatable_where_operations_are_points() {
    assert_pairs(&OPERATIONS);
}

#[test]
fn libraries_are_interrupted_on_plain_tokio() {
    assert_pairs(&PLAIN);
}
