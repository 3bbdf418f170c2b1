//! Metadata of files and directories.

use std::fs as machine;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::time::SystemTime;

use ::tokio::fs as real;

use super::on_disk::operate_at;
use crate::disk::{Facts, RunDisk};
use crate::operation::Operation;

/// The metadata of a file or directory, with the methods of those of the standard library.
#[derive(Clone, Debug)]
pub struct Metadata(MetadataOf);

#[derive(Clone, Debug)]
enum MetadataOf {
    Simulated(Facts),
    Real(machine::Metadata),
}

impl Metadata {
    pub(super) fn simulated(facts: Facts) -> Self {
        Self(MetadataOf::Simulated(facts))
    }

    pub(super) fn real(metadata: machine::Metadata) -> Self {
        Self(MetadataOf::Real(metadata))
    }

    /// Returns the type.
    pub fn file_type(&self) -> FileType {
        match &self.0 {
            MetadataOf::Simulated(facts) => FileType::simulated(facts.is_directory),
            MetadataOf::Real(metadata) => FileType::real(metadata.file_type()),
        }
    }

    /// Returns `true` if it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type().is_dir()
    }

    /// Returns `true` if it is a file.
    pub fn is_file(&self) -> bool {
        self.file_type().is_file()
    }

    /// Returns `true` if it is a symbolic link; in a run there are none.
    pub fn is_symlink(&self) -> bool {
        self.file_type().is_symlink()
    }

    /// Returns the length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "the standard library has none")]
    pub fn len(&self) -> u64 {
        match &self.0 {
            MetadataOf::Simulated(facts) => facts.len,
            MetadataOf::Real(metadata) => metadata.len(),
        }
    }

    /// Returns the permissions.
    #[cfg(unix)]
    pub fn permissions(&self) -> machine::Permissions {
        use std::os::unix::fs::PermissionsExt as _;
        match &self.0 {
            MetadataOf::Simulated(facts) => machine::Permissions::from_mode(facts.mode),
            MetadataOf::Real(metadata) => metadata.permissions(),
        }
    }

    /// Returns the time of the last change.
    ///
    /// # Errors
    ///
    /// If the system has none.
    pub fn modified(&self) -> io::Result<SystemTime> {
        match &self.0 {
            MetadataOf::Simulated(facts) => Ok(facts.modified),
            MetadataOf::Real(metadata) => metadata.modified(),
        }
    }

    /// Returns the time of the last access; in a run, that of the last change.
    ///
    /// # Errors
    ///
    /// If the system has none.
    pub fn accessed(&self) -> io::Result<SystemTime> {
        match &self.0 {
            MetadataOf::Simulated(facts) => Ok(facts.modified),
            MetadataOf::Real(metadata) => metadata.accessed(),
        }
    }

    /// Returns the time of the creation.
    ///
    /// # Errors
    ///
    /// If the system has none.
    pub fn created(&self) -> io::Result<SystemTime> {
        match &self.0 {
            MetadataOf::Simulated(facts) => Ok(facts.created),
            MetadataOf::Real(metadata) => metadata.created(),
        }
    }
}

/// The type of a file, with the methods of that of the standard library.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileType(FileTypeOf);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum FileTypeOf {
    Simulated { is_directory: bool },
    Real(machine::FileType),
}

impl FileType {
    pub(super) fn simulated(is_directory: bool) -> Self {
        Self(FileTypeOf::Simulated { is_directory })
    }

    pub(super) fn real(file_type: machine::FileType) -> Self {
        Self(FileTypeOf::Real(file_type))
    }

    /// Returns `true` if it is a directory.
    pub fn is_dir(&self) -> bool {
        match self.0 {
            FileTypeOf::Simulated { is_directory } => is_directory,
            FileTypeOf::Real(file_type) => file_type.is_dir(),
        }
    }

    /// Returns `true` if it is a file.
    pub fn is_file(&self) -> bool {
        match self.0 {
            FileTypeOf::Simulated { is_directory } => !is_directory,
            FileTypeOf::Real(file_type) => file_type.is_file(),
        }
    }

    /// Returns `true` if it is a symbolic link; in a run there are none.
    pub fn is_symlink(&self) -> bool {
        match self.0 {
            FileTypeOf::Simulated { .. } => false,
            FileTypeOf::Real(file_type) => file_type.is_symlink(),
        }
    }
}

/// Returns the permissions as a number of Unix; elsewhere there is none for them.
pub(super) fn mode_of(permissions: &machine::Permissions) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.mode() & 0o7777
    }
    #[cfg(not(unix))]
    {
        match permissions.readonly() {
            true => 0o444,
            false => 0o644,
        }
    }
}

/// Returns the metadata of the file or directory at a path.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn metadata(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Metadata>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => on_disk(disk, &path).await,
            None => Ok(Metadata::real(real::metadata(path).await?)),
        }
    }
}

/// As [`metadata`], of a symbolic link itself; in a run there are none.
///
/// # Errors
///
/// As [`metadata`].
#[track_caller]
pub fn symlink_metadata(path: impl AsRef<Path>) -> impl Future<Output = io::Result<Metadata>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        match RunDisk::current(place) {
            Some(disk) => on_disk(disk, &path).await,
            None => Ok(Metadata::real(real::symlink_metadata(path).await?)),
        }
    }
}

/// Returns the metadata on the disk of a run.
pub(super) async fn on_disk(disk: RunDisk, path: &Path) -> io::Result<Metadata> {
    let facts = operate_at(disk, path, Operation::Metadata, |disk, path| {
        disk.facts(path)
    });
    Ok(Metadata::simulated(facts.await?))
}

/// Returns `true` if there is a file or directory at a path.
///
/// # Errors
///
/// If that is not known, because there is a file where a directory should be, or as the system
/// reports.
#[track_caller]
pub fn try_exists(path: impl AsRef<Path>) -> impl Future<Output = io::Result<bool>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::try_exists(path).await;
        };
        match on_disk(disk, &path).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Sets the permissions of a file or directory.
///
/// # Errors
///
/// If there is none, and as the system reports.
#[track_caller]
pub fn set_permissions(
    path: impl AsRef<Path>,
    perm: machine::Permissions,
) -> impl Future<Output = io::Result<()>> {
    let (path, place) = (path.as_ref().to_owned(), Location::caller());
    async move {
        let Some(disk) = RunDisk::current(place) else {
            return real::set_permissions(path, perm).await;
        };
        let mode = mode_of(&perm);
        operate_at(disk, &path, Operation::SetPermissions, |disk, path| {
            let node = disk.find_to_set(path)?;
            disk.set_mode(node, mode);
            Ok(())
        })
        .await
    }
}
