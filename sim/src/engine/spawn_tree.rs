//! The tree of spawns. A task's id depends on the schedule; its place in the tree does not, as
//! long as its parent spawns in the same order.

use xxhash_rust::xxh3::xxh3_64;

use crate::ids::TaskId;
use crate::index_vec::IndexVec;
use crate::schedule::{ChoiceSource, Site, SiteId, SpawnPath};

/// The tree of spawns, by task id. Tasks that have ended stay in it.
pub(crate) struct SpawnTree {
    nodes: IndexVec<TaskId, Node>,
    /// Present if choices are recorded or replayed, each under its task's site.
    addresses: Option<IndexVec<TaskId, Address>>,
}

/// A task in the tree.
#[derive(Clone, Copy)]
pub(super) struct Node {
    spawn_path_hash: u64,
    children: u32,
    /// The steps that the task has begun: its polls, and the scheduling points at which it went
    /// on. What other tasks do in between changes little about their number.
    turns: u32,
    /// The turn before which the task was last up for its next one.
    up_before: Option<u32>,
}

struct Address {
    path: SpawnPath,
    preempt: Option<SiteId>,
    after: Option<SiteId>,
    postpone: Option<SiteId>,
    select: Option<SiteId>,
    cancel: Option<SiteId>,
}

impl Address {
    /// Returns the site of a choice that could take the turn from the task, which `runs`, or that
    /// is made because it could not go on.
    #[inline(never)]
    fn turn_site(&mut self, runs: bool, draws: &mut ChoiceSource) -> SiteId {
        let Self {
            path,
            preempt,
            after,
            ..
        } = self;
        match runs {
            true => *preempt.get_or_insert_with(|| draws.site(Site::Preempt(path.clone()))),
            false => *after.get_or_insert_with(|| draws.site(Site::After(path.clone()))),
        }
    }
}

impl SpawnTree {
    /// Creates an empty tree in the memory of `nodes`, which is empty. With `addressed`, tasks
    /// get sites of their own for the scheduler's choices, because these are recorded or
    /// replayed.
    pub(super) fn within(nodes: IndexVec<TaskId, Node>, addressed: bool) -> Self {
        debug_assert_eq!(nodes.len(), 0, "no task was spawned");
        Self {
            nodes,
            addresses: addressed.then(IndexVec::default),
        }
    }

    /// Takes the memory of the tree, without its tasks.
    pub(super) fn take_emptied(&mut self) -> IndexVec<TaskId, Node> {
        self.nodes.take_emptied()
    }

    /// Returns `true` if tasks have sites of their own.
    pub(super) fn is_addressed(&self) -> bool {
        self.addresses.is_some()
    }

    /// Adds the next task, spawned by `parent`, and returns the hash of its path of spawns.
    pub(super) fn spawned(&mut self, parent: Option<TaskId>) -> u64 {
        let id: TaskId = self.nodes.next_id();
        let node = parent.and_then(|parent| self.nodes.get_mut(parent));
        let (origin, number) = match node {
            Some(node) => {
                node.children += 1;
                (node.spawn_path_hash, node.children)
            }
            // Without a parent, its own number distinguishes it.
            None => (0, id.0),
        };
        let mut place = [0; 12];
        place[..8].copy_from_slice(&origin.to_le_bytes());
        place[8..].copy_from_slice(&number.to_le_bytes());
        let spawn_path_hash = xxh3_64(&place);
        self.nodes.push(Node {
            spawn_path_hash,
            children: 0,
            turns: 0,
            up_before: None,
        });
        if let Some(addresses) = &mut self.addresses {
            let parent = parent.and_then(|parent| addresses.get(parent));
            let path = match parent {
                Some(parent) => parent.path.child(number),
                None => SpawnPath::default().child(number),
            };
            addresses.push(Address {
                path,
                preempt: None,
                after: None,
                postpone: None,
                select: None,
                cancel: None,
            });
        }
        spawn_path_hash
    }

    /// Counts a turn of the task.
    #[inline(always)]
    pub(super) fn begin_turn(&mut self, task: TaskId) {
        // The schedules of replays count on it that turns only grow in number.
        let turns = &mut self.nodes[task].turns;
        *turns = turns.checked_add(1).expect("fewer than 2^32 turns");
    }

    /// Returns the number of turns that the task has had.
    #[inline]
    pub(super) fn turns(&self, task: TaskId) -> u32 {
        self.nodes[task].turns
    }

    /// Records that the task is up for its next turn. Returns `true` if it is so for the first
    /// time: others may have had the turn in its place.
    pub(super) fn is_first_up(&mut self, task: TaskId) -> bool {
        let node = &mut self.nodes[task];
        node.up_before.replace(node.turns) != Some(node.turns)
    }

    /// Returns the site of the postponements of a task; none if tasks have no addresses.
    pub(super) fn postpone_site(
        &mut self,
        task: TaskId,
        draws: &mut ChoiceSource,
    ) -> Option<SiteId> {
        let Address { path, postpone, .. } = &mut self.addresses.as_mut()?[task];
        Some(*postpone.get_or_insert_with(|| draws.site(Site::Postpone(path.clone()))))
    }

    /// Returns the hash of a task's path of spawns.
    pub(super) fn path_hash(&self, task: TaskId) -> u64 {
        self.nodes[task].spawn_path_hash
    }

    /// Returns the path of spawns to a task; empty if tasks have no addresses.
    pub(super) fn path(&self, task: TaskId) -> SpawnPath {
        let addresses = self.addresses.as_ref();
        addresses
            .and_then(|addresses| addresses.get(task))
            .map_or_else(SpawnPath::default, |address| address.path.clone())
    }

    /// Returns the site of a choice that could take the turn from `running`, or that
    /// is made because `last` could not go on; none if tasks have no addresses.
    #[inline(always)]
    pub(super) fn site(
        &mut self,
        running: Option<TaskId>,
        last: Option<TaskId>,
        draws: &mut ChoiceSource,
    ) -> Option<SiteId> {
        let addresses = self.addresses.as_mut()?;
        // The program is the only task until it has run.
        let task = running.or(last).unwrap_or(TaskId::PROGRAM);
        Some(addresses[task].turn_site(running.is_some(), draws))
    }

    /// Returns the site of the task's `select!`s; none if tasks have no addresses.
    pub(super) fn select_site(&mut self, task: TaskId, draws: &mut ChoiceSource) -> Option<SiteId> {
        let Address { path, select, .. } = &mut self.addresses.as_mut()?[task];
        Some(*select.get_or_insert_with(|| draws.site(Site::Select(path.clone()))))
    }

    /// Returns the site of the task's cancellations; none if tasks have no addresses.
    pub(super) fn cancel_site(&mut self, task: TaskId, draws: &mut ChoiceSource) -> Option<SiteId> {
        let Address { path, cancel, .. } = &mut self.addresses.as_mut()?[task];
        Some(*cancel.get_or_insert_with(|| draws.site(Site::Cancel(path.clone()))))
    }
}
