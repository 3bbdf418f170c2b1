//! Rows: what the reference documents ask for.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::check::Check;

/// What one reference document asks for: a file below `coverage/rows/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// Its title.
    pub(crate) title: String,
    /// Its rows, in its own order.
    #[serde(rename = "row")]
    pub(crate) rows: Vec<Row>,
}

/// One thing that a document asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The number of the document, and that of the row within it.
    pub(crate) id: String,
    /// Its name.
    pub(crate) item: String,
    /// Its meaning, empty if the name says it.
    #[serde(default)]
    pub(crate) requires: String,
    pub(crate) priority: Priority,
    #[serde(default)]
    pub(crate) checks: Vec<Check>,
    /// The reason why there is no check, or a remark about the ones that there are.
    #[serde(default)]
    pub(crate) remark: String,
}

/// The priority of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub(crate) enum Priority {
    /// It must work.
    P1,
    /// It should work.
    P2,
    /// It may come later.
    P3,
    /// Nothing that could be checked.
    #[serde(rename = "none")]
    None,
}

/// The state of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Covered,
    Open,
    /// Nothing could be checked.
    Untestable,
}

impl Row {
    pub(crate) fn state(&self) -> State {
        match (self.priority, self.checks.is_empty()) {
            (Priority::None, _) => State::Untestable,
            (_, true) => State::Open,
            (_, false) => State::Covered,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::None => "–",
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Covered => "covered",
            Self::Open => "open",
            Self::Untestable => "–",
        })
    }
}

/// Reads every document of a directory, in order of file names.
///
/// # Errors
///
/// Everything that is wrong with the files.
pub(crate) fn read(directory: &Path) -> Result<Vec<Document>, Vec<String>> {
    let files = files(directory).map_err(|error| vec![error])?;
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match document(&file) {
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(problem),
        }
    }
    let mut ids = BTreeSet::new();
    let rows = documents.iter().flat_map(|document| &document.rows);
    let twice = rows.filter(|row| !ids.insert(&row.id));
    problems.extend(twice.map(|row| format!("{}: two rows", row.id)));
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(problems)
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = fs::read_dir(directory).map_err(shown)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(shown)?;
    paths.sort();
    Ok(paths)
}

fn document(file: &Path) -> Result<Document, String> {
    let shown = |error: String| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| shown(error.to_string()))?;
    toml::from_str(&text).map_err(|error| shown(error.to_string()))
}
