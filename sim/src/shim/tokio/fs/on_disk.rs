//! Operations on the disk of a run.

use std::future::poll_fn;
use std::io;
use std::path::Path;

use crate::disk::{Access, Disk, DiskError, Opened, RunDisk};
use crate::operation::Operation;
use crate::point::Resource;

use super::file::Place;
use super::turn::Turn;

/// Does an operation on the disk.
pub(super) async fn operate<R>(
    disk: RunDisk,
    at: (&Resource, Operation),
    operate: impl FnOnce() -> Result<R, DiskError>,
) -> io::Result<R> {
    let mut turn = Turn::default();
    let mut operate = Some(operate);
    let once = "an operation is done once";
    let done = poll_fn(|cx| turn.drive(disk, at, cx, || (operate.take().expect(once))()));
    Ok(done.await?)
}

/// Does an operation on a path, which uses the directory that the path leads to last.
pub(super) async fn operate_at<R>(
    disk: RunDisk,
    path: &Path,
    operation: Operation,
    at_path: impl FnOnce(&mut Disk, &Path) -> Result<R, DiskError>,
) -> io::Result<R> {
    let directory = disk.with(|disk| Ok(disk.directory_of(path)))?;
    let operated = || disk.with(|disk| at_path(disk, path));
    operate(disk, (&directory, operation), operated).await
}

/// Opens a file or directory.
pub(super) async fn open(
    disk: RunDisk,
    path: &Path,
    access: Access,
    place: Place,
) -> io::Result<Opened> {
    let directory = disk.with(|disk| Ok(disk.directory_of(path)))?;
    let opened = || disk.open(path, access, place);
    let opened = operate(disk, (&directory, Operation::Open), opened).await?;
    if access.truncate {
        opened.resource.touch();
    }
    Ok(opened)
}
