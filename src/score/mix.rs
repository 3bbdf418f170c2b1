//! The mix of the portfolio: the runs that it needs with each of its members, and without one.
//!
//! A portfolio takes its members in turn, so that its rate on a defect is the mean of theirs,
//! and the inverse of that the runs that it needs on average.

use std::fmt::{self, Write};

use super::Rate;
use crate::run::StrategyName;

/// The rates of the members on some defects: by defect, then by member.
type Rates = Vec<Vec<Rate>>;

/// The members of a portfolio and their rates.
pub(super) struct Mix<'a> {
    pub(super) members: &'a [StrategyName],
    /// Those on the defects that need a schedule.
    pub(super) hard: Rates,
    /// Those on the defects that the default schedule never shows.
    pub(super) hidden: Rates,
}

/// The runs that a portfolio needs for some defects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Need {
    /// Runs for the median of the defects that are found.
    median: u64,
    /// Runs for the slowest of them.
    slowest: u64,
    /// The defects that are not found.
    missed: usize,
}

impl Mix<'_> {
    /// Writes the section of the page.
    pub(super) fn write(&self, text: &mut String) -> fmt::Result {
        text.push_str("## The mix of the portfolio\n\n");
        writeln!(
            text,
            "The portfolio takes its members in turn: its rate on a defect is the mean of theirs, and\n\
             the runs that it needs on average are the inverse of that. They are given for the {}\n\
             defects that need a schedule, and for all {} that `{}` never shows. A member earns its\n\
             place if a number grows without it.\n",
            self.hard.len(),
            self.hidden.len(),
            StrategyName::FIFO,
        )?;
        text.push_str(
            "| members | need a schedule: median | slowest | not found | never by default: median \
             | slowest | not found |\n|---|---:|---:|---:|---:|---:|---:|\n",
        );
        let all = self.needs(None);
        write_row(text, "all", all)?;
        let mut dispensable = Vec::new();
        for (place, member) in self.members.iter().enumerate() {
            let without = self.needs(Some(place));
            write_row(text, &format!("without `{member}`"), without)?;
            if !all
                .iter()
                .zip(&without)
                .any(|(all, less)| less.exceeds(all))
            {
                dispensable.push(format!("`{member}`"));
            }
        }
        text.push('\n');
        if !dispensable.is_empty() {
            let dispensable = dispensable.join(", ");
            writeln!(
                text,
                "No number grows without {dispensable}, each by itself.\n"
            )?;
        }
        Ok(())
    }

    fn needs(&self, without: Option<usize>) -> [Need; 2] {
        [&self.hard, &self.hidden].map(|rates| Need::of(rates, without))
    }
}

fn write_row(text: &mut String, name: &str, needs: [Need; 2]) -> fmt::Result {
    write!(text, "| {name} |")?;
    for need in needs {
        let Need {
            median,
            slowest,
            missed,
        } = need;
        write!(text, " {median} | {slowest} | {missed} |")?;
    }
    text.push('\n');
    Ok(())
}

impl Need {
    /// Returns what a portfolio of all members needs, or of all but one.
    fn of(rates: &Rates, without: Option<usize>) -> Self {
        let runs = rates.iter().map(|rates| expected(rates, without));
        let mut found: Vec<u64> = runs.flatten().collect();
        found.sort_unstable();
        Self {
            median: found.get(found.len() / 2).copied().unwrap_or_default(),
            slowest: found.last().copied().unwrap_or_default(),
            missed: rates.len() - found.len(),
        }
    }

    fn exceeds(&self, other: &Self) -> bool {
        self.median > other.median || self.slowest > other.slowest || self.missed > other.missed
    }
}

/// Returns the runs that a portfolio needs on average for a defect; none if no member finds it.
fn expected(rates: &[Rate], without: Option<usize>) -> Option<u64> {
    /// The parts in which rates are added.
    const PARTS: u128 = 1_000_000_000;
    let others = rates.iter().enumerate();
    let others = others.filter(|(place, _)| Some(*place) != without);
    let (mut members, mut sum) = (0_u128, 0_u128);
    for (_, rate) in others {
        members += 1;
        sum += u128::from(rate.hits) * PARTS / u128::from(rate.runs.max(1));
    }
    let runs = (members * PARTS).checked_div(sum)?;
    // A rate that is not 0 has a hit in less than 2^64 runs.
    u64::try_from(runs).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(hits: u64, runs: u64) -> Rate {
        Rate { hits, runs }
    }

    #[test]
    fn rate_of_a_portfolio_is_the_mean_of_its_members() {
        // 10 and 2 per cent, whatever they were measured with.
        let rates = [rate(10, 100), rate(20, 1_000)];
        assert_eq!(expected(&rates, None), Some(16));
        assert_eq!(expected(&rates, Some(0)), Some(50));
        assert_eq!(expected(&rates, Some(1)), Some(10));
        assert_eq!(expected(&[rate(0, 100), rate(1, 2)], Some(1)), None);
        assert_eq!(expected(&[], None), None);
    }

    #[test]
    fn member_without_which_something_is_missed_earns_its_place() {
        let rates = vec![
            vec![rate(1, 10), rate(0, 10), rate(1, 10)],
            vec![rate(0, 10), rate(1, 10), rate(0, 10)],
        ];
        let members = ["random", "pos", "urw"].map(|name| name.parse().expect(name));
        let mix = Mix {
            members: &members,
            hard: rates.clone(),
            hidden: rates,
        };
        let mut text = String::new();
        mix.write(&mut text).expect("a string");
        assert!(
            text.contains("| all | 30 | 30 | 0 | 30 | 30 | 0 |"),
            "{text}"
        );
        assert!(text.contains("| without `pos` | 10 | 10 | 1 |"), "{text}");
        assert!(text.contains("grows without `random`, `urw`,"), "{text}");
    }
}
