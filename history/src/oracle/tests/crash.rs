//! Crashes of the system's host: excuses, and their limits.

use super::builder::{HistoryBuilder, about, error, kind, tool};
use super::healthy::{CHANNEL_1, record_data};
use crate::{ActorId, Epoch, GapCause, Offset, SpanEnd, SpanId, StreamId, VectorClock};
use rehearsal_sim::VirtualTime;

const NEAR: ActorId = ActorId(1);
const FAR: ActorId = ActorId(2);
const DYING: SpanId = SpanId(1);
const LUCKY: SpanId = SpanId(2);

/// The system's host dies in the middle of a span. One actor has received a part of the
/// log, the other nothing; both receive a marker over the rest. The next incarnation
/// reports the death, and another span completes there.
fn crash() -> HistoryBuilder {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    builder.client(CHANNEL_1);
    let dying = builder.run("data", CHANNEL_1);
    builder.emit(dying, kind::STARTED);
    builder.emit(dying, kind::THINKING);
    builder.emit_with(dying, kind::TOOL_EXECUTING, tool(0));
    builder.attempt(dying, kind::TOOL_COMPLETED, tool(0));
    for id in &builder.log(CHANNEL_1, Epoch(1))[..2] {
        builder.deliver(NEAR, *id);
    }
    builder.allow(GapCause::Crash);
    builder.crash(Epoch(1));
    builder.gap(NEAR, CHANNEL_1, 3, None);
    builder.gap(FAR, CHANNEL_1, 1, None);
    builder.epoch = Epoch(2);
    builder.emit(dying, kind::DEATH);
    builder.end(dying, SpanEnd::HostDied);
    let lucky = builder.run("data", CHANNEL_1);
    record_data(&mut builder, lucky);
    builder.deliver_all();
    builder.rest();
    builder
}

#[test]
fn a_crash_with_gap_markers_loses_nothing_silently() {
    let builder = crash();
    // There is no sub-agent.
    assert_eq!(builder.broken_by(), ["hierarchy"]);
    assert!(builder.judge("hierarchy").is_vacuous());
    let ledger = builder.ledger();
    assert!(ledger.balances());
    assert_eq!((ledger.unanswered, ledger.gap_marked), (1, 1 + 3));
}

#[test]
fn numbers_may_begin_anew_in_a_new_epoch() {
    let mut builder = crash();
    let death = builder.find(DYING, kind::DEATH);
    builder.accepted_mut(death).seq = Some(1);
    for client in [NEAR, FAR] {
        builder.received_mut(client, death).seq = Some(1);
    }
    assert_eq!(builder.broken_by(), ["hierarchy"]);
}

#[test]
fn a_crash_without_a_gap_marker_is_a_loss() {
    let mut builder = crash();
    builder.gaps.remove(1);
    let finding = builder.judge("no-loss");
    let message = &finding.violations[0].message;
    for words in [
        "event-0 (agent_started) of run-1 (data-1) on thread-1",
        "offset 1 of thread-1, epoch 1",
        "delivered to client-1",
        "never delivered to client-2",
    ] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(finding.broken(), 3);
    assert!(!builder.judge("fifo").is_pass());
}

#[test]
fn a_crash_explains_no_gap_unless_the_scenario_names_it() {
    let mut builder = crash();
    builder.allow(GapCause::Overflow);
    let rules = builder.rules_broken("no-loss");
    assert_eq!(rules, ["gap", "lost"]);
    assert!(!builder.judge("fifo").is_pass());
}

#[test]
fn a_crash_explains_no_gap_before_it() {
    let mut builder = crash();
    // The marker comes before the crash, although it speaks of the epoch that will die.
    for (_, _, at) in &mut builder.gaps {
        *at = VirtualTime::from_micros(at.as_micros() - 1);
    }
    assert_eq!(builder.rules_broken("no-loss"), ["endless-gap", "lost"]);
}

#[test]
fn a_crash_explains_no_gap_in_a_living_epoch() {
    let mut builder = crash();
    let hidden = builder.find(LUCKY, kind::THINKING);
    let next = builder.find(LUCKY, kind::TOOL_EXECUTING);
    builder.withhold(FAR, hidden);
    builder.gap_before(next, FAR, CHANNEL_1, (3, 3));
    assert_eq!(builder.rules_broken("no-loss"), ["gap", "lost"]);
}

#[test]
fn a_marker_over_the_empty_rest_of_a_crashed_epoch_is_excused() {
    let mut builder = crash();
    builder.gap(NEAR, CHANNEL_1, 9, None);
    builder.gaps[2].1.epoch = Epoch(1);
    assert!(builder.judge("no-loss").is_pass());
}

#[test]
fn a_new_epoch_must_be_whole() {
    let mut builder = crash();
    builder.withhold(FAR, builder.find(LUCKY, kind::THINKING));
    let finding = builder.judge("fifo");
    let message = &finding.violations[0].message;
    assert!(message.contains("run-2 (data-2)"), "{message}");
    assert!(message.contains("reached client-2"), "{message}");
}

#[test]
fn an_old_epoch_must_not_come_after_a_new_one() {
    let mut builder = crash();
    builder.deliver(FAR, builder.find(DYING, kind::THINKING));
    let finding = builder.judge("fifo");
    let mut violations = finding.violations.iter();
    let late = violations.find(|violation| violation.rule == "late");
    let message = &late.expect("a late message").message;
    assert!(
        message.contains("(seq 2, epoch 1) reached client-2 after"),
        "{message}"
    );
    assert!(message.contains("epoch 2)"), "{message}");
}

#[test]
fn a_terminal_accepted_just_before_the_crash_stands() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let run = builder.run("data", CHANNEL_1);
    record_data(&mut builder, run);
    builder.deliver_all();
    builder.end(run, SpanEnd::HostDied);
    assert!(
        !builder.judge("terminal-exactly-once").is_pass(),
        "nothing crashed"
    );
    builder.crash(Epoch(1));
    assert!(builder.judge("terminal-exactly-once").is_pass());
}

#[test]
fn an_unanswered_terminal_that_got_through_before_the_crash_is_excused() {
    let mut builder = crash();
    let mut early = builder.clone();
    early.epoch = Epoch(1);
    let end = early.attempt(DYING, kind::ERROR, error("late"));
    let mut delivery = early.wire(NEAR, end);
    let position = delivery.received.position.as_mut();
    position.expect("the builder names one").offset = Offset(4);
    delivery.at = builder.deliveries[1].at;
    builder.sendings = early.sendings;
    builder.deliveries.insert(2, delivery);
    let finding = builder.judge("terminal-exactly-once");
    assert!(finding.is_pass(), "{finding:?}");
    builder.crashed.clear();
    let finding = builder.judge("terminal-exactly-once");
    assert_eq!(finding.broken(), 1, "{finding:?}");
}

/// A span outlives an incarnation of the system: a message of the old epoch without an
/// answer, and one that arrives from the new epoch.
fn survivor() -> HistoryBuilder {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let run = builder.run("data", CHANNEL_1);
    let unanswered = builder.attempt(run, kind::STARTED, vec![]);
    builder.accept(unanswered);
    builder.allow(GapCause::Crash);
    builder.crash(Epoch(1));
    builder.gap(NEAR, CHANNEL_1, 1, None);
    builder.epoch = Epoch(2);
    let thinking = builder.emit(run, kind::THINKING);
    builder.deliver(NEAR, thinking);
    builder
}

#[test]
fn the_first_number_may_lie_in_an_epoch_that_died() {
    let mut builder = survivor();
    assert!(builder.judge("fifo").is_pass());
    builder.gaps.clear();
    let finding = builder.judge("fifo");
    let message = &finding.violations[0].message;
    assert!(message.contains("seq 1 was due"), "{message}");
}

#[test]
fn the_first_event_of_a_new_epoch_must_not_be_skipped() {
    let mut builder = survivor();
    builder.epoch = Epoch(3);
    builder.emit(DYING, kind::THINKING);
    let later = builder.emit_with(DYING, kind::ERROR, error("late"));
    builder.deliver(NEAR, later);
    let finding = builder.judge("fifo");
    let message = &finding.violations[0].message;
    assert!(
        message.contains("event-3 (agent_error) of run-1"),
        "{message}"
    );
    assert!(message.contains("event-2 (agent_thinking)"), "{message}");
    assert!(message.contains("is missing"), "{message}");
}

#[test]
fn the_ends_of_spans_that_died_with_their_host_are_not_ordered() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let supervisor = builder.run("supervisor", CHANNEL_1);
    builder.emit(supervisor, kind::STARTED);
    builder.emit_with(supervisor, kind::CHILD_STARTED, about(SpanId(2)));
    let child = builder.child("slow", supervisor);
    builder.emit(child, kind::STARTED);
    builder.deliver_all();
    builder.crash(Epoch(1));
    builder.epoch = Epoch(2);
    for run in [supervisor, child] {
        // The sender of a death knows nothing of the span's last moments.
        let death = builder.emit(run, kind::DEATH);
        let mut clock = VectorClock::default();
        clock.tick(StreamId(99));
        builder.sending_mut(death).clock = clock;
        builder.end(run, SpanEnd::HostDied);
    }
    builder.deliver_all();
    builder.rest();
    assert!(
        builder.judge("hierarchy").is_pass(),
        "{:?}",
        builder.unhappy()
    );
}
