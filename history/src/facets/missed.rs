//! Gap markers that only give a number: the messages that they stand for.
//!
//! A marker of `n` stands for the `n` oldest messages that its actor was owed when it came,
//! that never arrived there, and that no earlier marker stands for. It excuses them only if
//! there are that many, and if a cause that the settings name explains it. What is missing
//! beyond the number is lost.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal_sim::VirtualTime;

use super::gaps::{GapCause, GapFault, GapPolicy};
use super::messages::{Messages, SendOutcome, Sending};
use crate::ids::{ActorId, ChannelId, MessageId};

/// A marker that gives a number, and its receipt.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedCount {
    /// The actor that was told.
    pub actor: ActorId,
    /// The channel.
    pub channel: ChannelId,
    /// The number of messages.
    pub count: u64,
    /// Virtual time of the receipt.
    pub at: VirtualTime,
    /// Its place among all entries, from 0.
    pub order: usize,
    /// Its fault, if it has one; a faulty marker excuses nothing.
    pub fault: Option<GapFault>,
}

/// The markers that give a number, and the messages that they excuse.
#[derive(Debug, Default)]
pub(super) struct Missed {
    pub(super) markers: Vec<ReceivedCount>,
    excused: BTreeSet<(ActorId, MessageId)>,
    /// The messages that earlier markers of an actor on a channel stand for.
    told: BTreeMap<(ActorId, ChannelId), u64>,
}

impl Missed {
    /// Decides for each marker, in the order of receipt.
    pub(super) fn of(
        messages: &Messages<'_>,
        markers: Vec<ReceivedCount>,
        policy: &GapPolicy,
    ) -> Self {
        let mut missed = Self::default();
        for mut marker in markers {
            let candidates = Candidates::before(messages, &marker, &missed);
            match missed.excusable(messages, &marker, &candidates, policy) {
                Ok(count) => missed.excuse(&marker, &candidates, count),
                Err(fault) => marker.fault = Some(fault),
            }
            missed.markers.push(marker);
        }
        missed
    }

    /// Returns `true` if a marker excuses the message at that actor.
    pub(super) fn excuses(&self, actor: ActorId, message: MessageId) -> bool {
        self.excused.contains(&(actor, message))
    }

    /// Returns how many of the known candidates the marker excuses.
    fn excusable(
        &self,
        messages: &Messages<'_>,
        marker: &ReceivedCount,
        candidates: &Candidates,
        policy: &GapPolicy,
    ) -> Result<u64, GapFault> {
        let missing = candidates.missing_at(marker.at);
        if marker.count == 0 || missing == 0 {
            return Err(GapFault::Empty);
        }
        if missing < marker.count {
            return Err(GapFault::False);
        }
        if policy.allows(GapCause::Crash)
            && let Some(crashed) = messages.last_crash(marker.at)
            && candidates.missing_at(crashed) >= marker.count
        {
            return Ok(marker.count.min(candidates.known_at(crashed)));
        }
        if !policy.allows(GapCause::Overflow) {
            return Err(GapFault::Unexplained);
        }
        let told = self.told.get(&(marker.actor, marker.channel));
        let gone = told
            .copied()
            .unwrap_or_default()
            .saturating_add(marker.count);
        if gone.saturating_add(policy.buffer()) > candidates.owed {
            return Err(GapFault::False);
        }
        Ok(marker.count)
    }

    fn excuse(&mut self, marker: &ReceivedCount, candidates: &Candidates, count: u64) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for (message, _) in candidates.known.iter().take(count) {
            self.excused.insert((marker.actor, *message));
        }
        *self.told.entry((marker.actor, marker.channel)).or_default() += marker.count;
    }
}

/// The messages that a marker may stand for.
#[derive(Default)]
struct Candidates {
    /// Accepted messages that never arrived, the oldest first, with the times of sending.
    known: Vec<(MessageId, VirtualTime)>,
    /// The times of sending of messages without an answer that never arrived anywhere.
    unknown: Vec<VirtualTime>,
    /// All messages that the actor may have been owed when the marker came.
    owed: u64,
}

impl Candidates {
    fn before(messages: &Messages<'_>, marker: &ReceivedCount, missed: &Missed) -> Self {
        let mut candidates = Self::default();
        let sendings = messages.sendings().iter();
        let speaks_of = |sending: &&Sending<'_>| {
            sending.sent.envelope.channel == marker.channel
                && sending.order < marker.order
                && !sending.is_rejected()
                && messages.is_owed(marker.actor, sending)
        };
        for sending in sendings.filter(speaks_of) {
            candidates.owed += 1;
            let arrived = messages.place(marker.actor, sending.id()).is_some();
            if arrived || missed.excuses(marker.actor, sending.id()) {
                continue;
            }
            if messages.is_accepted(sending) {
                candidates.known.push((sending.id(), sending.at));
            } else if sending.outcome == SendOutcome::Indeterminate {
                candidates.unknown.push(sending.at);
            }
        }
        candidates
    }

    /// Returns how many known messages were sent by that time.
    fn known_at(&self, time: VirtualTime) -> u64 {
        self.known.iter().filter(|(_, at)| *at <= time).count() as u64
    }

    /// Returns how many messages that were sent by that time may be missing.
    fn missing_at(&self, time: VirtualTime) -> u64 {
        let unknown = self.unknown.iter().filter(|at| **at <= time);
        self.known_at(time) + unknown.count() as u64
    }
}
