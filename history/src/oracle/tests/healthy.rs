//! The healthy history that the corruptions start from.

use rehearsal_sim::Verdict;

use super::builder::{Fields, HistoryBuilder, about, error, kind, progress, tool};
use crate::oracle::{Fifo, Finding, ORACLES, OracleRef, Scope};
use crate::{ActorId, Amount, ChannelId, Ledger, SpanEnd, SpanId};

pub(super) const CHANNEL_1: ChannelId = ChannelId(1);
pub(super) const CHANNEL_2: ChannelId = ChannelId(2);
/// Both of thread-1.
pub(super) const ALICE: ActorId = ActorId(1);
pub(super) const ALICES_TABLET: ActorId = ActorId(2);
/// Of thread-2.
pub(super) const BOB: ActorId = ActorId(3);
/// On thread-1: a supervisor, its child that completes, and one that fails.
pub(super) const SUPERVISOR: SpanId = SpanId(1);
pub(super) const WORKER: SpanId = SpanId(2);
pub(super) const FAILING: SpanId = SpanId(3);
/// On thread-2.
pub(super) const DATA: SpanId = SpanId(4);
pub(super) const STREAMING: SpanId = SpanId(5);
pub(super) const SILENT: SpanId = SpanId(6);
pub(super) const SLOW: SpanId = SpanId(7);
/// On thread-2 too: a supervisor that is cancelled, and its child.
pub(super) const CANCELLED: SpanId = SpanId(8);
pub(super) const CANCELLED_CHILD: SpanId = SpanId(9);

/// Two tenants, three actors, nine spans that end in every way but one.
pub(super) fn healthy_history() -> HistoryBuilder {
    let mut builder = HistoryBuilder::new();
    builder.limit("equal", "spans:streaming", Amount::whole(1));
    builder.client(CHANNEL_1);
    builder.client(CHANNEL_1);
    builder.client(CHANNEL_2);
    record_supervisor(&mut builder);
    let data = builder.run("data", CHANNEL_2);
    record_data(&mut builder, data);
    record_streaming(&mut builder);
    record_silent(&mut builder);
    record_slow(&mut builder);
    record_cancelled(&mut builder);
    builder.deliver_all();
    builder.rest();
    builder
}

fn record_supervisor(builder: &mut HistoryBuilder) {
    let supervisor = builder.run("supervisor", CHANNEL_1);
    builder.emit(supervisor, kind::STARTED);
    builder.emit_with(supervisor, kind::CHILD_STARTED, about(WORKER));
    let worker = builder.child("data", supervisor);
    builder.emit_with(supervisor, kind::CHILD_STARTED, about(FAILING));
    let failing = builder.child("failure", supervisor);
    builder.emit(failing, kind::STARTED);
    record_data(builder, worker);
    builder.emit_with(failing, kind::ERROR, error("disk full"));
    builder.end(failing, SpanEnd::Failed);
    for child in [failing, worker] {
        builder.join(supervisor, child);
        builder.emit_with(supervisor, kind::CHILD_COMPLETED, about(child));
    }
    builder.emit(supervisor, kind::COMPLETED);
    builder.end(supervisor, SpanEnd::Completed);
}

pub(super) fn record_data(builder: &mut HistoryBuilder, run: SpanId) {
    builder.emit(run, kind::STARTED);
    builder.emit(run, kind::THINKING);
    builder.emit_with(run, kind::TOOL_EXECUTING, tool(0));
    builder.emit_with(run, kind::TOOL_COMPLETED, tool(0));
    builder.emit(run, kind::COMPLETED);
    builder.end(run, SpanEnd::Completed);
}

fn record_streaming(builder: &mut HistoryBuilder) {
    let run = builder.run("streaming", CHANNEL_2);
    builder.emit(run, kind::STARTED);
    for percent in [20, 40, 60, 80, 100] {
        builder.emit_with(run, kind::PROGRESS, progress(percent));
    }
    builder.emit(run, kind::COMPLETED);
    builder.end(run, SpanEnd::Completed);
}

fn record_silent(builder: &mut HistoryBuilder) {
    let run = builder.run("failure", CHANNEL_2);
    builder.emit(run, kind::STARTED);
    builder.emit(run, kind::DEATH);
    builder.end(run, SpanEnd::DiedSilently);
}

/// Cut off at its deadline while it waits for an answer.
fn record_slow(builder: &mut HistoryBuilder) {
    let run = builder.run("slow", CHANNEL_2);
    builder.emit(run, kind::STARTED);
    builder.emit_with(run, kind::TOOL_EXECUTING, tool(0));
    builder.attempt(run, kind::TOOL_COMPLETED, tool(0));
    builder.emit_with(run, kind::ERROR, error("timeout after 500 ms"));
    builder.end(run, SpanEnd::TimedOut);
}

/// Cancelled together with its child; the ends are reported afterwards.
fn record_cancelled(builder: &mut HistoryBuilder) {
    let supervisor = builder.run("supervisor", CHANNEL_2);
    builder.emit(supervisor, kind::STARTED);
    builder.emit_with(supervisor, kind::CHILD_STARTED, about(CANCELLED_CHILD));
    let child = builder.child("data", supervisor);
    builder.emit(child, kind::STARTED);
    for span in [supervisor, child] {
        builder.cancel(span);
    }
    for span in [child, supervisor] {
        builder.emit_with(span, kind::ERROR, error("cancelled"));
    }
}

#[test]
fn every_oracle_passes_and_has_something_to_check() {
    let builder = healthy_history();
    assert_eq!(builder.unhappy(), vec![]);
}

#[test]
fn the_table_keeps_its_order() {
    let mut oracles: Vec<OracleRef> = OracleRef::all().collect();
    oracles.reverse();
    oracles.sort_unstable();
    let names: Vec<&str> = oracles.iter().map(|oracle| oracle.name()).collect();
    let table: Vec<&str> = ORACLES.iter().map(|oracle| oracle.name()).collect();
    assert_eq!(names, table);
}

#[test]
fn opportunities_are_counted() {
    let builder = healthy_history();
    let checked = |oracle| builder.judge(oracle).checked;
    // 12 + 5 + 7 + 2 + 3 + 5 accepted: the first 13 twice, and one unanswered.
    assert_eq!(builder.deliveries.len(), 2 * 13 + 22);
    assert_eq!(checked("no-loss"), 2 * 13 + 22 + 1);
    assert_eq!(checked("exactly-once"), 2 * 13 + 22);
    assert_eq!(checked("fifo"), 2 * 13 + 22);
    // The first messages of the five spans of thread-2 that have no parent, and of the
    // supervisor, have no past.
    assert_eq!(checked("causal"), 2 * 12 + 17);
    assert_eq!(checked("isolation"), 2 * 13 + 22);
    assert_eq!(checked("hierarchy"), 3);
    assert_eq!(checked("cancel-tree"), 2);
    assert_eq!(checked("terminal-exactly-once"), 9);
    assert_eq!(checked("cleanup"), 9 + 3);
    assert_eq!(checked("deadlock"), 9);
    assert_eq!(checked("protocol"), 9);
    assert_eq!(checked("invariants"), 7);
}

#[test]
fn the_ledger_balances() {
    let ledger = healthy_history().ledger();
    let expected = Ledger {
        emitted: 36,
        accepted: 35,
        rejected: 0,
        unanswered: 1,
        owed: 2 * 13 + 22,
        delivered: 2 * 13 + 22,
        gap_marked: 0,
        lost: 0,
        phantom: 0,
    };
    assert_eq!(ledger, expected);
    assert!(ledger.balances());
}

#[test]
fn nothing_is_missing_in_a_run_that_was_cut_short() {
    let mut builder = healthy_history();
    builder.verdict = Verdict::Unknown { steps: 10 };
    // Everything from the middle on is still under way.
    builder.deliveries.truncate(20);
    builder.holds.clear();
    builder.census.clear();
    for client in builder.subscribers.values_mut() {
        client.drained = false;
    }
    for (oracle, finding) in builder.unhappy() {
        assert_eq!(finding.scope, Scope::NotApplicable, "{oracle}: {finding:?}");
        assert!(
            matches!(
                oracle,
                "no-loss" | "terminal-exactly-once" | "cleanup" | "limits"
            ),
            "{oracle} judges at any moment"
        );
    }
}

#[test]
fn an_empty_run_gives_nothing_to_check() {
    let mut builder = HistoryBuilder::new();
    builder.rest();
    builder.invariant.clear();
    builder.operations.clear();
    builder.statistics.waits = 0;
    for oracle in ORACLES {
        let name = oracle.name();
        let finding = builder.judge(name);
        assert!(finding.is_vacuous(), "{name}: {finding:?}");
        assert!(!finding.is_pass());
        let violation = finding.vacuity(*oracle).expect("vacuous");
        assert_eq!(violation.rule, Finding::VACUOUS);
        assert!(violation.message.contains(name), "{}", violation.message);
    }
    assert_eq!(healthy_history().judge("fifo").vacuity(&Fifo), None);
}

#[test]
fn a_message_that_was_never_accepted_is_not_owed() {
    let mut builder = healthy_history();
    // Two parties report the failure; the second is refused.
    let second = builder.attempt(FAILING, kind::ERROR, error("disk full"));
    builder.refuse(second);
    assert_eq!(builder.unhappy(), vec![]);
    assert_eq!(builder.ledger().rejected, 1);
}

#[test]
fn five_thousand_messages_on_one_channel_pass() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let supervisor = builder.run("supervisor", CHANNEL_1);
    builder.emit(supervisor, kind::STARTED);
    let runs: Vec<SpanId> = (0..50)
        .map(|child| {
            let id = SpanId(child + 2);
            builder.emit_with(supervisor, kind::CHILD_STARTED, about(id));
            builder.child("hammer", supervisor)
        })
        .collect();
    let each = |builder: &mut HistoryBuilder, kind, fields: Fields| {
        for run in &runs {
            builder.emit_with(*run, kind, fields.clone());
        }
    };
    each(&mut builder, kind::STARTED, vec![]);
    for update in 1..=100 {
        each(&mut builder, kind::PROGRESS, progress(update));
    }
    each(&mut builder, kind::COMPLETED, vec![]);
    for run in &runs {
        builder.end(*run, SpanEnd::Completed);
        builder.join(supervisor, *run);
        builder.emit_with(supervisor, kind::CHILD_COMPLETED, about(*run));
    }
    builder.emit(supervisor, kind::COMPLETED);
    builder.end(supervisor, SpanEnd::Completed);
    builder.deliver_all();
    builder.rest();
    assert_eq!(builder.deliveries.len(), 50 * 102 + 102);
    assert_eq!(builder.unhappy(), vec![]);
}
