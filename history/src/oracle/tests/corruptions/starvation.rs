//! Waits that are too long.

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::super::builder::{OperationDraft, returned};
use super::super::healthy::healthy_history;
use super::Case;
use crate::entry::{EntryKind, FaultPhase};
use crate::oracle::{OracleRef, SettingValue, Settings};
use crate::{CheckedRun, Entry, History};

const SECOND: u64 = 1_000_000;

pub(super) const STARVATION: &[Case] = &[Case {
    name: "a result that comes after eleven seconds",
    oracle: "starvation",
    rule: "delayed",
    corrupt: |builder| builder.operations.push(waiting(11)),
    says: &["client-1 waited 11s for the result of count on object-2; the bound is 10s"],
}];

/// A call with a result after that many seconds.
fn waiting(seconds: u64) -> OperationDraft {
    returned(2, "count".into(), (0, seconds * SECOND), Some(2))
}

/// Returns the number of waits beyond the bound.
fn delayed(history: &History, settings: &[(&str, SettingValue)]) -> u64 {
    let mut given = Settings::default();
    for (name, value) in settings {
        given.set(*name, value.clone());
    }
    let builder = healthy_history();
    let run = CheckedRun::new(history, &builder.verdict, &builder.statistics);
    let oracle = OracleRef::parse("starvation").expect("such an oracle");
    oracle.judge(&run, &given).broken()
}

/// The healthy history, with one wait of that many seconds.
fn with_wait(seconds: u64) -> History {
    let mut builder = healthy_history();
    builder.operations.push(waiting(seconds));
    builder.history()
}

fn within(ms: u64) -> (&'static str, SettingValue) {
    ("within_ms", SettingValue::Number(ms))
}

fn waits(kind: &str) -> (&'static str, SettingValue) {
    ("waits", SettingValue::Words(vec![kind.to_owned()]))
}

#[test]
fn the_bound_is_included() {
    assert_eq!(delayed(&with_wait(10), &[]), 0);
    assert_eq!(delayed(&with_wait(11), &[]), 1);
    assert_eq!(delayed(&with_wait(11), &[within(11_000)]), 0);
    assert_eq!(delayed(&with_wait(11), &[within(10_999)]), 1);
}

#[test]
fn the_slow_actor_alone_is_excused() {
    let except = |name: &str| ("except", SettingValue::Text(name.to_owned()));
    assert_eq!(delayed(&with_wait(11), &[except("client-1")]), 0);
    assert_eq!(delayed(&with_wait(11), &[except("client-2")]), 1);
}

#[test]
fn kinds_of_waits_are_bounded_apart() {
    assert_eq!(delayed(&with_wait(11), &[waits("operations")]), 1);
    assert_eq!(delayed(&with_wait(11), &[waits("answers")]), 0);
    assert_eq!(delayed(&with_wait(11), &[waits("deliveries")]), 0);
    // The healthy messages are delivered when all of them are sent.
    let history = healthy_history().history();
    assert!(delayed(&history, &[within(1), waits("deliveries")]) > 0);
    assert_eq!(delayed(&history, &[within(1), waits("answers")]), 0);
}

#[test]
fn time_under_faults_does_not_count() {
    let mut history = with_wait(11);
    let fault = |phase, seconds| Entry {
        at: VirtualTime::ZERO + Duration::from_secs(seconds),
        actor: None,
        clock: None,
        kind: EntryKind::Fault {
            fault: "partition".into(),
            phase,
        },
    };
    history.entries.insert(0, fault(FaultPhase::Began, 0));
    assert_eq!(delayed(&history, &[]), 0, "a fault that never ends");
    let last = history.entries.len();
    history.entries.insert(last, fault(FaultPhase::Ended, 1));
    history.entries.sort_by_key(|entry| entry.at);
    assert_eq!(delayed(&history, &[]), 0);
    assert_eq!(delayed(&history, &[within(9_999)]), 1);
}
