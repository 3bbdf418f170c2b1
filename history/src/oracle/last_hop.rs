//! The last hop of a lost message: the last component on its path that recorded something of
//! it.
//!
//! The report of a loss says by itself whether the message was answered and which actors
//! received it. Components in between may have recorded operations, messages or resources of
//! their own that name it: a journal, a relay, a queue.

use rehearsal_sim::VirtualTime;

use crate::body::{Body, Value};
use crate::entry::{Entry, EntryKind, Resource};
use crate::facets::CheckedRun;
use crate::ids::{ActorId, EntityId, MessageId};

/// Returns ``given to `append` of journal at 0.012s``: the last entry of another kind than the
/// message's own that names it.
pub(super) fn last_hop(run: &CheckedRun<'_>, message: MessageId) -> Option<String> {
    let entries = run.history.entries.iter().rev();
    let mut hops = entries.filter_map(|entry| Some((entry.at, hop(run, entry, message)?)));
    let (at, hop): (VirtualTime, String) = hops.next()?;
    Some(format!("{hop} at {at}"))
}

/// Returns the part that an entry has in the path of a message, if it speaks of it.
fn hop(run: &CheckedRun<'_>, entry: &Entry, message: MessageId) -> Option<String> {
    let by = |what: &str| format!("{what}{}", by(run, entry.actor));
    match &entry.kind {
        EntryKind::Sent(sent) if names(&sent.body, message) => {
            Some(format!("named in {}", run.name(sent.message)))
        }
        EntryKind::Received(received) if names(&received.body, message) => {
            let other = run.name(received.message);
            Some(by(&format!("named in {other}, which was received")))
        }
        EntryKind::Invoked { object, call, .. } if names(call, message) => {
            let (kind, object) = (&call.kind, run.name(*object));
            Some(by(&format!("given to `{kind}` of {object}")))
        }
        EntryKind::Returned { operation, value } if names(value, message) => {
            Some(format!("returned by {}", run.name(*operation)))
        }
        EntryKind::Holds { resources, .. } => {
            let held = resources.iter().find(|held| concerns(held, message))?;
            Some(format!("held as {}", held.kind))
        }
        _ => None,
    }
}

fn by(run: &CheckedRun<'_>, actor: Option<ActorId>) -> String {
    actor.map_or_else(String::new, |actor| format!(" by {}", run.name(actor)))
}

fn concerns(held: &Resource, message: MessageId) -> bool {
    let message = EntityId::from(message);
    held.holder == message || held.target == Some(message)
}

fn names(body: &Body, message: MessageId) -> bool {
    let message = message.into();
    body.fields.iter().any(|(_, value)| has(value, message))
}

fn has(value: &Value, entity: EntityId) -> bool {
    match value {
        Value::Entity(named) => *named == entity,
        Value::List(values) => values.iter().any(|value| has(value, entity)),
        Value::Integer(_) | Value::Flag(_) | Value::Text(_) | Value::Secret(_) => false,
    }
}
