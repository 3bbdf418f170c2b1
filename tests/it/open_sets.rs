//! The price of a strategy, an oracle and a system: in a scratch copy of the sources, each
//! is one file (a system: one folder) and one line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::stdout;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The directories and files that the library is built from.
const SOURCES: [&str; 11] = [
    "Cargo.lock",
    "README.md",
    "agents/Cargo.toml",
    "agents/src",
    "hermetic",
    "history",
    "macros",
    "sim/Cargo.toml",
    "sim/benches",
    "sim/src",
    "src",
];

/// A new file, and the line that makes it a member of its set.
struct Member {
    file: &'static str,
    text: &'static str,
    table: &'static str,
    /// The last member so far; the line goes behind it.
    after: &'static str,
    line: &'static str,
}

const MEMBERS: [Member; 3] = [
    Member {
        file: "sim/src/schedule/strategy/latest.rs",
        text: include_str!("open_sets/strategy.rs.txt"),
        table: "sim/src/schedule/strategy/mod.rs",
        after: "    bounded,\n",
        line: "    latest,\n",
    },
    Member {
        file: "history/src/oracle/silence.rs",
        text: include_str!("open_sets/oracle.rs.txt"),
        table: "history/src/oracle/mod.rs",
        after: "    invariants::Invariants,\n",
        line: "    silence::Silence,\n",
    },
    Member {
        file: "agents/src/systems/echo/mod.rs",
        text: include_str!("open_sets/system.rs.txt"),
        table: "agents/src/systems/mod.rs",
        after: "    bus,\n",
        line: "    echo,\n",
    },
];

/// A copy of the sources with the new members.
struct Scratch {
    root: PathBuf,
    /// The texts of files that differ from the original.
    changed: BTreeMap<PathBuf, String>,
}

impl Scratch {
    fn new() -> Self {
        let mut changed = BTreeMap::from([("Cargo.toml".into(), manifest())]);
        for member in &MEMBERS {
            let table = read(&Path::new(HERE).join(member.table));
            assert_eq!(table.matches(member.after).count(), 1, "{}", member.table);
            let line = format!("{}{}", member.after, member.line);
            changed.insert(member.table.into(), table.replace(member.after, &line));
            changed.insert(member.file.into(), member.text.to_owned());
        }
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("open_sets");
        let scratch = Self { root, changed };
        for source in SOURCES {
            scratch.remove_moved(Path::new(source));
            scratch.copy(Path::new(source));
        }
        for (file, text) in &scratch.changed {
            scratch.write(file, text);
        }
        scratch.write(Path::new("scenarios/echo.toml"), SCENARIO);
        scratch
    }

    /// Removes files of an earlier copy that the sources no longer have.
    fn remove_moved(&self, path: &Path) {
        let copied = self.root.join(path);
        if copied.is_dir() {
            for entry in fs::read_dir(copied).expect("a directory") {
                self.remove_moved(&path.join(entry.expect("an entry").file_name()));
            }
        } else if !Path::new(HERE).join(path).exists() && !self.changed.contains_key(path) {
            // There may have been no earlier copy.
            let _ = fs::remove_file(copied);
        }
    }

    fn copy(&self, path: &Path) {
        let from = Path::new(HERE).join(path);
        if from.is_dir() {
            for entry in fs::read_dir(from).expect("a directory") {
                self.copy(&path.join(entry.expect("an entry").file_name()));
            }
        } else if !self.changed.contains_key(path) {
            self.write(path, &read(&from));
        }
    }

    /// Writes a file that is not there yet with this text: what has been compiled stays
    /// so.
    fn write(&self, path: &Path, text: &str) {
        let path = self.root.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    fn rehearsal(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("REHEARSAL_") || text.starts_with("CARGO_") {
                command.env_remove(name);
            }
        }
        command
            .args(["run", "--quiet", "--offline", "--"])
            .args(arguments)
            .current_dir(&self.root)
            // Beside the guide's project, which has compiled the same dependencies.
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide"),
            )
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .output()
            .expect("cargo starts")
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The manifest without the packages that are not copied.
fn manifest() -> String {
    let text = read(&Path::new(HERE).join("Cargo.toml"));
    let mut manifest: toml::Table = text.parse().expect("TOML");
    for key in ["dev-dependencies", "test", "bench"] {
        manifest.remove(key);
    }
    let workspace = manifest["workspace"].as_table_mut().expect("a table");
    let members = ["hermetic", "sim", "history", "agents", "macros"];
    workspace.insert("members".to_owned(), members.to_vec().into());
    workspace.remove("default-members");
    manifest.to_string()
}

const SCENARIO: &str = r#"
format = 1
name = "echo"
claim = "Every message comes back."
system = { kind = "echo" }
callers = 2

[expect]
oracles = ["silence"]
"#;

#[test]
fn member_of_an_open_set_costs_one_file_and_one_line() {
    let scratch = Scratch::new();
    let arguments = [
        "run",
        "echo",
        "--strategy",
        "latest",
        "--seeds",
        "4",
        "--json",
    ];
    let output = scratch.rehearsal(&arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = stdout(&output);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert_eq!(line["scenario"], "echo");
        assert_eq!(line["strategy"], "latest");
        assert_eq!(line["verdict"], "pass");
    }
    // Each is listed where the others are, though nothing else names it.
    let help = stdout(&scratch.rehearsal(&["run", "--help"]));
    assert!(help.contains("latest"), "{help}");
    let listed = stdout(&scratch.rehearsal(&["list"]));
    assert!(listed.contains("2 callers; silence"), "{listed}");
}
