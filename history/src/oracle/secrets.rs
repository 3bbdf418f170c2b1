//! The index of secrets: which tenant's canary stands in a text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::body::Body;
use crate::facets::messages::Messages;
use crate::ids::TenantId;

/// Every tenant's secrets, with a memory of texts already searched.
#[derive(Debug)]
pub struct Secrets<'a> {
    owners: BTreeSet<(&'a str, TenantId)>,
    searched: BTreeMap<(TenantId, &'a str), Option<TenantId>>,
}

impl<'a> Secrets<'a> {
    /// The secrets that tenants put into the messages that they sent.
    pub fn of(messages: &Messages<'a>) -> Self {
        let owners = messages
            .sendings()
            .iter()
            .flat_map(|sending| {
                let owner = sending.sent.envelope.tenant;
                sending
                    .sent
                    .body
                    .secrets()
                    .map(move |secret| (secret, owner))
            })
            .filter(|(secret, _)| !secret.is_empty())
            .collect();
        Self {
            owners,
            searched: BTreeMap::new(),
        }
    }

    /// Returns a tenant other than `reader` whose secret stands anywhere in the body.
    pub fn foreign(&mut self, body: &'a Body, reader: TenantId) -> Option<TenantId> {
        body.texts().find_map(|text| self.foreign_in(text, reader))
    }

    fn foreign_in(&mut self, text: &'a str, reader: TenantId) -> Option<TenantId> {
        if let Some(known) = self.searched.get(&(reader, text)) {
            return *known;
        }
        let found = self.search(text, reader);
        self.searched.insert((reader, text), found);
        found
    }

    fn search(&self, text: &str, reader: TenantId) -> Option<TenantId> {
        // One secret may be part of another (`s1` and `s10`): a foreign one within the
        // reader's own reveals nothing.
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

fn occurrences(text: &str, word: &str) -> impl Iterator<Item = Range<usize>> {
    text.char_indices()
        .map(|(start, _)| start)
        .filter(move |start| text[*start..].starts_with(word))
        .map(move |start| start..start + word.len())
}
