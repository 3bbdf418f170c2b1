//! A file that is written whole before it has its name.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

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
        draft.prefix(".draft-");
        #[cfg(unix)]
        draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = draft.tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
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
        Ok(())
    }

    /// Gives the text its place, which no other has.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if another has it; or the operating system refuses.
    pub(crate) fn place(self) -> io::Result<()> {
        self.file.persist_noclobber(self.path)?;
        Ok(())
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
}
