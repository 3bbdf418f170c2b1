//! `File`.

use std::fmt;
use std::fs as machine;
use std::future::Future;
use std::io::{self, IoSlice, SeekFrom};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use ::tokio::fs as real;
use ::tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use super::metadata::{Metadata, mode_of};
use super::on_disk;
use super::open_options::OpenOptions;
use super::simulated::Simulated;
use crate::disk::{Access, Disk, Opened, RunDisk};
use crate::operation::Operation;

/// A place in user code.
pub(super) type Place = &'static Location<'static>;

/// As `tokio::fs::File`.
pub struct File(Inner);

enum Inner {
    Simulated(Simulated),
    Real(real::File),
}

impl File {
    pub(super) fn simulated(disk: RunDisk, opened: Opened) -> Self {
        Self(Inner::Simulated(Simulated::new(disk, opened)))
    }

    pub(super) fn real(file: real::File) -> Self {
        Self(Inner::Real(file))
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// If there is none, and as the system reports.
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> {
        let path = path.as_ref().to_owned();
        open(Access::READ.into(), path, Location::caller())
    }

    /// Opens a file for writing, creates it if there is none, and makes it empty.
    ///
    /// # Errors
    ///
    /// If there is no directory to hold it, and as the system reports.
    #[track_caller]
    pub fn create(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> {
        let path = path.as_ref().to_owned();
        open(Access::REPLACE.into(), path, Location::caller())
    }

    /// Creates a file for reading and writing.
    ///
    /// # Errors
    ///
    /// If there is one, and as the system reports.
    #[track_caller]
    pub fn create_new(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Self>> {
        let path = path.as_ref().to_owned();
        open(Access::NEW.into(), path, Location::caller())
    }

    /// Returns options to open a file with.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Converts a file of the machine, which it stays.
    pub fn from_std(file: machine::File) -> Self {
        Self::real(real::File::from_std(file))
    }

    /// Makes what was written durable. In a run: the writes to this file; of a directory, the
    /// entries in it.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn sync_all(&self) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(file) => file.sync(Operation::SyncAll).await,
            Inner::Real(file) => file.sync_all().await,
        }
    }

    /// As [`File::sync_all`]; in a run, the same.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn sync_data(&self) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(file) => file.sync(Operation::SyncData).await,
            Inner::Real(file) => file.sync_data().await,
        }
    }

    /// Sets the length. What is added reads as zeros.
    ///
    /// # Errors
    ///
    /// If the file is not open for writing, and as the system reports.
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(file) => {
                file.defer_error();
                let at = file.disk.circumstances();
                file.operate(Operation::SetLen, |disk, of| disk.resize(of, size, at))
                    .await
            }
            Inner::Real(file) => file.set_len(size).await,
        }
    }

    /// Returns the metadata.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        match &self.0 {
            Inner::Simulated(file) => {
                let facts = file.operate(Operation::Metadata, |disk, of| disk.facts_of(of));
                Ok(Metadata::simulated(facts.await?))
            }
            Inner::Real(file) => Ok(Metadata::real(file.metadata().await?)),
        }
    }

    /// Returns another handle of the file, with which it shares the offset.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn try_clone(&self) -> io::Result<Self> {
        let file = match &self.0 {
            Inner::Simulated(file) => file,
            Inner::Real(file) => return Ok(Self::real(file.try_clone().await?)),
        };
        file.defer_error();
        file.disk.with(|disk| {
            disk.open_again(&file.opened);
            Ok(())
        })?;
        let mut clone = Simulated::new(file.disk, file.opened.clone());
        clone.offset = Arc::clone(&file.offset);
        clone.buffer_size = file.buffer_size;
        Ok(Self(Inner::Simulated(clone)))
    }

    /// Converts it into a file of the standard library.
    ///
    /// # Panics
    ///
    /// If it is a file of a run.
    pub async fn into_std(self) -> machine::File {
        match self.0 {
            Inner::Simulated(_) => panic!("a file of a simulated host is no file of the machine"),
            Inner::Real(file) => file.into_std().await,
        }
    }

    /// As [`File::into_std`], at once.
    ///
    /// # Errors
    ///
    /// Returns it as it is if an operation is under way, or it is a file of a run.
    #[allow(clippy::result_large_err, reason = "the signature is tokio's")]
    pub fn try_into_std(self) -> Result<machine::File, Self> {
        match self.0 {
            Inner::Simulated(_) => Err(self),
            Inner::Real(file) => file.try_into_std().map_err(Self::real),
        }
    }

    /// Sets the permissions.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn set_permissions(&self, perm: machine::Permissions) -> io::Result<()> {
        let file = match &self.0 {
            Inner::Simulated(file) => file,
            Inner::Real(file) => return file.set_permissions(perm).await,
        };
        let mode = mode_of(&perm);
        let set = |disk: &mut Disk, of: &Opened| {
            disk.set_mode(of.node, mode);
            Ok(())
        };
        file.operate(Operation::SetPermissions, set).await
    }

    /// Sets the times of the last access and change.
    ///
    /// # Errors
    ///
    /// `Unsupported` in a run, and as the system reports.
    pub async fn set_times(&self, times: real::FileTimes) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(_) => Err(io::ErrorKind::Unsupported.into()),
            Inner::Real(file) => file.set_times(times).await,
        }
    }

    /// Sets the time of the last change.
    ///
    /// # Errors
    ///
    /// If the system reports one.
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        match &self.0 {
            Inner::Simulated(file) => {
                file.defer_error();
                let set = |disk: &mut Disk, of: &Opened| {
                    disk.set_modified(of.node, time);
                    Ok(())
                };
                file.operate(Operation::SetTimes, set).await
            }
            Inner::Real(file) => file.set_modified(time).await,
        }
    }

    /// Sets the most bytes that one read or write takes.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn set_max_buf_size(&mut self, max_buf_size: usize) {
        assert!(max_buf_size > 0, "`max_buf_size` must be greater than 0");
        match &mut self.0 {
            Inner::Simulated(file) => file.buffer_size = max_buf_size,
            Inner::Real(file) => file.set_max_buf_size(max_buf_size),
        }
    }

    /// Returns the most bytes that one read or write takes.
    pub fn max_buf_size(&self) -> usize {
        match &self.0 {
            Inner::Simulated(file) => file.buffer_size,
            Inner::Real(file) => file.max_buf_size(),
        }
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let file = match &mut self.0 {
            Inner::Simulated(file) => file,
            Inner::Real(file) => return Pin::new(file).poll_read(cx, buf),
        };
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        file.defer_error();
        let mut reading = std::mem::take(&mut file.reading);
        let at = (&*file.opened.resource, Operation::Read);
        let read = reading.drive(file.disk, at, cx, || file.read(buf));
        file.reading = reading;
        read.map(|read| Ok(read?))
    }
}

impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let file = match &mut self.0 {
            Inner::Simulated(file) => file,
            Inner::Real(file) => return Pin::new(file).poll_write(cx, buf),
        };
        if let Some(error) = file.failed().take() {
            return Poll::Ready(Err(error));
        }
        let mut writing = std::mem::take(&mut file.writing);
        let at = (&*file.opened.resource, Operation::Write);
        let written = writing.drive(file.disk, at, cx, || file.write(buf));
        file.writing = writing;
        written.map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Inner::Real(file) = &mut self.0 {
            return Pin::new(file).poll_write_vectored(cx, bufs);
        }
        let joined: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        self.poll_write(cx, &joined)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Inner::Simulated(file) => Poll::Ready(file.failed().take().map_or(Ok(()), Err)),
            Inner::Real(file) => Pin::new(file).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        match &mut self.0 {
            Inner::Simulated(file) if file.sought.is_some() => Err(io::Error::other(
                "other file operation is pending, call poll_complete before start_seek",
            )),
            Inner::Simulated(file) => {
                file.sought = Some(file.seek(position).map_err(io::Error::from));
                Ok(())
            }
            Inner::Real(file) => Pin::new(file).start_seek(position),
        }
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let file = match &mut self.0 {
            Inner::Simulated(file) => file,
            Inner::Real(file) => return Pin::new(file).poll_complete(cx),
        };
        file.defer_error();
        if let Some(sought) = file.sought.take() {
            file.position = sought?;
        }
        Poll::Ready(Ok(file.position))
    }
}

impl From<machine::File> for File {
    fn from(file: machine::File) -> Self {
        Self::from_std(file)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Simulated(file) => f
                .debug_struct("File")
                .field("resource", &file.opened.resource)
                .finish_non_exhaustive(),
            Inner::Real(file) => file.fmt(f),
        }
    }
}

/// Opens a file on the disk of the running task's host, or one of the machine.
pub(super) async fn open(options: OpenOptions, path: PathBuf, place: Place) -> io::Result<File> {
    match RunDisk::current(place) {
        Some(disk) => {
            let opened = on_disk::open(disk, &path, options.access, place).await?;
            Ok(File::simulated(disk, opened))
        }
        None => Ok(File::real(options.of_the_machine().open(path).await?)),
    }
}
