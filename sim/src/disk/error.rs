//! Errors of a disk: those of an operating system.

use std::io;

/// An error of an operation on a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiskError {
    /// The file or directory does not exist.
    NotFound,
    /// The device has failed.
    Device,
    /// The file was not opened for this operation.
    BadHandle,
    /// The root cannot be removed or renamed.
    Busy,
    /// The file or directory exists already.
    Exists,
    /// A directory is needed.
    NotADirectory,
    /// A file is needed.
    IsADirectory,
    /// An argument is out of range.
    Invalid,
    /// The disk is full.
    Full,
    /// A name is too long.
    NameTooLong,
    /// The directory is not empty.
    NotEmpty,
    /// A path has a zero byte in it.
    ZeroByte,
    /// The options to open a file contradict each other.
    Options,
    /// The disk has no links.
    NoLinks,
    /// The host has crashed since the file was opened, or the run is over.
    Gone,
}

impl DiskError {
    /// Returns the number of the error; none if an operating system has none for it.
    #[cfg(unix)]
    fn number(self) -> Option<i32> {
        let is_linux = cfg!(any(target_os = "linux", target_os = "android"));
        Some(match self {
            Self::NotFound => 2,
            Self::Device => 5,
            Self::BadHandle => 9,
            Self::Busy => 16,
            Self::Exists => 17,
            Self::NotADirectory => 20,
            Self::IsADirectory => 21,
            Self::Invalid => 22,
            Self::Full => 28,
            Self::NameTooLong if is_linux => 36,
            Self::NameTooLong => 63,
            Self::NotEmpty if is_linux => 39,
            Self::NotEmpty => 66,
            Self::ZeroByte | Self::Options | Self::NoLinks | Self::Gone => return None,
        })
    }

    #[cfg(not(unix))]
    fn number(self) -> Option<i32> {
        None
    }

    fn kind(self) -> io::ErrorKind {
        match self {
            Self::NotFound => io::ErrorKind::NotFound,
            Self::Device | Self::BadHandle | Self::Gone => io::ErrorKind::Other,
            Self::Busy => io::ErrorKind::ResourceBusy,
            Self::Exists => io::ErrorKind::AlreadyExists,
            Self::NotADirectory => io::ErrorKind::NotADirectory,
            Self::IsADirectory => io::ErrorKind::IsADirectory,
            Self::Invalid | Self::ZeroByte | Self::Options => io::ErrorKind::InvalidInput,
            Self::Full => io::ErrorKind::StorageFull,
            Self::NameTooLong => io::ErrorKind::InvalidFilename,
            Self::NotEmpty => io::ErrorKind::DirectoryNotEmpty,
            Self::NoLinks => io::ErrorKind::Unsupported,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::NotFound => "no such file or directory",
            Self::Device => "input/output error",
            Self::BadHandle => "the file was not opened for this",
            Self::Busy => "the root cannot be removed or renamed",
            Self::Exists => "file exists",
            Self::NotADirectory => "not a directory",
            Self::IsADirectory => "is a directory",
            Self::Invalid => "invalid argument",
            Self::Full => "no space left on device",
            Self::NameTooLong => "file name too long",
            Self::NotEmpty => "directory not empty",
            Self::ZeroByte => "file name contained an unexpected NUL byte",
            Self::Options => "the options to open the file contradict each other",
            Self::NoLinks => "the disk of a simulated host has no links",
            Self::Gone => "the host has crashed since this file was opened, or the run is over",
        }
    }
}

impl From<DiskError> for io::Error {
    fn from(error: DiskError) -> Self {
        match error.number() {
            Some(number) => Self::from_raw_os_error(number),
            None => Self::new(error.kind(), error.text()),
        }
    }
}
