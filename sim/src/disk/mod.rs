//! Disks: the files of each host, in memory.
//!
//! A disk has what an operating system shows of one: a tree of directories and files, open
//! files that outlive their names, errors with the system's numbers. It has no links, no owners,
//! and one volume. Permissions are recorded and not enforced. Relative paths begin at the root.
//!
//! **A crash of the host** leaves what is durable, and of the rest what the run chooses
//! ([`DiskConfig`]). A file's writes become durable by a sync of the file. That a file exists, or
//! has another name, becomes durable by a sync of the directory that holds it, as POSIX has it; a
//! journal keeps the order of such changes, so that a crash loses the last of them, and a rename
//! happens as a whole or not at all. Each loss is a choice at a site of the host
//! (`durability server`): on the tape, replayed, shrunk, and 0 where nothing is lost.

mod access;
mod contents;
mod crash;
mod disks;
mod error;
mod host_disk;
mod journal;
mod names;
mod path;
mod settings;
mod tree;
mod volume;

pub(crate) use self::access::{Access, Facts, Listed, Opened};
pub(crate) use self::disks::{RunDisk, crash};
pub(crate) use self::error::DiskError;
pub use self::host_disk::HostDisk;
pub use self::settings::{DISK_CAPACITY, DiskConfig, DiskFault, DiskOperation};
pub(crate) use self::volume::Disk;
