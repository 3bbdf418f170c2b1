//! The double-entry ledger: messages that were sent on one side, their settlement at
//! each subscriber on the other.

use crate::facets::CheckedRun;
use crate::facets::messages::{SendOutcome, Sending};
use crate::ids::ActorId;

/// The settlement of one message that the system owes one subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Settlement {
    /// The message arrived.
    Delivered,
    /// A marker arrived that covers it.
    GapMarked,
    /// Neither arrived.
    Lost,
}

/// Totals of the ledger of one run. The first four count messages, `phantom` counts
/// deliveries, and the others count (message, subscriber) pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Messages that were sent.
    pub emitted: u64,
    /// Of those, accepted by the system.
    pub accepted: u64,
    /// Of those, refused by the system.
    pub rejected: u64,
    /// Of those, neither: the sender never got an answer.
    pub unanswered: u64,
    /// Deliveries owed: one for each accepted message and subscriber of its channel. An
    /// unanswered message that arrived anywhere was accepted after all, and is owed
    /// too. A message without a subscriber is owed once, and lost.
    pub owed: u64,
    /// Owed and delivered, repeats not counted.
    pub delivered: u64,
    /// Owed, not delivered, and covered by a gap marker.
    pub gap_marked: u64,
    /// Owed, and neither delivered nor gap-marked.
    pub lost: u64,
    /// Deliveries of messages that were never sent, or that were refused.
    pub phantom: u64,
}

impl Ledger {
    /// Adds up the ledger of a finished run. If the engine stopped the run early,
    /// `lost` also counts messages that were still under way.
    pub fn of(run: &CheckedRun<'_>) -> Self {
        let mut ledger = Self::default();
        let messages = run.messages();
        for sending in messages.sendings() {
            ledger.enter(run, sending);
        }
        let deliveries = messages.deliveries().iter();
        ledger.phantom = deliveries
            .filter(|delivery| is_phantom(messages.sending(delivery.received.message)))
            .count() as u64;
        ledger
    }

    /// Returns `true` if everything that was accepted was delivered or marked, and
    /// nothing else was delivered.
    pub fn balances(&self) -> bool {
        self.emitted == self.accepted + self.rejected + self.unanswered
            && self.owed == self.delivered + self.gap_marked
            && self.phantom == 0
    }

    fn enter(&mut self, run: &CheckedRun<'_>, sending: &Sending<'_>) {
        self.emitted += 1;
        match sending.outcome {
            SendOutcome::Accepted(_) => self.accepted += 1,
            SendOutcome::Rejected(_) => self.rejected += 1,
            SendOutcome::Indeterminate => self.unanswered += 1,
        }
        if !run.messages().is_accepted(sending) {
            return;
        }
        let subscribers = run.messages().subscribers_of(sending.sent.envelope.channel);
        if subscribers.is_empty() {
            self.owed += 1;
            self.lost += 1;
        }
        for actor in run.messages().owed_to(sending) {
            self.owed += 1;
            match settle(run, sending, actor) {
                Settlement::Delivered => self.delivered += 1,
                Settlement::GapMarked => self.gap_marked += 1,
                Settlement::Lost => self.lost += 1,
            }
        }
    }
}

/// Returns the settlement of an accepted message with one subscriber of its channel.
pub(crate) fn settle(run: &CheckedRun<'_>, sending: &Sending<'_>, actor: ActorId) -> Settlement {
    if run.messages().place(actor, sending.id()).is_some() {
        Settlement::Delivered
    } else if run.messages().is_covered(actor, sending) {
        Settlement::GapMarked
    } else {
        Settlement::Lost
    }
}

/// Returns `true` if a delivery of that message has no sending that explains it.
pub(crate) fn is_phantom(sending: Option<&Sending<'_>>) -> bool {
    sending.is_none_or(Sending::is_rejected)
}
