//! Writing a repro file: by hand, so that each decision is one line with a
//! remark, and two repros can be told apart by `diff`.

use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;

use rehearsal_sim::{Deviation, Interleave};

use super::draft::Draft;
use super::{Origin, Repro, ScenarioRef, TestRef, site};
use crate::scenario::{Edit, NewValue};

impl Repro {
    /// The text of the file.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_toml(&mut text);
        text
    }

    /// Writes the file and the directories that it needs. A reader finds
    /// the old file or the new one, never a part: the text goes to a file beside
    /// it, which then takes its place.
    ///
    /// # Errors
    ///
    /// If the operating system refuses; then there is the old file, if there was
    /// one.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        Draft::write(path, self.to_toml().as_bytes())?.replace()
    }

    fn write_toml(&self, text: &mut String) -> fmt::Result {
        let by = match (&self.origin, self.custom_system()) {
            (Origin::Scenario(_), None) => "`rehearsal replay`",
            (Origin::Scenario(_), Some(_)) | (Origin::Test(_), _) => {
                "its test, under REHEARSAL_REPLAY,"
            }
        };
        writeln!(text, "# A failing run: {by} replays this file.")?;
        writeln!(text, "format = {}", site::format_of(self).number())?;
        writeln!(text, "tool = {}", quoted(TOOL))?;
        match &self.origin {
            Origin::Scenario(scenario) => self.write_scenario(scenario, text)?,
            Origin::Test(test) => write_test(test, text)?,
        }
        writeln!(text, "\n[run]")?;
        writeln!(text, "seed = {}", seed(self.seed))?;
        writeln!(text, "strategy = {}", quoted(&self.strategy.to_string()))?;
        if self.interleave != Interleave::default() {
            let interleave = quoted(self.interleave.as_str());
            writeln!(
                text,
                "interleave = {interleave} # what scheduling points are"
            )?;
        }
        match &self.drawn {
            Some(drawn) => drawn.write(text)?,
            None => self.write_choices(text)?,
        }
        let expected = &self.expected;
        writeln!(text, "\n[expected]")?;
        writeln!(text, "verdict = {}", quoted(expected.verdict.word()))?;
        writeln!(text, "judge = {}", quoted(&expected.signature.judge))?;
        if let Some(rule) = &expected.signature.rule {
            writeln!(text, "rule = {}", quoted(rule))?;
        }
        writeln!(text, "fingerprint = \"{}\"", expected.fingerprint)?;
        if let Some(shrunk) = self.shrunk {
            writeln!(text, "\n# What it was shrunk from, and in how many runs.")?;
            writeln!(text, "[shrunk]")?;
            writeln!(text, "runs = {}", shrunk.runs)?;
            writeln!(text, "decisions = {}", shrunk.decisions)?;
            writeln!(text, "preemptions = {}", shrunk.preemptions)?;
        }
        Ok(())
    }

    fn write_scenario(&self, scenario: &ScenarioRef, text: &mut String) -> fmt::Result {
        writeln!(text, "\n[scenario]")?;
        writeln!(text, "name = {}", quoted(&scenario.name))?;
        let file = scenario.file.to_string_lossy();
        writeln!(text, "file = {}", quoted(&file))?;
        writeln!(text, "hash = \"{:032x}\"", scenario.hash)?;
        if let Some(kind) = &scenario.kind {
            writeln!(text, "kind = {}", quoted(kind))?;
        }
        if let Some(system) = &scenario.system {
            writeln!(text, "system = {}", quoted(system))?;
        }
        if scenario.healthy {
            writeln!(text, "healthy = true # its twin without the defect")?;
        }
        write_lines("set", "Values that were set.", scenario.set.iter(), text)?;
        let (old, new): (Vec<_>, Vec<_>) = self
            .cuts
            .iter()
            .partition(|cut| matches!(cut.value, NewValue::Format1(_)));
        let comment = "What is left out of it; elements of lists count from 0.";
        write_lines("reductions", comment, new.into_iter(), text)?;
        write_lines("cuts", comment, old.into_iter(), text)
    }

    fn write_choices(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "# Deviations from the default schedule. All other choices take alternative 0."
        )?;
        let decisions = self.schedule.deviations();
        if decisions.is_empty() {
            return writeln!(text, "choices = []");
        }
        writeln!(text, "choices = [")?;
        for (index, decision) in decisions.iter().enumerate() {
            let Deviation {
                site,
                nth,
                bound,
                value,
            } = decision;
            write!(
                text,
                "    {{ {}, nth = {nth}, of = {bound}, take = {value} }},",
                site::written(site)
            )?;
            if let Some(remark) = self.remarks.get(index).filter(|r| !r.is_empty()) {
                write!(text, " # {}", one_line(remark))?;
            }
            writeln!(text)?;
        }
        writeln!(text, "]")
    }
}

/// Writes changes of the scenario, if there are any.
fn write_lines<'a>(
    key: &str,
    comment: &str,
    changes: impl ExactSizeIterator<Item = &'a Edit>,
    text: &mut String,
) -> fmt::Result {
    if changes.len() == 0 {
        return Ok(());
    }
    writeln!(text, "# {comment}")?;
    writeln!(text, "{key} = [")?;
    for change in changes {
        writeln!(text, "    {},", quoted(&change.to_string()))?;
    }
    writeln!(text, "]")
}

fn write_test(test: &TestRef, text: &mut String) -> fmt::Result {
    writeln!(text, "\n[test]")?;
    writeln!(text, "package = {}", quoted(&test.package))?;
    writeln!(text, "name = {}", quoted(&test.name))?;
    writeln!(text, "file = {}", quoted(&test.file.to_string_lossy()))
}

const TOOL: &str = concat!("rehearsal ", env!("CARGO_PKG_VERSION"));

pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// TOML's integers end at 2⁶³ - 1; a seed beyond is written as text.
fn seed(seed: u64) -> String {
    match i64::try_from(seed) {
        Ok(seed) => seed.to_string(),
        Err(_) => quoted(&seed.to_string()),
    }
}

/// A comment must not end before its time, nor hold what TOML forbids there.
fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}
