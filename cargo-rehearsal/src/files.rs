//! Files and links that are only written where they differ: a new time of change would have
//! cargo build everything anew.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Creates a directory and those above it.
pub(crate) fn directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::file(path))
}

/// Writes a file whose directory is there, unless it has that text. A command that is killed, or
/// another one that reads the file, never has a part of it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let unfinished = unfinished(path);
    fs::write(&unfinished, text).map_err(Error::file(path))?;
    fs::rename(&unfinished, path).map_err(Error::file(path))
}

/// Returns the path at which a file is written, of which each process has one.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

/// Creates a file and waits until no other command has it locked. The lock ends with the file.
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(Error::file(path))?;
    match file.lock() {
        // Some file systems have no locks. Cargo goes on without one too.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(file),
        result => result.map(|()| file).map_err(Error::file(path)),
    }
}

/// Makes a link, unless it is there.
pub(crate) fn link(original: &Path, link: &Path) -> Result<(), Error> {
    match fs::read_link(link) {
        Ok(found) if found == original => return Ok(()),
        Ok(_) => fs::remove_file(link).map_err(Error::file(link))?,
        Err(_) => {}
    }
    symlink(original, link).map_err(Error::file(link))
}

/// Returns `true` if there is a symbolic link at the path.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disk_is_an_error_and_leaves_the_file_as_it_was() {
        let directory =
            std::env::temp_dir().join(format!("rehearsal-files-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("file");
        write(&path, "one").expect("there is room");
        symlink("/dev/full", unfinished(&path)).expect("a link");
        let error = write(&path, "two").expect_err("there is no room");
        assert!(
            matches!(&error, Error::File(_, cause) if cause.kind() == ErrorKind::StorageFull),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).expect("a file"), "one");
        fs::remove_dir_all(&directory).expect("a directory");
    }
}
