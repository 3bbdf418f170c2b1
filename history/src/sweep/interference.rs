//! Interference: isolation as a promise over two runs. Both make the same choices, and one
//! tenant's payloads differ; then nothing that another tenant sees may differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::{Entry, EntryKind};
use crate::history::History;
use crate::ids::{ActorId, EntityId, MessageId, SpanId, TenantId};
use crate::oracle::Violation;

/// Returns, for each tenant but the changed one, the first difference between its parts of
/// two histories. Times are not compared: a longer payload may take longer.
pub fn interference(one: &History, other: &History, changed: TenantId) -> Vec<Violation> {
    let (one_parts, other_parts) = (parts(one), parts(other));
    let tenants: BTreeSet<TenantId> = one_parts
        .keys()
        .chain(other_parts.keys())
        .copied()
        .collect();
    let tenants = tenants.into_iter().filter(|tenant| *tenant != changed);
    tenants
        .filter_map(|tenant| {
            let none = Vec::new();
            let one_part = one_parts.get(&tenant).unwrap_or(&none);
            let other_part = other_parts.get(&tenant).unwrap_or(&none);
            let place = first_difference(one_part, other_part)?;
            Some(violation(
                one,
                tenant,
                changed,
                one_part.get(place),
                other_part.get(place),
            ))
        })
        .collect()
}

fn first_difference(one: &[&Entry], other: &[&Entry]) -> Option<usize> {
    let same =
        |(one, other): &(&&Entry, &&Entry)| one.actor == other.actor && one.kind == other.kind;
    let common = one.iter().zip(other).take_while(same).count();
    (common < one.len().max(other.len())).then_some(common)
}

fn violation(
    history: &History,
    tenant: TenantId,
    changed: TenantId,
    one: Option<&&Entry>,
    other: Option<&&Entry>,
) -> Violation {
    let names = &history.names;
    let (name, cause) = (names.of(tenant), names.of(changed));
    let describe = |entry: Option<&&Entry>| {
        entry.map_or("nothing".to_owned(), |entry| {
            let note = entry.kind.note(entry.actor, names);
            note.map_or("an entry without a text".to_owned(), |note| {
                format!("`{} {}`", note.label, note.text)
            })
        })
    };
    let actor = one.or(other).and_then(|entry| entry.actor);
    let witness = [Some(EntityId::from(tenant)), actor.map(EntityId::from)];
    let (one_text, other_text) = (describe(one), describe(other));
    Violation {
        rule: "interference".into(),
        witness: witness.into_iter().flatten().collect(),
        at: one.or(other).map(|entry| entry.at),
        message: format!(
            "{name}'s history depends on payloads of {cause}: {one_text} became {other_text}"
        ),
    }
}

/// Returns the entries of each tenant, in order. Entries of no tenant are left out.
fn parts(history: &History) -> BTreeMap<TenantId, Vec<&Entry>> {
    let owners = Owners::of(history);
    let mut parts: BTreeMap<TenantId, Vec<&Entry>> = BTreeMap::new();
    for entry in &history.entries {
        if let Some(tenant) = owners.of_entry(entry) {
            parts.entry(tenant).or_default().push(entry);
        }
    }
    parts
}

/// The tenants of everything that has one.
#[derive(Default)]
struct Owners {
    actors: BTreeMap<ActorId, TenantId>,
    messages: BTreeMap<MessageId, TenantId>,
    spans: BTreeMap<SpanId, TenantId>,
}

impl Owners {
    fn of(history: &History) -> Self {
        let mut owners = Self::default();
        for entry in &history.entries {
            match &entry.kind {
                EntryKind::Subscribed { tenant, .. } => {
                    if let Some(actor) = entry.actor {
                        owners.actors.insert(actor, *tenant);
                    }
                }
                EntryKind::Sent(sent) => {
                    owners.messages.insert(sent.message, sent.envelope.tenant);
                }
                EntryKind::Began(began) => {
                    owners.spans.insert(began.span, began.owner);
                }
                _ => {}
            }
        }
        owners
    }

    fn of_entry(&self, entry: &Entry) -> Option<TenantId> {
        match &entry.kind {
            EntryKind::Sent(sent) => Some(sent.envelope.tenant),
            EntryKind::Accepted(accepted) => self.messages.get(&accepted.message).copied(),
            EntryKind::Rejected { message, .. } => self.messages.get(message).copied(),
            EntryKind::Began(began) => Some(began.owner),
            EntryKind::Ended { span, .. } => self.spans.get(span).copied(),
            _ => self.actors.get(&entry.actor?).copied(),
        }
    }
}
