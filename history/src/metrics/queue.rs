//! The depth of queues: messages that were accepted and have not arrived. What a gap marker
//! covers never arrives, and counts to the end.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::VirtualTime;

use super::messages::SENT;
use super::{Better, Fold, Metric, Sample};
use crate::body::Symbol;
use crate::entry::EntryKind;
use crate::facets::CheckedRun;
use crate::ids::{ActorId, ChannelId, MessageId};
use crate::validation::Validation;

pub(super) const QUEUE_DEPTH: Metric = Metric {
    name: "queue-depth",
    meaning: "for each channel and subscriber, the most messages that were accepted and had not arrived",
    fold: Fold::Each,
    groups: Some("channel"),
    better: Better::Lower,
    validates: Validation::Performance,
    shown: true,
    samples: |run| {
        let mut queues = Queues::default();
        for entry in &run.history.entries {
            match &entry.kind {
                EntryKind::Accepted(accepted) => queues.accept(run, accepted.message, entry.at),
                EntryKind::Received(received) => {
                    if let Some(actor) = entry.actor {
                        queues.receive(run, received.message, actor);
                    }
                }
                _ => {}
            }
        }
        queues.samples(run)
    },
    ..SENT
};

/// The queues of all channels while the history is read.
#[derive(Default)]
struct Queues {
    queues: BTreeMap<(ChannelId, ActorId), Queue>,
    arrived: BTreeSet<(ActorId, MessageId)>,
}

/// The messages of one channel that one subscriber still waits for.
#[derive(Default)]
struct Queue {
    waiting: BTreeSet<MessageId>,
    most: u64,
    /// The message that made it deepest, and the time.
    deepest: Option<(MessageId, VirtualTime)>,
}

impl Queues {
    fn accept(&mut self, run: &CheckedRun<'_>, message: MessageId, at: VirtualTime) {
        let Some(sending) = run.messages().sending(message) else {
            return;
        };
        let channel = sending.sent.envelope.channel;
        for actor in run.messages().owed_to(sending) {
            // The answer may come after the message.
            if self.arrived.contains(&(actor, message)) {
                continue;
            }
            let queue = self.queues.entry((channel, actor)).or_default();
            queue.waiting.insert(message);
            let depth = queue.waiting.len() as u64;
            if depth > queue.most {
                queue.most = depth;
                queue.deepest = Some((message, at));
            }
        }
    }

    fn receive(&mut self, run: &CheckedRun<'_>, message: MessageId, actor: ActorId) {
        self.arrived.insert((actor, message));
        if let Some(sending) = run.messages().sending(message) {
            let channel = sending.sent.envelope.channel;
            if let Some(queue) = self.queues.get_mut(&(channel, actor)) {
                queue.waiting.remove(&message);
            }
        }
    }

    fn samples(self, run: &CheckedRun<'_>) -> Vec<Sample> {
        let queues = self.queues.into_iter();
        let samples = queues.filter_map(|((channel, actor), queue)| {
            let (message, at) = queue.deepest?;
            let name = Symbol::from(run.name(channel).to_string());
            let witness = vec![channel.into(), actor.into(), message.into()];
            Some(Sample {
                part: queue.most,
                ..Sample::one(name, at, witness)
            })
        });
        samples.collect()
    }
}
