//! Finds scenario files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::source::Source;
use super::suggest;

use crate::console::Shown;

/// The most directories that are looked through: a link to the root of the file system leads
/// to more.
const DIRECTORIES_MAX: usize = 10_000;

/// The directory of scenarios, seen from the project's root.
pub const ROOT: &str = "scenarios";

/// Every `*.toml` file below `root`, sorted by scenario name. Hidden files and
/// directories are passed over; links are followed, but no directory is entered
/// twice.
///
/// # Errors
///
/// If a directory cannot be read, or two files have the same name.
pub fn find(root: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let files = walk(root)?;
    let mut by_name: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files {
        by_name.entry(name_of(&file)).or_default().push(file);
    }
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (name, mut files) in by_name {
        files.sort();
        match files.as_slice() {
            [first, second, ..] => problems.push(ambiguous(&name, first, second)),
            _ => found.append(&mut files),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

/// Every file that an argument stands for: those below a directory that there is, or the
/// one that [`resolve`] returns.
///
/// # Errors
///
/// As [`resolve`]; also if the directory has no scenario files.
pub fn resolve_all(root: &Path, argument: &str) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let directory = Path::new(argument);
    if !is_path(argument) || !directory.is_dir() {
        return Ok(vec![resolve(root, argument)?]);
    }
    let files = find(directory)?;
    if files.is_empty() {
        return Err(vec![empty(directory)]);
    }
    Ok(files)
}

/// The file of a scenario given by name, by the name of its test or by path. A name is
/// looked up below `root`, and so is that of a test, `SYSTEM/NAME`, in the directory of its
/// system. Anything else that contains a `/` or ends in `.toml` is a path and is not
/// looked at.
///
/// # Errors
///
/// If no file below `root` has that name, or two have, or a directory cannot be read.
pub fn resolve(root: &Path, argument: &str) -> Result<PathBuf, Vec<Diagnostic>> {
    if is_path(argument) {
        let path = PathBuf::from(argument);
        let of_test = if path.exists() {
            None
        } else {
            of_test(root, argument)
        };
        return Ok(of_test.unwrap_or(path));
    }
    let mut files = walk(root)?;
    files.sort();
    let named = |file: &&PathBuf| name_of(file) == argument;
    // Other names that two files have do not matter here.
    match files.iter().filter(named).collect::<Vec<_>>().as_slice() {
        [] => {
            let mut names: Vec<String> = files.iter().map(|file| name_of(file)).collect();
            names.dedup();
            Err(vec![unknown(root, argument, &names)])
        }
        [only] => Ok((*only).clone()),
        [first, second, ..] => Err(vec![ambiguous(argument, first, second)]),
    }
}

/// The name of the scenario in that file: the file's name without `.toml`.
pub fn name_of(file: &Path) -> String {
    file.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The file of the test `SYSTEM/NAME`, if there is one.
fn of_test(root: &Path, argument: &str) -> Option<PathBuf> {
    let (system, name) = argument.split_once('/')?;
    let is_name = matches!(
        Path::new(system).components().next(),
        Some(Component::Normal(_))
    );
    let files = walk(root).ok().filter(|_| is_name)?;
    files
        .into_iter()
        .find(|file| name_of(file) == name && file.starts_with(root.join(system)))
}

fn is_path(argument: &str) -> bool {
    argument.contains('/')
        || argument.contains(std::path::MAIN_SEPARATOR)
        || argument.ends_with(".toml")
}

fn walk(root: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut entered = BTreeSet::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(directory) = ahead.pop() {
        let identity = directory
            .canonicalize()
            .map_err(|error| vec![refusal(root, &directory, &error)])?;
        if !entered.insert(identity) {
            continue;
        }
        if entered.len() > DIRECTORIES_MAX {
            return Err(vec![too_many(root)]);
        }
        let entries =
            entries(&directory).map_err(|error| vec![refusal(root, &directory, &error)])?;
        for path in entries {
            if path.is_dir() {
                ahead.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// The entries of a directory that are not hidden, in a fixed order: the last first,
/// because directories are taken from the end of a list.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort_by(|left, right| right.cmp(left));
    Ok(paths)
}

fn refusal(root: &Path, directory: &Path, error: &io::Error) -> Diagnostic {
    let nothing = Source::new(directory, "");
    let shown = directory.shown();
    if directory == root && error.kind() == io::ErrorKind::NotFound {
        return Diagnostic::new(
            Code::NoScenarios,
            &nothing,
            format!("there is no directory `{shown}`"),
        )
        .help("run in the project's root, or name scenario files by their paths");
    }
    Diagnostic::new(
        Code::Unreadable,
        &nothing,
        format!("cannot read `{shown}`: {error}"),
    )
    .help("check the path and its permissions")
}

fn too_many(root: &Path) -> Diagnostic {
    let shown = root.shown();
    let message = format!("more than {DIRECTORIES_MAX} directories below `{shown}`");
    Diagnostic::new(Code::Unreadable, &Source::new(root, ""), message)
        .help("remove links that lead out of the project, or name scenario files by their paths")
}

fn empty(directory: &Path) -> Diagnostic {
    Diagnostic::new(
        Code::NoScenarios,
        &Source::new(directory, ""),
        format!("no scenario files below `{}`", directory.shown()),
    )
    .help("a scenario file ends in `.toml`")
}

fn ambiguous(name: &str, first: &Path, second: &Path) -> Diagnostic {
    Diagnostic::new(
        Code::AmbiguousName,
        &Source::new(second, ""),
        format!("two scenarios have the name `{name}`"),
    )
    .help(format!("the other one is `{}`; rename one", first.shown()))
}

fn unknown(root: &Path, argument: &str, names: &[String]) -> Diagnostic {
    let near = suggest::nearest(argument, names.iter().map(String::as_str));
    Diagnostic::new(
        Code::UnknownScenario,
        &Source::new(root, ""),
        format!("there is no scenario `{argument}`"),
    )
    .help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`rehearsal list` shows the scenarios that there are".to_owned(),
    })
}
