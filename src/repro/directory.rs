//! The default directory of repros and results, `target/rehearsal`: links to the newest failure,
//! and a limit of the files in it. In any other directory, which a user has chosen, neither is done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{EXTENSION, SUBDIRECTORY};

/// Repros that are kept, with their pages.
const REPROS_MAX: usize = 200;

/// The extension of files of results.
pub(crate) const RESULTS_EXTENSION: &str = "results";

/// Files of results that are kept.
const RESULTS_MAX: usize = 50;

/// The extension of pages.
const PAGE: &str = "html";

/// The name of the links, before their extensions.
const LATEST: &str = "latest";

/// The file by which a directory is known to hold what can be made again. Cargo puts one into
/// each directory for build output.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Points `latest.repro` at a repro and `latest.html` at its page, if there is one. They are
/// conveniences: that a link cannot be made costs nothing else, and is not reported.
pub(crate) fn link_latest(repro: &Path) {
    let Some(directory) = repro
        .parent()
        .filter(|directory| is_default_place(directory))
    else {
        return;
    };
    for extension in [EXTENSION, PAGE] {
        let target = repro.with_extension(extension);
        let link = directory.join(LATEST).with_extension(extension);
        // An old page is not that of the new repro.
        let _ = if target.is_file() {
            replace_link(&target, &link)
        } else {
            remove_link(&link)
        };
    }
}

/// Removes the oldest repros, with their pages, and the oldest results, of which there are too
/// many. What cannot be removed stays.
pub(crate) fn remove_surplus(directory: &Path) {
    if is_default_place(directory) {
        for repro in surplus(directory, EXTENSION, REPROS_MAX) {
            let _ = fs::remove_file(repro.with_extension(PAGE));
            let _ = fs::remove_file(repro);
        }
        for results in surplus(directory, RESULTS_EXTENSION, RESULTS_MAX) {
            let _ = fs::remove_file(results);
        }
    }
}

/// Returns the oldest files with that extension, without the newest `most`.
fn surplus(directory: &Path, extension: &str, most: usize) -> Vec<PathBuf> {
    let mut files = files(directory, extension).unwrap_or_default();
    files.sort();
    files.truncate(files.len().saturating_sub(most));
    files.into_iter().map(|(_, path)| path).collect()
}

/// Returns the files of a directory with that extension that are no links, with the times of
/// their last change.
fn files(directory: &Path, extension: &str) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_one = path.extension().is_some_and(|found| found == extension);
        // Another process may have removed it meanwhile.
        if let (true, Ok(metadata)) = (is_one, path.symlink_metadata())
            && metadata.is_file()
        {
            files.push((metadata.modified()?, path));
        }
    }
    Ok(files)
}

/// Returns `true` for the directory that is used if no other is chosen.
fn is_default_place(directory: &Path) -> bool {
    let is_named = directory
        .file_name()
        .is_some_and(|name| name == SUBDIRECTORY);
    let output = directory.parent().unwrap_or(Path::new(""));
    is_named && output.join(CACHE_TAG).is_file()
}

/// Points a link at a file in its own directory, in one step: a reader finds the old file or the
/// new one.
#[cfg(unix)]
fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    let (Some(name), Some(directory)) = (target.file_name(), link.parent()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let draft = tempfile::Builder::new()
        .prefix(".draft-")
        .make_in(directory, |path| std::os::unix::fs::symlink(name, path))?;
    let draft = draft.into_temp_path();
    draft.persist(link)?;
    Ok(())
}

#[cfg(not(unix))]
fn replace_link(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Removes a link. A file of that name is no link of this module's, and stays.
fn remove_link(link: &Path) -> io::Result<()> {
    if link.is_symlink() {
        fs::remove_file(link)?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Returns a directory for build output, and the one for repros in it.
    fn places() -> (tempfile::TempDir, PathBuf) {
        let output = tempfile::tempdir().expect("a directory");
        fs::write(output.path().join(CACHE_TAG), "").expect("a file");
        let directory = output.path().join(SUBDIRECTORY);
        fs::create_dir(&directory).expect("a directory");
        (output, directory)
    }

    /// Writes a repro that was last changed so many seconds after the first.
    fn write(directory: &Path, name: &str, age: u64) -> PathBuf {
        let path = directory.join(name).with_extension(EXTENSION);
        fs::write(&path, name).expect("a file");
        let file = fs::File::options().write(true).open(&path).expect("it");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + age);
        file.set_modified(time).expect("a time");
        path
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn links_lead_to_the_newest_repro_and_its_own_page() {
        let (_output, directory) = places();
        let first = write(&directory, "first", 0);
        fs::write(first.with_extension(PAGE), "page").expect("a file");
        link_latest(&first);
        let read = |name: &str| fs::read_to_string(directory.join(name)).ok();
        assert_eq!(read("latest.repro").as_deref(), Some("first"));
        assert_eq!(read("latest.html").as_deref(), Some("page"));
        link_latest(&write(&directory, "second", 1));
        assert_eq!(read("latest.repro").as_deref(), Some("second"));
        assert_eq!(read("latest.html"), None);
        let names = names(&directory);
        assert_eq!(
            names,
            ["first.html", "first.repro", "latest.repro", "second.repro"]
        );
    }

    #[test]
    fn oldest_files_go_with_their_pages_and_nothing_else_does() {
        let (_output, directory) = places();
        let name = |number: usize| format!("r{number:03}");
        for number in 0..=REPROS_MAX {
            let repro = write(&directory, &name(number), number as u64);
            fs::write(repro.with_extension(PAGE), "").expect("a file");
            link_latest(&repro);
        }
        for number in 0..=RESULTS_MAX {
            let results = write(&directory, &format!("s{number}"), number as u64);
            fs::rename(&results, results.with_extension(RESULTS_EXTENSION)).expect("a file");
        }
        for name in ["log-failures.jsonl", "alone.html"] {
            fs::write(directory.join(name), "").expect("a file");
        }
        let before = names(&directory);
        remove_surplus(&directory);
        let after = names(&directory);
        let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
        assert_eq!(gone, ["r000.html", "r000.repro", "s0.results"]);
    }

    #[test]
    fn directory_that_a_user_has_chosen_is_left_alone() {
        let chosen = tempfile::tempdir().expect("a directory");
        let named = chosen.path().join(SUBDIRECTORY);
        fs::create_dir(&named).expect("a directory");
        for directory in [chosen.path(), &named] {
            for number in 0..=REPROS_MAX {
                write(directory, &format!("r{number}"), 0);
            }
            let before = names(directory).len();
            link_latest(&directory.join("r0.repro"));
            remove_surplus(directory);
            assert_eq!(names(directory).len(), before);
        }
    }
}
