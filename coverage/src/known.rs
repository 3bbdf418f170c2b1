//! The checks that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rehearsal::oracle::OracleRef;
use rehearsal::scenario::{self, ColorChoice, discover, render_all};
use serde::Deserialize;

use crate::check::{Check, TestName};

/// Every check that exists and runs.
pub(crate) struct Known(BTreeSet<Check>);

impl Known {
    /// Asks the scenario files, the table of oracles and the test binaries, which are
    /// built if they are not.
    ///
    /// # Errors
    ///
    /// If a scenario cannot be read, or the tests cannot be built or listed.
    pub(crate) fn find(root: &Path) -> Result<Self, Vec<String>> {
        let mut known = scenarios(&root.join(discover::ROOT))?;
        let oracles = OracleRef::all().map(|oracle| Check::Oracle(oracle.name().to_owned()));
        known.extend(oracles);
        let tests = tests(root).map_err(|problem| vec![problem])?;
        known.extend(tests.into_iter().map(Check::Test));
        Ok(Self(known))
    }

    /// Just these.
    #[cfg(test)]
    pub(crate) fn of(checks: impl IntoIterator<Item = Check>) -> Self {
        Self(checks.into_iter().collect())
    }

    pub(crate) fn has(&self, check: &Check) -> bool {
        self.0.contains(check)
    }
}

fn scenarios(directory: &Path) -> Result<BTreeSet<Check>, Vec<String>> {
    let files = discover::find(directory).and_then(|files| {
        let scenarios = files.iter().map(|file| scenario::load(file));
        scenarios.collect::<Result<Vec<_>, _>>()
    });
    let scenarios = files.map_err(|problems| vec![render_all(&problems, ColorChoice::Plain)])?;
    let checks = scenarios
        .into_iter()
        .map(|scenario| match scenario.spec.defect {
            Some(_) => Check::Defect(scenario.name),
            None => Check::Scenario(scenario.name),
        });
    Ok(checks.collect())
}

/// A line of `cargo test --no-run --message-format=json`; the fields that matter here.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

fn tests(root: &Path) -> Result<Vec<TestName>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["test", "--no-run", "--locked", "--message-format=json"])
        // The tests that are built are those of the profile of this program.
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !built.status.success() {
        return Err("the tests could not be built".to_owned());
    }
    let lines = String::from_utf8_lossy(&built.stdout);
    // Lines that are no message of cargo's are what a build script has printed.
    let messages = lines.lines().flat_map(serde_json::from_str::<Message>);
    let mut tests = Vec::new();
    for message in messages {
        if let Some(binary) = Binary::of(message) {
            tests.append(&mut binary.tests()?);
        }
    }
    Ok(tests)
}

/// A test binary.
struct Binary {
    executable: PathBuf,
    directory: PathBuf,
    package: String,
    target: String,
}

impl Binary {
    fn of(message: Message) -> Option<Self> {
        let (executable, target) = (message.executable?, message.target?);
        let manifest = message.manifest_path?;
        let directory = manifest.parent()?.to_owned();
        let is_library = target.kind.iter().any(|kind| kind == "lib");
        if !is_library && !target.kind.iter().any(|kind| kind == "test") {
            return None;
        }
        Some(Self {
            executable,
            package: package_of(&manifest)?,
            target: if is_library {
                "lib".to_owned()
            } else {
                target.name
            },
            directory,
        })
    }

    /// Lists the tests that are run, which leaves out those that are ignored.
    fn tests(&self) -> Result<Vec<TestName>, String> {
        let ignored = self.list(&["--ignored"])?;
        let all = self.list(&[])?;
        let run = all.into_iter().filter(|path| !ignored.contains(path));
        let test = |path| TestName {
            package: self.package.clone(),
            target: self.target.clone(),
            path,
        };
        Ok(run.map(test).collect())
    }

    fn list(&self, arguments: &[&str]) -> Result<BTreeSet<String>, String> {
        let shown = self.executable.display();
        let output = Command::new(&self.executable)
            .args(["--list", "--format", "terse"])
            .args(arguments)
            .current_dir(&self.directory)
            .stderr(Stdio::null())
            .output()
            .map_err(|error| format!("{shown}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{shown} --list: {}", output.status));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    }
}

/// Returns the name of the package with that manifest.
fn package_of(manifest: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    let text = std::fs::read_to_string(manifest).ok()?;
    let manifest: Manifest = toml::from_str(&text).ok()?;
    Some(manifest.package.name)
}
