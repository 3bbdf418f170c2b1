//! The implementation of a system that a scenario is run with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_agents::system::AnySystem;

/// The directory of kept repros, below one of scenarios; no system has this name.
pub(crate) const REGRESSIONS: &str = "regressions";

/// A custom implementation of a kind of system, under the name that tests and repros
/// use.
#[derive(Debug)]
pub struct RegisteredSystem {
    name: String,
    system: Arc<dyn AnySystem>,
    /// The directory of its kept repros.
    regressions: PathBuf,
}

impl RegisteredSystem {
    /// A custom implementation, whose kept repros are in that directory.
    #[cfg(any(test, feature = "scenarios"))]
    pub fn new(name: &str, system: Arc<dyn AnySystem>, regressions: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            system,
            regressions,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The system.
    pub fn system(&self) -> &dyn AnySystem {
        &*self.system
    }

    /// The directory of its kept repros.
    pub(crate) fn regressions(&self) -> &Path {
        &self.regressions
    }
}

/// The implementation of a system that a scenario is run with. Two choices are equal
/// if they have the same name.
#[derive(Clone, Debug, Default)]
pub enum SystemRef {
    /// That of the scenario's kind.
    #[default]
    Reference,
    /// A custom one.
    Registered(Arc<RegisteredSystem>),
}

impl SystemRef {
    /// The name of a custom one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Reference => None,
            Self::Registered(named) => Some(named.name()),
        }
    }
}

impl PartialEq for SystemRef {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for SystemRef {}

/// A name that no system can have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BadName(String);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` cannot be the name of a system: names are made of letters, digits, `-` and \
             `_`, and `regressions` is taken",
            self.0.escape_debug()
        )
    }
}

/// Checks the name of a system, which becomes a part of the names of tests and files.
pub(crate) fn check_name(name: &str) -> Result<(), BadName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !name.is_empty() && name.chars().all(plain) && name != REGRESSIONS;
    good.then_some(()).ok_or_else(|| BadName(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        for good in ["my-system", "b2", "My_System"] {
            assert_eq!(check_name(good), Ok(()));
        }
        for bad in ["", "a/b", "a b", "regressions", "ä", "..", "a\n"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
