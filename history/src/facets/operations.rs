//! The index of operations: those of each object, in the order in which they were invoked.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use crate::body::Body;
use crate::entry::EntryKind;
use crate::history::History;
use crate::ids::{ActorId, ObjectId, OperationId};

/// One operation on an object.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// The operation.
    pub id: OperationId,
    /// The actor that invoked it.
    pub actor: Option<ActorId>,
    /// The call with its arguments.
    pub call: &'a Body,
    /// Virtual time of the invocation.
    pub at: VirtualTime,
    /// The place of the invocation among all entries, from 0.
    pub invoked: usize,
    /// Its result.
    pub end: OperationEnd<'a>,
}

impl<'a> Operation<'a> {
    /// Returns the result, if there is one, with its place among all entries.
    pub fn returned(&self) -> Option<(&'a Body, usize)> {
        match self.end {
            OperationEnd::Returned { value, order, .. } => Some((value, order)),
            OperationEnd::Open | OperationEnd::Failed => None,
        }
    }

    /// Returns the result, if there is one.
    pub fn result(&self) -> Option<&'a Body> {
        self.returned().map(|(value, _)| value)
    }

    /// Returns `true` if it returned before the other one was invoked.
    pub fn ended_before(&self, other: &Operation<'_>) -> bool {
        self.returned()
            .is_some_and(|(_, order)| order < other.invoked)
    }
}

/// The result of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperationEnd<'a> {
    /// None: it may take effect at any later time, or never.
    Open,
    /// It took effect between its invocation and this.
    Returned {
        /// The result.
        value: &'a Body,
        /// Virtual time of the return.
        at: VirtualTime,
        /// The place of the return among all entries, from 0.
        order: usize,
    },
    /// It certainly had no effect.
    Failed,
}

/// The operations of one run, by object.
#[derive(Debug, Default)]
pub struct Operations<'a> {
    by_object: BTreeMap<ObjectId, Vec<Operation<'a>>>,
    /// For each operation, its object and its place there.
    places: BTreeMap<OperationId, (ObjectId, usize)>,
    strays: Vec<(OperationId, VirtualTime)>,
}

impl<'a> Operations<'a> {
    pub(super) fn new(history: &'a History) -> Self {
        let mut operations = Self::default();
        for (order, entry) in history.entries.iter().enumerate() {
            match &entry.kind {
                EntryKind::Invoked {
                    operation,
                    object,
                    call,
                } => operations.invoke(
                    *object,
                    Operation {
                        id: *operation,
                        actor: entry.actor,
                        call,
                        at: entry.at,
                        invoked: order,
                        end: OperationEnd::Open,
                    },
                ),
                EntryKind::Returned { operation, value } => {
                    let at = entry.at;
                    let end = OperationEnd::Returned { value, at, order };
                    operations.end(*operation, at, end);
                }
                EntryKind::Failed { operation, .. } => {
                    operations.end(*operation, entry.at, OperationEnd::Failed);
                }
                _ => {}
            }
        }
        operations
    }

    fn invoke(&mut self, object: ObjectId, operation: Operation<'a>) {
        let of_object = self.by_object.entry(object).or_default();
        let place = (object, of_object.len());
        if self.places.contains_key(&operation.id) {
            self.strays.push((operation.id, operation.at));
            return;
        }
        self.places.insert(operation.id, place);
        of_object.push(operation);
    }

    fn end(&mut self, operation: OperationId, at: VirtualTime, end: OperationEnd<'a>) {
        let place = self.places.get(&operation);
        let found =
            place.and_then(|(object, place)| self.by_object.get_mut(object)?.get_mut(*place));
        match found {
            Some(found) if found.end == OperationEnd::Open => found.end = end,
            _ => self.strays.push((operation, at)),
        }
    }

    /// Returns every object with its operations, in the order of invocation.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectId, &[Operation<'a>])> + '_ {
        let objects = self.by_object.iter();
        objects.map(|(object, operations)| (*object, operations.as_slice()))
    }

    /// Returns the operations of an object, in the order of invocation.
    pub fn of_object(&self, object: ObjectId) -> &[Operation<'a>] {
        self.by_object.get(&object).map_or(&[], Vec::as_slice)
    }

    /// Returns the operations that were invoked or ended a second time, or ended without
    /// having been invoked, with the times of that.
    pub fn strays(&self) -> &[(OperationId, VirtualTime)] {
        &self.strays
    }
}
