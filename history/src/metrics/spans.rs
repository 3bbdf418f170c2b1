//! Metrics of spans: durations, ends, the work done in them.

use super::{Better, Fold, Metric, Sample, Unit};
use crate::body::Symbol;
use crate::entry::SpanEnd;
use crate::facets::spans::SpanRecord;
use crate::facets::{CheckedRun, Facet};
use crate::validation::Validation;

const KINDS: Option<&str> = Some("kind of span");

pub(super) const MAKESPAN: Metric = Metric {
    name: "makespan",
    meaning: "the time from the beginning of the first span to the end of the last",
    unit: Unit::Time,
    fold: Fold::Each,
    groups: None,
    reads: Some(Facet::Spans),
    better: Better::Lower,
    validates: Validation::Timing,
    shown: true,
    samples: |run| {
        let first = run.spans().iter().min_by_key(|record| record.at);
        let ended = run
            .spans()
            .iter()
            .filter_map(|record| Some((end(record)?, record)));
        let last = ended.max_by_key(|(at, record)| (*at, record.began.span));
        let makespan = first.zip(last).map(|(first, (at, last))| {
            let witness = vec![last.began.span.into(), first.began.span.into()];
            Sample::between(None, first.at, at, witness)
        });
        makespan.into_iter().collect()
    },
};

pub(super) const DURATION: Metric = Metric {
    name: "duration",
    meaning: "the time from the beginning of each span to its end",
    unit: Unit::Time,
    fold: Fold::Each,
    groups: KINDS,
    reads: Some(Facet::Spans),
    better: Better::Lower,
    validates: Validation::Timing,
    shown: false,
    samples: |run| {
        let ended = run.spans().iter().filter_map(|record| {
            let witness = vec![record.began.span.into()];
            Some(Sample::between(
                kind(record),
                record.at,
                end(record)?,
                witness,
            ))
        });
        ended.collect()
    },
};

pub(super) const SPANS: Metric = Metric {
    name: "spans",
    meaning: "the number of spans that began",
    unit: Unit::Count,
    fold: Fold::Sum,
    groups: KINDS,
    reads: Some(Facet::Spans),
    better: Better::Neither,
    validates: Validation::EventCount,
    shown: false,
    samples: |run| run.spans().iter().map(one).collect(),
};

pub(super) const SUCCESS: Metric = Metric {
    name: "success",
    meaning: "the share of spans that completed",
    unit: Unit::Share,
    fold: Fold::Share,
    groups: KINDS,
    reads: Some(Facet::Spans),
    better: Better::Higher,
    validates: Validation::SuccessRate,
    shown: true,
    samples: |run| {
        let spans = run.spans().iter();
        let share = spans.map(|record| Sample {
            part: u64::from(is_completed(record)),
            ..one(record)
        });
        share.collect()
    },
};

pub(super) const FAILURES: Metric = Metric {
    name: "failures",
    meaning: "the number of spans that ended in another way than completed, or never",
    unit: Unit::Count,
    fold: Fold::Sum,
    groups: KINDS,
    reads: Some(Facet::Spans),
    better: Better::Lower,
    validates: Validation::SuccessRate,
    shown: false,
    samples: |run| {
        let failed = run.spans().iter().filter(|record| !is_completed(record));
        failed.map(one).collect()
    },
};

pub(super) const MESSAGES_PER_SPAN: Metric = Metric {
    name: "messages-per-span",
    meaning: "the number of messages that were sent in each span",
    unit: Unit::Count,
    fold: Fold::Each,
    groups: KINDS,
    reads: Some(Facet::Spans),
    better: Better::Lower,
    validates: Validation::Performance,
    shown: false,
    samples: |run| {
        let spans = run.spans().iter();
        spans.map(|record| messages_of(run, record)).collect()
    },
};

fn kind(record: &SpanRecord<'_>) -> Symbol {
    record.began.kind.clone()
}

fn end(record: &SpanRecord<'_>) -> Option<rehearsal_sim::VirtualTime> {
    record.ends.first().map(|(at, _)| *at)
}

fn is_completed(record: &SpanRecord<'_>) -> bool {
    record.end() == Some(SpanEnd::Completed)
}

/// A span, complete when it ended.
fn one(record: &SpanRecord<'_>) -> Sample {
    let at = end(record).unwrap_or(record.at);
    Sample::one(kind(record), at, vec![record.began.span.into()])
}

fn messages_of(run: &CheckedRun<'_>, record: &SpanRecord<'_>) -> Sample {
    let messages = run.messages().of_span(record.began.span);
    Sample {
        part: messages.count() as u64,
        ..one(record)
    }
}
