//! The double-entry ledger: what was emitted on one side, what became of it at
//! each subscriber on the other.

use rehearsal_agents::record::{ClientRecord, Emission, Fate};

use super::Subject;
use super::view::View;

/// What the bridge owes a subscriber for one event, and how it settled that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settlement {
    /// The event came.
    Delivered,
    /// A marker came that covers it.
    GapMarked,
    /// Neither came.
    Lost,
}

/// Totals of the ledger of one run. The first four count events, `phantom`
/// counts deliveries, and the others count (event, subscriber) pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Events that agents emitted.
    pub emitted: u64,
    /// Of those, accepted by the bridge.
    pub accepted: u64,
    /// Of those, refused by the bridge.
    pub rejected: u64,
    /// Of those, neither: the emitter never got an answer.
    pub unanswered: u64,
    /// Deliveries owed: one for each accepted event and subscriber of its
    /// thread. An unanswered event that arrived anywhere was accepted after
    /// all, and is owed too. An event without a subscriber is owed to nobody
    /// once, and lost.
    pub owed: u64,
    /// Owed and delivered, repeats not counted.
    pub delivered: u64,
    /// Owed, not delivered, and covered by a gap marker.
    pub gap_marked: u64,
    /// Owed, and neither delivered nor gap-marked.
    pub lost: u64,
    /// Deliveries of events that nobody emitted, or that were refused.
    pub phantom: u64,
}

impl Ledger {
    /// Adds up the ledger of a finished run. If the engine stopped the run
    /// early, `lost` also counts what was still under way.
    pub fn of(subject: &Subject<'_>) -> Self {
        let view = View::new(subject);
        let mut ledger = Self::default();
        for emission in &view.evidence.emissions {
            ledger.enter(&view, emission);
        }
        let deliveries = view.evidence.deliveries.iter();
        ledger.phantom = deliveries
            .filter(|delivery| is_phantom(view.emission(delivery.event.id)))
            .count() as u64;
        ledger
    }

    /// Whether all that came in went out, and nothing else did.
    pub fn balances(&self) -> bool {
        self.emitted == self.accepted + self.rejected + self.unanswered
            && self.owed == self.delivered + self.gap_marked
            && self.phantom == 0
    }

    fn enter(&mut self, view: &View<'_>, emission: &Emission) {
        self.emitted += 1;
        match emission.fate {
            Fate::Accepted(_) => self.accepted += 1,
            Fate::Rejected(_) => self.rejected += 1,
            Fate::Unanswered => self.unanswered += 1,
        }
        if view.position(emission).is_none() {
            return;
        }
        let subscribers = view.subscribers(emission.thread);
        if subscribers.is_empty() {
            self.owed += 1;
            self.lost += 1;
        }
        for client in subscribers {
            self.owed += 1;
            match settle(view, emission, client) {
                Settlement::Delivered => self.delivered += 1,
                Settlement::GapMarked => self.gap_marked += 1,
                Settlement::Lost => self.lost += 1,
            }
        }
    }
}

/// How an accepted event was settled with one subscriber of its thread.
pub(super) fn settle(view: &View<'_>, emission: &Emission, client: &ClientRecord) -> Settlement {
    if view.place(client.id, emission.id).is_some() {
        Settlement::Delivered
    } else if view.gap_marked(client.id, emission) {
        Settlement::GapMarked
    } else {
        Settlement::Lost
    }
}

/// Whether the delivery of such an event comes from nowhere.
pub(super) fn is_phantom(emission: Option<&Emission>) -> bool {
    emission.is_none_or(|emission| matches!(emission.fate, Fate::Rejected(_)))
}
