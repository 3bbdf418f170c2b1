//! Files, as in `tokio::fs`.
//!
//! Inside a run each host has a disk of its own, in memory, and a task uses that of its host.
//! It survives a crash of the host, but for what was not synced ([`DiskConfig`]); the world
//! prepares it, reads it and has it fail ([`HostDisk`]). Every operation is a scheduling point,
//! and takes no virtual time unless the disk has a latency. Outside a run files are tokio's own.
//!
//! A file that is open when its host crashes is gone: its operations fail from then on, and so
//! do those of a file that outlives its run.
//!
//! Differences from tokio:
//!
//! - A write is done when it returns. In tokio it is done after `flush`. As in tokio it reports
//!   its error at the next write or `flush`.
//! - [`read`], [`write()`], [`copy`], [`create_dir_all`] and [`remove_dir_all`] are several
//!   operations, with scheduling points in between, as they are several calls of the system.
//! - [`Metadata`] and [`FileType`] are the facade's own types, with the methods of those of the
//!   standard library that all systems have. A directory has the length 0.
//! - In a run, a relative path begins at the root; a disk begins with an empty `/tmp`; entries of
//!   a directory come sorted by name; permissions are recorded and not enforced; flags of
//!   [`OpenOptions::custom_flags`] are without effect; `accessed` is the time of the last change.
//! - In a run, [`hard_link`] and [`symlink`] give `Unsupported`, and so does [`File::set_times`].
//!   [`File::into_std`] panics.
//! - Absent: raw handles of a [`File`], `OpenOptions` from those of the standard library.
//!
//! [`DiskConfig`]: crate::DiskConfig
//! [`HostDisk`]: crate::HostDisk

mod contents;
mod dir_builder;
mod directories;
mod file;
mod metadata;
mod on_disk;
mod open_options;
mod paths;
mod read_dir;
mod simulated;
mod turn;

pub use ::tokio::fs::FileTimes;
pub use contents::{copy, read, read_to_string, write};
pub use dir_builder::DirBuilder;
pub use directories::{create_dir, create_dir_all, remove_dir, remove_dir_all};
pub use file::File;
pub use metadata::{FileType, Metadata, metadata, set_permissions, symlink_metadata, try_exists};
pub use open_options::OpenOptions;
#[cfg(unix)]
pub use paths::symlink;
pub use paths::{canonicalize, hard_link, read_link, remove_file, rename};
pub use read_dir::{DirEntry, ReadDir, read_dir};
