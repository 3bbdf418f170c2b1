//! The results of explorations, as files that can be merged: of several machines, and of
//! processes that were ended and begun again.
//!
//! A file holds parts: a program, seeds in a row, and the counts of their runs. A run depends on
//! the program and the seed alone, so two parts of the same seeds are equal, and merging is
//! the union of sets: in any order, any number of times, the result is the same. Counts are
//! added only for the [`View`] of a program, which counts no seed twice. The size of a part
//! depends on the kinds of failures and not on the number of its seeds.

mod counts;
mod file;
mod program;
mod schedules;
mod seed_set;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::run::RunVerdict;
use crate::run::seeds::Seeds;

pub(crate) use self::counts::Counts;
pub(crate) use self::file::{Directory, EXTENSION, write, write_new};
pub(crate) use self::program::ProgramId;
#[cfg(feature = "cli")]
pub(crate) use self::schedules::Estimate;
pub(crate) use self::seed_set::without;

/// The counts of the runs of seeds in a row, or of a search.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// The program.
    pub(crate) program: ProgramId,
    /// The first seed.
    pub(crate) first: u64,
    /// The last seed.
    pub(crate) last: u64,
    /// The search, if these are its schedules, of one seed.
    pub(crate) search: Option<SearchMark>,
    /// The counts.
    pub(crate) counts: Counts,
}

/// A search before the seeds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchMark {
    /// The most deviations.
    pub(crate) bound: u32,
    /// `true` if every schedule was run.
    pub(crate) complete: bool,
}

impl Part {
    fn seeds(&self) -> Option<Seeds> {
        Seeds::between(self.first, self.last)
    }

    /// Returns how far a search got.
    fn extent(&self) -> (Option<SearchMark>, u64) {
        (self.search, self.counts.runs)
    }
}

/// Parts of the results of any programs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Results {
    parts: BTreeSet<Part>,
}

/// The results of one program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct View {
    /// The seeds that count, in rows as long as can be.
    pub(crate) seeds: Vec<Seeds>,
    /// Their counts.
    pub(crate) counts: Counts,
    /// The counts of the searches before the seeds.
    pub(crate) searched: Counts,
    /// The seeds of the searches that were not ended early.
    pub(crate) searched_seeds: Vec<u64>,
    /// Seeds in a row that are left out, because a part of them is in another row.
    pub(crate) overlapping: Vec<Seeds>,
    /// Seeds in a row whose counts differ between two parts: the program is not deterministic.
    pub(crate) contradicting: Vec<Seeds>,
    /// The goals that are to be reached after so many runs, and are not.
    pub(crate) missed: Vec<String>,
    /// The oracles that are to have had something to check after so many runs, and had not.
    pub(crate) vacuous: Vec<String>,
}

impl FromIterator<Part> for Results {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self {
            parts: parts.into_iter().collect(),
        }
    }
}

impl Results {
    /// Adds the parts of other results.
    pub(crate) fn merge(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }

    /// Returns `true` if there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the results of each program.
    pub(crate) fn views(&self) -> BTreeMap<&ProgramId, View> {
        let mut programs: BTreeMap<&ProgramId, Vec<&Part>> = BTreeMap::new();
        for part in &self.parts {
            programs.entry(&part.program).or_default().push(part);
        }
        let views = programs.into_iter();
        views
            .map(|(program, parts)| (program, View::of(program, &parts)))
            .collect()
    }

    /// Returns the results of that program.
    pub(crate) fn view(&self, program: &ProgramId) -> View {
        let parts = self.parts.iter();
        let parts: Vec<&Part> = parts.filter(|part| part.program == *program).collect();
        View::of(program, &parts)
    }
}

impl View {
    /// Returns the exit code of the worst verdict, or that two parts contradict. `whole` is false
    /// for results that others complete, whose goals are not theirs alone to reach.
    pub(crate) fn exit(&self, whole: bool) -> Exit {
        let verdicts = self.counts.verdicts().chain(self.searched.verdicts());
        let contradicts = !self.contradicting.is_empty();
        let exits = verdicts
            .map(RunVerdict::exit)
            .chain(contradicts.then_some(Exit::Nondeterminism))
            .chain((whole && self.falls_short()).then_some(Exit::Violation));
        exits.fold(Exit::Pass, Exit::worst)
    }

    /// Returns `true` if the runs together do not show what they are to show.
    pub(crate) fn falls_short(&self) -> bool {
        !self.missed.is_empty() || !self.vacuous.is_empty()
    }

    fn of(program: &ProgramId, parts: &[&Part]) -> Self {
        let mut view = Self::default();
        view.count_searches(parts.iter().copied());
        view.count_seeds(parts.iter().copied());
        let goals = program.goals_after(view.counts.runs).iter();
        let missed = goals.filter(|goal| !view.counts.goals.contains_key(*goal));
        view.missed = missed.cloned().collect();
        let counts = [&view.counts, &view.searched];
        // Oracles do not judge runs that were cut short, and those that pass were not.
        if counts.iter().any(|counts| counts.passed() > 0) {
            let oracles = program.oracles_after(view.counts.runs).iter();
            let is_exercised = |name: &&String| {
                let mut counts = counts.iter();
                counts.any(|counts| counts.exercised.contains_key(*name))
            };
            let vacuous = oracles.filter(|name| !is_exercised(name));
            view.vacuous = vacuous.cloned().collect();
        }
        view
    }

    /// Counts the searches; of two of one seed, the one that got further.
    fn count_searches<'a>(&mut self, parts: impl Iterator<Item = &'a Part>) {
        let mut searches: BTreeMap<(u64, u32), &Part> = BTreeMap::new();
        for part in parts {
            let Some(search) = part.search else { continue };
            let known = searches.entry((part.first, search.bound)).or_insert(part);
            if known.extent() < part.extent() {
                *known = part;
            }
        }
        for part in searches.values() {
            self.searched.merge(&part.counts);
            if part.search.is_some_and(|search| search.complete) {
                self.searched_seeds.push(part.first);
            }
        }
    }

    /// Counts the seeds: long rows first, and of each row everything or nothing.
    fn count_seeds<'a>(&mut self, parts: impl Iterator<Item = &'a Part>) {
        let rows = parts.filter(|part| part.search.is_none());
        let rows = rows.filter_map(|part| Some((part, part.seeds()?)));
        let mut rows: Vec<(&Part, Seeds)> = rows.collect();
        rows.sort_by_key(|(part, _)| (Reverse(part.last - part.first), part.first));
        let mut counted: BTreeMap<u64, (&Part, Seeds)> = BTreeMap::new();
        for (part, seeds) in rows {
            // Rows that are counted share no seeds, so only the last that begins before the end
            // of this one can share some with it.
            let before = counted.range(..=seeds.last()).next_back();
            match before.filter(|(_, (_, other))| other.last() >= seeds.first()) {
                None => {
                    self.counts.merge(&part.counts);
                    counted.insert(seeds.first(), (part, seeds));
                }
                Some((_, (other, row))) if *row == seeds => {
                    if other.counts != part.counts {
                        self.contradicting.push(seeds);
                    }
                }
                Some((_, (_, row)))
                    if row.first() <= seeds.first() && seeds.last() <= row.last() => {}
                Some(_) => self.overlapping.push(seeds),
            }
        }
        self.seeds = joined(counted.into_values().map(|(_, seeds)| seeds));
    }
}

/// Returns the same seeds in rows as long as can be. The rows are in order.
fn joined(rows: impl Iterator<Item = Seeds>) -> Vec<Seeds> {
    let mut joined: Vec<Seeds> = Vec::new();
    for row in rows {
        let before = joined
            .last()
            .filter(|last| last.last().checked_add(1) == Some(row.first()));
        match before.and_then(|last| Seeds::between(last.first(), row.last())) {
            Some(longer) => {
                joined.pop();
                joined.push(longer);
            }
            None => joined.push(row),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
