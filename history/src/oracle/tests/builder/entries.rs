//! Entries, made of the parts of a history.

use std::sync::Arc;

use rehearsal_sim::VirtualTime;

use super::{Answer, HistoryBuilder, MODEL, OperationDraftEnd};
use crate::entry::FaultPhase;
use crate::{Accepted, ActorId, Entry, EntryKind, History, OperationId, Since};

impl HistoryBuilder {
    /// Returns the history: its entries in the order of their times.
    pub(in super::super) fn history(&self) -> History {
        let mut history = History::new(&MODEL);
        let entries = &mut history.entries;
        self.add_beginnings(entries);
        self.add_sendings(entries);
        self.add_receipts(entries);
        for (at, broken) in &self.invariant {
            let kind = EntryKind::Invariant {
                name: "mirror".into(),
                broken: broken.map(Arc::from),
            };
            entries.push(entry(*at, None, kind));
        }
        self.add_operations(entries);
        self.add_early_ends(entries);
        entries.sort_by_key(|entry| entry.at);
        self.add_ends(entries);
        history
    }

    fn add_beginnings(&self, entries: &mut Vec<Entry>) {
        for phase in [FaultPhase::Began, FaultPhase::Ended] {
            let fault = "reset".into();
            let kind = EntryKind::Fault { fault, phase };
            entries.push(entry(VirtualTime::ZERO, None, kind));
        }
        for subscriber in self.subscribers.values() {
            for channel in &subscriber.channels {
                let kind = EntryKind::Subscribed {
                    channel: *channel,
                    tenant: subscriber.tenant,
                    since: Since::Start,
                };
                entries.push(entry(VirtualTime::ZERO, Some(subscriber.actor), kind));
            }
        }
        for span in self.spans.values() {
            let kind = EntryKind::Began(span.began.clone());
            entries.push(entry(span.began_at, None, kind));
        }
    }

    /// Adds the ends of spans that are over before the run is.
    fn add_early_ends(&self, entries: &mut Vec<Entry>) {
        for (span, draft) in &self.spans {
            if let (Some(end), Some(at)) = (draft.end, draft.ended_at) {
                let kind = EntryKind::Ended { span: *span, end };
                entries.push(entry(at, None, kind));
            }
        }
    }

    fn add_sendings(&self, entries: &mut Vec<Entry>) {
        for sending in &self.sendings {
            let mut sent = entry(sending.at, None, EntryKind::Sent(sending.sent.clone()));
            sent.clock = Some(Arc::new(sending.clock.clone()));
            entries.push(sent);
            let answer = match &sending.answer {
                Answer::None => continue,
                Answer::Accepted(accepted) => EntryKind::Accepted(Accepted {
                    message: sending.id(),
                    ..accepted.clone()
                }),
                Answer::Rejected(reason) => EntryKind::Rejected {
                    message: sending.id(),
                    reason: (*reason).into(),
                },
            };
            entries.push(entry(sending.at, None, answer));
        }
    }

    fn add_receipts(&self, entries: &mut Vec<Entry>) {
        for delivery in &self.deliveries {
            let kind = EntryKind::Received(delivery.received.clone());
            entries.push(entry(delivery.at, Some(delivery.actor), kind));
        }
        for (epoch, at) in &self.crashed {
            entries.push(entry(*at, None, EntryKind::Crashed { epoch: *epoch }));
        }
        for (actor, gap, at) in &self.gaps {
            entries.push(entry(*at, Some(*actor), EntryKind::Gap(*gap)));
        }
    }

    fn add_operations(&self, entries: &mut Vec<Entry>) {
        for (number, draft) in self.operations.iter().enumerate() {
            let operation = OperationId(number as u64 + 1);
            let actor = Some(ActorId(number as u64 % 3 + 1));
            let invoked = EntryKind::Invoked {
                operation,
                object: draft.object,
                call: draft.call.clone(),
            };
            entries.push(entry(
                VirtualTime::from_micros(draft.invoked),
                actor,
                invoked,
            ));
            let (at, end) = match &draft.end {
                OperationDraftEnd::Open => continue,
                OperationDraftEnd::Returned(at, value) => {
                    let value = value.clone();
                    (*at, EntryKind::Returned { operation, value })
                }
                OperationDraftEnd::Failed(at) => {
                    let reason = "full".into();
                    (*at, EntryKind::Failed { operation, reason })
                }
            };
            entries.push(entry(VirtualTime::from_micros(at), actor, end));
        }
    }

    fn add_ends(&self, entries: &mut Vec<Entry>) {
        for (span, draft) in &self.spans {
            let last = draft.end.filter(|_| draft.ended_at.is_none());
            for end in last.into_iter().chain(draft.repeated.iter().copied()) {
                let kind = EntryKind::Ended { span: *span, end };
                entries.push(entry(self.now, None, kind));
            }
        }
        for subscriber in self.subscribers.values() {
            if subscriber.drained {
                entries.push(entry(self.now, Some(subscriber.actor), EntryKind::Drained));
            }
        }
        for (phase, resources) in &self.holds {
            let kind = EntryKind::Holds {
                resources: resources.clone(),
                phase: *phase,
            };
            entries.push(entry(self.now, None, kind));
        }
        for (phase, census) in &self.census {
            let kind = EntryKind::Census {
                census: census.clone(),
                phase: *phase,
            };
            entries.push(entry(self.now, None, kind));
        }
    }
}

fn entry(at: VirtualTime, actor: Option<ActorId>, kind: EntryKind) -> Entry {
    Entry {
        at,
        actor,
        clock: None,
        kind,
    }
}
