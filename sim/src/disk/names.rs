//! The operations of a disk that take paths, and metadata.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::access::{Circumstances, Facts, Listed, NewResource, Opened};
use super::error::DiskError;
use super::path::{Step, Steps};
use super::settings::DiskOperation;
use super::tree::{End, NodeId, NodeKind};
use super::volume::Disk;

impl Disk {
    /// Creates a directory.
    pub(crate) fn create_directory(
        &mut self,
        path: &Path,
        mode: Option<u32>,
        at: Circumstances,
        new: NewResource<'_>,
    ) -> Result<(), DiskError> {
        self.begin(DiskOperation::CreateDirectory)?;
        match self.tree.end(&Steps::of(path)?)? {
            End::Named(target) if target.node.is_none() => {
                let kind = NodeKind::Directory(BTreeMap::new());
                let node = self.tree.create(&target, kind, new(), at.now, at.line);
                self.set_created_mode(node, mode);
                Ok(())
            }
            End::Named(_) | End::Directory(_) => Err(DiskError::Exists),
        }
    }

    /// Removes a file.
    pub(crate) fn remove_file(&mut self, path: &Path, at: Circumstances) -> Result<(), DiskError> {
        self.begin(DiskOperation::Remove)?;
        let End::Named(target) = self.tree.end(&Steps::of(path)?)? else {
            return Err(DiskError::IsADirectory);
        };
        let node = target.node.ok_or(DiskError::NotFound)?;
        if self.tree.is_directory(node) {
            return Err(DiskError::IsADirectory);
        }
        if target.names_directory {
            return Err(DiskError::NotADirectory);
        }
        self.tree.change(node, None, at.now, at.line);
        Ok(())
    }

    /// Removes a directory that is empty.
    pub(crate) fn remove_directory(
        &mut self,
        path: &Path,
        at: Circumstances,
    ) -> Result<(), DiskError> {
        self.begin(DiskOperation::Remove)?;
        let steps = Steps::of(path)?;
        let target = match self.tree.end(&steps)? {
            End::Named(target) => target,
            End::Directory(_) => {
                return Err(match steps.last {
                    Some(Step::Stay) => DiskError::Invalid,
                    Some(Step::Up | Step::Into(_)) => DiskError::NotEmpty,
                    None => DiskError::Busy,
                });
            }
        };
        let node = target.node.ok_or(DiskError::NotFound)?;
        if !self.tree.entries(node)?.is_empty() {
            return Err(DiskError::NotEmpty);
        }
        self.tree.change(node, None, at.now, at.line);
        Ok(())
    }

    /// Gives a file or directory another place.
    pub(crate) fn rename(
        &mut self,
        from: &Path,
        to: &Path,
        at: Circumstances,
    ) -> Result<(), DiskError> {
        self.begin(DiskOperation::Rename)?;
        let (from, to) = (Steps::of(from)?, Steps::of(to)?);
        let ends = (self.tree.end(&from)?, self.tree.end(&to)?);
        let (End::Named(source), End::Named(target)) = ends else {
            return Err(DiskError::Busy);
        };
        let node = source.node.ok_or(DiskError::NotFound)?;
        let is_directory = self.tree.is_directory(node);
        if !is_directory && (source.names_directory || target.names_directory) {
            return Err(DiskError::NotADirectory);
        }
        if self.tree.is_within(target.parent, node) {
            return Err(DiskError::Invalid);
        }
        if let Some(replaced) = target.node {
            if replaced == node {
                return Ok(());
            }
            self.check_replaced(replaced, source.parent, is_directory)?;
        }
        let place: (NodeId, OsString) = (target.parent, target.name);
        self.tree.change(node, Some(place), at.now, at.line);
        Ok(())
    }

    /// Fails if a node cannot be replaced by a file, or a directory, of that directory.
    fn check_replaced(
        &self,
        replaced: NodeId,
        source: NodeId,
        by_directory: bool,
    ) -> Result<(), DiskError> {
        if self.tree.is_within(source, replaced) {
            return Err(DiskError::NotEmpty);
        }
        match (by_directory, self.tree.is_directory(replaced)) {
            (true, false) => Err(DiskError::NotADirectory),
            (false, true) => Err(DiskError::IsADirectory),
            (true, true) if !self.tree.entries(replaced)?.is_empty() => Err(DiskError::NotEmpty),
            _ => Ok(()),
        }
    }

    /// Returns the entries of a directory, sorted by name.
    pub(crate) fn list(&mut self, path: &Path) -> Result<Vec<Listed>, DiskError> {
        self.begin(DiskOperation::ReadDirectory)?;
        let directory = self.tree.find(&Steps::of(path)?)?;
        let entries = self.tree.entries(directory)?.iter();
        let entries = entries.map(|(name, node)| Listed {
            name: name.clone(),
            is_directory: self.tree.is_directory(*node),
            number: node.number(),
        });
        Ok(entries.collect())
    }

    /// Returns the path of a file or directory from the root, without `.` and `..`.
    pub(crate) fn canonical(&mut self, path: &Path) -> Result<PathBuf, DiskError> {
        self.begin(DiskOperation::Metadata)?;
        let node = self.tree.find(&Steps::of(path)?)?;
        self.tree.path(node).ok_or(DiskError::NotFound)
    }

    // Metadata --------------------------------------------------------------

    /// Returns the metadata of the file or directory at a path.
    pub(crate) fn facts(&mut self, path: &Path) -> Result<Facts, DiskError> {
        self.begin(DiskOperation::Metadata)?;
        let node = self.tree.find(&Steps::of(path)?)?;
        Ok(self.node_facts(node))
    }

    /// Returns the length of an open file.
    pub(crate) fn len(&self, file: &Opened) -> Result<u64, DiskError> {
        Ok(self.node_facts(file.node).len)
    }

    /// Returns the metadata of an open file or directory.
    pub(crate) fn facts_of(&mut self, file: &Opened) -> Result<Facts, DiskError> {
        self.begin(DiskOperation::Metadata)?;
        Ok(self.node_facts(file.node))
    }

    fn node_facts(&self, id: NodeId) -> Facts {
        let node = self.tree.node(id);
        let len = match &node.kind {
            NodeKind::File(contents) => contents.len() as u64,
            NodeKind::Directory(_) => 0,
        };
        Facts {
            is_directory: self.tree.is_directory(id),
            len,
            mode: node.mode,
            created: node.created,
            modified: node.modified,
        }
    }

    /// Returns the node of the file or directory at a path, to set metadata of it.
    pub(crate) fn find_to_set(&mut self, path: &Path) -> Result<NodeId, DiskError> {
        self.begin(DiskOperation::Metadata)?;
        self.tree.find(&Steps::of(path)?)
    }

    pub(crate) fn set_mode(&mut self, node: NodeId, mode: u32) {
        self.tree.node_mut(node).mode = mode;
    }

    pub(crate) fn set_modified(&mut self, node: NodeId, modified: SystemTime) {
        self.tree.node_mut(node).modified = modified;
    }
}
