//! The table of strategies, and a strategy by name.

use std::cmp::Ordering;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Exhaustive, Profile, STRATEGIES, Strategy};

/// A member of the table. Its module implements it and holds its entry.
pub struct StrategyInfo {
    /// The name on the command line, in files and in reports.
    pub name: &'static str,
    /// The number that may follow the name, as in `pct:3`.
    pub parameter: Option<Parameter>,
    /// One sentence for help texts and tables.
    pub summary: &'static str,
    /// The publication that it implements.
    pub paper: Option<&'static str>,
    /// The way in which it picks schedules.
    pub kind: StrategyKind,
}

/// A number that is part of a strategy's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// The meaning, as a noun.
    pub name: &'static str,
    /// The allowed numbers.
    pub range: RangeInclusive<u32>,
    /// The default number.
    pub default: u32,
}

/// The ways of picking schedules.
pub enum StrategyKind {
    /// One schedule for each seed.
    Sampler(Sampler),
    /// Another strategy for each seed; the seed alone decides which.
    Portfolio,
    /// Many schedules of one seed, systematically.
    Search(fn(u32) -> Exhaustive),
}

/// A strategy that runs one schedule for each seed.
pub struct Sampler {
    /// The constructor for one run, from its parameter and a profile.
    pub build: fn(u32, &Profile) -> Box<dyn Strategy>,
    /// `true` if the strategy uses the profile.
    pub needs_profile: bool,
    /// The parameters with which it is part of the portfolio: `[0]` for a strategy that takes
    /// none, empty for one that is not part of it.
    pub portfolio: &'static [u32],
}

/// A strategy of the table with its parameter, as it is named on the command line.
#[derive(Clone, Copy)]
pub struct StrategyName {
    info: &'static StrategyInfo,
    /// The number behind the name; 0 if the strategy takes none.
    parameter: u32,
}

impl StrategyName {
    /// Creates the name of a strategy with the default of its parameter, if it takes one.
    pub(super) const fn of(info: &'static StrategyInfo) -> Self {
        let parameter = match &info.parameter {
            Some(parameter) => parameter.default,
            None => 0,
        };
        Self { info, parameter }
    }

    /// Creates the name of a strategy with that parameter.
    ///
    /// # Panics
    ///
    /// If the strategy takes no parameter, or not this one.
    pub(super) const fn with(info: &'static StrategyInfo, parameter: u32) -> Self {
        let Some(Parameter { range, .. }) = &info.parameter else {
            panic!("a strategy without a parameter");
        };
        assert!(
            *range.start() <= parameter && parameter <= *range.end(),
            "a strategy with a parameter out of range",
        );
        Self { info, parameter }
    }

    /// Parses the name of a strategy that runs one schedule for each seed.
    ///
    /// # Errors
    ///
    /// If there is no such strategy, or it is a search through many schedules.
    pub fn sampling(text: &str) -> Result<Self, String> {
        let strategy: Self = text.parse()?;
        if strategy.search().is_some() {
            return Err(format!(
                "`{text}` is a search through many schedules of a seed; `rehearsal explore \
                 --strategy {text}` does it"
            ));
        }
        Ok(strategy)
    }

    /// Returns the entry of the table.
    pub fn info(self) -> &'static StrategyInfo {
        self.info
    }

    /// Returns the number behind the name.
    pub fn parameter(self) -> Option<u32> {
        self.info.parameter.as_ref().map(|_| self.parameter)
    }

    /// Returns the strategy that runs this seed: for a portfolio the member of the seed, else
    /// the strategy itself.
    #[must_use]
    pub fn for_seed(self, seed: u64) -> Self {
        let StrategyKind::Portfolio = self.info.kind else {
            return self;
        };
        let members = Self::portfolio();
        let index = seed % members.len() as u64;
        // Below the number of members, so it fits.
        members[index as usize]
    }

    /// Returns the members of the portfolio, in the order of the table.
    pub fn portfolio() -> Vec<Self> {
        let member = |info: &&'static StrategyInfo| match &info.kind {
            StrategyKind::Sampler(sampler) => sampler.portfolio,
            StrategyKind::Portfolio | StrategyKind::Search(_) => &[],
        };
        STRATEGIES
            .iter()
            .flat_map(|info| {
                member(info)
                    .iter()
                    .map(|&parameter| Self { info, parameter })
            })
            .collect()
    }

    /// Returns every strategy that a recorded run can name: the members of the portfolio
    /// instead of the portfolio, and no search.
    pub fn samplers() -> Vec<Self> {
        let sampler = |info: &&'static StrategyInfo| match &info.kind {
            StrategyKind::Sampler(sampler) if sampler.portfolio.is_empty() => vec![Self::of(info)],
            StrategyKind::Sampler(sampler) => {
                let parameters = sampler.portfolio.iter();
                parameters
                    .map(|&parameter| Self { info, parameter })
                    .collect()
            }
            StrategyKind::Portfolio | StrategyKind::Search(_) => Vec::new(),
        };
        STRATEGIES.iter().flat_map(sampler).collect()
    }

    /// Returns `true` if the name stands for several strategies, one of which the seed selects.
    pub fn is_portfolio(self) -> bool {
        matches!(self.info.kind, StrategyKind::Portfolio)
    }

    /// Returns the search through many schedules, at its beginning; none for a strategy that
    /// runs one schedule for each seed.
    pub fn search(self) -> Option<Exhaustive> {
        match self.info.kind {
            StrategyKind::Search(begin) => Some(begin(self.parameter)),
            StrategyKind::Sampler(_) | StrategyKind::Portfolio => None,
        }
    }

    /// Returns `true` if [`StrategyName::build`] uses its profile.
    pub fn needs_profile(self) -> bool {
        match &self.info.kind {
            StrategyKind::Sampler(sampler) => sampler.needs_profile,
            StrategyKind::Portfolio | StrategyKind::Search(_) => false,
        }
    }

    /// Makes the strategy for one run. A portfolio without a seed makes its first member; a
    /// search begins with the default schedule.
    pub fn build(self, profile: &Profile) -> Box<dyn Strategy> {
        match &self.info.kind {
            StrategyKind::Sampler(sampler) => (sampler.build)(self.parameter, profile),
            StrategyKind::Portfolio => self.for_seed(0).build(profile),
            StrategyKind::Search(_) => Box::new(super::Fifo),
        }
    }

    /// Returns a help text: the names of the strategies, and the meaning of the last ones. A
    /// search is part of it only where one can be run.
    pub fn help(searches: bool) -> String {
        let is_explained = |info: &&&StrategyInfo| match info.kind {
            StrategyKind::Sampler(_) => false,
            StrategyKind::Portfolio => true,
            StrategyKind::Search(_) => searches,
        };
        let mut sentences = vec![format!("Scheduling strategy: {}", names(searches))];
        for info in STRATEGIES.iter().filter(is_explained) {
            let summary = info.summary.trim_end_matches('.');
            sentences.push(format!("{}: {summary}", info.name));
        }
        sentences.join(". ")
    }
}

/// Returns `fifo, random, pct (or pct:3, the depth, up to 100)`, and so on.
fn names(searches: bool) -> String {
    let is_listed =
        |info: &&&StrategyInfo| searches || !matches!(info.kind, StrategyKind::Search(_));
    let names: Vec<String> = STRATEGIES
        .iter()
        .filter(is_listed)
        .map(|info| described(info))
        .collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Returns the name, with the syntax of its parameter.
fn described(info: &StrategyInfo) -> String {
    let name = info.name;
    let Some(parameter) = &info.parameter else {
        return name.to_owned();
    };
    let Parameter {
        name: meaning,
        range,
        default,
    } = parameter;
    format!(
        "{name} (or {name}:{default}, the {meaning}, up to {})",
        range.end()
    )
}

impl PartialEq for StrategyName {
    fn eq(&self, other: &Self) -> bool {
        (self.info.name, self.parameter) == (other.info.name, other.parameter)
    }
}

impl Eq for StrategyName {}

/// The order of the table, then that of the parameter.
impl Ord for StrategyName {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |name: &Self| {
            let is_it = |info: &&StrategyInfo| info.name == name.info.name;
            (STRATEGIES.iter().position(is_it), name.parameter)
        };
        place(self).cmp(&place(other))
    }
}

impl PartialOrd for StrategyName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StrategyName({self})")
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info.name)?;
        match self.parameter() {
            Some(parameter) => write!(f, ":{parameter}"),
            None => Ok(()),
        }
    }
}

impl FromStr for StrategyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, parameter) = match text.split_once(':') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (text, None),
        };
        let info = STRATEGIES.iter().find(|info| info.name == name);
        let strategy = info.and_then(|info| match parameter {
            None => Some(Self::of(info)),
            Some(number) => {
                let number = number.parse().ok()?;
                let allowed = &info.parameter.as_ref()?.range;
                allowed.contains(&number).then_some(Self {
                    info,
                    parameter: number,
                })
            }
        });
        strategy.ok_or_else(|| format!("`{text}` is not a strategy; there are {}", names(true)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> impl Iterator<Item = StrategyName> {
        STRATEGIES.iter().map(|info| StrategyName::of(info))
    }

    #[test]
    fn entries_of_the_table_are_complete_and_distinct() {
        let names: BTreeSet<&str> = STRATEGIES.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), STRATEGIES.len());
        for info in STRATEGIES {
            let name = info.name;
            assert!(!name.contains(':') && !name.is_empty(), "{name:?}");
            assert!(info.summary.ends_with('.'), "{name}: {}", info.summary);
            if let Some(parameter) = &info.parameter {
                assert!(parameter.range.contains(&parameter.default), "{name}");
            }
            if let StrategyKind::Sampler(sampler) = &info.kind {
                for number in sampler.portfolio {
                    let allowed = match &info.parameter {
                        Some(parameter) => parameter.range.contains(number),
                        None => *number == 0,
                    };
                    assert!(allowed, "{name}:{number}");
                }
            }
        }
        let portfolios = all().filter(|strategy| strategy.is_portfolio());
        assert_eq!(portfolios.count(), 1);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for strategy in all().chain(StrategyName::samplers()) {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        for wrong in [
            "", "luck", "pct:", "pct:0", "pct:101", "pct:x", "FIFO", "fifo:1", ":1",
        ] {
            let error = StrategyName::from_str(wrong).expect_err(wrong);
            assert!(error.contains("portfolio"), "{error}");
        }
    }

    /// Checks names both ways: the meaning of `--strategy pct:3` must not depend on the
    /// strategy's own name.
    #[test]
    fn strategy_has_the_name_of_its_entry() {
        for strategy in StrategyName::samplers() {
            let built = strategy.build(&Profile::default());
            assert_eq!(built.name(), strategy.to_string());
        }
    }

    #[test]
    fn search_does_not_run_a_single_seed() {
        for strategy in all() {
            let name = strategy.to_string();
            let sampling = StrategyName::sampling(&name);
            match strategy.search() {
                Some(_) => assert!(sampling.expect_err(&name).contains("explore")),
                None => assert_eq!(sampling, Ok(strategy)),
            }
        }
        assert!(StrategyName::sampling("luck").is_err());
    }

    #[test]
    fn portfolio_uses_every_member_and_only_those() {
        let members = StrategyName::portfolio();
        let portfolio = StrategyName::default();
        for (member, seed) in members.iter().zip(0..) {
            assert_eq!(portfolio.for_seed(seed), *member);
            assert_eq!(portfolio.for_seed(seed + members.len() as u64), *member);
            assert_eq!(member.for_seed(seed), *member);
        }
    }

    #[test]
    fn help_texts_name_every_strategy_that_can_be_given() {
        for info in STRATEGIES {
            assert!(
                StrategyName::help(true).contains(info.name),
                "{}",
                info.name
            );
            let is_search = matches!(info.kind, StrategyKind::Search(_));
            assert_eq!(StrategyName::help(false).contains(info.name), !is_search);
        }
        for help in [true, false].map(StrategyName::help) {
            assert!(!help.contains("..") && !help.ends_with('.'), "{help}");
        }
    }
}
