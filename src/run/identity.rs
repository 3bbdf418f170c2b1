//! The identity by which a target is found in another process or another version.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::console::Shown;
use crate::run::signature::Signature;
use crate::scenario::variant::HEALTHY;
use crate::scenario::{Cut, CutError, Edit, Kinds};

/// The origin of a target, and the places of its files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The scenario or the test.
    pub origin: Origin,
    /// The suffix of its file names, if the target is not run as it is
    /// declared.
    pub variant: Option<String>,
    /// The directory of its kept repros, where the command line does not choose it.
    pub regressions: Option<PathBuf>,
}

impl Identity {
    /// Returns the beginning of the names of its files.
    pub fn file_stem(&self) -> String {
        let name = self.origin.file_stem();
        match &self.variant {
            Some(variant) => format!("{name}-{variant}"),
            None => name,
        }
    }
}

/// A variant of a target.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// The scenario or test, with its twin.
    pub origin: &'a Origin,
    /// The parts that are left out.
    pub cuts: &'a [Cut],
    /// The only failure that the runs are judged for; none for everything expected.
    pub failure: Option<&'a Signature>,
}

/// The origin of a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A scenario.
    Scenario(ScenarioRef),
    /// The program of a test.
    Test(TestRef),
}

impl Origin {
    /// Returns the beginning of the names of its files.
    pub fn file_stem(&self) -> String {
        match self {
            Self::Scenario(scenario) => scenario.target_name().replace('/', "-"),
            Self::Test(test) => test.file_stem(),
        }
    }

    /// Returns the file that it is declared in.
    pub(crate) fn file(&self) -> &Path {
        match self {
            Self::Scenario(scenario) => &scenario.file,
            Self::Test(test) => &test.file,
        }
    }

    /// Returns its kind, in a word.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Scenario(_) => "scenario",
            Self::Test(_) => "test",
        }
    }
}

/// A reference to a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestRef {
    /// The package that it is in.
    pub package: String,
    /// Its path, the crate's name first: `bank::tests::no_money_is_lost`.
    pub name: String,
    /// The source file that it is in, as the compiler names it.
    pub file: PathBuf,
}

/// A reference to a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioRef {
    /// Its name, without the twin's suffix.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The hash of that file.
    pub hash: u128,
    /// The kind of system that the file names; repros of old do not say.
    pub kind: Option<String>,
    /// The custom implementation that it is run with; none for the kind's own.
    pub system: Option<String>,
    /// `true` for the healthy twin.
    pub healthy: bool,
    /// Values that are set to others than the file's.
    pub set: Vec<Edit>,
}

impl TestRef {
    /// The name as `cargo test` knows it: without the crate.
    pub fn short_name(&self) -> &str {
        let name = self.name.as_str();
        name.split_once("::").map_or(name, |(_, name)| name)
    }

    /// Returns `true` if both are the same test. Two packages may have tests of one name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.package, &self.name) == (&other.package, &other.name)
    }

    /// Returns the beginning of the names of its files: its path, after the package if the
    /// crate has another name.
    fn file_stem(&self) -> String {
        let path = self.name.replace("::", "-");
        let crate_name = self.name.split("::").next();
        if crate_name == Some(&self.package.replace('-', "_")) {
            return path;
        }
        format!("{}-{path}", self.package)
    }
}

/// ``the scenario in `file` ``.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(scenario) => write!(f, "the scenario in `{}`", scenario.file.shown()),
            Self::Test(test) => write!(f, "the test `{}`", test.name),
        }
    }
}

impl ScenarioRef {
    /// The system that only a user's test binary has, if it is of one: a custom
    /// implementation, or a kind that the test binary defines.
    pub fn custom_system(&self) -> Option<&str> {
        let kind = self.kind.as_deref();
        let defined = kind.filter(|kind| Kinds::shipped().find(kind).is_none());
        self.system.as_deref().or(defined)
    }

    /// The name of its test in a test binary, for a scenario of that kind.
    pub(crate) fn test_name(&self, kind: &str) -> String {
        match self.system {
            Some(_) => self.target_name(),
            None => format!("{kind}/{}", self.target_name()),
        }
    }

    /// The name of the scenario or of its healthy twin, with its system if that is a
    /// user's own.
    pub fn target_name(&self) -> String {
        let twin = if self.healthy { HEALTHY } else { "" };
        match &self.system {
            Some(system) => format!("{system}/{}{twin}", self.name),
            None => format!("{}{twin}", self.name),
        }
    }
}

/// The reason why a repro cannot be run on a target, which may have changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VariantError {
    /// The repro is of something else.
    NotOfThis,
    /// The scenario carries no defect, so it has no healthy twin.
    NoTwin,
    /// A value that the repro sets has no place in the scenario any more.
    Set(String),
    /// A part that the repro leaves out is not there.
    Cut(CutError),
}

impl fmt::Display for VariantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOfThis => f.write_str("the repro is of something else"),
            Self::NoTwin => {
                f.write_str("the scenario carries no defect, so it has no healthy twin")
            }
            Self::Set(problem) => {
                write!(
                    f,
                    "the scenario has no place for a value that was set: {problem}"
                )
            }
            Self::Cut(error) => write!(f, "the scenario has no place for the cut {error}"),
        }
    }
}

impl std::error::Error for VariantError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_filed_by_its_package_and_path() {
        let test = |package: &str, name: &str| TestRef {
            package: package.to_owned(),
            name: name.to_owned(),
            file: "tests/it.rs".into(),
        };
        let unit = test("my-bank", "my_bank::tests::it_works");
        assert_eq!(unit.file_stem(), "my_bank-tests-it_works");
        assert_eq!(unit.short_name(), "tests::it_works");
        let integration = test("my-bank", "it::works");
        assert_eq!(integration.file_stem(), "my-bank-it-works");
        assert!(!integration.is(&test("other", "it::works")));
    }
}
