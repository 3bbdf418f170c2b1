//! A file that is open on the disk of a host.

use std::io::{self, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::tokio::io::ReadBuf;

use super::on_disk;
use super::turn::Turn;
use crate::disk::{Disk, DiskError, Opened, RunDisk};
use crate::operation::Operation;

/// The largest number of bytes that one write writes, as in tokio.
const BUFFER_SIZE: usize = 2 * 1024 * 1024;

/// A file on the disk of a host.
pub(super) struct Simulated {
    pub(super) disk: RunDisk,
    pub(super) opened: Opened,
    /// The offset of the next read or write, which clones share.
    pub(super) offset: Arc<Mutex<u64>>,
    pub(super) reading: Turn,
    pub(super) writing: Turn,
    /// The result of a seek that `poll_complete` has not returned yet.
    pub(super) sought: Option<io::Result<u64>>,
    /// The result of the last seek.
    pub(super) position: u64,
    /// The error of a write, for the next write or flush.
    failed: Mutex<Option<io::Error>>,
    pub(super) buffer_size: usize,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.disk.close(self.opened.node);
    }
}

impl Simulated {
    pub(super) fn new(disk: RunDisk, opened: Opened) -> Self {
        Self {
            disk,
            opened,
            offset: Arc::default(),
            reading: Turn::default(),
            writing: Turn::default(),
            sought: None,
            position: 0,
            failed: Mutex::default(),
            buffer_size: BUFFER_SIZE,
        }
    }

    /// Calls `f` with the offset, which it may move.
    fn at_offset<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.offset.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn read(&self, buf: &mut ReadBuf<'_>) -> Result<(), DiskError> {
        let most = buf.remaining().min(self.buffer_size);
        self.at_offset(|offset| {
            self.disk.with(|disk| {
                let bytes = disk.read(&self.opened, *offset, most)?;
                buf.put_slice(bytes);
                *offset += bytes.len() as u64;
                Ok(())
            })
        })
    }

    pub(super) fn failed(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reduces the error of a write to its kind, as tokio does at the next operation that does not
    /// report it.
    pub(super) fn defer_error(&self) {
        let mut failed = self.failed();
        *failed = failed.take().map(|error| error.kind().into());
    }

    pub(super) fn write(&self, bytes: &[u8]) -> usize {
        let bytes = &bytes[..bytes.len().min(self.buffer_size)];
        if bytes.is_empty() {
            return 0;
        }
        let at = self.disk.circumstances();
        let written = self.at_offset(|offset| {
            self.disk.with(|disk| {
                let (after, result) = disk.write(&self.opened, *offset, bytes, at);
                *offset = after;
                result
            })
        });
        *self.failed() = written.err().map(io::Error::from);
        bytes.len()
    }

    pub(super) fn seek(&self, to: SeekFrom) -> Result<u64, DiskError> {
        let len = match to {
            SeekFrom::End(_) => self.disk.with(|disk| disk.len(&self.opened))?,
            SeekFrom::Start(_) | SeekFrom::Current(_) => 0,
        };
        self.at_offset(|offset| {
            let sought = match to {
                SeekFrom::Start(offset) => Some(offset),
                SeekFrom::End(by) => len.checked_add_signed(by),
                SeekFrom::Current(by) => offset.checked_add_signed(by),
            };
            // An operating system has signed offsets.
            let sought = sought.filter(|offset| i64::try_from(*offset).is_ok());
            *offset = sought.ok_or(DiskError::Invalid)?;
            Ok(*offset)
        })
    }

    pub(super) async fn sync(&self, operation: Operation) -> io::Result<()> {
        self.defer_error();
        self.operate(operation, |disk, of| disk.sync(of)).await
    }

    pub(super) async fn operate<R>(
        &self,
        operation: Operation,
        f: impl FnOnce(&mut Disk, &Opened) -> Result<R, DiskError>,
    ) -> io::Result<R> {
        let operated = || self.disk.with(|disk| f(disk, &self.opened));
        let at = (&*self.opened.resource, operation);
        on_disk::operate(self.disk, at, operated).await
    }
}
