//! Functions that take files and directories by their paths.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};

use ::tokio::fs as real;

use super::on_disk::operate_at;
use crate::disk::{DiskError, RunDisk};
use crate::operation::Operation;

/// Returns the absolute path of a file or directory, without `.`, `..` and symbolic links.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn canonicalize(path: impl AsRef<Path>) -> impl Future<Output = io::Result<PathBuf>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::canonicalize(path).await;
        };
        operate_at(disk, &path, Operation::Canonicalize, |disk, path| {
            disk.canonical(path)
        })
        .await
    }
}

/// Removes a file. It lives on as long as it is open.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn remove_file(path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => remove_on_disk(disk, &path).await,
            None => real::remove_file(path).await,
        }
    }
}

/// Removes a file on the disk of a run.
pub(super) async fn remove_on_disk(disk: RunDisk, path: &Path) -> io::Result<()> {
    operate_at(disk, path, Operation::RemoveFile, |on, path| {
        on.remove_file(path, disk.circumstances())
    })
    .await
}

/// Gives a file or directory another path. What is there is replaced at once; a directory only
/// by a directory, and only if it is empty.
///
/// # Errors
///
/// If there is nothing at the first path, if what is at the second cannot be replaced, and as the
/// system reports.
#[track_caller]
pub fn rename(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    let place = Location::caller();
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::rename(from, to).await;
        };
        let directory = disk.with(|disk| Ok(disk.directory_of(&to)))?;
        let renamed = operate_at(disk, &from, Operation::Rename, |on, from| {
            on.rename(from, &to, disk.circumstances())
        });
        renamed.await?;
        directory.touch();
        Ok(())
    }
}

/// Creates a hard link.
///
/// # Errors
///
/// `Unsupported` in a run, and as the system reports.
#[track_caller]
pub fn hard_link(
    original: impl AsRef<Path>,
    link: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    let place = Location::caller();
    async move {
        match RunDisk::current(place) {
            Some(_) => Err(DiskError::NoLinks.into()),
            None => real::hard_link(original, link).await,
        }
    }
}

/// Creates a symbolic link.
///
/// # Errors
///
/// `Unsupported` in a run, and as the system reports.
#[cfg(unix)]
#[track_caller]
pub fn symlink(
    original: impl AsRef<Path>,
    link: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    let place = Location::caller();
    async move {
        match RunDisk::current(place) {
            Some(_) => Err(DiskError::NoLinks.into()),
            None => real::symlink(original, link).await,
        }
    }
}

/// Returns the path that a symbolic link holds.
///
/// # Errors
///
/// If there is none at that path, as always in a run; and as the system reports.
#[track_caller]
pub fn read_link(path: impl AsRef<Path>) -> impl Future<Output = io::Result<PathBuf>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::read_link(path).await;
        };
        operate_at(disk, &path, Operation::ReadLink, |disk, path| {
            disk.facts(path)?;
            Err(DiskError::Invalid)
        })
        .await
    }
}
