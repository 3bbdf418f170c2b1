//! The world that tools act on: it records every effect that reaches it.

use std::sync::Arc;

use rehearsal_history::Actors;

use super::super::marks::EXECUTOR_DIED;
use super::super::model::effects_of;
use super::super::tools::{Effects, ToolCall};
use crate::record::Recorder;

/// The world of a run.
pub(in super::super) struct World {
    recorder: Recorder,
    actors: Actors,
}

impl World {
    /// A world of these namespaces, on which nothing has acted.
    pub(in super::super) fn new(
        recorder: Recorder,
        actors: Actors,
        namespaces: &[Arc<str>],
    ) -> Self {
        for namespace in namespaces {
            let actor = actors.actor(&world_of(namespace)).of(namespace);
            actor.subscribed_from_start(&effects_of(namespace));
        }
        Self { recorder, actors }
    }

    /// Records that every effect has come that will.
    pub(in super::super) fn drained(&self, namespaces: &[Arc<str>]) {
        for namespace in namespaces {
            self.actors.actor(&world_of(namespace)).drained();
        }
    }
}

/// Returns the name of the part of the world that belongs to a namespace.
fn world_of(namespace: &str) -> String {
    format!("world of {namespace}")
}

impl Effects for World {
    fn apply(&self, call: &ToolCall) {
        let actor = self.actors.actor(&world_of(&call.namespace));
        let actor = actor.of(&call.namespace);
        actor.received(&effects_of(&call.namespace), &call.effect);
    }

    fn died(&self) {
        self.recorder.mark(EXECUTOR_DIED);
    }
}
