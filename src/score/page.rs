//! The score as a page of Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use super::mix::Mix;
use super::table::{hundredths, signatures};
use super::{Rate, Score};
use crate::report::summary::many;
use crate::run::StrategyName;

/// Median runs within which a defect counts as found soon.
const SOON: u64 = 100;

/// The head of the page.
const HEAD: &str = "\
# Score: defects that strategies find

Each seeded defect was run under each strategy, and its healthy twin beside it. A *rate* is
the share of runs in which the oracle that the scenario expects was the first to find
something, with its Wilson interval of 95 per cent. *Runs to the first* is the median number of
runs to the first such run, over disjoint blocks of seeds: a block begins with the seed after
the failure that ended the block before, and ends with the next failure. The seeds behind the
last failure are a block that has not ended, and count as longer than every other. A defect
that 200 runs or more have shown is run no more after that hundred of seeds. A *false alarm* is
a run of the healthy twin that fails; twins run all seeds of the portfolio, whose members take
turns.

The numbers depend on the seeds alone. Searches through all schedules of a seed
(`rehearsal explore --strategy exhaustive:1`) have no rate and are not part of this page.
";

/// Returns the page with these scores. Of two that are of one defect under one strategy, the
/// later one counts.
pub fn page(scores: &[Score]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = Page::new(scores).write(&mut text);
    text
}

/// Scores in the form in which the page shows them.
struct Page<'a> {
    /// In the order of the page.
    strategies: Vec<StrategyName>,
    /// By scenario, in the order of their names, then by strategy.
    scores: BTreeMap<&'a str, BTreeMap<StrategyName, &'a Score>>,
}

impl<'a> Page<'a> {
    fn new(scores: &'a [Score]) -> Self {
        let mut strategies = Vec::new();
        let mut by_scenario: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for score in scores {
            if !strategies.contains(&score.strategy) {
                strategies.push(score.strategy);
            }
            let of_scenario = by_scenario.entry(score.scenario.as_str()).or_default();
            of_scenario.insert(score.strategy, score);
        }
        Self {
            strategies,
            scores: by_scenario,
        }
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "{HEAD}")?;
        writeln!(
            text,
            "Written by `rehearsal score --strategy all --page docs/score.md`: {}. The column\n\
             *runs* says how many runs each defect had; `--seeds` sets the most.\n",
            many(self.scores.len() as u64, "defect"),
        )?;
        self.write_strategies(text)?;
        self.write_hard(text)?;
        self.write_mixes(text)?;
        self.write_defects(text)?;
        self.write_rates(text)
    }

    fn write_strategies(&self, text: &mut String) -> fmt::Result {
        let hard = self.hard();
        let every: Vec<&str> = self.scores.keys().copied().collect();
        text.push_str("## Strategies\n\n");
        writeln!(
            text,
            "| strategy | runs | found | within {SOON} runs | of those that need a schedule | slowest | false alarms |"
        )?;
        text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
        for &strategy in &self.strategies {
            let scores = || {
                self.scores
                    .values()
                    .filter_map(move |all| all.get(&strategy))
            };
            let medians = || scores().filter_map(|score| score.runs_to_first);
            let found = medians().count();
            let soon = medians().filter(|runs| *runs <= SOON).count();
            let found_hard = hard.iter().filter(|name| {
                let score = self.scores[*name].get(&strategy);
                score.is_some_and(|score| score.runs_to_first.is_some())
            });
            let slowest = medians().max().map(|runs| runs.to_string());
            let slowest = slowest.filter(|_| found == scores().count());
            let alarms: Vec<Rate> = scores().filter_map(|score| score.false_alarms).collect();
            let alarms = match alarms.as_slice() {
                [] => "-".to_owned(),
                rates => rates.iter().map(|rate| rate.hits).sum::<u64>().to_string(),
            };
            writeln!(
                text,
                "| `{strategy}` | {} | {found} | {soon} | {} of {} | {} | {} |",
                match self.runs_of(strategy, &every) {
                    Some((least, most)) if least < most => format!("{least} to {most}"),
                    runs => runs.map_or_else(|| "-".to_owned(), |(runs, _)| runs.to_string()),
                },
                found_hard.count(),
                hard.len(),
                slowest.as_deref().unwrap_or("not all found"),
                alarms,
            )?;
        }
        text.push('\n');
        Ok(())
    }

    /// Returns the least and the most runs of one of those defects under a strategy; none if it
    /// was not measured.
    fn runs_of(&self, strategy: StrategyName, names: &[&str]) -> Option<(u64, u64)> {
        let scores = names.iter().map(|name| &self.scores[*name]);
        let runs = scores.filter_map(|all| Some(all.get(&strategy)?.detected.runs));
        Some((runs.clone().min()?, runs.max()?))
    }

    /// Returns the defects that no run of the default schedule shows.
    fn hidden(&self) -> Vec<&'a str> {
        let is_hidden = |all: &BTreeMap<StrategyName, &Score>| {
            let default = all.get(&StrategyName::FIFO);
            default.is_some_and(|score| score.detected.hits == 0)
        };
        let hidden = self.scores.iter().filter(|(_, all)| is_hidden(all));
        hidden.map(|(name, _)| *name).collect()
    }

    /// Returns the defects that need a schedule: no run of the default schedule shows them,
    /// and fewer than one of a hundred random ones.
    fn hard(&self) -> Vec<&'a str> {
        let mut hard = self.hidden();
        hard.retain(|name| {
            let random = self.scores[name].get(&StrategyName::RANDOM);
            random.is_some_and(|score| score.detected.is_below_one_in(100))
        });
        hard
    }

    /// Returns the number of those whose rate under random schedules is below 1 per cent by
    /// its interval, too.
    fn certainly_hard(&self, hard: &[&str]) -> usize {
        let is_certain = |name: &&&str| {
            let random = self.scores[**name].get(&StrategyName::RANDOM);
            random.is_some_and(|score| score.detected.interval().high < 100)
        };
        hard.iter().filter(is_certain).count()
    }

    fn write_hard(&self, text: &mut String) -> fmt::Result {
        let hard = self.hard();
        let least = |strategy| self.runs_of(strategy, &hard).map_or(0, |(least, _)| least);
        text.push_str("## Defects that need a schedule\n\n");
        writeln!(
            text,
            "No run of `{}`, of {} or more, shows these {}, and fewer than 1 of 100\n\
             runs of `{}`, of {} or more. For {} of them the upper bound of that rate's interval\n\
             is below 1 per cent, too.\n",
            StrategyName::FIFO,
            least(StrategyName::FIFO),
            many(hard.len() as u64, "defect"),
            StrategyName::RANDOM,
            least(StrategyName::RANDOM),
            self.certainly_hard(&hard),
        )?;
        self.write_head(text, &[])?;
        for name in hard {
            self.write_medians(text, name)?;
            text.push('\n');
        }
        text.push('\n');
        Ok(())
    }

    /// Writes what the portfolio becomes with one member less.
    fn write_mixes(&self, text: &mut String) -> fmt::Result {
        let members = StrategyName::portfolio();
        let is_measured = |member: &StrategyName| self.strategies.contains(member);
        if members.len() < 2 || !members.iter().all(is_measured) {
            return Ok(());
        }
        let rates = |names: Vec<&'a str>| -> Vec<_> {
            let rate = |name: &str, member| Some(self.scores[name].get(member)?.detected);
            let of_defect = |name| members.iter().filter_map(move |member| rate(name, member));
            names.iter().map(|name| of_defect(name).collect()).collect()
        };
        let mix = Mix {
            members: &members,
            hard: rates(self.hard()),
            hidden: rates(self.hidden()),
        };
        mix.write(text)
    }

    /// Writes the head of a table with a column for each strategy and further ones.
    fn write_head(&self, text: &mut String, further: &[&str]) -> fmt::Result {
        text.push_str("| defect |");
        for strategy in &self.strategies {
            write!(text, " `{strategy}` |")?;
        }
        for column in further {
            write!(text, " {column} |")?;
        }
        text.push_str("\n|---|");
        text.push_str(&"---:|".repeat(self.strategies.len()));
        text.push_str(&"---|".repeat(further.len()));
        text.push('\n');
        Ok(())
    }

    fn write_medians(&self, text: &mut String, scenario: &str) -> fmt::Result {
        write!(text, "| `{scenario}` |")?;
        for strategy in &self.strategies {
            let score = self.scores[scenario].get(strategy);
            let median = score.and_then(|score| score.runs_to_first);
            match median {
                Some(runs) => write!(text, " {runs} |")?,
                None => text.push_str(" never |"),
            }
        }
        Ok(())
    }

    /// Writes the runs to the first failure, a table for each system.
    fn write_defects(&self, text: &mut String) -> fmt::Result {
        text.push_str("## Runs to the first failure\n\n");
        let scores = self.scores.values().flat_map(BTreeMap::values);
        let systems: BTreeSet<&str> = scores.map(|score| score.system.as_str()).collect();
        for system in systems {
            writeln!(text, "### {system}\n")?;
            self.write_head(text, &["found by", "false alarms"])?;
            for (name, all) in &self.scores {
                let Some(any) = all.values().find(|score| score.system == system) else {
                    continue;
                };
                self.write_medians(text, name)?;
                let found = all.values().find(|score| !score.failures.is_empty());
                let alarms = all.values().filter_map(|score| score.false_alarms);
                writeln!(
                    text,
                    " {} | {} |",
                    found.map_or_else(|| any.oracle.clone().unwrap_or_default(), |s| signatures(s)),
                    alarms.map(|rate| rate.hits).sum::<u64>()
                )?;
            }
            text.push('\n');
        }
        Ok(())
    }

    fn write_rates(&self, text: &mut String) -> fmt::Result {
        text.push_str("## Rates\n\nIn per cent, with the bounds of the interval.\n\n");
        self.write_head(text, &[])?;
        for (name, all) in &self.scores {
            write!(text, "| `{name}` |")?;
            for strategy in &self.strategies {
                match all.get(strategy) {
                    Some(score) => {
                        let interval = score.detected.interval();
                        let (low, high) = (hundredths(interval.low), hundredths(interval.high));
                        write!(text, " {} ({low} to {high}) |", score.detected)?;
                    }
                    None => text.push_str(" |"),
                }
            }
            text.push('\n');
        }
        Ok(())
    }
}
