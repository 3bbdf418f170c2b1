//! Work that stalls.

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::super::builder::{OperationDraft, OperationDraftEnd, returned};
use super::super::healthy::healthy_history;
use super::Case;
use crate::entry::{EntryKind, FaultPhase, Mark};
use crate::oracle::{OracleRef, SettingValue, Settings};
use crate::{CheckedRun, Entry, History, ObjectId};

const SECOND: u64 = 1_000_000;

pub(super) const PROGRESS: &[Case] = &[Case {
    name: "eleven seconds in which nothing goes on",
    oracle: "progress",
    rule: "stalled",
    corrupt: |builder| builder.operations.push(waiting(11)),
    says: &["nothing went on for 10.9", "the bound is 10s"],
}];

/// A call with a result after that many seconds, as everything else is over.
fn waiting(seconds: u64) -> OperationDraft {
    returned(2, "count".into(), (0, seconds * SECOND), Some(2))
}

/// Returns the number of stalls, and of steps that were checked.
fn judge(history: &History, within_ms: u64) -> (u64, u64) {
    let mut settings = Settings::default();
    settings.set("within_ms", SettingValue::Number(within_ms));
    let builder = healthy_history();
    let run = CheckedRun::new(history, &builder.verdict, &builder.statistics);
    let oracle = OracleRef::parse("progress").expect("such an oracle");
    let finding = oracle.judge(&run, &settings);
    (finding.broken(), finding.checked)
}

fn entry(seconds: u64, kind: EntryKind) -> Entry {
    Entry {
        at: VirtualTime::ZERO + Duration::from_secs(seconds),
        actor: None,
        clock: None,
        kind,
    }
}

/// A history of one wait, with a fault that ends after so many seconds, and more entries.
fn history(ended: u64, more: impl IntoIterator<Item = Entry>) -> History {
    let mut builder = healthy_history();
    builder.operations.push(waiting(20));
    let mut history = builder.history();
    history
        .entries
        .retain(|entry| !matches!(entry.kind, EntryKind::Fault { .. }));
    let fault = "partition".into();
    let phase = FaultPhase::Ended;
    let end = entry(ended, EntryKind::Fault { fault, phase });
    history.entries.extend(more.into_iter().chain([end]));
    history.entries.sort_by_key(|entry| entry.at);
    history
}

#[test]
fn only_time_after_the_last_fault_counts() {
    assert_eq!(judge(&history(5, []), 14_999).0, 1);
    assert_eq!(judge(&history(5, []), 15_000).0, 0);
    let (stalls, checked) = judge(&history(19, []), 1_000);
    assert_eq!(stalls, 0);
    assert!(checked > 0);
}

#[test]
fn a_healed_core_counts_in_the_place_of_the_last_fault() {
    let healed = entry(5, EntryKind::Reached(Mark::CORE_HEALED));
    assert_eq!(judge(&history(19, [healed]), 14_000).0, 1);
}

#[test]
fn a_run_without_faults_has_nothing_to_check() {
    let mut history = history(5, []);
    history
        .entries
        .retain(|entry| !matches!(entry.kind, EntryKind::Fault { .. }));
    assert_eq!(judge(&history, 1), (0, 0));
}

#[test]
fn work_that_never_ends_stalls_until_the_end_of_the_run() {
    let mut builder = healthy_history();
    builder.operations.push(OperationDraft {
        object: ObjectId(2),
        call: "count".into(),
        invoked: 0,
        end: OperationDraftEnd::Open,
    });
    let mut history = builder.history();
    let last = entry(11, EntryKind::Drained);
    history.entries.push(last);
    assert_eq!(judge(&history, 10_000).0, 1);
    assert_eq!(judge(&history, 11_000).0, 0);
}

#[test]
fn a_repeated_result_closes_no_other_work_and_is_no_progress() {
    let again = |history: &History| {
        let returned = |entry: &&Entry| matches!(entry.kind, EntryKind::Returned { .. });
        let first = history.entries.iter().find(returned);
        first.expect("an operation returned").kind.clone()
    };
    let once = history(5, []);
    let twice = history(5, [entry(6, again(&once)), entry(12, again(&once))]);
    assert_eq!(judge(&once, 14_999), judge(&twice, 14_999));
    assert_eq!(judge(&twice, 14_999).0, 1);
}
