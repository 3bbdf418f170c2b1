//! Baseline files: TOML, with a version.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rehearsal_history::metrics::Selector;

use super::{Baseline, FORMAT};
use crate::repro::Draft;
use crate::scenario::amounts;
use crate::scenario::{Code, Diagnostic, FileKind, Source, Span};

/// The first line of a file.
const HEAD: &str = "# Written by `rehearsal run --save-baseline`: means over the seeds.\n";

/// The remedy for a file that is not as it was written.
const WRITE_ANEW: &str = "write it anew with `rehearsal run … --save-baseline FILE`";

impl Baseline {
    /// Writes the baseline into a file, in the place of an older one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; then there is the older one.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        Draft::write(path, format!("{HEAD}{text}").as_bytes())?.replace()
    }

    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no baseline of this format.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::decode(&Source::read(FileKind::Baseline, path)?)
    }

    /// Checks a text as if it stood in `path`, which is not read.
    ///
    /// # Errors
    ///
    /// As [`Baseline::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::decode(&Source::of(FileKind::Baseline, path, text))
    }

    fn decode(source: &Arc<Source>) -> Result<Self, Vec<Diagnostic>> {
        let document: toml::Table = toml::from_str(source.text())
            .map_err(|error| vec![problem(source, Code::BaselineSyntax, &error)])?;
        // Another version may have other keys.
        let format = document.get("format").and_then(toml::Value::as_integer);
        if let Some(format) = format.filter(|format| u64::try_from(*format) != Ok(FORMAT)) {
            let message = format!("the baseline has format {format}");
            let help = format!("this version of rehearsal reads format {FORMAT}; {WRITE_ANEW}");
            let problem = Diagnostic::new(Code::BaselineFormat, source, message);
            return Err(vec![problem.help(help)]);
        }
        let baseline: Self = toml::from_str(source.text())
            .map_err(|error| vec![problem(source, Code::BaselineContent, &error)])?;
        let unknown: Vec<Diagnostic> = baseline
            .scenarios
            .iter()
            .flat_map(|measured| measured.metrics.keys())
            .filter_map(|name| unknown_metric(source, name))
            .collect();
        if unknown.is_empty() {
            Ok(baseline)
        } else {
            Err(unknown)
        }
    }
}

fn problem(source: &Arc<Source>, code: Code, error: &toml::de::Error) -> Diagnostic {
    let problem = Diagnostic::new(code, source, error.message()).help(WRITE_ANEW);
    match error.span() {
        Some(span) => problem.at(Span::from(span), "here"),
        None => problem,
    }
}

fn unknown_metric(source: &Arc<Source>, name: &str) -> Option<Diagnostic> {
    let bad = Selector::parse(name).err()?;
    let problem = Diagnostic::new(Code::BaselineContent, source, amounts::message(&bad));
    let problem = problem.help(amounts::help(&bad));
    let place = source.text().find(name);
    Some(match place {
        Some(start) => problem.at(Span::new(start, start + name.len()), "no metric"),
        None => problem,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Mean, Measured};
    use super::*;

    fn baseline() -> Baseline {
        let mean = Mean { sum: 10, of: 4 };
        Baseline::new(vec![Measured {
            name: "example".to_owned(),
            strategy: "portfolio".to_owned(),
            seeds: "0..4".to_owned(),
            metrics: BTreeMap::from([("duration:data".to_owned(), mean)]),
        }])
    }

    fn codes(text: &str) -> Vec<Code> {
        let path = Path::new("metrics.toml");
        let problems = Baseline::parse(text, path).expect_err("it is wrong");
        for problem in &problems {
            assert!(problem.help.is_some(), "{problem:?}");
        }
        problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_file_says_what_was_saved() {
        let path = std::env::temp_dir().join(format!("baseline-{}.toml", std::process::id()));
        baseline().save(&path).expect("it is written");
        assert_eq!(Baseline::read(&path).expect("it is read"), baseline());
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(
            text.starts_with(HEAD) && text.contains("format = 1"),
            "{text}"
        );
        std::fs::remove_file(&path).expect("it is removed");
        let missing = Baseline::read(&path).expect_err("it is gone");
        assert_eq!(missing[0].code, Code::BaselineUnreadable);
    }

    #[test]
    fn every_problem_of_a_file_has_a_code_and_a_remedy() {
        let scenario = "[[scenario]]\nname = \"a\"\nstrategy = \"random\"\nseeds = \"0..4\"\n";
        for (text, code) in [
            ("format = = 1".to_owned(), Code::BaselineSyntax),
            ("format = 2\nnew = true".to_owned(), Code::BaselineFormat),
            (String::new(), Code::BaselineContent),
            (
                "format = 1\nscenarios = []".to_owned(),
                Code::BaselineContent,
            ),
            (format!("format = 1\n{scenario}"), Code::BaselineContent),
            (
                format!("format = 1\n{scenario}metrics = {{ speed = {{ sum = 1, of = 1 }} }}"),
                Code::BaselineContent,
            ),
            (
                format!("format = 1\n{scenario}metrics = {{ latency = {{ sum = -1, of = 1 }} }}"),
                Code::BaselineContent,
            ),
        ] {
            assert_eq!(codes(&text), [code], "{text}");
        }
    }
}
