//! Livelock: a span does not come to the same state again and again. A message shows the
//! state in which its sender is; one that a span sends with the same content more often
//! than `repeats` says shows that the span goes on without progress. Nothing is excused.
//!
//! A message that is numbered, or names another entity each time, is never the same one.
//! `of` restricts the oracle to messages of one kind.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::body::Body;
use crate::facets::{CheckedRun, Facet};

/// The setting with the kind of message that shows the state.
const OF: &str = "of";

/// The setting with the number of times that one message may be repeated.
const REPEATS: &str = "repeats";

/// The repeats that are allowed without that setting.
const REPEATS_MAX: u64 = 30;

/// The oracle `livelock`.
#[derive(Debug)]
pub struct Livelock;

impl Oracle for Livelock {
    fn name(&self) -> &'static str {
        "livelock"
    }

    fn claim(&self) -> &'static str {
        "no span comes to the same state again and again"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Spans, Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "no-progress",
            meaning: "A span has sent the same message too often.",
        }]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: OF,
                meaning: "The kind of message that shows the state; without it, every kind does.",
                values: SettingValues::Text,
            },
            Setting {
                name: REPEATS,
                meaning: "The times that a span may repeat a message: 30 without this.",
                values: SettingValues::Number,
            },
        ]
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let mut report = Report::new();
        let most = settings.number(REPEATS).unwrap_or(REPEATS_MAX);
        let of = settings.text(OF);
        for record in run.spans().iter() {
            let span = record.began.span;
            let mut repeats = BTreeMap::<&Body, u64>::new();
            for sending in run.messages().of_span(span) {
                if of.is_some_and(|kind| *sending.kind() != kind) {
                    continue;
                }
                report.check(1);
                let body = &sending.sent.body;
                let count = repeats.entry(body).or_default();
                // The first is no repeat. Only the first one too many is reported.
                *count += 1;
                if *count != most + 2 {
                    continue;
                }
                let witness = [span.into(), sending.id().into()];
                report.broken("no-progress", witness, sending.at, || {
                    let (name, state) = (run.describe_record(record), run.describe(sending));
                    format!(
                        "{name} has come to the same state {} times: {state}",
                        most + 2
                    )
                });
            }
        }
        report.finish()
    }
}
