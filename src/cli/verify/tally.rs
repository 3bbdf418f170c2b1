//! The counts of a verification, and what is printed of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::io;

use serde::Serialize;

use super::Batch;
use super::difference::{Difference, Place};
use crate::exit::Exit;
use crate::report::summary::{BAD, GOOD, counted, many, styled};

/// Differences that are kept and printed; the others are counted.
const KEPT_MAX: usize = 10;

/// The pairs so far.
#[derive(Debug)]
pub(super) struct Tally {
    wanted: u64,
    compared: u64,
    differing: u64,
    processes: u64,
    addresses: BTreeSet<String>,
    targets: BTreeSet<usize>,
    strategies: BTreeMap<String, u64>,
    differences: Vec<Difference>,
}

/// What else is printed.
pub(super) struct Shown {
    /// Targets that there are to draw from.
    pub(super) targets: usize,
    /// The seed of the draw.
    pub(super) seed: u64,
    /// `true` if another program runs the second of each pair.
    pub(super) is_other_build: bool,
}

/// The line of `--json`. The fields are a contract.
#[derive(Serialize)]
struct VerifyLine<'a> {
    pairs: u64,
    compared: u64,
    agreed: u64,
    differing: u64,
    seed: u64,
    processes: u64,
    /// The addresses at which the program was loaded, each counted once.
    layouts: usize,
    targets: usize,
    targets_drawn: usize,
    /// The pairs of each strategy.
    strategies: &'a BTreeMap<String, u64>,
    /// The first ones.
    differences: &'a [Difference],
}

impl Tally {
    pub(super) fn new(wanted: u64) -> Self {
        Self {
            wanted,
            compared: 0,
            differing: 0,
            processes: 0,
            addresses: BTreeSet::new(),
            targets: BTreeSet::new(),
            strategies: BTreeMap::new(),
            differences: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, batch: Batch) {
        for run in &batch.runs {
            self.compared += 1;
            self.targets.insert(run.target);
            *self.strategies.entry(run.strategy.to_string()).or_default() += 1;
        }
        self.processes += 2;
        self.addresses.extend(batch.addresses);
        for difference in batch.differences {
            self.differing += 1;
            if self.differences.len() < KEPT_MAX {
                self.differences.push(difference);
            }
        }
    }

    /// Returns the exit code.
    pub(super) fn exit(&self) -> Exit {
        if self.differing > 0 {
            Exit::Nondeterminism
        } else if self.compared < self.wanted {
            Exit::Unknown
        } else {
            Exit::Pass
        }
    }

    pub(super) fn json(&self, shown: &Shown) -> io::Result<String> {
        let line = serde_json::to_string(&VerifyLine {
            pairs: self.wanted,
            compared: self.compared,
            agreed: self.compared - self.differing,
            differing: self.differing,
            seed: shown.seed,
            processes: self.processes,
            layouts: self.addresses.len(),
            targets: shown.targets,
            targets_drawn: self.targets.len(),
            strategies: &self.strategies,
            differences: &self.differences,
        })?;
        Ok(format!("{line}\n"))
    }

    pub(super) fn text(&self, shown: &Shown) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, shown);
        text
    }

    fn write(&self, text: &mut String, shown: &Shown) -> fmt::Result {
        for difference in &self.differences {
            write_difference(text, difference)?;
        }
        let kept = u64::try_from(self.differences.len()).expect("a few");
        if kept < self.differing {
            writeln!(text, "and {} more\n", self.differing - kept)?;
        }
        let agreed = self.compared - self.differing;
        let style = if self.exit() == Exit::Pass { GOOD } else { BAD };
        let of = if self.wanted == self.compared {
            String::new()
        } else {
            format!("; {} were to be compared", self.wanted)
        };
        writeln!(
            text,
            "{} of {} agreed{of}",
            styled(style, agreed),
            many(self.compared, "pair"),
        )?;
        writeln!(
            text,
            "  runs       {} of {} with their variants, {}; drawn by seed {}",
            self.targets.len(),
            counted(shown.targets, "target"),
            match self.strategies.len() {
                1 => "1 strategy".to_owned(),
                more => format!("{more} strategies"),
            },
            shown.seed
        )?;
        writeln!(
            text,
            "  processes  {}, loaded at {} of the memory",
            self.processes,
            counted(self.addresses.len(), "place"),
        )?;
        if shown.is_other_build {
            writeln!(text, "  programs   the second of each pair by another one")?;
        }
        Ok(())
    }
}

fn write_difference(text: &mut String, difference: &Difference) -> fmt::Result {
    let Difference {
        target,
        strategy,
        seed,
        verdicts,
        fingerprints,
        place,
        command,
    } = difference;
    let word = styled(BAD, "DIFFERENT");
    writeln!(text, "{word}  {target}, strategy {strategy}, seed {seed}")?;
    let sides = ["one", "the other"];
    for ((side, verdict), fingerprint) in sides.iter().zip(verdicts).zip(fingerprints) {
        writeln!(text, "  {side:9}  {verdict}, fingerprint {fingerprint}")?;
    }
    match place {
        Place::Effect {
            number,
            before,
            next,
        } => {
            writeln!(text, "  they part at effect {number}")?;
            if let Some(before) = before {
                writeln!(text, "    both, before: {before}")?;
            }
            for (side, next) in sides.iter().zip(next) {
                let next = next.as_deref().unwrap_or("nothing more");
                writeln!(text, "    then {side}: {next}")?;
            }
        }
        Place::Line { next } => {
            writeln!(text, "  the effects agree, and the lines of JSON do not")?;
            for (side, next) in sides.iter().zip(next) {
                writeln!(text, "    {side}: …{next}…")?;
            }
        }
        Place::Alone { agreed } => writeln!(
            text,
            "  alone in a process it agreed {agreed} times: something is left by a run before it"
        )?,
    }
    writeln!(text, "  see it     {command}\n")
}
