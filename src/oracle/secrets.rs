//! Canary secrets: whose appear in a text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rehearsal_agents::event::{Payload, UserId};
use rehearsal_agents::record::Evidence;

/// Every user's secrets, and what is known of texts already searched.
pub(super) struct Secrets<'a> {
    owners: BTreeSet<(&'a str, UserId)>,
    searched: BTreeMap<(UserId, &'a str), Option<UserId>>,
}

impl<'a> Secrets<'a> {
    /// The secrets that the users' agents put into their events.
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let owners = evidence
            .emissions
            .iter()
            .map(|emission| (emission.payload.secret.as_str(), emission.user))
            .filter(|(secret, _)| !secret.is_empty())
            .collect();
        Self {
            owners,
            searched: BTreeMap::new(),
        }
    }

    /// A user other than `reader` whose secret stands anywhere in the payload.
    pub(super) fn foreign(&mut self, payload: &'a Payload, reader: UserId) -> Option<UserId> {
        texts(payload).find_map(|text| self.foreign_in(text, reader))
    }

    fn foreign_in(&mut self, text: &'a str, reader: UserId) -> Option<UserId> {
        if let Some(known) = self.searched.get(&(reader, text)) {
            return *known;
        }
        let found = self.search(text, reader);
        self.searched.insert((reader, text), found);
        found
    }

    fn search(&self, text: &str, reader: UserId) -> Option<UserId> {
        // One secret may be part of another (`s1` and `s10`): a foreign one
        // within the reader's own tells it nothing.
        let own: Vec<Range<usize>> = self
            .owners
            .iter()
            .filter(|(_, owner)| *owner == reader)
            .flat_map(|(secret, _)| occurrences(text, secret))
            .collect();
        let within_own = |found: &Range<usize>| {
            own.iter()
                .any(|own| own.start <= found.start && found.end <= own.end)
        };
        self.owners
            .iter()
            .filter(|(_, owner)| *owner != reader)
            .flat_map(|(secret, owner)| occurrences(text, secret).map(move |found| (found, *owner)))
            .filter(|(found, _)| !within_own(found))
            // Likewise, the longest one is the one that was written.
            .max_by_key(|(found, _)| found.len())
            .map(|(_, owner)| owner)
    }
}

/// Every string that a payload carries.
fn texts(payload: &Payload) -> impl Iterator<Item = &str> {
    let tool = payload.tool.as_ref().map(|tool| tool.name.as_str());
    [
        Some(payload.secret.as_str()),
        tool,
        payload.error.as_deref(),
    ]
    .into_iter()
    .flatten()
}

fn occurrences(text: &str, word: &str) -> impl Iterator<Item = Range<usize>> {
    text.char_indices()
        .map(|(start, _)| start)
        .filter(move |start| text[*start..].starts_with(word))
        .map(move |start| start..start + word.len())
}
