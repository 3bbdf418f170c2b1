//! Files of results, and directories of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Part, ProgramId, Results};
use crate::repro::Draft;
pub(crate) use crate::repro::RESULTS_EXTENSION as EXTENSION;
use crate::scenario::{Code, Diagnostic, FileKind, Source};

/// The version of the file format.
const FORMAT: u32 = 2;

/// The most runs of a search before the seeds that are believed: many times what is ever run.
const SEARCHED_MAX: u64 = 1 << 32;

/// The remedy for a file that is not as it was written.
const RUN_AGAIN: &str = "remove the file; `rehearsal explore --resume` runs its seeds again";

/// The contents of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: u32,
    parts: BTreeSet<Part>,
}

/// The only field that every format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The results of a directory, and where they are from.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The results of all files.
    pub(crate) results: Results,
    /// For each program, the first file with results of it.
    files: BTreeMap<ProgramId, PathBuf>,
}

impl Directory {
    /// Reads every file of results in a directory, in the order of their names.
    ///
    /// # Errors
    ///
    /// Each file that is none, with the reason; or that the directory cannot be read.
    pub(crate) fn read(directory: &Path) -> Result<Self, Vec<Diagnostic>> {
        let paths = files(directory).map_err(|error| {
            let source = Source::of(FileKind::Results, directory, "");
            let message = format!("cannot read `{}`: {error}", directory.display());
            let help = "name a directory that `rehearsal explore --out` has written to";
            vec![Diagnostic::new(Code::ResultsUnreadable, &source, message).help(help)]
        })?;
        let mut found = Self::default();
        let mut problems = Vec::new();
        for path in paths {
            match read(&path) {
                Ok(results) => found.add(results, &path),
                Err(more) => problems.extend(more),
            }
        }
        match problems.is_empty() {
            true => Ok(found),
            false => Err(problems),
        }
    }

    /// Adds the results of another directory.
    pub(crate) fn merge(&mut self, other: Self) {
        self.results.merge(other.results);
        for (program, file) in other.files {
            self.files.entry(program).or_insert(file);
        }
    }

    fn add(&mut self, results: Results, path: &Path) {
        for part in &results.parts {
            if !self.files.contains_key(&part.program) {
                self.files.insert(part.program.clone(), path.to_owned());
            }
        }
        self.results.merge(results);
    }

    /// Returns a problem for each two programs that explore the same target in the same manner
    /// and are not the same.
    pub(crate) fn conflicts(&self) -> Vec<Diagnostic> {
        let mut first: Vec<(&ProgramId, &Path)> = Vec::new();
        let mut problems = Vec::new();
        for (program, file) in &self.files {
            let known = first
                .iter()
                .find(|(known, _)| known.has_subject_of(program));
            match known {
                Some((known, other)) => problems.push(conflict(
                    program,
                    file,
                    known,
                    &format!("`{}`", other.display()),
                )),
                None => first.push((program, file)),
            }
        }
        problems
    }

    /// Returns a problem for each other program that explores the target of that one in the same
    /// manner.
    pub(crate) fn conflicts_with(&self, program: &ProgramId) -> Vec<Diagnostic> {
        let others = self.files.iter();
        let others = others.filter(|(other, _)| *other != program && other.has_subject_of(program));
        others
            .map(|(other, file)| conflict(other, file, program, "this command"))
            .collect()
    }
}

fn conflict(program: &ProgramId, file: &Path, other: &ProgramId, name: &str) -> Diagnostic {
    let source = Source::of(FileKind::Results, file, "");
    let message = format!(
        "these results of `{}` under {} are not of the program of {name}: {} differs",
        program.target,
        program.strategy,
        program.difference(other).join(" and ")
    );
    let help = "give each build a directory of its own, or remove the results of the other one";
    Diagnostic::new(Code::ResultsOfAnotherProgram, &source, message).help(help)
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|found| found == EXTENSION));
    paths.sort();
    Ok(paths)
}

/// Returns the text of a file of these results.
///
/// # Errors
///
/// If it is larger than a file that is read again.
pub(crate) fn encode(results: &Results) -> io::Result<Vec<u8>> {
    let contents = Contents {
        format: FORMAT,
        parts: results.parts.clone(),
    };
    let mut text = serde_json::to_vec(&contents)?;
    text.push(b'\n');
    let most = FileKind::Results.max_bytes();
    if text.len() > most {
        return Err(io::Error::other(format!(
            "these are more than {} MiB, which would not be read again; leave the results of the \
             shards apart, and merge their directories",
            most >> 20
        )));
    }
    Ok(text)
}

/// Writes results to a file in one piece, in the place of an older one.
///
/// # Errors
///
/// If the operating system refuses; then the file is as it was.
pub(crate) fn write(results: &Results, path: &Path) -> io::Result<()> {
    Draft::write(path, &encode(results)?)?.replace()
}

/// Writes results to a new file in one piece. Its name is that of `path`, or with a number behind
/// it, if there is a file: no two processes write one file.
///
/// # Errors
///
/// If the operating system refuses; then there is no file.
pub(crate) fn write_new(results: &Results, path: &Path) -> io::Result<PathBuf> {
    let text = encode(results)?;
    let mut number = 1_u32;
    loop {
        let path = match number {
            1 => path.to_owned(),
            number => numbered(path, number),
        };
        if !path.exists() {
            match Draft::write(&path, &text)?.place() {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                placed => return placed.map(|()| path),
            }
        }
        number += 1;
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{EXTENSION}"))
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Results, Vec<Diagnostic>> {
    let source = Source::read(FileKind::Results, path)?;
    decode(&source)
}

fn decode(source: &Arc<Source>) -> Result<Results, Vec<Diagnostic>> {
    let text = source.text();
    let is_none = |error: serde_json::Error| {
        let message = format!("the file is none of results: {error}");
        let problem = Diagnostic::new(Code::ResultsUnreadable, source, message);
        vec![problem.help(RUN_AGAIN)]
    };
    // Another version may have other fields.
    let version: Version = serde_json::from_str(text).map_err(is_none)?;
    if version.format != FORMAT {
        let message = format!("the results have format {}", version.format);
        let help = format!("this version of rehearsal reads format {FORMAT}");
        let problem = Diagnostic::new(Code::ResultsFormat, source, message);
        return Err(vec![problem.help(help)]);
    }
    let contents: Contents = serde_json::from_str(text).map_err(is_none)?;
    match contents.parts.iter().find_map(problem) {
        Some(problem) => {
            let message = format!("the results contradict themselves: {problem}");
            let problem = Diagnostic::new(Code::ResultsContradictory, source, message);
            Err(vec![problem.help(RUN_AGAIN)])
        }
        None => Ok(Results {
            parts: contents.parts,
        }),
    }
}

/// Returns what cannot be in a part.
fn problem(part: &Part) -> Option<String> {
    let Some(seeds) = part.seeds() else {
        return Some(format!("seeds from {} to {}", part.first, part.last));
    };
    let counts = &part.counts;
    if let Some(problem) = counts.problem(&seeds) {
        return Some(problem);
    }
    match part.search {
        Some(_) if seeds.first() != seeds.last() => Some("a search of many seeds".to_owned()),
        Some(_) if counts.runs > SEARCHED_MAX => Some("a search without an end".to_owned()),
        Some(_) => None,
        None if seeds.size() != Some(counts.runs) => {
            Some(format!("{} runs of the seeds {seeds}", counts.runs))
        }
        None => counts.schedules.problem(counts.runs).map(str::to_owned),
    }
}
