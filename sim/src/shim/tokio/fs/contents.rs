//! Functions that read and write whole files.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::Path;

use ::tokio::fs as real;
use ::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::file::{File, Place};
use super::on_disk::open;
use crate::disk::{Access, DiskError, RunDisk};

/// Returns the contents of a file.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Vec<u8>>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => read_on_disk(disk, &path, place).await,
            None => real::read(path).await,
        }
    }
}

/// Returns the contents of a file as text.
///
/// # Errors
///
/// As [`read`], and if it is no UTF-8.
#[track_caller]
pub fn read_to_string(path: impl AsRef<Path>) -> impl Future<Output = io::Result<String>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::read_to_string(path).await;
        };
        let bytes = read_on_disk(disk, &path, place).await?;
        let text = "stream did not contain valid UTF-8";
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, text))
    }
}

async fn read_on_disk(disk: RunDisk, path: &Path, place: Place) -> io::Result<Vec<u8>> {
    let mut file = File::simulated(disk, open(disk, path, Access::READ, place).await?);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Creates a file with these contents, or replaces those that it has.
///
/// # Errors
///
/// If there is no directory to hold it, and as the system reports.
#[track_caller]
pub fn write(
    path: impl AsRef<Path>,
    contents: impl AsRef<[u8]>,
) -> impl Future<Output = io::Result<()>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            // Owned, because tokio's thread needs them.
            return real::write(path, contents.as_ref().to_owned()).await;
        };
        let opened = open(disk, &path, Access::REPLACE, place).await?;
        let mut file = File::simulated(disk, opened);
        file.write_all(contents.as_ref()).await?;
        file.flush().await
    }
}

/// Copies the contents of a file to another one. Returns the number of bytes.
///
/// # Errors
///
/// If there is no file at the first path, and as the system reports.
#[track_caller]
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> impl Future<Output = io::Result<u64>> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    let place = Location::caller();
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::copy(from, to).await;
        };
        let mut source = File::simulated(disk, open(disk, &from, Access::READ, place).await?);
        let facts = source.metadata().await?;
        if !facts.is_file() {
            return Err(DiskError::Invalid.into());
        }
        let mut target = File::simulated(disk, open(disk, &to, Access::REPLACE, place).await?);
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).await?;
        target.write_all(&bytes).await?;
        target.flush().await?;
        Ok(bytes.len() as u64)
    }
}
