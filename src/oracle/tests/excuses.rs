//! Gap markers, missing answers, concurrent emissions: what is excused, and what
//! is not.

use super::healthy::{BOB, DATA, THREAD_1, THREAD_2, play_data, theatre};
use super::stage::{Stage, about, error, progress, secret, tool};
use crate::oracle::{Ledger, Oracle};
use rehearsal_agents::event::{ClientId, EventKind, RunId, ThreadId};
use rehearsal_agents::record::{Clock, Epoch, RunEnd};

const NEAR: ClientId = ClientId(1);

#[test]
fn a_gap_suspends_only_what_it_may_hide() {
    let mut stage = theatre();
    let tool = stage.find(DATA, EventKind::ToolCompleted);
    stage.withhold(BOB, tool);
    stage.gap(BOB, THREAD_2, 4, Some(4));
    assert_eq!(stage.unhappy(), vec![]);
    let ledger = Ledger::of(&stage.subject());
    assert_eq!((ledger.gap_marked, ledger.lost), (1, 0));
    // Other runs of the thread are still looked at in full.
    let other = RunId(7);
    let id = stage.find(other, EventKind::ToolExecuting);
    stage.swap(BOB, stage.find(other, EventKind::AgentStarted), id);
    assert!(!stage.judge(Oracle::Protocol).is_pass());
}

#[test]
fn a_gap_over_what_came_or_over_nothing_does_no_harm() {
    let mut stage = theatre();
    stage.gap(BOB, THREAD_2, 2, Some(3));
    stage.gap(BOB, THREAD_2, 900, Some(950));
    stage.gap(BOB, THREAD_2, 9, Some(3));
    assert_eq!(stage.unhappy(), vec![]);
}

#[test]
fn an_unanswered_event_may_arrive() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let run = stage.run("slow", THREAD_1);
    stage.emit(run, EventKind::AgentStarted);
    let unanswered = stage.attempt(run, EventKind::Progress, progress(1));
    let receipt = stage.accept(unanswered);
    let mut delivery = stage.wire(NEAR, unanswered);
    delivery.event.seq = receipt.seq;
    stage.emit_with(run, EventKind::AgentError, error("timeout after 5 ms"));
    stage.end(run, RunEnd::TimedOut);
    stage.deliver_all();
    stage.evidence.deliveries[1] = delivery;
    stage.rest();
    assert_eq!(stage.broken_by(), [Oracle::Hierarchy]);
    assert_eq!(Ledger::of(&stage.subject()).owed, 3);
    // It took a number; if it is missing, a marker must explain the hole.
    stage.withhold(NEAR, unanswered);
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(message.contains("seq 2 was due"), "{message}");
    for (thread, from, to) in [(THREAD_2, 2, 2), (THREAD_1, 1, 1), (THREAD_1, 3, 9)] {
        let mut elsewhere = stage.clone();
        elsewhere.gap(NEAR, thread, from, Some(to));
        let finding = elsewhere.judge(Oracle::Fifo);
        assert!(!finding.is_pass(), "{thread} {from}..={to}: {finding:?}");
    }
    stage.gap(NEAR, THREAD_1, 2, Some(2));
    assert!(stage.judge(Oracle::Fifo).is_pass());
}

#[test]
fn an_unanswered_event_may_be_what_a_gap_hides() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let run = stage.run("slow", THREAD_1);
    stage.emit(run, EventKind::AgentStarted);
    let hidden = stage.attempt(run, EventKind::ToolExecuting, tool(0));
    stage.accept(hidden);
    stage.emit_with(run, EventKind::ToolCompleted, tool(0));
    stage.emit_with(run, EventKind::AgentError, error("timeout"));
    stage.end(run, RunEnd::TimedOut);
    stage.deliver_all();
    stage.withhold(NEAR, hidden);
    let finding = stage.judge(Oracle::Protocol);
    let message = &finding.violations[0].message;
    assert!(message.contains("as client-1 received it"), "{message}");
    assert!(
        message.contains("tool call 0 ends before it began"),
        "{message}"
    );
    // The bridge's own log is not complained of: nobody knows what it holds.
    assert_eq!(finding.broken(), 1);
    stage.gap(NEAR, THREAD_1, 2, Some(2));
    assert!(stage.judge(Oracle::Protocol).is_pass());
}

#[test]
fn a_supervisor_that_was_cut_off_need_not_report() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let supervisor = stage.run("supervisor", THREAD_1);
    stage.emit(supervisor, EventKind::AgentStarted);
    stage.emit_with(supervisor, EventKind::SubagentStarted, about(RunId(2)));
    let child = stage.child("slow", supervisor);
    stage.emit_with(supervisor, EventKind::AgentError, error("timeout"));
    stage.end(supervisor, RunEnd::TimedOut);
    stage.emit_with(child, EventKind::AgentError, error("cancelled"));
    stage.end(child, RunEnd::TimedOut);
    stage.deliver_all();
    stage.rest();
    assert_eq!(stage.unhappy(), vec![]);
    // One that failed by itself must have joined its sub-agents.
    stage.end(supervisor, RunEnd::Failed);
    let finding = stage.judge(Oracle::Hierarchy);
    let message = &finding.violations[0].message;
    assert!(
        message.contains("lacks its subagent_completed"),
        "{message}"
    );
}

#[test]
fn concurrent_emissions_of_one_run_may_come_in_any_order() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let run = stage.run("burst", THREAD_1);
    stage.emit(run, EventKind::AgentStarted);
    // Three calls at once: none of them knows of the others.
    let calls = [2, 0, 1].map(|call| stage.emit_with(run, EventKind::ToolExecuting, tool(call)));
    let clock: Clock = stage.emission(calls[0]).clock.clone();
    for id in calls {
        stage.emission_mut(id).clock = clock.clone();
    }
    for call in 0..3 {
        stage.emit_with(run, EventKind::ToolCompleted, tool(call));
    }
    stage.emit(run, EventKind::AgentCompleted);
    stage.end(run, RunEnd::Completed);
    stage.deliver_all();
    stage.rest();
    assert_eq!(stage.broken_by(), [Oracle::Hierarchy]);
}

#[test]
fn a_secret_within_the_readers_own_secret_is_not_foreign() {
    let ten = ThreadId(10);
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let reader = stage.client(ten);
    for thread in [THREAD_1, ten] {
        let run = stage.run("data", thread);
        play_data(&mut stage, run);
    }
    stage.deliver_all();
    stage.rest();
    assert!(stage.judge(Oracle::Isolation).is_pass());
    // user-10 reads user-1's secret; and the other way round.
    let other = stage.client(THREAD_2);
    let run = stage.run("data", THREAD_2);
    play_data(&mut stage, run);
    for id in stage.log(THREAD_2, Epoch(1)) {
        stage.deliver(other, id);
    }
    for (thread, client, owner) in [
        (THREAD_1, reader, "user-1 "),
        (ten, NEAR, "user-10 "),
        (ten, other, "user-10 "),
    ] {
        let mut stage = stage.clone();
        let foreign = secret(super::stage::owner(thread));
        let mine = stage.stream_of(client)[0];
        let text = format!("saw {foreign}!");
        stage.delivery_mut(client, mine).event.payload.error = Some(text);
        let finding = stage.judge(Oracle::Isolation);
        let message = &finding.violations[0].message;
        assert!(
            message.contains(&format!("secret of {owner}to")),
            "{message}"
        );
    }
}
