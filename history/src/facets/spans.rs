//! The index of spans: their tree and their ends.

use std::collections::BTreeMap;

use rehearsal_sim::VirtualTime;

use crate::entry::{Began, EntryKind, SpanEnd};
use crate::history::History;
use crate::ids::SpanId;

/// One span.
#[derive(Clone, Debug)]
pub struct SpanRecord<'a> {
    /// Its beginning.
    pub began: &'a Began,
    /// Virtual time of the beginning.
    pub at: VirtualTime,
    /// Its ends with their times, in order; a healthy span has one.
    pub ends: Vec<(VirtualTime, SpanEnd)>,
    /// The place of its first end among all entries, if it has ended.
    pub ended: Option<usize>,
}

impl SpanRecord<'_> {
    /// Returns its end, if it has ended.
    pub fn end(&self) -> Option<SpanEnd> {
        self.ends.first().map(|(_, end)| *end)
    }
}

/// The spans of one run, by id.
#[derive(Debug, Default)]
pub struct Spans<'a> {
    records: BTreeMap<SpanId, SpanRecord<'a>>,
}

impl<'a> Spans<'a> {
    pub(super) fn new(history: &'a History) -> Self {
        let mut spans = Self::default();
        for (order, entry) in history.entries.iter().enumerate() {
            match &entry.kind {
                EntryKind::Began(began) => {
                    let record = SpanRecord {
                        began,
                        at: entry.at,
                        ends: Vec::new(),
                        ended: None,
                    };
                    spans.records.insert(began.span, record);
                }
                EntryKind::Ended { span, end } => {
                    if let Some(record) = spans.records.get_mut(span) {
                        record.ends.push((entry.at, *end));
                        record.ended.get_or_insert(order);
                    }
                }
                _ => {}
            }
        }
        spans
    }

    /// Returns a span, if it has begun.
    pub fn get(&self, span: SpanId) -> Option<&SpanRecord<'a>> {
        self.records.get(&span)
    }

    /// Returns every span, in the order of ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SpanRecord<'a>> + '_ {
        self.records.values()
    }
}
