//! One disk: its tree, and the operations on its files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::access::{Access, Circumstances, NewResource, Opened};
use super::contents::{self, Change, ChangeKind, Contents};
use super::error::DiskError;
use super::path::Steps;
use super::settings::{DISK_CAPACITY, DiskConfig, DiskFault, DiskOperation};
use super::tree::{End, NodeId, NodeKind, Target, Tree};
use crate::point::Resource;

/// The disk of a host.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(super) tree: Tree,
    pub(super) config: DiskConfig,
    pub(super) capacity: u64,
    /// The bytes of all files, or more: what is removed is not counted at once.
    used: u64,
    /// The virtual time that each operation takes.
    pub(super) latency: Duration,
    /// Operations that are to fail, in the order in which they were set.
    pub(super) faults: Vec<(DiskOperation, DiskFault)>,
    /// Crashes so far: a file that was opened before one is gone.
    pub(super) crashes: u32,
}

impl Disk {
    /// Creates a disk with an empty `/tmp`.
    pub(super) fn new(new: NewResource<'_>, now: SystemTime) -> Self {
        let mut tree = Tree::new(new(), now);
        let target = Target {
            parent: NodeId::ROOT,
            name: "tmp".into(),
            node: None,
            names_directory: true,
        };
        tree.create(
            &target,
            NodeKind::Directory(BTreeMap::new()),
            new(),
            now,
            None,
        );
        tree.sync_directories();
        Self {
            tree,
            config: DiskConfig::default(),
            capacity: DISK_CAPACITY,
            used: 0,
            latency: Duration::ZERO,
            faults: Vec::new(),
            crashes: 0,
        }
    }

    pub(crate) fn crashes(&self) -> u32 {
        self.crashes
    }

    /// Fails if the next such operation is to fail.
    pub(super) fn begin(&mut self, operation: DiskOperation) -> Result<(), DiskError> {
        let next = self.faults.iter().position(|(due, _)| *due == operation);
        match next {
            Some(index) => Err(self.faults.remove(index).1.error()),
            None => Ok(()),
        }
    }

    /// Returns the identity of the directory that a path leads to last; the root, if there is
    /// no such directory.
    pub(crate) fn directory_of(&self, path: &Path) -> Arc<Resource> {
        let end = Steps::of(path).and_then(|steps| self.tree.end(&steps));
        let node = match end {
            Ok(End::Named(target)) => target.parent,
            Ok(End::Directory(node)) => node,
            Err(_) => NodeId::ROOT,
        };
        Arc::clone(&self.tree.node(node).resource)
    }

    /// Opens a file or directory, and creates a file if the access says so.
    pub(crate) fn open(
        &mut self,
        path: &Path,
        access: Access,
        at: Circumstances,
        new: NewResource<'_>,
    ) -> Result<Opened, DiskError> {
        self.begin(DiskOperation::Open)?;
        access.check()?;
        let creates = access.create || access.create_new;
        let node = match self.tree.end(&Steps::of(path)?)? {
            End::Directory(node) => self.existing(node, access)?,
            End::Named(target) if creates && target.names_directory => {
                return Err(DiskError::IsADirectory);
            }
            End::Named(target) => match target.node {
                Some(node) => {
                    if target.names_directory && !self.tree.is_directory(node) {
                        return Err(DiskError::NotADirectory);
                    }
                    let node = self.existing(node, access)?;
                    if access.truncate {
                        self.resize_contents(node, 0, at)?;
                    }
                    node
                }
                None if creates => {
                    let kind = NodeKind::File(Contents::default());
                    let node = self.tree.create(&target, kind, new(), at.now, at.line);
                    self.set_created_mode(node, access.mode);
                    node
                }
                None => return Err(DiskError::NotFound),
            },
        };
        let opened = self.tree.node_mut(node);
        opened.handles += 1;
        Ok(Opened {
            node,
            access,
            resource: Arc::clone(&opened.resource),
        })
    }

    pub(super) fn set_created_mode(&mut self, node: NodeId, mode: Option<u32>) {
        if let Some(mode) = mode {
            self.set_mode(node, mode & 0o7777);
        }
    }

    /// Fails if a node that exists cannot be opened so.
    fn existing(&self, node: NodeId, access: Access) -> Result<NodeId, DiskError> {
        if access.create_new {
            return Err(DiskError::Exists);
        }
        if self.tree.is_directory(node) && (access.writes() || access.create) {
            return Err(DiskError::IsADirectory);
        }
        Ok(node)
    }

    /// Counts another handle of an open file.
    pub(crate) fn open_again(&mut self, file: &Opened) {
        self.tree.node_mut(file.node).handles += 1;
    }

    /// Drops a handle of an open file.
    pub(crate) fn close(&mut self, node: NodeId) {
        self.tree.node_mut(node).handles -= 1;
        self.tree.collect(node);
    }

    /// Reads up to `most` bytes from an offset on.
    pub(crate) fn read(&mut self, file: &Opened, at: u64, most: usize) -> Result<&[u8], DiskError> {
        self.begin(DiskOperation::Read)?;
        if !file.access.read {
            return Err(DiskError::BadHandle);
        }
        Ok(self.tree.contents(file.node)?.read(at, most))
    }

    /// Writes bytes at an offset, or at the end if the file was opened so. Returns the offset
    /// after them, and the error; if the disk gets full, those that fit are written.
    pub(crate) fn write(
        &mut self,
        file: &Opened,
        at: u64,
        bytes: &[u8],
        circumstances: Circumstances,
    ) -> (u64, Result<(), DiskError>) {
        match self.write_part(file, at, bytes, circumstances) {
            Ok((after, true)) => (after, Ok(())),
            Ok((after, false)) => (after, Err(DiskError::Full)),
            Err(error) => (at, Err(error)),
        }
    }

    /// As [`Disk::write`]. Returns `true` if all bytes are written.
    fn write_part(
        &mut self,
        file: &Opened,
        at: u64,
        bytes: &[u8],
        circumstances: Circumstances,
    ) -> Result<(u64, bool), DiskError> {
        self.begin(DiskOperation::Write)?;
        if !file.access.writes() {
            return Err(DiskError::BadHandle);
        }
        let len = self.tree.contents(file.node)?.len();
        let at = if file.access.append { len as u64 } else { at };
        let (from, end) = contents::end(at, bytes.len())?;
        let room = self.room(len, end);
        let fits = room.saturating_sub(from).min(bytes.len());
        if fits > 0 {
            let kind = ChangeKind::Write {
                at: from,
                bytes: bytes[..fits].to_vec(),
            };
            self.change(file.node, kind, circumstances)?;
        }
        Ok(((from + fits) as u64, fits == bytes.len()))
    }

    /// Returns the length that a file of some length can grow to, up to `wanted`.
    fn room(&mut self, len: usize, wanted: usize) -> usize {
        let growth = wanted.saturating_sub(len) as u64;
        if self.used.saturating_add(growth) > self.capacity {
            self.used = self.used_bytes();
        }
        let free = self.capacity.saturating_sub(self.used);
        match growth <= free {
            true => wanted,
            // Less than `growth`, which is a length in memory.
            false => len + free as usize,
        }
    }

    fn change(
        &mut self,
        node: NodeId,
        kind: ChangeKind,
        at: Circumstances,
    ) -> Result<(), DiskError> {
        let contents = self.tree.contents_mut(node)?;
        let before = contents.len();
        let line = at.line;
        contents.change(Change { kind, line });
        self.used += contents.len().saturating_sub(before) as u64;
        self.tree.node_mut(node).modified = at.now;
        Ok(())
    }

    /// Gives a file another length.
    pub(crate) fn resize(
        &mut self,
        file: &Opened,
        len: u64,
        at: Circumstances,
    ) -> Result<(), DiskError> {
        self.begin(DiskOperation::Resize)?;
        if !file.access.writes() {
            return Err(DiskError::Invalid);
        }
        self.resize_contents(file.node, len, at)
    }

    fn resize_contents(
        &mut self,
        node: NodeId,
        len: u64,
        at: Circumstances,
    ) -> Result<(), DiskError> {
        let before = self.tree.contents(node)?.len();
        let (len, _) = contents::end(len, 0)?;
        if self.room(before, len) < len {
            return Err(DiskError::Full);
        }
        match len == before {
            true => Ok(()),
            false => self.change(node, ChangeKind::Resize { len }, at),
        }
    }

    /// Makes the changes of a file, or those to the entries of a directory, durable.
    pub(crate) fn sync(&mut self, file: &Opened) -> Result<(), DiskError> {
        self.begin(DiskOperation::Sync)?;
        match self.tree.is_directory(file.node) {
            true => self.tree.sync_directory(file.node),
            false => self.tree.contents_mut(file.node)?.sync(),
        }
        Ok(())
    }

    /// Returns the bytes of all files.
    pub(super) fn used_bytes(&self) -> u64 {
        let lengths = self.tree.nodes().map(|(_, node)| match &node.kind {
            NodeKind::File(contents) => contents.len() as u64,
            NodeKind::Directory(_) => 0,
        });
        lengths.sum()
    }
}
