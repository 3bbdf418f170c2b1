//! Which system a scenario is played with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_agents::system::{AnySystem, Spec};
use rehearsal_agents::systems;
use rehearsal_sim::Ambient;

/// The directory of kept repros, below one of scenarios; no system has this name.
pub(crate) const REGRESSIONS: &str = "regressions";

/// A system of a user's own, under the name that tests and repros know it by.
#[derive(Debug)]
pub struct Named {
    name: String,
    system: Arc<dyn AnySystem>,
    /// Where its kept repros are.
    regressions: PathBuf,
}

impl Named {
    #[cfg(any(test, feature = "scenarios"))]
    pub(crate) fn new(name: &str, system: Arc<dyn AnySystem>, regressions: PathBuf) -> Arc<Self> {
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

/// The system that a scenario is played with. Two choices are equal if they go by
/// the same name.
#[derive(Clone, Debug, Default)]
pub enum SystemChoice {
    /// The reference system.
    #[default]
    Reference,
    /// A user's own.
    Named(Arc<Named>),
}

impl SystemChoice {
    /// The name of a user's own.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Reference => None,
            Self::Named(named) => Some(named.name()),
        }
    }

    /// The system that runs this scenario.
    ///
    /// # Panics
    ///
    /// If no reference system runs scenarios of that type.
    pub fn system(&self, spec: &dyn Spec) -> &dyn AnySystem {
        match self {
            Self::Reference => systems::for_spec(spec).expect("a reference system"),
            Self::Named(named) => named.system(),
        }
    }

    /// The source of randomness and time for code that asks the machine for them.
    pub fn ambient(&self, spec: &dyn Spec) -> Ambient {
        self.system(spec).ambient()
    }
}

impl PartialEq for SystemChoice {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for SystemChoice {}

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

/// Whether a system may have that name: it becomes a part of tests' and files' names.
pub(crate) fn check_name(name: &str) -> Result<(), BadName> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !name.is_empty() && name.chars().all(plain) && name != REGRESSIONS;
    good.then_some(()).ok_or_else(|| BadName(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use rehearsal_agents::bridge::Reference;

    use super::*;

    #[test]
    fn names_are_words() {
        for good in ["my-bridge", "b2", "My_Bridge"] {
            assert_eq!(check_name(good), Ok(()));
        }
        for bad in ["", "a/b", "a b", "regressions", "ä", "..", "a\n"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn systems_are_told_apart_by_their_names() {
        let named = |name| {
            let named = Named::new(name, Arc::new(Reference), PathBuf::new());
            SystemChoice::Named(named)
        };
        assert_eq!(named("a"), named("a"));
        assert_ne!(named("a"), named("b"));
        assert_ne!(named("a"), SystemChoice::Reference);
    }
}
