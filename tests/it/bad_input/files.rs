//! Files that cannot be read, and names that cannot be found.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rehearsal::scenario::{Code, Diagnostic, Edit, MAX_BYTES, discover, load, load_with};

use super::cases::HEALTHY;
use crate::support::codes;

/// The problems of one file or name.
pub(crate) struct FileCase {
    /// The problem, as a name for a snapshot.
    pub(crate) name: &'static str,
    /// The reported problems.
    pub(crate) problems: Vec<Diagnostic>,
    /// The expected codes, in order.
    pub(crate) wrong: Vec<Code>,
}

/// The directory that cases write to.
pub(crate) fn directory() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Every case; writes the files that it needs.
pub(crate) fn all() -> Vec<FileCase> {
    use Code::*;
    vec![
        loaded("missing_file", "bad/nowhere.toml", &[FileMissing]),
        loaded("directory", &written("bad/some.toml/x", b""), &[NotAFile]),
        loaded(
            "path_through_a_file",
            &format!("{}/x.toml", written("bad/file.toml", b"")),
            &[Unreadable],
        ),
        loaded("empty_file", &written("bad/empty.toml", b""), &[FileEmpty]),
        loaded(
            "invalid_utf8",
            &written("bad/latin.toml", b"format = 1\nname = \"caf\xe9\"\n"),
            &[NotUtf8],
        ),
        loaded(
            "larger_than_a_mebibyte",
            &written("bad/large.toml", &vec![b'#'; MAX_BYTES + 1]),
            &[FileTooLarge],
        ),
        loaded(
            "many_problems",
            &written("bad/many.toml", &many_problems()),
            &{
                let mut codes = vec![UnknownKey; 50];
                codes.push(TooManyProblems);
                codes
            },
        )
        .last_only(),
        loaded(
            "repro_for_a_scenario",
            &written(
                "bad/failed.repro",
                b"format = 1\n[run]\nseed = 1\n[expected]\n",
            ),
            &[NotAScenario],
        ),
        same_name_twice(),
        unknown_scenario(),
        no_scenarios(),
        set_without_a_place(),
    ]
}

/// Unknown keys before everything else, so that they are reported first.
fn many_problems() -> Vec<u8> {
    let keys: String = (0..60).map(|n| format!("x{n} = 1\n")).collect();
    let text = HEALTHY.replacen("\"example\"", "\"many\"", 1);
    format!("{keys}{text}").into_bytes()
}

impl FileCase {
    /// Keeps the last problem: the others are shown elsewhere.
    fn last_only(mut self) -> Self {
        let (problem, code) = (self.problems.pop(), self.wrong.pop());
        assert_eq!(self.problems.len(), self.wrong.len());
        self.problems = problem.into_iter().collect();
        self.wrong = code.into_iter().collect();
        self
    }
}

fn loaded(name: &'static str, path: &str, wrong: &[Code]) -> FileCase {
    let path = directory().join(path);
    // A case whose file is named `x` inside of a directory is about the directory.
    let path = match path.file_name() {
        Some(last) if last == "x" => path.parent().unwrap_or(&path).to_owned(),
        _ => path,
    };
    failed(name, load(&path).map(|_| ()), wrong)
}

fn failed(name: &'static str, result: Result<(), Vec<Diagnostic>>, wrong: &[Code]) -> FileCase {
    match result {
        Ok(()) => panic!("{name}: nothing was reported"),
        Err(problems) => FileCase {
            name,
            problems,
            wrong: wrong.to_vec(),
        },
    }
}

fn same_name_twice() -> FileCase {
    written("twice/one/same.toml", b"");
    written("twice/two/same.toml", b"");
    let found = discover::find(&directory().join("twice"));
    failed("same_name_twice", found.map(|_| ()), &[Code::AmbiguousName])
}

fn unknown_scenario() -> FileCase {
    written("known/shared_bridge.toml", b"");
    let found = discover::resolve(&directory().join("known"), "shared-brigde");
    failed(
        "unknown_scenario",
        found.map(|_| ()),
        &[Code::UnknownScenario],
    )
}

fn no_scenarios() -> FileCase {
    let found: Result<Vec<PathBuf>, _> = discover::find(&directory().join("nowhere"));
    failed("no_scenarios", found.map(|_| ()), &[Code::NoScenarios])
}

/// A value that is set at a place that the file does not have.
fn set_without_a_place() -> FileCase {
    let file = directory().join(written("bad/example.toml", HEALTHY.as_bytes()));
    let set = Edit::from_argument("agents.7.count=2").expect("an edit");
    let loaded = load_with(&file, &[set]);
    failed("set_without_a_place", loaded.map(|_| ()), &[Code::NoPlace])
}

#[test]
fn name_of_two_files_blocks_no_other_name() {
    for file in ["one/same", "two/same", "two/other"] {
        written(&format!("blocked/{file}.toml"), b"");
    }
    let root = directory().join("blocked");
    let found = discover::resolve(&root, "other").expect("one file has the name");
    assert_eq!(found, root.join("two/other.toml"));
    let problems = discover::resolve(&root, "same").expect_err("two files have the name");
    assert_eq!(codes(&problems), [Code::AmbiguousName]);
    let problems = discover::resolve(&root, "othre").expect_err("no file has the name");
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `other`?"));
}

/// A link to the root of a file system leads to more directories than a project has.
#[test]
fn too_many_directories_are_refused() {
    let root = directory().join("wide");
    for number in 0..=10_000 {
        fs::create_dir_all(root.join(number.to_string())).expect("a directory");
    }
    let problems = discover::find(&root).expect_err("there are too many");
    fs::remove_dir_all(&root).expect("they are removed");
    assert_eq!(codes(&problems), [Code::Unreadable]);
    assert!(problems[0].message.contains("more than 10000 directories"));
}

/// Writes a file below the directory and returns its path there. Tests run at
/// once and may write the same file, so it is put in place in one step.
fn written(path: &str, bytes: &[u8]) -> String {
    let file = directory().join(path);
    let parent = file.parent().unwrap_or(directory());
    fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let draft = file.with_extension(format!("draft-{}", DRAFTS.fetch_add(1, Ordering::Relaxed)));
    fs::write(&draft, bytes)
        .and_then(|()| fs::rename(&draft, &file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    path.to_owned()
}
