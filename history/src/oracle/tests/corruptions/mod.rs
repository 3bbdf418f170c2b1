//! One corruption at a time: its oracle finds it, by its rule, and describes it.

mod cancellation;
mod ends;
mod engine;
mod hierarchy;
mod isolation;
mod ledger;
mod limits;
mod livelock;
mod operations;
mod order;
mod progress;
mod protocol;
mod shared_state;
mod starvation;

use std::collections::BTreeSet;

use super::builder::{HistoryBuilder, error};
use super::healthy::healthy_history;
use crate::oracle::{ORACLES, OracleRef};
use crate::{ActorId, MessageId, SpanId};

/// A corruption of the healthy history.
struct Case {
    name: &'static str,
    /// The oracle that must find it.
    oracle: &'static str,
    /// The rule that it breaks.
    rule: &'static str,
    corrupt: fn(&mut HistoryBuilder),
    /// Words that the first such violation's message must contain.
    says: &'static [&'static str],
}

const TABLES: &[&[Case]] = &[
    ledger::NO_LOSS,
    ledger::EXACTLY_ONCE,
    order::FIFO,
    order::CAUSAL,
    isolation::ISOLATION,
    hierarchy::HIERARCHY,
    cancellation::CANCEL_TREE,
    ends::TERMINAL,
    engine::CLEANUP,
    engine::DEADLOCK,
    engine::INVARIANTS,
    protocol::PROTOCOL,
    operations::LINEARIZABLE,
    limits::LIMITS,
    operations::SNAPSHOT,
    operations::READ_YOUR_WRITES,
    livelock::LIVELOCK,
    shared_state::FRESH,
    shared_state::RETRACTED,
    shared_state::PHANTOM_TOOL,
    shared_state::EFFECT_ORDER,
    starvation::STARVATION,
    progress::PROGRESS,
];

fn cases() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}

/// One more message of a span, accepted and delivered to one actor.
fn append(
    builder: &mut HistoryBuilder,
    actor: ActorId,
    span: SpanId,
    kind: &'static str,
) -> MessageId {
    let message = builder.emit_with(span, kind, error("again"));
    builder.deliver(actor, message);
    message
}

#[test]
fn every_corruption_is_found_by_its_rule() {
    for case in cases() {
        let name = case.name;
        let oracle = OracleRef::parse(case.oracle).expect("such an oracle");
        let mut builder = healthy_history();
        assert!(
            builder.judge(case.oracle).is_pass(),
            "{name}: healthy first"
        );
        (case.corrupt)(&mut builder);
        let finding = builder.judge(case.oracle);
        let mut violations = finding.violations.iter();
        let Some(violation) = violations.find(|violation| violation.rule == case.rule) else {
            panic!("{name}: {oracle} did not find {}: {finding:?}", case.rule);
        };
        for words in case.says {
            let message = &violation.message;
            assert!(
                message.contains(words),
                "{name}: `{words}` not in: {message}"
            );
        }
        assert!(!finding.is_pass(), "{name}");
        assert_eq!(finding.vacuity(&*oracle), None, "{name}");
    }
}

#[test]
fn every_rule_is_found_by_a_corruption() {
    let found: BTreeSet<(&str, &str)> = cases().map(|case| (case.oracle, case.rule)).collect();
    for oracle in ORACLES {
        for rule in oracle.rules() {
            let pair = (oracle.name(), rule.name);
            assert!(found.contains(&pair), "no corruption breaks {pair:?}");
        }
    }
}

#[test]
fn every_violation_has_a_documented_rule() {
    for case in cases() {
        let oracle = OracleRef::parse(case.oracle).expect("such an oracle");
        let mut builder = healthy_history();
        (case.corrupt)(&mut builder);
        let finding = builder.judge(case.oracle);
        let open = oracle.rules().is_empty();
        for violation in &finding.violations {
            let documented = oracle
                .rules()
                .iter()
                .any(|rule| violation.rule == rule.name);
            assert!(documented || open, "{}: {violation:?}", case.name);
        }
    }
}

#[test]
fn corruptions_have_names_of_their_own() {
    let names: BTreeSet<(&str, &str)> = cases().map(|case| (case.oracle, case.name)).collect();
    assert_eq!(names.len(), cases().count());
}
