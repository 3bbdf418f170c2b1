//! Gap markers, missing answers, concurrent messages: excuses, and their limits.

use super::builder::{HistoryBuilder, about, error, kind, owner, progress, secret, set, tool};
use super::healthy::{BOB, CHANNEL_1, CHANNEL_2, DATA, healthy_history, record_data};
use crate::facets::marks::derived_marks;
use crate::oracle::SettingValue;
use crate::{ActorId, ChannelId, Epoch, GapCause, Mark, Phase, SpanEnd, SpanId};
use rehearsal_sim::VirtualTime;

const NEAR: ActorId = ActorId(1);

/// The server's task is counted before it runs for the first time, without a name.
#[test]
fn a_task_that_had_not_run_before_the_work_may_wait_for_a_timer() {
    let mut builder = healthy_history();
    let ready = builder.census_mut(Phase::Ready);
    ready.tasks[0].name.clear();
    ready.tasks[0].waits.clear();
    builder.census_mut(Phase::Quiescent).timers = 1;
    assert_eq!(builder.unhappy(), vec![]);
    builder.census_mut(Phase::Quiescent).timers = 2;
    assert_eq!(builder.rules_broken("cleanup"), ["timer"]);
    builder.census_mut(Phase::Quiescent).timers = 1;
    let quiescent = builder.census_mut(Phase::Quiescent);
    quiescent.tasks.push(quiescent.tasks[0].clone());
    assert_eq!(builder.rules_broken("cleanup"), ["task"]);
    // Once it has gone, so has its timer.
    builder.census_mut(Phase::Quiescent).tasks.clear();
    assert_eq!(builder.rules_broken("cleanup"), ["timer"]);
}

#[test]
fn a_gap_suspends_only_what_it_may_hide() {
    let mut builder = healthy_history();
    let tool = builder.find(DATA, kind::TOOL_COMPLETED);
    builder.withhold(BOB, tool);
    builder.allow(GapCause::Overflow);
    let next = builder.find(DATA, kind::COMPLETED);
    builder.gap_before(next, BOB, CHANNEL_2, (4, 4));
    assert_eq!(builder.unhappy(), vec![]);
    let ledger = builder.ledger();
    assert_eq!((ledger.gap_marked, ledger.lost), (1, 0));
    // Other spans of the channel are still checked in full.
    let other = SpanId(7);
    let id = builder.find(other, kind::TOOL_EXECUTING);
    builder.swap(BOB, builder.find(other, kind::STARTED), id);
    assert!(!builder.judge("protocol").is_pass());
}

#[test]
fn a_gap_over_arrived_messages_or_over_nothing_is_reported() {
    for (from, to, rule) in [
        (2, 3, "false-gap"),
        (900, 950, "empty-gap"),
        (9, 3, "empty-gap"),
    ] {
        let mut builder = healthy_history();
        builder.allow(GapCause::Overflow);
        builder.gap(BOB, CHANNEL_2, from, Some(to));
        assert_eq!(builder.broken_by(), ["no-loss"], "{from}..={to}");
        assert_eq!(builder.rules_broken("no-loss"), [rule]);
    }
}

/// One message of the log is missing, and a marker covers it.
fn dropped() -> HistoryBuilder {
    let mut builder = healthy_history();
    builder.withhold(BOB, builder.find(DATA, kind::TOOL_COMPLETED));
    let next = builder.find(DATA, kind::COMPLETED);
    builder.gap_before(next, BOB, CHANNEL_2, (4, 4));
    builder
}

#[test]
fn a_gap_without_a_named_cause_covers_nothing() {
    let mut builder = dropped();
    assert_eq!(builder.rules_broken("no-loss"), ["gap", "lost"]);
    assert_eq!(builder.broken_by(), ["no-loss", "fifo", "protocol"]);
    assert_eq!(builder.ledger().lost, 1);
    builder.allow(GapCause::Crash);
    assert_eq!(builder.rules_broken("no-loss"), ["gap", "lost"]);
    builder.allow(GapCause::Overflow);
    assert!(builder.judge("no-loss").is_pass());
}

#[test]
fn an_overflow_drops_only_what_exceeds_the_buffer() {
    let mut builder = dropped();
    builder.allow(GapCause::Overflow);
    // The log has 22 messages, and one more may have been accepted without an answer.
    for (buffer, is_pass) in [(19, true), (20, false)] {
        builder.allowed.set("buffer", SettingValue::Number(buffer));
        assert_eq!(builder.judge("no-loss").is_pass(), is_pass, "{buffer}");
    }
    assert_eq!(builder.rules_broken("no-loss"), ["false-gap", "lost"]);
}

#[test]
fn a_gap_that_comes_out_of_order_covers_nothing() {
    let mut builder = dropped();
    builder.allow(GapCause::Overflow);
    let early = builder.find(DATA, kind::THINKING);
    builder.gaps.clear();
    builder.gap_before(early, BOB, CHANNEL_2, (4, 4));
    assert_eq!(builder.rules_broken("no-loss"), ["false-gap", "lost"]);
}

#[test]
fn a_gap_covers_nothing_that_is_sent_after_it() {
    let mut builder = dropped();
    builder.allow(GapCause::Overflow);
    builder.gaps[0].2 = VirtualTime::ZERO;
    assert!(builder.rules_broken("no-loss").contains(&"lost".into()));
}

#[test]
fn an_unanswered_message_may_arrive() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let run = builder.run("slow", CHANNEL_1);
    builder.emit(run, kind::STARTED);
    let unanswered = builder.attempt(run, kind::PROGRESS, progress(1));
    let accepted = builder.accept(unanswered);
    let mut delivery = builder.wire(NEAR, unanswered);
    delivery.received.seq = accepted.seq;
    builder.emit_with(run, kind::ERROR, error("timeout after 5 ms"));
    builder.end(run, SpanEnd::TimedOut);
    builder.deliver_all();
    delivery.at = builder.deliveries[1].at;
    builder.deliveries[1] = delivery;
    builder.allow(GapCause::Overflow);
    builder.rest();
    assert_eq!(builder.broken_by(), ["hierarchy"]);
    assert_eq!(builder.ledger().owed, 3);
    // It took a number; if it is missing, a marker must explain the hole.
    builder.withhold(NEAR, unanswered);
    let finding = builder.judge("fifo");
    let message = &finding.violations[0].message;
    assert!(message.contains("seq 2 was due"), "{message}");
    for (channel, from, to) in [(CHANNEL_2, 2, 2), (CHANNEL_1, 1, 1), (CHANNEL_1, 3, 9)] {
        let mut elsewhere = builder.clone();
        elsewhere.gap(NEAR, channel, from, Some(to));
        let finding = elsewhere.judge("fifo");
        assert!(!finding.is_pass(), "{channel:?} {from}..={to}: {finding:?}");
    }
    let next = builder.find(run, kind::ERROR);
    builder.gap_before(next, NEAR, CHANNEL_1, (2, 2));
    assert!(builder.judge("fifo").is_pass());
}

#[test]
fn an_unanswered_message_may_be_hidden_by_a_gap() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let run = builder.run("slow", CHANNEL_1);
    builder.emit(run, kind::STARTED);
    let hidden = builder.attempt(run, kind::TOOL_EXECUTING, tool(0));
    builder.accept(hidden);
    builder.emit_with(run, kind::TOOL_COMPLETED, tool(0));
    builder.emit_with(run, kind::ERROR, error("timeout"));
    builder.end(run, SpanEnd::TimedOut);
    builder.deliver_all();
    builder.withhold(NEAR, hidden);
    let finding = builder.judge("protocol");
    let message = &finding.violations[0].message;
    assert!(message.contains("as client-1 received it"), "{message}");
    assert!(
        message.contains("tool call 0 ends before it began"),
        "{message}"
    );
    // The system's own log is not reported: its content is not known.
    assert_eq!(finding.broken(), 1);
    builder.allow(GapCause::Overflow);
    let next = builder.find(run, kind::TOOL_COMPLETED);
    builder.gap_before(next, NEAR, CHANNEL_1, (2, 2));
    assert!(builder.judge("protocol").is_pass());
}

#[test]
fn a_parent_that_was_cut_off_need_not_report() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let supervisor = builder.run("supervisor", CHANNEL_1);
    builder.emit(supervisor, kind::STARTED);
    builder.emit_with(supervisor, kind::CHILD_STARTED, about(SpanId(2)));
    let child = builder.child("slow", supervisor);
    builder.emit_with(supervisor, kind::ERROR, error("timeout"));
    builder.end(supervisor, SpanEnd::TimedOut);
    builder.emit_with(child, kind::ERROR, error("cancelled"));
    builder.end(child, SpanEnd::TimedOut);
    builder.deliver_all();
    builder.rest();
    assert_eq!(builder.unhappy(), vec![]);
    // One that failed by itself must have joined its children.
    builder.end(supervisor, SpanEnd::Failed);
    let finding = builder.judge("hierarchy");
    let message = &finding.violations[0].message;
    assert!(
        message.contains("lacks its subagent_completed"),
        "{message}"
    );
}

#[test]
fn concurrent_messages_of_one_span_may_arrive_in_any_order() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let run = builder.run("burst", CHANNEL_1);
    builder.emit(run, kind::STARTED);
    // Three concurrent calls: the clock of each counts none of the others.
    let calls = [2, 0, 1].map(|call| builder.emit_with(run, kind::TOOL_EXECUTING, tool(call)));
    let clock = builder.sending(calls[0]).clock.clone();
    for id in calls {
        builder.sending_mut(id).clock = clock.clone();
    }
    for call in 0..3 {
        builder.emit_with(run, kind::TOOL_COMPLETED, tool(call));
    }
    builder.emit(run, kind::COMPLETED);
    builder.end(run, SpanEnd::Completed);
    builder.deliver_all();
    builder.rest();
    assert_eq!(builder.broken_by(), ["hierarchy"]);
}

#[test]
fn a_secret_within_the_own_secret_is_not_foreign() {
    let ten = ChannelId(10);
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    let reader = builder.client(ten);
    for channel in [CHANNEL_1, ten] {
        let run = builder.run("data", channel);
        record_data(&mut builder, run);
    }
    builder.deliver_all();
    builder.rest();
    assert!(builder.judge("isolation").is_pass());
    // user-10 receives user-1's secret, and the other way round.
    let other = builder.client(CHANNEL_2);
    let run = builder.run("data", CHANNEL_2);
    record_data(&mut builder, run);
    for id in builder.log(CHANNEL_2, Epoch(1)) {
        builder.deliver(other, id);
    }
    for (channel, client, name) in [
        (CHANNEL_1, reader, "user-1 "),
        (ten, NEAR, "user-10 "),
        (ten, other, "user-10 "),
    ] {
        let mut builder = builder.clone();
        let foreign = secret(owner(channel));
        let mine = builder.inbox(client)[0];
        let text = format!("saw {foreign}!");
        set(&mut builder.received_mut(client, mine).body, "error", text);
        let finding = builder.judge("isolation");
        let message = &finding.violations[0].message;
        assert!(
            message.contains(&format!("secret of {name}to")),
            "{message}"
        );
    }
}

#[test]
fn a_mark_over_messages_is_not_met_by_an_empty_marker() {
    let reached = |builder: &HistoryBuilder| -> Vec<Mark> {
        builder.with_run(|run| derived_marks(run).collect())
    };
    let (gap_marked, interleaved) = (Mark::new("gap-marked"), Mark::new("interleaved"));
    let mut builder = healthy_history();
    builder.allow(GapCause::Overflow);
    builder.gap(BOB, CHANNEL_2, 900, Some(950));
    assert_eq!(reached(&builder), [interleaved]);
    let mut builder = dropped();
    builder.allow(GapCause::Overflow);
    assert!(reached(&builder).contains(&gap_marked));
}

#[test]
fn streams_one_after_the_other_are_not_interleaved() {
    let mut builder = HistoryBuilder::new();
    builder.client(CHANNEL_1);
    for _ in 0..2 {
        let run = builder.run("data", CHANNEL_1);
        record_data(&mut builder, run);
    }
    builder.deliver_all();
    assert_eq!(builder.with_run(|run| derived_marks(run).count()), 0);
}

#[test]
fn a_run_without_a_wait_does_not_exercise_deadlock() {
    let mut builder = healthy_history();
    builder.statistics.tasks = 257;
    builder.statistics.waits = 0;
    assert!(builder.judge("deadlock").is_vacuous());
}
