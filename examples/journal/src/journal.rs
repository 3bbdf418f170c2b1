//! The journal.

use std::io;
use std::path::Path;

use super::tokio::fs::{self, File, OpenOptions};
use super::tokio::io::AsyncWriteExt as _;

/// The moment at which an entry is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acknowledge {
    /// After it is durable.
    Synced,
    /// After it is written.
    Written,
}

/// A file with an entry in each line.
#[derive(Debug)]
pub struct Journal {
    file: File,
    acknowledge: Acknowledge,
}

impl Journal {
    /// Opens the journal of a directory, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn open(directory: &Path, acknowledge: Acknowledge) -> io::Result<Self> {
        let path = directory.join("journal");
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .await?;
        // The file itself is durable once its directory is.
        File::open(directory).await?.sync_all().await?;
        Ok(Self { file, acknowledge })
    }

    /// Appends an entry, which is acknowledged by the return.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn append(&mut self, entry: &str) -> io::Result<()> {
        self.file.write_all(format!("{entry}\n").as_bytes()).await?;
        self.file.flush().await?;
        if self.acknowledge == Acknowledge::Synced {
            self.file.sync_data().await?;
        }
        Ok(())
    }
}

/// Returns the entries of the journal of a directory. A line without an end is part of an entry
/// that was not acknowledged.
///
/// # Errors
///
/// If there is none, and as the system reports.
pub async fn entries(directory: &Path) -> io::Result<Vec<String>> {
    let bytes = fs::read(directory.join("journal")).await?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split_inclusive('\n');
    Ok(lines
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect())
}
