//! A file that is written whole before it has its name.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

/// The beginning of the names of drafts.
const PREFIX: &str = ".draft-";

/// The age of a draft that no process is writing any more: one has its place within seconds.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Removes the drafts of processes that were killed. That there are some harms nothing, so no
/// error is reported.
fn remove_abandoned(directory: &Path, newest: &NamedTempFile) {
    let modified = |path: &Path| path.symlink_metadata()?.modified();
    let Ok(now) = modified(newest.path()) else {
        return;
    };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries {
        let is_draft = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !(is_draft && is_file) {
            continue;
        }
        let age = modified(&entry.path()).map(|then| now.duration_since(then));
        if matches!(age, Ok(Ok(age)) if age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A text on the disk, in the directory of the file that it is for. It has a random name, which
/// no other process and no link has, and goes if it is dropped. A reader of the file finds the
/// old text or the new one, never a part.
pub(crate) struct Draft<'a> {
    file: NamedTempFile,
    path: &'a Path,
}

impl<'a> Draft<'a> {
    /// Writes the text for `path`, and the directories that it needs.
    ///
    /// # Errors
    ///
    /// If the operating system refuses; then nothing is left of it.
    pub(crate) fn write(path: &'a Path, bytes: &[u8]) -> io::Result<Self> {
        let directory = match path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(directory)?;
        let mut draft = Builder::new();
        draft.prefix(PREFIX);
        #[cfg(unix)]
        draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = draft.tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        remove_abandoned(directory, &file);
        Ok(Self { file, path })
    }

    /// Returns where the text is for now.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the text its place, which another may have had.
    ///
    /// # Errors
    ///
    /// If the operating system refuses; then the other is still there.
    pub(crate) fn replace(self) -> io::Result<()> {
        self.file.persist(self.path)?;
        sync_directory(self.path);
        Ok(())
    }

    /// Gives the text its place, which no other has.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if another has it; or the operating system refuses.
    pub(crate) fn place(self) -> io::Result<()> {
        self.file.persist_noclobber(self.path)?;
        sync_directory(self.path);
        Ok(())
    }
}

/// Writes the new name to the disk, so that it outlives the machine's power. Where the operating
/// system cannot do that, the file has its name all the same.
fn sync_directory(path: &Path) {
    if cfg!(unix) {
        let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
        let file = File::open(directory.unwrap_or(Path::new(".")));
        let _ = file.and_then(|file| file.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_finds_the_old_text_or_the_new_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new/file");
        let draft = Draft::write(&path, b"new").expect("it is written");
        assert_eq!(std::fs::read(draft.path()).expect("a file"), b"new");
        assert!(!path.exists());
        draft.replace().expect("it takes its place");
        assert_eq!(std::fs::read(&path).expect("a file"), b"new");
        let dropped = Draft::write(&path, b"dropped").expect("it is written");
        drop(dropped);
        assert_eq!(std::fs::read(&path).expect("a file"), b"new");
        let files = std::fs::read_dir(directory.path().join("new")).expect("a directory");
        assert_eq!(files.count(), 1, "no draft is left");
    }

    #[test]
    fn of_two_for_one_new_place_the_second_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let first = Draft::write(&path, b"first").expect("it is written");
        let second = Draft::write(&path, b"second").expect("it is written");
        first.place().expect("nothing is there");
        let refused = second.place().expect_err("the first is there");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).expect("a file"), b"first");
    }

    #[test]
    #[cfg(unix)]
    fn link_is_replaced_and_not_followed() {
        let directory = tempfile::tempdir().expect("a directory");
        let (victim, path) = (
            directory.path().join("victim"),
            directory.path().join("file"),
        );
        std::fs::write(&victim, "precious").expect("a file");
        std::os::unix::fs::symlink(&victim, &path).expect("a link");
        let draft = Draft::write(&path, b"new").expect("it is written");
        draft.replace().expect("it takes its place");
        assert_eq!(std::fs::read(&victim).expect("a file"), b"precious");
        assert!(!path.is_symlink());
    }

    #[test]
    fn drafts_of_killed_processes_are_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let aged = |name: &str, hours: u64| {
            let path = directory.path().join(name);
            let file = std::fs::File::create(&path).expect("a file");
            let then = file.metadata().and_then(|it| it.modified());
            let then = then.expect("a time") - Duration::from_secs(hours * 60 * 60);
            file.set_modified(then).expect("a time");
            path
        };
        let abandoned = aged(".draft-old", 2);
        let others = [
            aged(".draft-new", 0),
            aged("draft-old", 2),
            aged("old.repro", 2),
        ];
        let path = directory.path().join("new.repro");
        let draft = Draft::write(&path, b"new").expect("it is written");
        draft.replace().expect("it has its place");
        assert!(!abandoned.exists());
        assert!(others.iter().all(|path| path.exists()));
    }
}
