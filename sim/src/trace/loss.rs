//! Changes to disks that crashes have lost, in words.

use std::fmt;
use std::path::PathBuf;

/// A change to a disk that did not survive the crash of its host, or only in part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiskLoss {
    /// The choice's index on the tape.
    pub choice: usize,
    /// The host's name.
    pub host: String,
    /// The change.
    pub change: LostChange,
    /// The line of user code that made it; of several changes, the first of them. None if it is
    /// not known.
    pub line: Option<String>,
}

/// A change that a crash has lost.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LostChange {
    /// A write.
    Write {
        /// The file; none if it had no name any more.
        file: Option<PathBuf>,
        /// The bytes of the write.
        len: usize,
        /// The bytes of them, from the first on, that have survived.
        kept: usize,
    },
    /// A change of a file's length.
    Resize {
        /// The file; none if it had no name any more.
        file: Option<PathBuf>,
        /// The length that it had been given.
        len: usize,
    },
    /// The last files and directories that were created, removed or renamed.
    Entries {
        /// The number of changes.
        count: usize,
        /// The path that the first of them had created or removed.
        first: Option<PathBuf>,
    },
}

impl DiskLoss {
    /// Returns the effect without the path, which may differ between machines.
    pub(crate) fn effect(&self) -> String {
        let host = &self.host;
        match &self.change {
            LostChange::Write { len, kept: 0, .. } => {
                format!("{host} loses a write of {len} bytes")
            }
            LostChange::Write { len, kept, .. } => {
                format!("{host} keeps {kept} of {len} bytes of a write")
            }
            LostChange::Resize { len, .. } => format!("{host} loses a change of length to {len}"),
            LostChange::Entries { count, .. } => {
                format!("{host} loses {count} changes to directories")
            }
        }
    }
}

/// Displayed, it is what happens to the host: `loses, in the crash, the write of 12 bytes to
/// /wal at src/wal.rs:20:14`.
impl fmt::Display for DiskLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("loses in its crash ")?;
        match &self.change {
            LostChange::Write { file, len, kept } => {
                match kept {
                    0 => write!(f, "the write of {len} bytes")?,
                    kept => {
                        let lost = len - kept;
                        write!(f, "the last {lost} bytes of the write of {len}")?;
                    }
                }
                write!(f, " to {}", File(file))?;
            }
            LostChange::Resize { file, len } => {
                write!(f, "the change of length of {} to {len} bytes", File(file))?;
            }
            LostChange::Entries { count: 1, first } => {
                write!(f, "the change of directory entry {}", File(first))?;
            }
            LostChange::Entries { count, first } => write!(
                f,
                "the last {count} changes of directory entries, the first of them {}",
                File(first)
            )?,
        }
        match &self.line {
            Some(line) => write!(f, " at {line}"),
            None => Ok(()),
        }
    }
}

/// A path, or words for none.
struct File<'a>(&'a Option<PathBuf>);

impl fmt::Display for File<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(path) => write!(f, "{}", path.display()),
            None => f.write_str("a removed file"),
        }
    }
}
