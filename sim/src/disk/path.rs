//! Paths on a disk: absolute, or relative to its root.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};

use super::error::DiskError;

/// The longest name of a file, in bytes.
const NAME_MAX: usize = 255;

/// A step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// To the directory itself.
    Stay,
    /// To the directory that holds this one.
    Up,
    /// To the file or directory of that name.
    Into(OsString),
}

/// A path that was taken apart.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    /// The steps to the directory that holds the last one.
    pub(super) before: Vec<Step>,
    /// The last step; none for the root.
    pub(super) last: Option<Step>,
    /// `true` if the path ends in `/`, and so names a directory.
    pub(super) names_directory: bool,
}

impl Steps {
    /// Takes a path apart.
    ///
    /// # Errors
    ///
    /// If it is empty, has a zero byte in it, or a name that is too long.
    pub(super) fn of(path: &Path) -> Result<Self, DiskError> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.contains(&0) {
            return Err(DiskError::ZeroByte);
        }
        if bytes.is_empty() {
            return Err(DiskError::NotFound);
        }
        let mut before = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => before.push(Step::Into(checked(name)?)),
                Component::ParentDir => before.push(Step::Up),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        // Left out by `components`, but not by the system.
        if bytes == b"." || bytes.ends_with(b"/.") || bytes.ends_with(b"/./") {
            before.push(Step::Stay);
        }
        Ok(Self {
            last: before.pop(),
            before,
            names_directory: bytes.ends_with(b"/"),
        })
    }
}

fn checked(name: &OsStr) -> Result<OsString, DiskError> {
    match name.len() > NAME_MAX {
        true => Err(DiskError::NameTooLong),
        false => Ok(name.to_owned()),
    }
}
