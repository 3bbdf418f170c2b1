//! Gap markers: the causes that a scenario names, and the messages that they explain.
//!
//! A marker covers messages only if its cause is named, and then exactly the messages
//! that the cause explains. A faulty marker covers nothing.

use std::collections::BTreeSet;

use super::messages::{Messages, ReceivedGap};
use crate::settings::{SettingValue, Settings};

/// The causes of gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GapCause {
    /// A subscriber's buffer was full, and the oldest messages were dropped.
    Overflow,
    /// The incarnation that held the messages crashed.
    Crash,
}

impl GapCause {
    /// The words for the causes in scenario files.
    pub const WORDS: &'static [&'static str] = &["overflow", "crash"];

    /// Returns the word in scenario files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Crash => "crash",
        }
    }
}

/// The gaps that a run may have. Strict by default: none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GapPolicy {
    causes: BTreeSet<GapCause>,
    buffer: Option<u64>,
}

impl GapPolicy {
    /// The policy that these settings of `no-loss` describe.
    pub fn of(settings: &Settings) -> Self {
        let causes = [GapCause::Overflow, GapCause::Crash].into_iter();
        Self {
            causes: causes
                .filter(|cause| settings.lists("gaps", cause.as_str()))
                .collect(),
            buffer: settings.number("buffer"),
        }
    }

    /// The settings of `no-loss` that allow gaps from these causes.
    pub fn settings(causes: impl IntoIterator<Item = GapCause>) -> Settings {
        let words = causes.into_iter().map(|cause| cause.as_str().to_owned());
        let mut settings = Settings::default();
        settings.set("gaps", SettingValue::Words(words.collect()));
        settings
    }

    /// Returns the newest messages of a channel that an overflow can never lose.
    pub(super) fn buffer(&self) -> u64 {
        self.buffer.unwrap_or_default()
    }

    /// Returns `true` if the scenario names that cause.
    pub fn allows(&self, cause: GapCause) -> bool {
        self.causes.contains(&cause)
    }
}

/// The ways in which a marker is wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GapFault {
    /// It has no end, and its epoch did not end in a crash.
    Endless,
    /// It covers a message that the actor received, came out of the order of the log, or
    /// covers a message that was still in the buffer.
    False,
    /// It covers nothing.
    Empty,
    /// It covers an owed message, and no named cause explains that.
    Unexplained,
}

/// Returns what is wrong with a marker, if anything is.
pub(super) fn fault(
    messages: &Messages<'_>,
    marker: &ReceivedGap,
    policy: &GapPolicy,
) -> Option<GapFault> {
    let gap = marker.gap;
    let crashed = messages.crashed_at(gap.epoch);
    let Some(to) = gap.to else {
        return endless_fault(messages, marker, policy);
    };
    if to < gap.from {
        return Some(GapFault::Empty);
    }
    if contradicts_inbox(messages, marker) {
        return Some(GapFault::False);
    }
    let log = Log::before(messages, marker);
    if !log.hides_known && !log.may_hide_unknown(marker) {
        return Some(GapFault::Empty);
    }
    if policy.allows(GapCause::Crash) && crashed.is_some_and(|crashed| crashed <= marker.at) {
        return None;
    }
    if !policy.allows(GapCause::Overflow) {
        return Some(GapFault::Unexplained);
    }
    (to.0.saturating_add(policy.buffer()) > log.last()).then_some(GapFault::False)
}

/// Returns what is wrong with a marker over all the rest of an epoch. The next incarnation
/// cannot know how far the log of a crashed one went: such a marker may be empty.
fn endless_fault(
    messages: &Messages<'_>,
    marker: &ReceivedGap,
    policy: &GapPolicy,
) -> Option<GapFault> {
    if messages
        .crashed_at(marker.gap.epoch)
        .is_none_or(|crashed| marker.at < crashed)
    {
        return Some(GapFault::Endless);
    }
    if contradicts_inbox(messages, marker) {
        return Some(GapFault::False);
    }
    let unexplained = Log::before(messages, marker).hides_known && !policy.allows(GapCause::Crash);
    unexplained.then_some(GapFault::Unexplained)
}

/// Returns `true` if the actor received a message that the marker covers, or received
/// the marker out of the order of the log.
fn contradicts_inbox(messages: &Messages<'_>, marker: &ReceivedGap) -> bool {
    let gap = marker.gap;
    messages.inbox(marker.actor).iter().any(|arrival| {
        let Some(position) = arrival.delivery.received.position else {
            return false;
        };
        let same_log = position.channel == gap.channel && position.epoch == gap.epoch;
        let in_order = if arrival.delivery.order < marker.order {
            position.offset < gap.from
        } else {
            gap.to.is_some_and(|to| to < position.offset)
        };
        same_log && !in_order
    })
}

/// The log that a marker speaks of, as far as it was written when the marker came.
#[derive(Default)]
struct Log {
    /// The marker covers the position of an accepted message.
    hides_known: bool,
    /// The highest known position.
    newest: u64,
    /// Messages that may stand in the log at an unknown position.
    unknown: u64,
}

impl Log {
    fn before(messages: &Messages<'_>, marker: &ReceivedGap) -> Self {
        let gap = marker.gap;
        let mut log = Self::default();
        for sending in messages.sendings() {
            if sending.sent.envelope.channel != gap.channel || sending.order > marker.order {
                continue;
            }
            match messages.position(sending) {
                Some(position) if position.epoch == gap.epoch => {
                    log.hides_known |= gap.covers(&position);
                    log.newest = log.newest.max(position.offset.0);
                }
                None if !sending.is_rejected() => log.unknown += 1,
                _ => {}
            }
        }
        log
    }

    /// Returns the highest position that the log can have had.
    fn last(&self) -> u64 {
        self.newest.saturating_add(self.unknown)
    }

    fn may_hide_unknown(&self, marker: &ReceivedGap) -> bool {
        self.unknown > 0 && marker.gap.from.0 <= self.last()
    }
}
