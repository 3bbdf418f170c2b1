//! `DirBuilder`.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};

use ::tokio::fs as real;

use super::directories::{create_all_on_disk, create_on_disk};
use super::file::Place;
use crate::disk::RunDisk;

/// As `tokio::fs::DirBuilder`.
#[derive(Clone, Debug, Default)]
pub struct DirBuilder {
    is_recursive: bool,
    mode: Option<u32>,
}

impl DirBuilder {
    /// Creates a builder of one directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets that the directories above are created as well, and that one that exists is no error.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.is_recursive = recursive;
        self
    }

    /// Sets the permissions of what is created.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Creates the directory.
    ///
    /// # Errors
    ///
    /// As [`create_dir`](super::create_dir) and [`create_dir_all`](super::create_dir_all).
    #[track_caller]
    pub fn create(&self, path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
        create(self.clone(), path.as_ref().to_owned(), Location::caller())
    }
}

/// Creates a directory on the disk of the running task's host, or one of the machine.
pub(super) async fn create(builder: DirBuilder, path: PathBuf, place: Place) -> io::Result<()> {
    let DirBuilder { is_recursive, mode } = builder;
    match RunDisk::current(place) {
        Some(disk) if is_recursive => create_all_on_disk(disk, &path, mode, place).await,
        Some(disk) => create_on_disk(disk, &path, mode, place).await,
        None => of_the_machine(is_recursive, mode).create(path).await,
    }
}

fn of_the_machine(is_recursive: bool, mode: Option<u32>) -> real::DirBuilder {
    let mut builder = real::DirBuilder::new();
    builder.recursive(is_recursive);
    #[cfg(unix)]
    if let Some(mode) = mode {
        builder.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}
