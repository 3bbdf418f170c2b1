//! Projects that are copied from `tests/projects`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ROOT;

/// The command under test.
pub(crate) const CARGO_REHEARSAL: &str = env!("CARGO_BIN_EXE_cargo-rehearsal");

/// The directory for what the projects build, in that for temporary files.
pub(crate) const TARGET: &str = "shim";

/// Held by a test that builds a project: they share one directory for build output.
pub(crate) fn build_lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A copy of a project, in the same place each time, so that it is built in the place of the one
/// before. A test that has one holds the [`build_lock`].
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Copies the project of that name. One without a lock file gets that of this repository, so
    /// that nothing is downloaded.
    pub(crate) fn copy(name: &str) -> Self {
        Self::copy_to(name, "project")
    }

    /// Copies the project as [`Project::copy`], to another place.
    pub(crate) fn copy_to(name: &str, to: &str) -> Self {
        let project = Self { root: place(to) };
        let _ = fs::remove_dir_all(&project.root);
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
        copy(&original.join(name), &project.root);
        let lock = project.path("Cargo.lock");
        if !lock.exists() {
            fs::copy(Path::new(ROOT).join("Cargo.lock"), lock).expect("a lock file");
        }
        project
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("a file")
    }

    /// Runs `cargo rehearsal` in a directory of the project.
    pub(crate) fn cargo_rehearsal(
        &self,
        directory: &str,
        words: &[&str],
        variables: &[(&str, &str)],
    ) -> Output {
        let mut command = self.command(directory, words);
        let output = command.envs(variables.iter().copied()).output();
        output.expect("cargo starts")
    }

    /// Returns the command `cargo rehearsal` in a directory of the project. It may not download.
    pub(crate) fn command(&self, directory: &str, words: &[&str]) -> Command {
        let mut command = self.cargo(directory);
        command.arg("rehearsal").args(words);
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Returns the command `cargo` in a directory of the project, without arguments. It finds the
    /// subcommand, and the variables of the test program's own run are not set.
    pub(crate) fn cargo(&self, directory: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        let tools = Path::new(CARGO_REHEARSAL).parent().expect("a directory");
        let mut path = tools.as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("REHEARSAL_") || text.starts_with("CARGO_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.path(directory))
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// Returns the directory of a project: outside this repository, and the same each time.
pub(crate) fn place(name: &str) -> PathBuf {
    let target = env!("CARGO_TARGET_TMPDIR").replace(['/', '\\'], "-");
    let above = std::env::temp_dir().join(format!("rehearsal-shim{target}"));
    above.join(name)
}

/// Returns the directory for what the projects build.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(TARGET)
}

/// Copies a directory. Where a manifest says `REHEARSAL`, the copy has this repository.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            let text = fs::read_to_string(&from).expect("UTF-8");
            fs::write(to, text.replace("\"REHEARSAL\"", &format!("{ROOT:?}"))).expect("a file");
        }
    }
}

/// Returns standard output and standard error of a command.
pub(crate) fn text(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{out}{errors}")
}

/// Asserts that a project gets the shim, and the facade that is built below it.
#[track_caller]
pub(crate) fn assert_patched(tree: &str) {
    let packages = target().join("rehearsal/shim/packages");
    let packages = format!("({}/", packages.display());
    for (name, version) in [
        ("tokio", "1."),
        ("rehearsal-sim", "0."),
        ("rehearsal-below-tokio", "1."),
    ] {
        let (begins, ends) = (format!("{name} v{version}"), format!("/{name})"));
        let found =
            |line: &str| line.contains(&begins) && line.contains(&packages) && line.contains(&ends);
        assert!(tree.lines().any(found), "{name}\n{tree}");
    }
    let plain = |line: &str| line.contains(" tokio v") && !line.contains(&packages);
    assert!(!tree.lines().any(plain), "{tree}");
}
