//! Seeded bugs.

use std::fmt;

/// A seeded bug: a named, one-line idea taken from real reports. Each system
/// declares its own, in its own folder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Defect {
    name: &'static str,
    idea: &'static str,
}

impl Defect {
    /// A defect with its name in scenario files and its idea in one line.
    pub const fn new(name: &'static str, idea: &'static str) -> Self {
        Self { name, idea }
    }

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The idea, in one line.
    pub const fn idea(self) -> &'static str {
        self.idea
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
