//! Seeds in a row.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Seeds in a row, at least one: written `0..16`, or as a count `16`, which
/// means the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds(RangeInclusive<u64>);

impl Seeds {
    /// Returns that seed alone.
    pub fn one(seed: u64) -> Self {
        Self(seed..=seed)
    }

    /// Returns that many seeds, from 0; `None` for no seed.
    pub fn count(count: u64) -> Option<Self> {
        Some(Self(0..=count.checked_sub(1)?))
    }

    /// Returns the seeds from the first to the last, both included; `None` if there is none.
    pub fn between(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self(first..=last))
    }

    /// Returns the first seed.
    pub fn first(&self) -> u64 {
        *self.0.start()
    }

    /// Returns the last seed.
    pub fn last(&self) -> u64 {
        *self.0.end()
    }
}

/// `0..16`, as it is read.
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first(), u128::from(self.last()) + 1)
    }
}

impl Seeds {
    /// Returns the number of seeds; `None` for all that there are, which has no number.
    pub fn size(&self) -> Option<u64> {
        (self.last() - self.first()).checked_add(1)
    }
}

impl IntoIterator for Seeds {
    type Item = u64;
    type IntoIter = RangeInclusive<u64>;

    fn into_iter(self) -> RangeInclusive<u64> {
        self.0
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim()
                .parse::<u64>()
                .map_err(|_| format!("`{text}` is not a seed; seeds are whole numbers from 0"))
        };
        let (from, end) = match text.split_once("..") {
            None => (0, number(text)?),
            Some((from, to)) => (number(from)?, number(to)?),
        };
        match end.checked_sub(1) {
            Some(last) if from <= last => Ok(Self(from..=last)),
            _ => Err(format!("`{text}` has no seed in it")),
        }
    }
}
