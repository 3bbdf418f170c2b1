//! The commands where something stands in their way: a full disk, a directory that is only to be
//! read, no terminal, a narrow one, one without UTF-8, a reader that goes. Each ends with its
//! documented code and says what is wrong, and loses nothing that was there.

mod disk;
mod output;
mod signal;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repro in a project.
const REPRO: &str = "kept.repro";

/// Files of this repository that a project has, and the paths that they have there.
const FILES: [(&str, &str); 3] = [
    (
        "scenarios/bridge/shared_bridge.toml",
        "scenarios/bridge/shared_bridge.toml",
    ),
    (
        "scenarios/bridge/defects/sequence-apart-from-send.toml",
        "scenarios/bridge/defects/sequence-apart-from-send.toml",
    ),
    (
        "scenarios/regressions/sequence-apart-from-send.repro",
        REPRO,
    ),
];

/// A command line, and its exit code where nothing stands in its way.
struct Case {
    arguments: &'static [&'static str],
    exit: i32,
}

impl Case {
    fn name(&self) -> &'static str {
        self.arguments[0]
    }
}

const CASES: [Case; 8] = [
    Case {
        arguments: &["run", "sequence-apart-from-send", "--seed", "21"],
        exit: 10,
    },
    Case {
        arguments: &["explore", "sequence-apart-from-send", "--seeds", "40"],
        exit: 10,
    },
    Case {
        arguments: &["replay", REPRO],
        exit: 10,
    },
    Case {
        arguments: &["shrink", REPRO],
        exit: 0,
    },
    Case {
        arguments: &["keep", REPRO],
        exit: 0,
    },
    Case {
        arguments: &["report", REPRO],
        exit: 10,
    },
    Case {
        arguments: &["new", "fresh"],
        exit: 0,
    },
    Case {
        arguments: &["list"],
        exit: 0,
    },
];

/// A directory with two scenarios and a repro.
struct Project {
    root: PathBuf,
}

impl Project {
    /// Makes it anew.
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("conditions")
            .join(name);
        if root.exists() {
            std::fs::remove_dir_all(&root).expect("it is removed");
        }
        for (file, place) in FILES {
            let place = root.join(place);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("a directory");
            std::fs::copy(file, place).expect("a copy");
        }
        Self { root }
    }

    /// Returns a command of the command line in this project.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        self.prepare(&mut command).args(arguments);
        command
    }

    /// Returns a command that a shell begins with `preparation` and goes on with as the command
    /// line.
    fn after(&self, preparation: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        let script = format!("{preparation}; exec \"$@\"");
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_rehearsal")]);
        self.prepare(&mut command).args(arguments);
        command
    }

    fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.root)
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("GITHUB_ACTIONS")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it starts")
    }

    fn read(&self, file: &str) -> String {
        let path = self.root.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Returns the paths of the files, in order, each with its text. One without any takes no
    /// room on a full disk.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found.sort();
        found
    }
}

fn collect(directory: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let text = std::fs::read(&path).expect("a file");
            if !text.is_empty() {
                found.push((path, text));
            }
        }
    }
}
