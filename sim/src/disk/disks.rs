//! The disks of a run, one for each host that uses files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::access::{Access, Circumstances, NewResource, Opened};
use super::error::DiskError;
use super::tree::NodeId;
use super::volume::Disk;
use crate::engine::{Engine, context};
use crate::ids::HostId;
use crate::operation::ResourceKind;
use crate::point::Resource;

/// The disks, made at first use. A value of the run among its extensions, because the engine
/// does not depend on disks.
#[derive(Debug, Default)]
struct Disks(RefCell<BTreeMap<HostId, Disk>>);

/// The disk of a host in a run, until its next crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RunDisk {
    host: HostId,
    serial: u32,
    crashes: u32,
}

impl RunDisk {
    /// Returns the disk of the host of the running task; none outside a run.
    pub(crate) fn current(place: &'static Location<'static>) -> Option<Self> {
        let host = context::with(Engine::current_host)?;
        Self::of(host, place)
    }

    /// Returns the disk of a host, which is made if there is none; none outside a run.
    pub(super) fn of(host: HostId, place: &'static Location<'static>) -> Option<Self> {
        context::with(|engine| Self {
            host,
            serial: engine.serial(),
            crashes: with_disk(engine, host, place, |disk| disk.crashes()),
        })
    }

    /// Calls `f` with the disk.
    ///
    /// # Errors
    ///
    /// If the host has crashed since, or the run is over; and as `f`.
    pub(crate) fn with<R>(
        self,
        f: impl FnOnce(&mut Disk) -> Result<R, DiskError>,
    ) -> Result<R, DiskError> {
        let result = context::with(|engine| {
            let disks = engine.extensions.get::<Disks>()?;
            let mut disks = disks.0.borrow_mut();
            let disk = disks.get_mut(&self.host)?;
            let is_same = engine.serial() == self.serial && disk.crashes() == self.crashes;
            is_same.then(|| f(disk))
        });
        result.flatten().unwrap_or(Err(DiskError::Gone))
    }

    /// Returns the circumstances of an operation of the running task.
    pub(crate) fn circumstances(self) -> Circumstances {
        let known = context::with(|engine| Circumstances {
            now: engine.wall_clock(self.host),
            line: engine.recorded_call_site(),
        });
        known.unwrap_or(Circumstances {
            now: std::time::UNIX_EPOCH,
            line: None,
        })
    }

    /// Returns the virtual time that an operation takes; none if it takes none.
    pub(crate) fn latency(self) -> Option<Duration> {
        let latency = self.with(|disk| Ok(disk.latency));
        latency.ok().filter(|latency| !latency.is_zero())
    }

    /// Opens a file or directory, and creates a file if the access says so.
    pub(crate) fn open(
        self,
        path: &Path,
        access: Access,
        place: &'static Location<'static>,
    ) -> Result<Opened, DiskError> {
        let at = self.circumstances();
        self.with(|disk| disk.open(path, access, at, &|| new_file(place)))
    }

    /// Creates a directory.
    pub(crate) fn create_directory(
        self,
        path: &Path,
        mode: Option<u32>,
        place: &'static Location<'static>,
    ) -> Result<(), DiskError> {
        let at = self.circumstances();
        self.with(|disk| disk.create_directory(path, mode, at, &|| new_directory(place)))
    }

    /// Closes what was opened. A file that is gone is closed already.
    pub(crate) fn close(self, node: NodeId) {
        let _ = self.with(|disk| {
            disk.close(node);
            Ok(())
        });
    }
}

fn new_file(place: &'static Location<'static>) -> Arc<Resource> {
    Arc::new(Resource::at(ResourceKind::File, place))
}

fn new_directory(place: &'static Location<'static>) -> Arc<Resource> {
    Arc::new(Resource::at(ResourceKind::Directory, place))
}

/// Calls `f` with the disk of a host, which is made if there is none.
pub(super) fn with_disk<R>(
    engine: &Engine,
    host: HostId,
    place: &'static Location<'static>,
    f: impl FnOnce(&mut Disk) -> R,
) -> R {
    let disks = engine.extensions.get::<Disks>().unwrap_or_else(|| {
        engine.extensions.insert(Disks::default());
        let inserted = engine.extensions.get();
        inserted.expect("it was inserted")
    });
    let mut disks = disks.0.borrow_mut();
    let disk = disks.entry(host).or_insert_with(|| {
        let new: NewResource<'_> = &|| new_directory(place);
        Disk::new(new, engine.wall_clock(host))
    });
    f(disk)
}

/// Crashes the disk of a host, if it has one.
pub(crate) fn crash(engine: &Engine, host: HostId) {
    let Some(disks) = engine.extensions.get::<Disks>() else {
        return;
    };
    if let Some(disk) = disks.0.borrow_mut().get_mut(&host) {
        disk.crash(engine, host);
    }
}
