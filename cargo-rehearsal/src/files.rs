//! Files and links that are only written where they differ: a new time of change would have
//! cargo build everything anew.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::error::Error;

/// Creates a directory and those above it.
pub(crate) fn directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::file(path))
}

/// Writes a file whose directory is there, unless it has that text.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(Error::file(path))
}

/// Makes a link, unless it is there.
pub(crate) fn link(original: &Path, link: &Path) -> Result<(), Error> {
    match fs::read_link(link) {
        Ok(found) if found == original => return Ok(()),
        Ok(_) => fs::remove_file(link).map_err(Error::file(link))?,
        Err(_) => {}
    }
    match symlink(original, link) {
        // Another command on this project was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_link(link) => Ok(()),
        result => result.map_err(Error::file(link)),
    }
}

/// Returns `true` if there is a symbolic link at the path.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink())
}
