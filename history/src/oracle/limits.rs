//! Limits: the metrics of a run lie within the limits that the settings name.
//!
//! A limit is strictest where it says least: of a metric that takes several samples (the
//! duration of each span) it holds for every one, unless it names a percentile. A limit on a
//! metric without samples is broken too, because nothing was measured: a kind that is
//! misspelt, or that the run never came to. Only a count may be limited to zero, which says
//! that there is nothing to count. Amounts are compared exactly. Nothing is excused.
//!
//! Without settings there are no limits, and nothing to check.

use std::cmp::Ordering;

use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::amount::Amount;
use crate::facets::{CheckedRun, Facet};
use crate::ids::{EntityId, EntityKind, MessageId};
use crate::metrics::{Fold, Reading, Sample, Selector};
use crate::validation::Validation;

/// The oracle `limits`.
#[derive(Debug)]
pub struct Limits;

/// The relations in which a metric may have to stand to its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    AtMost,
    AtLeast,
    Equal,
}

/// The relations with the settings that state them.
const RELATIONS: [(&str, Relation); 3] = [
    ("at_most", Relation::AtMost),
    ("at_least", Relation::AtLeast),
    ("equal", Relation::Equal),
];

impl Relation {
    fn holds(self, amount: Amount, bound: Amount) -> bool {
        let order = amount.cmp(&bound);
        match self {
            Self::AtMost => order != Ordering::Greater,
            Self::AtLeast => order != Ordering::Less,
            Self::Equal => order == Ordering::Equal,
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::AtMost => "above",
            Self::AtLeast => "below",
            Self::Equal => "unequal",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::AtMost => "it may be at most",
            Self::AtLeast => "it must be at least",
            Self::Equal => "it must be",
        }
    }
}

impl Oracle for Limits {
    fn name(&self) -> &'static str {
        "limits"
    }

    fn claim(&self) -> &'static str {
        "the metrics of the run lie within limits"
    }

    /// None: each metric reads its own.
    fn reads(&self) -> &'static [Facet] {
        &[]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "above",
                meaning: "A metric is above its limit.",
            },
            Rule {
                name: "below",
                meaning: "A metric is below its limit.",
            },
            Rule {
                name: "unequal",
                meaning: "A metric is not what it must be.",
            },
            Rule {
                name: "unmeasured",
                meaning: "The run has nothing that a limited metric measures.",
            },
        ]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: "at_most",
                meaning: "The greatest amounts of metrics.",
                values: SettingValues::Amounts,
            },
            Setting {
                name: "at_least",
                meaning: "The least amounts of metrics.",
                values: SettingValues::Amounts,
            },
            Setting {
                name: "equal",
                meaning: "The exact amounts of metrics.",
                values: SettingValues::Amounts,
            },
        ]
    }

    fn needs_settings(&self) -> bool {
        true
    }

    fn validates(&self, settings: &Settings) -> Vec<Validation> {
        let mut validations: Vec<Validation> = limits(settings)
            .filter_map(|limit| Selector::parse(limit.selector).ok())
            .map(|selector| selector.metric.validates)
            .collect();
        validations.sort_unstable();
        validations.dedup();
        validations
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        if !run.at_rest() {
            return Finding::not_applicable();
        }
        let mut report = Report::new();
        for limit in limits(settings) {
            match Selector::parse(limit.selector) {
                Ok(selector) => limit.check(run, &selector, &mut report),
                Err(error) => report.broken("unmeasured", [], None, || error.to_string()),
            }
        }
        report.finish()
    }
}

/// One limit of the settings.
struct Limit<'a> {
    relation: Relation,
    selector: &'a str,
    bound: Amount,
}

fn limits(settings: &Settings) -> impl Iterator<Item = Limit<'_>> {
    RELATIONS.into_iter().flat_map(|(name, relation)| {
        let amounts = settings.amounts(name);
        amounts.map(move |(selector, bound)| Limit {
            relation,
            selector,
            bound,
        })
    })
}

impl Limit<'_> {
    fn check(&self, run: &CheckedRun<'_>, selector: &Selector, report: &mut Report) {
        let reading = Reading::of(run, selector);
        match (selector.metric.fold, selector.percentile) {
            (Fold::Each, None) if !reading.samples().is_empty() => {
                for sample in reading.samples() {
                    self.check_sample(run, selector, sample, report);
                }
            }
            (Fold::Each, Some(percentile)) => match reading.percentile(percentile) {
                Some(sample) => self.check_sample(run, selector, sample, report),
                None => self.unmeasured(report),
            },
            _ => match reading.amount() {
                Some(amount) if self.is_measured(&reading, amount) => {
                    self.check_number(selector, &reading, amount, report);
                }
                _ => self.unmeasured(report),
            },
        }
    }

    /// Returns `true` if there was something to measure, or nothing is what the limit is
    /// about.
    fn is_measured(&self, reading: &Reading, amount: Amount) -> bool {
        let zero_is_meant = self.bound.is_zero() && self.relation != Relation::AtLeast;
        !reading.samples().is_empty() || zero_is_meant || !self.relation.holds(amount, self.bound)
    }

    fn check_sample(
        &self,
        run: &CheckedRun<'_>,
        selector: &Selector,
        sample: &Sample,
        report: &mut Report,
    ) {
        report.check(1);
        let amount = sample.amount();
        if self.relation.holds(amount, self.bound) {
            return;
        }
        let witness = sample.witness.iter().copied();
        report.broken(self.relation.rule(), witness, sample.at, || {
            let of = sample.witness.first().map(|id| describe(run, *id));
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            let shown = self.compared(selector, amount);
            format!("`{selector}`{of} is {shown}")
        });
    }

    fn check_number(
        &self,
        selector: &Selector,
        reading: &Reading,
        amount: Amount,
        report: &mut Report,
    ) {
        report.check(1);
        if self.relation.holds(amount, self.bound) {
            return;
        }
        let telling = self.telling(selector.metric.fold, reading);
        let witness = telling.iter().flat_map(|sample| sample.witness.clone());
        let at = telling.first().map(|sample| sample.at);
        report.broken(self.relation.rule(), witness, at, || {
            let parts = match selector.metric.fold {
                Fold::Share => format!(" ({} of {})", amount.numerator(), amount.denominator()),
                Fold::Each | Fold::Sum | Fold::Distinct | Fold::Rate => String::new(),
            };
            format!("`{selector}`{parts} is {}", self.compared(selector, amount))
        });
    }

    /// Returns the samples that show best that a number is not within its limit: the first
    /// too many, the first that lowers a share, the ends of a rate.
    fn telling<'r>(&self, fold: Fold, reading: &'r Reading) -> Vec<&'r Sample> {
        let samples = reading.samples();
        match fold {
            Fold::Each => Vec::new(),
            Fold::Sum | Fold::Distinct => {
                let allowed = usize::try_from(self.bound.numerator()).unwrap_or(usize::MAX);
                samples.get(allowed).into_iter().collect()
            }
            Fold::Share => {
                let short = samples.iter().filter(|sample| sample.part < sample.whole);
                short.take(1).collect()
            }
            Fold::Rate => samples.first().into_iter().chain(samples.last()).collect(),
        }
    }

    /// Returns `12ms; it may be at most 10ms`.
    fn compared(&self, selector: &Selector, amount: Amount) -> String {
        let unit = selector.metric.unit;
        let (shown, bound) = (unit.show(amount), unit.show(self.bound));
        format!("{shown}; {} {bound}", self.relation.words())
    }

    fn unmeasured(&self, report: &mut Report) {
        report.broken("unmeasured", [], None, || {
            format!("the run has nothing that `{}` measures", self.selector)
        });
    }
}

fn describe(run: &CheckedRun<'_>, id: EntityId) -> String {
    let message = (id.kind == EntityKind::Message).then_some(MessageId(id.number));
    match message.and_then(|message| run.messages().sending(message)) {
        Some(sending) => run.describe(sending),
        None => run.describe_entity(id),
    }
}
