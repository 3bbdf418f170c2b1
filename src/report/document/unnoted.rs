//! The places of a history's entries that made no note in the trace, such as the answer to a
//! message: between the entries before and after them that did, in a poll of the task that
//! recorded what they go on with.

use std::collections::BTreeMap;

use rehearsal_history::{EntityId, Entry as HistoryEntry, History};
use rehearsal_sim::{Effect, Entry, TaskId};

use super::causes::rank;

/// An entry of the history with its place.
pub(super) struct Placed<'a> {
    /// Effects before it.
    pub effects: usize,
    /// The entry.
    pub entry: &'a HistoryEntry,
    /// The task that recorded it, as far as that is known.
    pub task: Option<TaskId>,
}

/// Returns the places of the entries that made no note. `noted` are, for each of the others in
/// order, the effect that is its note, and the task.
pub(super) fn place<'a>(
    history: &'a History,
    effects: &[Entry],
    noted: &[(usize, Option<TaskId>)],
) -> Vec<Placed<'a>> {
    let mut noted = noted.iter().copied().peekable();
    let mut tasks: BTreeMap<EntityId, TaskId> = BTreeMap::new();
    let mut placed = Vec::new();
    let mut after = 0;
    for entry in &history.entries {
        let ids = entry.kind.mentions().into_iter();
        let ids: Vec<EntityId> = ids.chain(entry.actor.map(EntityId::from)).collect();
        if entry.kind.note(entry.actor, &history.names).is_some() {
            let Some((number, task)) = noted.next() else {
                continue;
            };
            after = number + 1;
            tasks.extend(
                ids.into_iter()
                    .zip(std::iter::repeat(task))
                    .filter_map(|(id, task)| Some((id, task?))),
            );
            continue;
        }
        let closest = ids.iter().filter(|id| tasks.contains_key(id));
        let closest = closest.max_by_key(|id| rank(id.kind));
        let task = closest.and_then(|id| tasks.get(id)).copied();
        let before = noted.peek().map_or(effects.len(), |(number, _)| *number);
        let begin = effects.partition_point(|effect| effect.at < entry.at);
        let begin = begin.max(after).min(before);
        let found = task.and_then(|task| in_poll_of(task, effects, entry, begin, before));
        after = found.unwrap_or(begin);
        placed.push(Placed {
            effects: after,
            entry,
            task: task.filter(|_| found.is_some()),
        });
    }
    placed
}

/// Returns the first place from `begin` to `before` that is in a poll of the task, at the time
/// of the entry.
fn in_poll_of(
    task: TaskId,
    effects: &[Entry],
    entry: &HistoryEntry,
    begin: usize,
    before: usize,
) -> Option<usize> {
    let polled = |effect: &Entry| match effect.effect {
        Effect::Poll { task } if effect.at == entry.at => Some(task),
        _ => None,
    };
    let running = effects[..begin].iter().rev();
    let running = running
        .take_while(|effect| effect.at == entry.at)
        .find_map(polled);
    if running == Some(task) {
        return Some(begin);
    }
    let next = effects[begin..before].iter();
    let next = next.take_while(|effect| effect.at == entry.at);
    let place = next.map(polled).position(|polled| polled == Some(task))?;
    Some(begin + place + 1)
}
