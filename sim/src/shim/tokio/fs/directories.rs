//! Directories: creation and removal.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};

use ::tokio::fs as real;

use super::dir_builder::{self, DirBuilder};
use super::file::Place;
use super::on_disk::{operate, operate_at};
use super::{metadata, paths};
use crate::disk::RunDisk;
use crate::operation::Operation;

/// Creates a directory.
///
/// # Errors
///
/// If there is one, or a file; if there is no directory to hold it; and as the system reports.
#[track_caller]
pub fn create_dir(path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
    dir_builder::create(
        DirBuilder::new(),
        path.as_ref().to_owned(),
        Location::caller(),
    )
}

/// Creates a directory, and those above it that do not exist.
///
/// # Errors
///
/// If there is a file in the place of one of them, and as the system reports.
#[track_caller]
pub fn create_dir_all(path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    dir_builder::create(builder, path.as_ref().to_owned(), Location::caller())
}

/// Creates a directory on the disk of a run.
pub(super) async fn create_on_disk(
    disk: RunDisk,
    path: &Path,
    mode: Option<u32>,
    place: Place,
) -> io::Result<()> {
    let directory = disk.with(|disk| Ok(disk.directory_of(path)))?;
    let created = || disk.create_directory(path, mode, place);
    operate(disk, (&directory, Operation::CreateDir), created).await
}

/// Creates a directory and those above it on the disk of a run, as the standard library does:
/// the lowest that can be created first.
pub(super) async fn create_all_on_disk(
    disk: RunDisk,
    path: &Path,
    mode: Option<u32>,
    place: Place,
) -> io::Result<()> {
    let mut missing: Vec<&Path> = Vec::new();
    for directory in path.ancestors() {
        if directory.as_os_str().is_empty() {
            break;
        }
        match create_on_disk(disk, directory, mode, place).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(directory),
            created => {
                exists_at_least(disk, directory, created).await?;
                break;
            }
        }
    }
    for directory in missing.into_iter().rev() {
        let created = create_on_disk(disk, directory, mode, place).await;
        exists_at_least(disk, directory, created).await?;
    }
    Ok(())
}

/// Returns the error of a creation, unless there is a directory all the same.
async fn exists_at_least(disk: RunDisk, path: &Path, created: io::Result<()>) -> io::Result<()> {
    let Err(error) = created else {
        return Ok(());
    };
    match metadata::on_disk(disk, path).await {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        _ => Err(error),
    }
}

/// Removes a directory that is empty.
///
/// # Errors
///
/// If there is none, if it is not empty, and as the system reports.
#[track_caller]
pub fn remove_dir(path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => remove_on_disk(disk, &path).await,
            None => real::remove_dir(path).await,
        }
    }
}

async fn remove_on_disk(disk: RunDisk, path: &Path) -> io::Result<()> {
    operate_at(disk, path, Operation::RemoveDir, |on, path| {
        on.remove_directory(path, disk.circumstances())
    })
    .await
}

/// Removes a directory with everything in it.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn remove_dir_all(path: impl AsRef<Path>) -> impl Future<Output = io::Result<()>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => remove_all_on_disk(disk, path).await,
            None => real::remove_dir_all(path).await,
        }
    }
}

/// A directory that is being removed.
struct Removal {
    path: PathBuf,
    /// `true` once what was in it has been listed.
    is_listed: bool,
}

async fn remove_all_on_disk(disk: RunDisk, path: PathBuf) -> io::Result<()> {
    let mut open = vec![Removal {
        path,
        is_listed: false,
    }];
    while let Some(mut next) = open.pop() {
        if next.is_listed {
            remove_on_disk(disk, &next.path).await?;
            continue;
        }
        next.is_listed = true;
        let entries = operate_at(disk, &next.path, Operation::ReadDir, |disk, path| {
            disk.list(path)
        });
        let entries = entries.await?;
        let path = next.path.clone();
        open.push(next);
        for entry in entries {
            let path = path.join(entry.name);
            match entry.is_directory {
                true => open.push(Removal {
                    path,
                    is_listed: false,
                }),
                false => paths::remove_on_disk(disk, &path).await?,
            }
        }
    }
    Ok(())
}
