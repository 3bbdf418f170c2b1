//! The entries of a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use ::tokio::fs as real;

use super::metadata::{self, FileType, Metadata};
use super::on_disk::operate_at;
use crate::disk::{Listed, RunDisk};
use crate::operation::Operation;

/// Lists a directory. In a run the entries are those that it has now, sorted by name.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn read_dir(path: impl AsRef<Path>) -> impl Future<Output = io::Result<ReadDir>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return Ok(ReadDir(Entries::Real(real::read_dir(path).await?)));
        };
        let listed = operate_at(disk, &path, Operation::ReadDir, |disk, path| {
            disk.list(path)
        });
        let listed = listed.await?.into();
        Ok(ReadDir(Entries::Simulated { disk, path, listed }))
    }
}

/// As `tokio::fs::ReadDir`.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ReadDir(Entries);

#[derive(Debug)]
enum Entries {
    Simulated {
        disk: RunDisk,
        path: PathBuf,
        listed: VecDeque<Listed>,
    },
    Real(real::ReadDir),
}

impl ReadDir {
    /// Returns the next entry, if there is one.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        match &mut self.0 {
            Entries::Simulated { disk, path, listed } => {
                let entry = listed.pop_front().map(|listed| Entry::Simulated {
                    disk: *disk,
                    path: path.join(&listed.name),
                    listed,
                });
                Poll::Ready(Ok(entry.map(DirEntry)))
            }
            Entries::Real(entries) => entries
                .poll_next_entry(cx)
                .map_ok(|entry| entry.map(|entry| DirEntry(Entry::Real(entry)))),
        }
    }
}

/// As `tokio::fs::DirEntry`.
#[derive(Debug)]
pub struct DirEntry(Entry);

#[derive(Debug)]
enum Entry {
    Simulated {
        disk: RunDisk,
        path: PathBuf,
        listed: Listed,
    },
    Real(real::DirEntry),
}

impl DirEntry {
    /// Returns the path: that of the directory, and the name.
    pub fn path(&self) -> PathBuf {
        match &self.0 {
            Entry::Simulated { path, .. } => path.clone(),
            Entry::Real(entry) => entry.path(),
        }
    }

    /// Returns the name.
    pub fn file_name(&self) -> OsString {
        match &self.0 {
            Entry::Simulated { listed, .. } => listed.name.clone(),
            Entry::Real(entry) => entry.file_name(),
        }
    }

    /// Returns the metadata.
    ///
    /// # Errors
    ///
    /// If it has been removed, and as the system reports.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        match &self.0 {
            Entry::Simulated { disk, path, .. } => metadata::on_disk(*disk, path).await,
            Entry::Real(entry) => Ok(Metadata::real(entry.metadata().await?)),
        }
    }

    /// Returns the type.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn file_type(&self) -> io::Result<FileType> {
        match &self.0 {
            Entry::Simulated { listed, .. } => Ok(FileType::simulated(listed.is_directory)),
            Entry::Real(entry) => Ok(FileType::real(entry.file_type().await?)),
        }
    }

    /// Returns the number of the file on its disk.
    #[cfg(unix)]
    pub fn ino(&self) -> u64 {
        match &self.0 {
            Entry::Simulated { listed, .. } => listed.number,
            Entry::Real(entry) => entry.ino(),
        }
    }
}
