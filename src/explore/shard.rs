//! A part of the seeds, for one of several machines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::run::seeds::Seeds;

/// Part `index` of `count`, written `0/4`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// Returns `true` for the part that has the first seed.
    pub fn is_first(self) -> bool {
        self.index == 0
    }

    /// The part of the seeds that is this shard's, all in a row. The shards
    /// together have every seed once. None if there are more shards than seeds
    /// and none is left for this one.
    pub fn of(self, seeds: &Seeds) -> Option<Seeds> {
        let size = u128::from(seeds.last() - seeds.first()) + 1;
        // At most the size, because the index is at most the count.
        let at = |index: u64| size * u128::from(index) / u128::from(self.count);
        let from = at(self.index);
        let last = at(self.index + 1)
            .checked_sub(1)
            .filter(|last| from <= *last)?;
        // Both are below the size, so they fit.
        Seeds::between(seeds.first() + from as u64, seeds.first() + last as u64)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parsed = parts.and_then(|(index, count)| {
            Some((index.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        match parsed {
            None => Err(format!(
                "`{text}` is no shard; the first of four is `0/4`, the last `3/4`"
            )),
            Some((_, 0)) => Err("there is no shard of no shards".to_owned()),
            Some((index, count)) if index >= count => Err(format!(
                "of {count} shards, the last is `{}/{count}`",
                count - 1
            )),
            Some((index, count)) => Ok(Self { index, count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().expect("a shard")
    }

    #[test]
    fn shards_have_every_seed_once_and_in_order() {
        for seeds in ["1", "7", "5..8", "100"] {
            let whole: Seeds = seeds.parse().expect("seeds");
            for count in [1, 2, 3, 7, 8, 120] {
                let parts = (0..count).filter_map(|k| shard(&format!("{k}/{count}")).of(&whole));
                let run: Vec<u64> = parts.flatten().collect();
                let all: Vec<u64> = whole.clone().into_iter().collect();
                assert_eq!(run, all, "{seeds} in {count}");
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        let all = Seeds::count(u64::MAX).expect("seeds");
        let (first, last) = (shard("0/2").of(&all), shard("1/2").of(&all));
        let (first, last) = (first.expect("seeds"), last.expect("seeds"));
        assert_eq!(first.last() + 1, last.first());
        assert_eq!(last.last(), u64::MAX - 1);
        let every = Seeds::between(0, u64::MAX).expect("seeds");
        assert_eq!(shard("0/1").of(&every), Some(every));
        let many = u64::MAX;
        let one = Seeds::one(3);
        assert_eq!(shard(&format!("0/{many}")).of(&one), None);
        let last = format!("{}/{many}", many - 1);
        assert_eq!(shard(&last).of(&one), Some(one));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1", "0/0", "4/4", "5/4", "-1/4", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!(shard("3/4").to_string(), "3/4");
    }
}
