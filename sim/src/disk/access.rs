//! The arguments and results of the operations of a disk.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

use super::error::DiskError;
use super::tree::NodeId;
use crate::point::Resource;

/// The circumstances of an operation.
pub(crate) struct Circumstances {
    /// The wall clock of the host.
    pub(crate) now: SystemTime,
    /// The line of user code, if it is recorded.
    pub(crate) line: Option<String>,
}

/// The identity of a file or directory that an operation may create.
pub(crate) type NewResource<'a> = &'a dyn Fn() -> Arc<Resource>;

/// The way in which a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) truncate: bool,
    pub(crate) create: bool,
    pub(crate) create_new: bool,
    /// The permissions of a file that is created.
    pub(crate) mode: Option<u32>,
}

impl Access {
    pub(crate) const READ: Self = Self {
        read: true,
        write: false,
        append: false,
        truncate: false,
        create: false,
        create_new: false,
        mode: None,
    };

    pub(crate) const REPLACE: Self = Self {
        read: false,
        write: true,
        append: false,
        truncate: true,
        create: true,
        create_new: false,
        mode: None,
    };

    pub(crate) const NEW: Self = Self {
        read: true,
        write: true,
        append: false,
        truncate: false,
        create: false,
        create_new: true,
        mode: None,
    };

    pub(super) fn writes(self) -> bool {
        self.write || self.append
    }

    /// Returns an error for what an operating system does not open: nothing to read or write,
    /// or a change of a file that is not written.
    pub(super) fn check(self) -> Result<(), DiskError> {
        let changes = self.truncate || self.create || self.create_new;
        let is_valid = match (self.write, self.append) {
            (false, false) => self.read && !changes,
            (true, false) => true,
            (_, true) => !self.truncate || self.create_new,
        };
        is_valid.then_some(()).ok_or(DiskError::Options)
    }
}

/// A file or directory that was opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) node: NodeId,
    pub(crate) access: Access,
    pub(crate) resource: Arc<Resource>,
}

/// The metadata of a file or directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    pub(crate) is_directory: bool,
    pub(crate) len: u64,
    pub(crate) mode: u32,
    pub(crate) created: SystemTime,
    pub(crate) modified: SystemTime,
}

/// An entry of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    pub(crate) name: OsString,
    pub(crate) is_directory: bool,
    /// The number of the file or directory on its disk.
    pub(crate) number: u64,
}
