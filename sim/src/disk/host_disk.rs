//! The disk of a host, from outside: to prepare it, to read it after a crash, and to have it
//! fail.

use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::access::Access;
use super::contents::Contents;
use super::disks::{RunDisk, with_disk};
use super::error::DiskError;
use super::path::Steps;
use super::settings::{DiskConfig, DiskFault, DiskOperation};
use super::tree::{NodeId, NodeKind};
use super::volume::Disk;
use crate::engine::{Engine, context};
use crate::ids::HostId;
use crate::time::micros;
use crate::trace::Effect;

/// The disk of a host, as the world sees it. Its methods are no scheduling points, and work
/// while the host is down.
///
/// # Panics
///
/// Every method panics outside the run.
#[derive(Clone, Copy, Debug)]
pub struct HostDisk {
    host: HostId,
    place: &'static Location<'static>,
}

impl HostDisk {
    pub(crate) fn new(host: HostId, place: &'static Location<'static>) -> Self {
        Self { host, place }
    }

    fn with<R>(self, f: impl FnOnce(&Engine, &mut Disk) -> R) -> R {
        let result = context::with(|engine| {
            with_disk(engine, self.host, self.place, |disk| f(engine, disk))
        });
        match result {
            Some(result) => result,
            None => panic!("a HostDisk is used outside its run"),
        }
    }

    fn on_disk(self) -> RunDisk {
        match RunDisk::of(self.host, self.place) {
            Some(disk) => disk,
            None => panic!("a HostDisk is used outside its run"),
        }
    }

    /// Returns the contents of a file.
    ///
    /// # Errors
    ///
    /// If there is none at that path.
    pub fn read(self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = path.as_ref();
        Ok(self.with(|_, disk| disk.contents_at(path))?)
    }

    /// Writes a file that is durable, and creates the directories above it. What the file had is
    /// replaced. The changes of directories before it become durable too. Faults that are due do
    /// not strike.
    ///
    /// # Errors
    ///
    /// If there is a directory at that path, or a file above it; if the disk is full.
    pub fn write(self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let due = self.with(|_, disk| std::mem::take(&mut disk.faults));
        let written = self.write_durable(path.as_ref(), bytes.as_ref());
        self.with(|_, disk| disk.faults = due);
        Ok(written?)
    }

    fn write_durable(self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let disk = self.on_disk();
        if let Some(parent) = path.parent() {
            self.create_directories(parent)?;
        }
        let file = disk.open(path, Access::REPLACE, self.place)?;
        let written = disk.with(|disk| {
            disk.tree.sync_directories();
            disk.replace(file.node, bytes)
        });
        disk.close(file.node);
        written
    }

    fn create_directories(self, path: &Path) -> Result<(), DiskError> {
        for directory in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            if !directory.as_os_str().is_empty() {
                match self.on_disk().create_directory(directory, None, self.place) {
                    Ok(()) | Err(DiskError::Exists) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Returns the paths of all files, sorted.
    pub fn files(self) -> Vec<PathBuf> {
        self.with(|_, disk| {
            let nodes = disk.tree.nodes();
            let files = nodes.filter(|(_, node)| matches!(node.kind, NodeKind::File(_)));
            let mut paths: Vec<_> = files.filter_map(|(id, _)| disk.tree.path(id)).collect();
            paths.sort_unstable();
            paths
        })
    }

    /// Sets the changes that a crash of the host may lose.
    pub fn set_config(self, config: DiskConfig) {
        self.with(|_, disk| disk.config = config);
    }

    /// Sets the bytes that fit on the disk. Files that are there stay; a write that does not fit
    /// is done in part, and fails with `StorageFull`.
    pub fn set_capacity(self, bytes: u64) {
        self.fault(
            |disk| disk.capacity = bytes,
            &format!("set to {bytes} bytes"),
        );
    }

    /// Sets the virtual time that each operation takes, in whole milliseconds, rounded up. It
    /// takes effect at the end of that time: a crash before it leaves nothing of it.
    pub fn set_latency(self, latency: Duration) {
        let what = format!("to take {} us for each operation", micros(latency));
        self.fault(|disk| disk.latency = latency, &what);
    }

    /// Has the next operation of a kind on this disk fail, once. Several such calls are of effect
    /// one after the other. A crash of the host ends those that have not struck.
    pub fn fail_next(self, operation: DiskOperation, fault: DiskFault) {
        let what = format!(
            "to fail its next {}: {}",
            operation.as_str(),
            fault.as_str()
        );
        self.fault(|disk| disk.faults.push((operation, fault)), &what);
    }

    fn fault(self, set: impl FnOnce(&mut Disk), what: &str) {
        self.with(|engine, disk| {
            set(disk);
            let mut core = engine.core.borrow_mut();
            let what = format!("disk of {} {what}", core.hosts[self.host].name);
            core.record(engine.now(), Effect::Fault { what });
        });
    }
}

impl Disk {
    /// Returns the contents of a file, without regard to faults.
    fn contents_at(&self, path: &Path) -> Result<Vec<u8>, DiskError> {
        let node = self.tree.find(&Steps::of(path)?)?;
        Ok(self.tree.contents(node)?.bytes().to_vec())
    }

    /// Replaces the contents of a file by durable ones.
    fn replace(&mut self, node: NodeId, bytes: &[u8]) -> Result<(), DiskError> {
        *self.tree.contents_mut(node)? = Contents::durable(Vec::new());
        let others = self.used_bytes();
        if others.saturating_add(bytes.len() as u64) > self.capacity {
            return Err(DiskError::Full);
        }
        *self.tree.contents_mut(node)? = Contents::durable(bytes.to_vec());
        Ok(())
    }
}
