//! Cancel-tree: a cancellation reaches everything below the span that it ends. Within a
//! bound of virtual time after a span was cancelled, each span below it has ended, once;
//! later than that neither they nor the cancelled span itself record a step, and none
//! begins below it.
//!
//! A step is a message that is sent in the span. The bound is the setting `within_ms`, 0
//! without it: what happens at the very instant of the cancellation is in time. Where the
//! parts of a tree run on several hosts, it is the time that the news takes.
//!
//! Excused: the terminal message of a span, by which others may report its end, and a span
//! that had ended before the cancellation. If the engine stopped the run early, no end is
//! called missing.

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::entry::SpanEnd;
use crate::facets::spans::SpanRecord;
use crate::facets::{CheckedRun, Facet};
use crate::ids::{EntityId, SpanId};

/// The oracle `cancel-tree`.
#[derive(Debug)]
pub struct CancelTree;

/// The setting for the bound.
const WITHIN: &str = "within_ms";

impl Oracle for CancelTree {
    fn name(&self) -> &'static str {
        "cancel-tree"
    }

    fn claim(&self) -> &'static str {
        "a cancelled span ends everything below it, once, and nothing there goes on"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Spans]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "step",
                meaning: "A message was sent in a span that was cancelled, or below it, after the bound.",
            },
            Rule {
                name: "began",
                meaning: "A span began below a cancelled one after the bound.",
            },
            Rule {
                name: "never-ended",
                meaning: "A span below a cancelled one never ended.",
            },
            Rule {
                name: "ended-late",
                meaning: "A span below a cancelled one ended after the bound.",
            },
            Rule {
                name: "ended-twice",
                meaning: "The end of a cancelled span, or of one below it, was recorded twice.",
            },
        ]
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting {
            name: WITHIN,
            meaning: "The milliseconds of virtual time after which a cancellation has reached everything; 0 without it.",
            values: SettingValues::Number,
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let within = Duration::from_millis(settings.number(WITHIN).unwrap_or_default());
        let mut report = Report::new();
        for record in run.spans().iter() {
            if let Some(cancellation) = Cancellation::of(run, record) {
                report.check(1);
                Reached::new(run, record, cancellation, within).check(&mut report);
            }
        }
        report.finish()
    }
}

/// The cancellation that concerns a span: its own, or that of a span above it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Cancellation {
    at: VirtualTime,
    span: SpanId,
}

impl Cancellation {
    /// Returns the earliest one; `None` if the span had ended before.
    fn of<'a>(run: &CheckedRun<'a>, record: &SpanRecord<'a>) -> Option<Self> {
        let cancelled = ancestry(run, record).filter_map(cancelled).min()?;
        let ended = record.ends.first().map(|(at, _)| *at);
        let had_ended = ended.is_some_and(|ended| ended < cancelled.at);
        (!had_ended).then_some(cancelled)
    }
}

/// Returns the cancellation of the span itself.
fn cancelled(record: &SpanRecord<'_>) -> Option<Cancellation> {
    let (at, end) = record.ends.first()?;
    (*end == SpanEnd::Cancelled).then_some(Cancellation {
        at: *at,
        span: record.began.span,
    })
}

/// Returns a span and all those above it.
fn ancestry<'r, 'a>(
    run: &'r CheckedRun<'a>,
    record: &'r SpanRecord<'a>,
) -> impl Iterator<Item = &'r SpanRecord<'a>> {
    let parent = |record: &&'r SpanRecord<'a>| run.spans().get(record.began.parent?);
    // A history that names a span as its own ancestor must not be followed for ever.
    std::iter::successors(Some(record), parent).take(run.spans().iter().len())
}

/// A span that a cancellation must have reached.
struct Reached<'r, 'a> {
    run: &'r CheckedRun<'a>,
    record: &'r SpanRecord<'a>,
    cancellation: Cancellation,
    /// The last moment at which anything may happen.
    until: VirtualTime,
}

impl<'r, 'a> Reached<'r, 'a> {
    fn new(
        run: &'r CheckedRun<'a>,
        record: &'r SpanRecord<'a>,
        cancellation: Cancellation,
        within: Duration,
    ) -> Self {
        Self {
            run,
            record,
            cancellation,
            until: cancellation.at + within,
        }
    }

    fn check(&self, report: &mut Report) {
        self.check_beginning(report);
        self.check_end(report);
        self.check_steps(report);
    }

    fn witness(&self) -> Vec<EntityId> {
        let (own, cancelled) = (self.record.began.span, self.cancellation.span);
        let mut witness: Vec<EntityId> = vec![own.into()];
        if own != cancelled {
            witness.push(cancelled.into());
        }
        witness
    }

    /// Returns `, although run-1 (supervisor-1) was cancelled at 0.010s`.
    fn reason(&self) -> String {
        let Cancellation { at, span } = self.cancellation;
        let span = self.run.describe_span(span);
        format!(", although {span} was cancelled at {at}")
    }

    fn check_beginning(&self, report: &mut Report) {
        let at = self.record.at;
        if at > self.until {
            report.broken("began", self.witness(), at, || {
                let name = self.run.describe_record(self.record);
                format!("{name} began at {at}{}", self.reason())
            });
        }
    }

    fn check_end(&self, report: &mut Report) {
        match self.record.ends.as_slice() {
            [] if self.run.at_rest() => report.broken("never-ended", self.witness(), None, || {
                let name = self.run.describe_record(self.record);
                format!("{name} never ended{}", self.reason())
            }),
            [] => {}
            [(at, end), more @ ..] => {
                if *at > self.until {
                    report.broken("ended-late", self.witness(), *at, || {
                        let name = self.run.describe_record(self.record);
                        format!("{name} ended as {end:?} only at {at}{}", self.reason())
                    });
                }
                if let Some((again, second)) = more.first() {
                    report.broken("ended-twice", self.witness(), *again, || {
                        let name = self.run.describe_record(self.record);
                        format!("{name} ended as {end:?} at {at} and as {second:?} at {again}")
                    });
                }
            }
        }
    }

    fn check_steps(&self, report: &mut Report) {
        let messages = self.run.messages().of_span(self.record.began.span);
        let late = messages.filter(|sending| sending.at > self.until);
        for step in late.filter(|sending| !self.run.is_terminal(sending.kind())) {
            let witness = [EntityId::from(step.id())]
                .into_iter()
                .chain(self.witness());
            report.broken("step", witness, step.at, || {
                let (step, at) = (self.run.describe(step), step.at);
                format!("{step} was sent at {at}{}", self.reason())
            });
        }
    }
}
