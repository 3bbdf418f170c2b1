//! `OpenOptions`.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::Path;

use ::tokio::fs as real;

use super::file::{self, File};
use crate::disk::Access;

/// As `tokio::fs::OpenOptions`.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    pub(super) access: Access,
    flags: Option<i32>,
}

impl From<Access> for OpenOptions {
    fn from(access: Access) -> Self {
        Self {
            access,
            flags: None,
        }
    }
}

impl OpenOptions {
    /// Creates options with which nothing can be opened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets that the file is read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.access.read = read;
        self
    }

    /// Sets that the file is written.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.access.write = write;
        self
    }

    /// Sets that each write is at the end of the file.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.access.append = append;
        self
    }

    /// Sets that a file that exists is made empty.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.access.truncate = truncate;
        self
    }

    /// Sets that a file that does not exist is created.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.access.create = create;
        self
    }

    /// Sets that the file is created, and must not exist.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.access.create_new = create_new;
        self
    }

    /// Sets the permissions of a file that is created.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.access.mode = Some(mode);
        self
    }

    /// Sets flags of the system; without effect in a run.
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.flags = Some(flags);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// If the options contradict each other, and as the system reports.
    #[track_caller]
    pub fn open(&self, path: impl AsRef<Path>) -> impl Future<Output = io::Result<File>> {
        let path = path.as_ref().to_owned();
        file::open(self.clone(), path, Location::caller())
    }

    /// Returns the options for a file of the machine.
    pub(super) fn of_the_machine(&self) -> real::OpenOptions {
        let access = self.access;
        let mut options = real::OpenOptions::new();
        options
            .read(access.read)
            .write(access.write)
            .append(access.append)
            .truncate(access.truncate)
            .create(access.create)
            .create_new(access.create_new);
        #[cfg(unix)]
        {
            if let Some(mode) = access.mode {
                options.mode(mode);
            }
            if let Some(flags) = self.flags {
                options.custom_flags(flags);
            }
        }
        options
    }
}
