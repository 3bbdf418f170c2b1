//! Which system a scenario is played with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_agents::system::{AnySystem, Spec};
use rehearsal_agents::systems;
use rehearsal_sim::Ambient;

use crate::environment;
use crate::run::StrategyName;
use crate::summary::shell_word;

/// A system of a user's own, under the name that tests and repros know it by.
#[derive(Debug)]
pub struct Named {
    name: String,
    system: Arc<dyn AnySystem>,
    /// Where its kept repros are.
    regressions: PathBuf,
}

impl Named {
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

    /// What to do with a failure whose repro is in `file`, as lines to copy. Only the
    /// binary that the system is registered in can play it.
    pub(crate) fn next_steps(&self, file: &Path) -> String {
        let file = shell_word(&file.to_string_lossy());
        let kept = shell_word(&self.regressions.to_string_lossy());
        let test = cargo_test();
        format!(
            "  replay  REHEARSAL_REPLAY={file} {test}\n  \
             keep    mkdir -p {kept} && cp {file} {kept}/\n"
        )
    }

    /// What plays one seed of a scenario again, as a line to copy.
    pub(crate) fn again(&self, test: &str, seed: u64, strategy: StrategyName) -> String {
        format!(
            "REHEARSAL_SEED={seed} REHEARSAL_STRATEGY={strategy} {} -- --exact {}",
            cargo_test(),
            shell_word(test)
        )
    }
}

/// The command that runs this program.
fn cargo_test() -> String {
    match environment::test_target() {
        Some(name) => format!("cargo test --test {}", shell_word(&name)),
        None => "cargo test".to_owned(),
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
    let good = !name.is_empty() && name.chars().all(plain) && name != crate::regression::DIRECTORY;
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
