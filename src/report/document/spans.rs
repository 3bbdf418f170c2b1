//! The spans of a run's history.

use std::collections::BTreeMap;

use rehearsal_history::{EntryKind, SpanEnd, SpanId};

use super::Span;
use super::index::Index;
use crate::report::summary;
use crate::run::RunReport;

/// Returns the spans, in order of their ids.
pub(super) fn spans(report: &RunReport, index: &mut Index) -> Vec<Span> {
    let Some(judged) = &report.judged else {
        return Vec::new();
    };
    let mut began = BTreeMap::new();
    let mut ended = BTreeMap::new();
    for entry in &judged.history.entries {
        match &entry.kind {
            EntryKind::Began(span) => {
                began.entry(span.span).or_insert((entry.at, span));
            }
            EntryKind::Ended { span, end } => {
                ended.entry(*span).or_insert((entry.at, *end));
            }
            _ => {}
        }
    }
    let places: BTreeMap<SpanId, usize> = began.keys().copied().zip(0..).collect();
    let names = &judged.history.names;
    let spans = began.into_iter().map(|(id, (at, span))| {
        let end = ended.get(&id);
        Span {
            entity: index.entity(id.into(), names),
            label: span.label.to_string(),
            kind: span.kind.to_string(),
            parent: span.parent.and_then(|parent| places.get(&parent).copied()),
            owner: names.of(span.owner).to_string(),
            channel: span.channel.map(|channel| names.of(channel).to_string()),
            began: at.as_micros(),
            ended: end.map(|(at, _)| at.as_micros()),
            completed: end.is_some_and(|(_, end)| *end == SpanEnd::Completed),
            end: summary::end(end.map(|(_, end)| *end)),
        }
    });
    spans.collect()
}
