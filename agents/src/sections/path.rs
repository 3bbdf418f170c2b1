//! Places in a scenario document: `agents.0.count`.

use std::fmt;
use std::str::FromStr;

/// One step of a [`Path`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// The position of an element of a list, from 0.
    Index(usize),
}

/// The place of a value in a document: keys, and positions in lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Path(Vec<Step>);

/// The longest path that is read; no section is nested nearly as deep.
const STEPS_MAX: usize = 32;

impl Path {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The place of a key of the document.
    pub fn of(key: &str) -> Self {
        Self::root().key(key)
    }

    /// The place of a key of the table at this place.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// The place of an element of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps from the document's root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The place of the list or table that holds this one; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// Returns `true` if this place is `other`, or within it.
    pub fn is_within(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Key(key) => f.write_str(key)?,
                Step::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

/// The error of a text that names no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPath;

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path is keys and positions with dots between them, as in `agents.0.count`")
    }
}

impl std::error::Error for BadPath {}

impl FromStr for Path {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if part.is_empty() || !part.chars().all(plain) || steps.len() == STEPS_MAX {
                return Err(BadPath);
            }
            steps.push(if part.bytes().all(|byte| byte.is_ascii_digit()) {
                Step::Index(part.parse().map_err(|_| BadPath)?)
            } else {
                Step::Key(part.to_owned())
            });
        }
        Ok(Self(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_paths_are_read_back() {
        let path = Path::of("agents").index(0).key("count");
        assert_eq!(path.to_string(), "agents.0.count");
        assert_eq!("agents.0.count".parse(), Ok(path));
    }

    #[test]
    fn malformed_paths_are_refused() {
        for text in ["", ".", "a.", "a..b", "a b", "a.99999999999999999999"] {
            assert_eq!(text.parse::<Path>(), Err(BadPath), "{text}");
        }
        assert_eq!("a.".repeat(40).parse::<Path>(), Err(BadPath));
    }

    #[test]
    fn a_path_is_within_its_parents() {
        let count = Path::of("agents").index(0).key("count");
        assert!(count.is_within(&Path::of("agents").index(0)));
        assert!(!count.is_within(&Path::of("agents").index(1)));
        assert_eq!(count.parent(), Some(Path::of("agents").index(0)));
        assert_eq!(Path::root().parent(), None);
    }
}
