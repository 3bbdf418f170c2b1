//! A project that has Rehearsal from a git repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ROOT;
use crate::support::{Project, assert_patched, build_lock, place, text};

/// Copies the files of this repository. Returns the directory.
fn checkout() -> PathBuf {
    let directory = place("repository");
    let _ = fs::remove_dir_all(&directory);
    copy(Path::new(ROOT), &directory);
    directory
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).expect("a file");
        }
    }
}

/// Makes a repository of a directory, with one commit.
fn commit(directory: &Path) {
    let author = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    for words in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-q", "-m", "all"],
    ] {
        let mut git = Command::new("git");
        let status = git.args(author).args(words).current_dir(directory).status();
        assert!(status.expect("git starts").success(), "{words:?}");
    }
}

#[test]
fn rehearsal_may_be_in_a_repository() {
    let _lock = build_lock();
    let repository = checkout();
    commit(&repository);
    let project = Project::copy("races");
    let manifest = project.read("checks/Cargo.toml");
    let named = format!("path = {ROOT:?}");
    assert!(manifest.contains(&named), "{manifest}");
    let source = format!("git = \"file://{}\"", repository.display());
    let manifest = manifest.replace(&named, &source);
    fs::write(project.path("checks/Cargo.toml"), manifest).expect("a file");
    let tree = |words: &[&str]| {
        let mut command = project.cargo(".");
        command
            .args(["rehearsal", "tree", "--workspace"])
            .args(words);
        text(&command.output().expect("cargo starts"))
    };
    assert_patched(&tree(&[]));
    assert_patched(&tree(&["--frozen"]));
    fs::remove_dir_all(&repository).expect("a directory");
}
