//! Choices that are not listed, because a run's strategy makes them again from the seed.
//!
//! A run of 100,000 events has some hundred thousand deviations, and a file of that size would
//! be refused by the reader. Seed and strategy have all of them. What is lost is little: such
//! a run is read by no person, and shrinking lists the deviations that remain.

use std::fmt::{self, Write as _};

use rehearsal_sim::{Alternative, PickDeviation};

use crate::scenario::decode::item::Item;
use crate::scenario::decode::problems::Problems;
use crate::scenario::decode::section::Section;

/// The value of `choices` that stands for them.
pub(super) const WORD: &str = "drawn";

/// The key of the picks.
pub(super) const PICKS: &str = "picks";

/// The most deviations that a repro of a fresh run lists.
pub(super) const LISTED_MAX: usize = 10_000;

/// The most bytes of a repro of a fresh run that lists its deviations; far below the size that
/// the reader refuses.
pub(super) const LISTED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The choices of a run that are drawn again from its seed by its strategy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drawn {
    /// The picks of a search that are not the default, which no seed gives; empty for other
    /// strategies.
    pub picks: Vec<PickDeviation>,
}

impl Drawn {
    /// Writes the lines of `[run]`.
    pub(super) fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "# Too many deviations to list: seed and strategy give them again."
        )?;
        writeln!(text, "choices = \"{WORD}\"")?;
        if self.picks.is_empty() {
            return Ok(());
        }
        writeln!(text, "# Picks of the search that are not the default.")?;
        writeln!(text, "{PICKS} = [")?;
        for PickDeviation { pick, instead } in &self.picks {
            match instead {
                Alternative::Take(value) => {
                    writeln!(text, "    {{ pick = {pick}, take = {value} }},")?;
                }
                Alternative::Postpone => {
                    writeln!(text, "    {{ pick = {pick}, postpone = true }},")?;
                }
            }
        }
        writeln!(text, "]")
    }

    /// Reads the picks, if there are any.
    pub(super) fn read(picks: Option<Item<'_>>, problems: &mut Problems) -> Option<Self> {
        let Some(item) = picks else {
            return Some(Self::default());
        };
        let mut read = Some(Vec::new());
        for entry in item.list(problems)? {
            let section = entry.section("a pick", problems);
            let pick = section.and_then(|section| pick(section, problems));
            // One that is wrong spoils the list; the others are read all the same.
            match (&mut read, pick) {
                (Some(read), Some(pick)) => read.push(pick),
                _ => read = None,
            }
        }
        read.map(|picks| Self { picks })
    }
}

/// Reads one pick.
fn pick(mut section: Section<'_>, problems: &mut Problems) -> Option<PickDeviation> {
    let pick = section
        .need("pick", "its number in the run: `pick = 0`", problems)
        .and_then(|item| item.small(0..=u32::MAX, problems));
    let postpone = match section.get("postpone") {
        Some(item) => item.boolean(problems),
        None => Some(false),
    };
    let instead = match postpone {
        Some(true) => Some(Alternative::Postpone),
        Some(false) => section
            .need("take", "which one is taken: `take = 1`", problems)
            .and_then(|item| item.small(1..=u32::MAX, problems))
            .map(|item| Alternative::Take(item.value)),
        None => None,
    };
    section.finish(problems);
    Some(PickDeviation {
        pick: pick?.value,
        instead: instead?,
    })
}
