//! Containers that a run leaves to the next one on its thread.
//!
//! They are empty: of the run before, the next one gets only capacities, which nothing shows. So
//! a short run need not allocate them anew, and a full recording need not move what it has.

use std::cell::Cell;

use crate::ids::{ResourceId, TaskId};
use crate::index_vec::{IndexVec, emptied};
use crate::schedule::strategy::PendingOperation;

use super::Engine;
use super::core::Task;
use super::record::Lengths;
use super::spawn_tree::Node;
use super::wait::ResourceInfo;
use super::wake_queue::Woken;

/// The containers.
#[derive(Default)]
pub(super) struct Spare {
    pub(super) tasks: IndexVec<TaskId, Option<Box<Task>>>,
    pub(super) points: IndexVec<TaskId, Option<PendingOperation>>,
    pub(super) resources: IndexVec<ResourceId, ResourceInfo>,
    pub(super) nodes: IndexVec<TaskId, Node>,
    pub(super) task_states: IndexVec<TaskId, u64>,
    pub(super) resource_states: IndexVec<ResourceId, u64>,
    pub(super) fingerprinted: Vec<u8>,
    pub(super) woken: Vec<Woken>,
    /// The lengths of the last full recording.
    pub(super) recorded: Lengths,
}

thread_local! {
    static SPARE: Cell<Option<Spare>> = const { Cell::new(None) };
}

impl Spare {
    /// Takes what the last run on this thread has left.
    pub(super) fn take() -> Self {
        // At the end of the thread, where a run may be in a destructor, there is nothing.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        spare.unwrap_or_default()
    }
}

impl Engine {
    /// Leaves the containers of this run, which is over, to the next one.
    pub(crate) fn keep_containers(&self) {
        let core = &mut *self.core.borrow_mut();
        let (task_states, resource_states) = core.happens_before.take_emptied();
        let spare = Spare {
            tasks: core.tasks.take_emptied(),
            points: core.points.take_emptied(),
            resources: core.resources.take_emptied(),
            nodes: core.spawn_tree.take_emptied(),
            task_states,
            resource_states,
            fingerprinted: core.record.fingerprint.take_emptied(),
            woken: emptied(&mut self.wakes.woken.borrow_mut()),
            recorded: core.recorded,
        };
        // Else they are dropped.
        let _ = SPARE.try_with(|slot| slot.set(Some(spare)));
    }
}
