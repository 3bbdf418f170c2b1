//! Operations on the disk of a run, with their scheduling points.

use std::io;
use std::path::Path;

use crate::disk::{Access, Disk, DiskError, Opened, RunDisk};
use crate::operation::Operation;
use crate::point::{Op, Resource};

use super::file::Place;

/// Does an operation after its scheduling point.
pub(super) async fn operate<R>(
    resource: &Resource,
    operation: Operation,
    operate: impl FnOnce() -> Result<R, DiskError>,
) -> io::Result<R> {
    let result = Op::new(resource, operation, async { operate() }).await;
    Ok(result?)
}

/// Does an operation on a path, which uses the directory that the path leads to last.
pub(super) async fn operate_at<R>(
    disk: RunDisk,
    path: &Path,
    operation: Operation,
    at_path: impl FnOnce(&mut Disk, &Path) -> Result<R, DiskError>,
) -> io::Result<R> {
    let directory = disk.with(|disk| Ok(disk.directory_of(path)))?;
    operate(&directory, operation, || {
        disk.with(|disk| at_path(disk, path))
    })
    .await
}

/// Opens a file or directory.
pub(super) async fn open(
    disk: RunDisk,
    path: &Path,
    access: Access,
    place: Place,
) -> io::Result<Opened> {
    let directory = disk.with(|disk| Ok(disk.directory_of(path)))?;
    let opened = operate(&directory, Operation::Open, || {
        disk.open(path, access, place)
    })
    .await?;
    if access.truncate {
        opened.resource.touch();
    }
    Ok(opened)
}
