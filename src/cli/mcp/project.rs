//! The files that a client may name: those of the project, its scenarios and its repros.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use crate::repro::Repro;
use crate::scenario::{HEALTHY, discover};
use crate::target::Origin;

/// The directories of a project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    /// The directory that the server was started in.
    directory: PathBuf,
    /// The directory of scenarios.
    pub(super) scenarios: PathBuf,
    /// The directory of repros.
    pub(super) out: PathBuf,
}

/// A path that leads out of the project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outside(String);

impl Outside {
    /// Returns the message for the client. Nothing in it depends on the file.
    pub(super) fn message(&self) -> String {
        format!(
            "`{}` is outside the project; name files below the directory that `rehearsal mcp` was \
             started in, its scenarios, or its repros",
            self.0.escape_debug()
        )
    }
}

impl Project {
    /// Returns the project in the current directory.
    ///
    /// # Errors
    ///
    /// If there is no current directory.
    pub(super) fn here(scenarios: &Path, out: &Path) -> io::Result<Self> {
        Ok(Self {
            directory: std::env::current_dir()?,
            scenarios: std::path::absolute(scenarios)?,
            out: std::path::absolute(out)?,
        })
    }

    /// Checks the scenarios that an argument of the command line stands for.
    pub(super) fn admit_scenario(&self, argument: &str) -> Result<(), Outside> {
        let name = argument.strip_suffix(HEALTHY).unwrap_or(argument);
        self.admit(Path::new(name))?;
        // What is wrong with a name is for the command line to report.
        let files = discover::resolve_all(&self.scenarios, name).unwrap_or_default();
        files.iter().try_for_each(|file| self.admit(file))
    }

    /// Checks all scenarios, which a command without names reads.
    pub(super) fn admit_all_scenarios(&self) -> Result<(), Outside> {
        let files = discover::find(&self.scenarios).unwrap_or_default();
        files.iter().try_for_each(|file| self.admit(file))
    }

    /// Checks a repro, and the scenario file that it names.
    pub(super) fn admit_repro(&self, file: &Path) -> Result<(), Outside> {
        self.admit(file)?;
        let Ok(repro) = Repro::read(file) else {
            return Ok(());
        };
        let Origin::Scenario(scenario) = &repro.origin else {
            return Ok(());
        };
        self.admit(&scenario.file)?;
        if scenario.file.exists() {
            return Ok(());
        }
        // A replay then looks for the name below the directory of scenarios.
        self.admit_all_scenarios()
    }

    /// Checks that a path, with all links followed, stays in the project.
    fn admit(&self, path: &Path) -> Result<(), Outside> {
        let roots = [&self.directory, &self.scenarios, &self.out];
        let is_inside = match path.canonicalize() {
            Ok(real) => roots.iter().any(|root| {
                let root = root.canonicalize();
                root.is_ok_and(|root| real.starts_with(root))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                is_plain(path) && roots.iter().any(|root| root.join(path).starts_with(root))
            }
            Err(_) => false,
        };
        if is_inside {
            Ok(())
        } else {
            Err(Outside(path.display().to_string()))
        }
    }
}

/// Returns `true` if no part of a path leads upwards.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| part != Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a project in a new directory, which has a file beside it.
    fn project() -> (tempfile::TempDir, Project) {
        let above = tempfile::tempdir().expect("a directory");
        let directory = above.path().join("project");
        std::fs::create_dir_all(directory.join("scenarios")).expect("a directory");
        std::fs::write(above.path().join("secret.toml"), "").expect("a file");
        std::fs::write(directory.join("scenarios/own.toml"), "").expect("a file");
        let project = Project {
            scenarios: directory.join("scenarios"),
            out: directory.join("target/rehearsal"),
            directory,
        };
        (above, project)
    }

    #[test]
    fn paths_in_the_project_are_admitted_whether_they_exist_or_not() {
        let (_above, project) = project();
        let own = project.scenarios.join("own.toml");
        assert_eq!(project.admit(&own), Ok(()));
        assert_eq!(project.admit(&project.out.join("none.repro")), Ok(()));
        assert_eq!(project.admit(Path::new("no-such-name")), Ok(()));
    }

    #[test]
    fn paths_out_of_the_project_are_refused_whether_they_exist_or_not() {
        let (above, project) = project();
        for path in [
            above.path().join("secret.toml"),
            above.path().join("no-such.toml"),
            project.directory.join("../secret.toml"),
            project.directory.join("../no-such.toml"),
            PathBuf::from("no-such-directory/../../x"),
            PathBuf::from("/"),
        ] {
            assert!(project.admit(&path).is_err(), "{}", path.display());
        }
    }

    #[test]
    #[cfg(unix)]
    fn links_out_of_the_project_are_refused_by_name_too() {
        let (above, project) = project();
        let link = project.scenarios.join("leak.toml");
        std::os::unix::fs::symlink(above.path().join("secret.toml"), &link).expect("a link");
        assert!(project.admit(&link).is_err());
        assert!(project.admit_scenario("leak").is_err());
        assert!(project.admit_scenario("leak+healthy").is_err());
        assert!(project.admit_all_scenarios().is_err());
        assert_eq!(project.admit_scenario("own"), Ok(()));
    }
}
