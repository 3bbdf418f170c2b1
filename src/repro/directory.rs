//! The default directory of repros, `target/rehearsal`: links to the newest failure, and a limit
//! of the files in it. In any other directory, which a user has chosen, neither is done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{EXTENSION, SUBDIRECTORY};

/// Repros that are kept, with their pages.
const REPROS_MAX: usize = 200;

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

/// Removes the oldest repros, with their pages, of which there are too many. What cannot be
/// removed stays.
pub(crate) fn remove_surplus(directory: &Path) {
    if is_default_place(directory) {
        remove_surplus_of(directory, REPROS_MAX);
    }
}

fn remove_surplus_of(directory: &Path, most: usize) {
    let mut repros = repros(directory).unwrap_or_default();
    let surplus = repros.len().saturating_sub(most);
    repros.sort();
    for (_, repro) in repros.into_iter().take(surplus) {
        let _ = fs::remove_file(repro.with_extension(PAGE));
        let _ = fs::remove_file(repro);
    }
}

/// Returns the repros of a directory that are no links, with the times of their last change.
fn repros(directory: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut repros = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_repro = path
            .extension()
            .is_some_and(|extension| extension == EXTENSION);
        // Another process may have removed it meanwhile.
        if let (true, Ok(metadata)) = (is_repro, path.symlink_metadata())
            && metadata.is_file()
        {
            repros.push((metadata.modified()?, path));
        }
    }
    Ok(repros)
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
    fn oldest_repros_go_with_their_pages_and_nothing_else_does() {
        let (_output, directory) = places();
        for (age, name) in ["old", "middle", "new"].into_iter().enumerate() {
            let repro = write(&directory, name, age as u64);
            fs::write(repro.with_extension(PAGE), "").expect("a file");
            link_latest(&repro);
        }
        fs::write(directory.join("log-failures.jsonl"), "").expect("a file");
        fs::write(directory.join("alone.html"), "").expect("a file");
        remove_surplus_of(&directory, 2);
        assert_eq!(
            names(&directory),
            [
                "alone.html",
                "latest.html",
                "latest.repro",
                "log-failures.jsonl",
                "middle.html",
                "middle.repro",
                "new.html",
                "new.repro",
            ]
        );
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
