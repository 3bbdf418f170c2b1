//! Settings of a disk, and the faults that strike it.

use super::error::DiskError;

/// The bytes that fit on a disk where nothing else is set: 1 GiB.
pub const DISK_CAPACITY: u64 = 1 << 30;

/// The changes that a crash of its host may take from a disk. Each is lost by a choice of the
/// run, of which the default is that it survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskConfig {
    /// Writes and changes of length of a file since its last `sync_all` or `sync_data`, each by
    /// itself. A part of a file that is lost below one that survives reads as zeros.
    pub lost_writes: bool,
    /// Such writes in part: the first bytes are there, and the rest is not.
    pub torn_writes: bool,
    /// Files and directories that were created, removed or renamed since the last `sync_all` of
    /// the directory that holds them: the last ones, in order. A rename is undone as a whole.
    pub lost_entries: bool,
}

impl DiskConfig {
    /// Everything survives.
    pub const DURABLE: Self = Self {
        lost_writes: false,
        torn_writes: false,
        lost_entries: false,
    };
}

impl Default for DiskConfig {
    /// Returns a disk that may lose everything that is not synced.
    fn default() -> Self {
        Self {
            lost_writes: true,
            torn_writes: true,
            lost_entries: true,
        }
    }
}

/// The operations of a disk that can be made to fail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum DiskOperation {
    /// A file or directory is opened, or a file created.
    Open,
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write,
    /// A file gets another length.
    Resize,
    /// A file or directory is synced.
    Sync,
    /// A directory is created.
    CreateDirectory,
    /// The entries of a directory are listed.
    ReadDirectory,
    /// A file or directory is removed.
    Remove,
    /// A file or directory is renamed.
    Rename,
    /// Metadata are read or set.
    Metadata,
}

impl DiskOperation {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Resize => "change of length",
            Self::Sync => "sync",
            Self::CreateDirectory => "creation of a directory",
            Self::ReadDirectory => "list of a directory",
            Self::Remove => "removal",
            Self::Rename => "rename",
            Self::Metadata => "look at metadata",
        }
    }
}

/// The errors that an operation of a disk can be made to fail with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DiskFault {
    /// `EIO`: the device has failed.
    Device,
    /// `ENOSPC`: the disk is full.
    Full,
}

impl DiskFault {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Device => "EIO",
            Self::Full => "ENOSPC",
        }
    }

    pub(super) fn error(self) -> DiskError {
        match self {
            Self::Device => DiskError::Device,
            Self::Full => DiskError::Full,
        }
    }
}
