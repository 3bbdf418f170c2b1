//! The tree of files and directories.
//!
//! A file lives as long as it has a name, is open, or may get its name back: a change to a
//! directory that is not durable can be undone by a crash.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::contents::Contents;
use super::error::DiskError;
use super::journal::EntryChange;
use super::path::{Step, Steps};
use crate::point::Resource;

/// A file or a directory of a disk, numbered from 0 (the root) in the order of creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(super) const ROOT: Self = Self(0);

    /// Returns the number, from 1.
    pub(super) fn number(self) -> u64 {
        u64::from(self.0) + 1
    }
}

/// A file or a directory.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) resource: Arc<Resource>,
    pub(super) created: SystemTime,
    pub(super) modified: SystemTime,
    /// Permissions; recorded, and not enforced.
    pub(super) mode: u32,
    /// Its name, and the directory that holds it; none if it has been removed.
    pub(super) place: Option<(NodeId, OsString)>,
    pub(super) handles: u32,
    /// Changes on record that name it.
    pub(super) recorded: u32,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    File(Contents),
    Directory(BTreeMap<OsString, NodeId>),
}

/// The place that a path names: a directory, and a name in it that may or may not exist.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) parent: NodeId,
    pub(super) name: OsString,
    pub(super) node: Option<NodeId>,
    /// `true` if the path can name a directory only.
    pub(super) names_directory: bool,
}

/// The end of a path: a name in a directory, or the directory that `/`, `.` or `..` stands for.
#[derive(Debug)]
pub(super) enum End {
    Named(Target),
    Directory(NodeId),
}

/// A tree of files and directories.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    next: u32,
    /// The changes that a crash may undo, in order.
    pub(super) unsynced: Vec<EntryChange>,
}

impl Tree {
    /// Creates a tree with an empty root.
    pub(super) fn new(resource: Arc<Resource>, now: SystemTime) -> Self {
        let mut tree = Self {
            nodes: BTreeMap::new(),
            next: 0,
            unsynced: Vec::new(),
        };
        tree.add(NodeKind::Directory(BTreeMap::new()), resource, now);
        tree
    }

    fn add(&mut self, kind: NodeKind, resource: Arc<Resource>, now: SystemTime) -> NodeId {
        let id = NodeId(self.next);
        self.next = self.next.checked_add(1).expect("fewer than 2^32 files");
        let mode = match kind {
            NodeKind::File(_) => 0o644,
            NodeKind::Directory(_) => 0o755,
        };
        let node = Node {
            kind,
            resource,
            created: now,
            modified: now,
            mode,
            place: None,
            handles: 0,
            recorded: 0,
        };
        self.nodes.insert(id, node);
        id
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(&id).expect("a node that is in use exists")
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        let node = self.nodes.get_mut(&id);
        node.expect("a node that is in use exists")
    }

    /// Returns every node, by its number.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    /// Returns the entries of a directory.
    ///
    /// # Errors
    ///
    /// If it is a file.
    pub(super) fn entries(&self, id: NodeId) -> Result<&BTreeMap<OsString, NodeId>, DiskError> {
        match &self.node(id).kind {
            NodeKind::Directory(entries) => Ok(entries),
            NodeKind::File(_) => Err(DiskError::NotADirectory),
        }
    }

    /// Returns the contents of a file.
    ///
    /// # Errors
    ///
    /// If it is a directory.
    pub(super) fn contents(&self, id: NodeId) -> Result<&Contents, DiskError> {
        match &self.node(id).kind {
            NodeKind::File(contents) => Ok(contents),
            NodeKind::Directory(_) => Err(DiskError::IsADirectory),
        }
    }

    /// As [`Tree::contents`].
    pub(super) fn contents_mut(&mut self, id: NodeId) -> Result<&mut Contents, DiskError> {
        match &mut self.node_mut(id).kind {
            NodeKind::File(contents) => Ok(contents),
            NodeKind::Directory(_) => Err(DiskError::IsADirectory),
        }
    }

    pub(super) fn is_directory(&self, id: NodeId) -> bool {
        matches!(self.node(id).kind, NodeKind::Directory(_))
    }

    fn step(&self, from: NodeId, step: &Step) -> Result<NodeId, DiskError> {
        let entries = self.entries(from)?;
        match step {
            Step::Stay => Ok(from),
            Step::Up => Ok(self.parent(from)),
            Step::Into(name) => entries.get(name).copied().ok_or(DiskError::NotFound),
        }
    }

    /// Returns the directory that holds a directory; the root holds itself, and so does one that
    /// was removed.
    fn parent(&self, id: NodeId) -> NodeId {
        let place = self.node(id).place.as_ref();
        place.map_or(id, |(parent, _)| *parent)
    }

    /// Follows a path to its last step.
    ///
    /// # Errors
    ///
    /// If a directory on the path does not exist, or is a file.
    pub(super) fn end(&self, path: &Steps) -> Result<End, DiskError> {
        let parent = path
            .before
            .iter()
            .try_fold(NodeId::ROOT, |at, step| self.step(at, step))?;
        match &path.last {
            None => Ok(End::Directory(NodeId::ROOT)),
            Some(step @ (Step::Stay | Step::Up)) => Ok(End::Directory(self.step(parent, step)?)),
            Some(Step::Into(name)) => Ok(End::Named(Target {
                parent,
                node: self.entries(parent)?.get(name).copied(),
                name: name.clone(),
                names_directory: path.names_directory,
            })),
        }
    }

    /// Returns the file or directory at a path.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(super) fn find(&self, path: &Steps) -> Result<NodeId, DiskError> {
        let target = match self.end(path)? {
            End::Directory(id) => return Ok(id),
            End::Named(target) => target,
        };
        let found = target.node.ok_or(DiskError::NotFound)?;
        if target.names_directory && !self.is_directory(found) {
            return Err(DiskError::NotADirectory);
        }
        Ok(found)
    }

    /// Returns the path of a node; none if it has been removed, or a directory above it.
    pub(super) fn path(&self, id: NodeId) -> Option<PathBuf> {
        let mut names: Vec<&OsStr> = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT {
            let (parent, name) = self.node(at).place.as_ref()?;
            names.push(name);
            at = *parent;
        }
        let root = Path::new("/");
        Some(root.join(names.iter().rev().collect::<PathBuf>()))
    }

    /// Returns `true` if a node is a directory, or in a directory below it.
    pub(super) fn is_within(&self, mut node: NodeId, directory: NodeId) -> bool {
        loop {
            if node == directory {
                return true;
            }
            match &self.node(node).place {
                Some((parent, _)) => node = *parent,
                None => return false,
            }
        }
    }

    /// Creates a file or a directory at a place where there is none.
    pub(super) fn create(
        &mut self,
        target: &Target,
        kind: NodeKind,
        resource: Arc<Resource>,
        now: SystemTime,
        line: Option<String>,
    ) -> NodeId {
        let node = self.add(kind, resource, now);
        let place = (target.parent, target.name.clone());
        self.change(node, Some(place), now, line);
        node
    }

    /// Puts a node at a place, out of the one where it is.
    pub(super) fn place(&mut self, node: NodeId, place: Option<(NodeId, OsString)>) {
        if let Some((parent, name)) = self.node_mut(node).place.take() {
            self.entries_mut(parent).remove(&name);
        }
        if let Some((parent, name)) = &place {
            self.entries_mut(*parent).insert(name.clone(), node);
        }
        self.node_mut(node).place = place;
    }

    fn entries_mut(&mut self, id: NodeId) -> &mut BTreeMap<OsString, NodeId> {
        match &mut self.node_mut(id).kind {
            NodeKind::Directory(entries) => entries,
            NodeKind::File(_) => unreachable!("a place is in a directory"),
        }
    }

    /// Closes everything that is open.
    pub(super) fn close_all(&mut self) {
        let open = self.nodes.iter_mut().filter(|(_, node)| node.handles > 0);
        let closed: Vec<_> = open
            .map(|(id, node)| {
                node.handles = 0;
                *id
            })
            .collect();
        for id in closed {
            self.collect(id);
        }
    }

    /// Drops a node that nothing leads to any more.
    pub(super) fn collect(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get(&id) else {
            return;
        };
        let is_used = node.place.is_some() || node.handles > 0 || node.recorded > 0;
        if !is_used && id != NodeId::ROOT {
            self.nodes.remove(&id);
        }
    }
}
