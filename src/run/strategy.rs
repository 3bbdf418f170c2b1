//! Strategies by name.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use rehearsal_sim::{Fifo, Pct, Pos, Profile, Random, Strategy, Urw};

/// A strategy as the command line names it. Each is described, with its paper,
/// in the module that implements it in `sim/src/strategy/`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum StrategyName {
    /// The default schedule.
    Fifo,
    /// Each ready task with the same chance.
    Random,
    /// Random priorities that change at `depth - 1` points.
    Pct {
        /// Ordering constraints that a bug needs; at least 1.
        depth: u32,
    },
    /// Random priorities, redrawn for tasks that race.
    Pos,
    /// Each ready task in proportion to the steps that it has left.
    Urw,
    /// Gives each seed one of random, pct:2, pct:3, pos and urw. None of them is
    /// best everywhere: pct is blind where urw is strong, and the reverse.
    #[default]
    Portfolio,
    /// Not one schedule a seed, but all of them that leave the default one at most
    /// `bound` times. Only an exploration runs those; as the strategy of a
    /// single run it is the first of them, the default one.
    Exhaustive {
        /// Most deviations.
        bound: u32,
    },
}

impl StrategyName {
    /// The strategies that `portfolio` chooses from.
    const MEMBERS: [Self; 5] = [
        Self::Random,
        Self::Pct { depth: 2 },
        Self::Pct { depth: 3 },
        Self::Pos,
        Self::Urw,
    ];

    /// Reads the name of a strategy that gives each seed one schedule.
    ///
    /// # Errors
    ///
    /// If there is no such strategy, or it is the exhaustive search.
    pub fn sampling(text: &str) -> Result<Self, String> {
        match text.parse()? {
            Self::Exhaustive { .. } => Err(format!(
                "`{text}` is a search through many schedules of a seed; `rehearsal explore \
                 --strategy {text}` does it"
            )),
            strategy => Ok(strategy),
        }
    }

    /// Returns the strategy of this seed: the seed alone decides.
    #[must_use]
    pub fn for_seed(self, seed: u64) -> Self {
        match self {
            Self::Portfolio => {
                let members = Self::MEMBERS.len() as u64;
                // Below the number of members, so it fits.
                Self::MEMBERS[(seed % members) as usize]
            }
            strategy => strategy,
        }
    }

    /// Makes the strategy. Only `urw` looks at the profile. A portfolio that was
    /// given no seed is its first member.
    pub(crate) fn build(self, profile: Profile) -> Box<dyn Strategy> {
        match self {
            Self::Fifo | Self::Exhaustive { .. } => Box::new(Fifo),
            Self::Random | Self::Portfolio => Box::new(Random::default()),
            Self::Pct { depth } => Box::new(Pct::new(depth)),
            Self::Pos => Box::new(Pos::default()),
            Self::Urw => Box::new(Urw::new(profile)),
        }
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo => f.write_str("fifo"),
            Self::Random => f.write_str("random"),
            Self::Pct { depth } => write!(f, "pct:{depth}"),
            Self::Pos => f.write_str("pos"),
            Self::Urw => f.write_str("urw"),
            Self::Portfolio => f.write_str("portfolio"),
            Self::Exhaustive { bound } => write!(f, "exhaustive:{bound}"),
        }
    }
}

impl FromStr for StrategyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fifo" => Ok(Self::Fifo),
            "random" => Ok(Self::Random),
            "pct" => Ok(Self::Pct { depth: 3 }),
            "pos" => Ok(Self::Pos),
            "urw" => Ok(Self::Urw),
            "portfolio" => Ok(Self::Portfolio),
            "exhaustive" => Ok(Self::Exhaustive { bound: 2 }),
            _ => parameter(text, "pct:", 1..=100)
                .map(|depth| Self::Pct { depth })
                .or_else(|| {
                    let bound = parameter(text, "exhaustive:", 0..=16)?;
                    Some(Self::Exhaustive { bound })
                })
                .ok_or_else(|| {
                    format!(
                        "`{text}` is not a strategy; there are fifo, random, pct (or pct:2, the \
                         depth, up to 100), pos, urw, portfolio and, to explore, exhaustive (or \
                         exhaustive:2, the deviations, up to 16)"
                    )
                }),
        }
    }
}

/// The number behind a strategy's name, if it is one of those allowed.
fn parameter(text: &str, name: &str, allowed: RangeInclusive<u32>) -> Option<u32> {
    let number = text.strip_prefix(name)?.parse().ok()?;
    allowed.contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let all = StrategyName::MEMBERS;
        let others = [
            StrategyName::Fifo,
            StrategyName::Portfolio,
            StrategyName::Exhaustive { bound: 2 },
        ];
        for strategy in all.into_iter().chain(others) {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        for wrong in [
            "",
            "luck",
            "pct:",
            "pct:0",
            "pct:101",
            "pct:x",
            "FIFO",
            "exhaustive:",
            "exhaustive:17",
        ] {
            let error = StrategyName::from_str(wrong).expect_err(wrong);
            assert!(error.contains("portfolio"), "{error}");
        }
    }

    #[test]
    fn a_search_is_no_way_to_play_one_seed() {
        assert_eq!(StrategyName::sampling("pos"), Ok(StrategyName::Pos));
        let error = StrategyName::sampling("exhaustive").expect_err("a search");
        assert!(error.contains("explore"), "{error}");
        assert!(StrategyName::sampling("luck").is_err());
    }

    #[test]
    fn the_portfolio_uses_every_member_and_only_those() {
        let played: Vec<_> = (0..10)
            .map(|s| StrategyName::Portfolio.for_seed(s))
            .collect();
        for member in StrategyName::MEMBERS {
            assert!(played.contains(&member), "{member}");
        }
        assert!(!played.contains(&StrategyName::Portfolio));
    }
}
