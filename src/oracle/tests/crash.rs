//! Crashes of the bridge's host: what is excused, and what is not.

use super::healthy::{THREAD_1, play_data};
use super::stage::{Stage, about, error, tool};
use crate::oracle::{Ledger, Oracle};
use rehearsal_agents::event::{ClientId, EventKind, Payload, RunId};
use rehearsal_agents::record::{Clock, Epoch, Fate, RunEnd};

const NEAR: ClientId = ClientId(1);
const FAR: ClientId = ClientId(2);
const DYING: RunId = RunId(1);
const LUCKY: RunId = RunId(2);

/// The bridge's host dies in the middle of a run. One client has seen a part of
/// the log, the other nothing; both are told what died with it. In the bridge's
/// next life the watchdog speaks for the dead, and another run completes.
fn crash() -> Stage {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    stage.client(THREAD_1);
    let dying = stage.run("data", THREAD_1);
    stage.emit(dying, EventKind::AgentStarted);
    stage.emit(dying, EventKind::AgentThinking);
    stage.emit_with(dying, EventKind::ToolExecuting, tool(0));
    stage.attempt(dying, EventKind::ToolCompleted, tool(0));
    for id in &stage.log(THREAD_1, Epoch(1))[..2] {
        stage.deliver(NEAR, *id);
    }
    stage.evidence.crashed_epochs.push(Epoch(1));
    stage.gap(NEAR, THREAD_1, 3, None);
    stage.gap(FAR, THREAD_1, 1, None);
    stage.epoch = Epoch(2);
    stage.emit(dying, EventKind::AgentDeath);
    stage.end(dying, RunEnd::HostDied);
    let lucky = stage.run("data", THREAD_1);
    play_data(&mut stage, lucky);
    stage.deliver_all();
    stage.rest();
    stage
}

#[test]
fn a_crash_with_gap_markers_loses_nothing_silently() {
    let stage = crash();
    // There is no sub-agent.
    assert_eq!(stage.broken_by(), [Oracle::Hierarchy]);
    assert!(stage.judge(Oracle::Hierarchy).is_vacuous());
    let ledger = Ledger::of(&stage.subject());
    assert!(ledger.balances());
    assert_eq!((ledger.unanswered, ledger.gap_marked), (1, 1 + 3));
}

#[test]
fn numbers_may_begin_anew_in_a_new_epoch() {
    let mut stage = crash();
    let death = stage.find(DYING, EventKind::AgentDeath);
    match &mut stage.emission_mut(death).fate {
        Fate::Accepted(receipt) => receipt.seq = 1,
        other => panic!("{other:?}"),
    }
    for client in [NEAR, FAR] {
        stage.delivery_mut(client, death).event.seq = 1;
    }
    assert_eq!(stage.broken_by(), [Oracle::Hierarchy]);
}

#[test]
fn a_crash_without_a_gap_marker_is_a_loss() {
    let mut stage = crash();
    stage.evidence.gaps.remove(1);
    let finding = stage.judge(Oracle::NoLoss);
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
    assert!(!stage.judge(Oracle::Fifo).is_pass());
}

#[test]
fn a_new_epoch_must_be_whole() {
    let mut stage = crash();
    stage.withhold(FAR, stage.find(LUCKY, EventKind::AgentThinking));
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(message.contains("run-2 (data-2)"), "{message}");
    assert!(message.contains("reached client-2"), "{message}");
}

#[test]
fn an_old_epoch_must_not_come_after_a_new_one() {
    let mut stage = crash();
    stage.deliver(FAR, stage.find(DYING, EventKind::AgentThinking));
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(
        message.contains("(seq 2, epoch 1) reached client-2 after"),
        "{message}"
    );
    assert!(message.contains("epoch 2)"), "{message}");
}

#[test]
fn a_terminal_accepted_just_before_the_crash_stands() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let run = stage.run("data", THREAD_1);
    play_data(&mut stage, run);
    stage.deliver_all();
    stage.end(run, RunEnd::HostDied);
    assert!(!stage.judge(Oracle::Terminal).is_pass(), "nobody crashed");
    stage.evidence.crashed_epochs.push(Epoch(1));
    assert!(stage.judge(Oracle::Terminal).is_pass());
}

#[test]
fn an_unanswered_terminal_that_got_through_before_the_crash_is_excused() {
    let mut stage = crash();
    let mut early = stage.clone();
    early.epoch = Epoch(1);
    let end = early.attempt(DYING, EventKind::AgentError, error("late"));
    let mut delivery = early.wire(NEAR, end);
    delivery.offset = rehearsal_agents::record::Offset(4);
    stage.evidence.emissions = early.evidence.emissions;
    stage.evidence.deliveries.insert(2, delivery);
    let finding = stage.judge(Oracle::Terminal);
    assert!(finding.is_pass(), "{finding:?}");
    stage.evidence.crashed_epochs.clear();
    let finding = stage.judge(Oracle::Terminal);
    assert_eq!(finding.broken(), 1, "{finding:?}");
}

/// A run outlives its bridge: an event of the old epoch without an answer, one
/// event each that is missing and that comes from the new epoch.
fn survivor() -> Stage {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let run = stage.run("data", THREAD_1);
    let unanswered = stage.attempt(run, EventKind::AgentStarted, Payload::default());
    stage.accept(unanswered);
    stage.evidence.crashed_epochs.push(Epoch(1));
    stage.gap(NEAR, THREAD_1, 1, None);
    stage.epoch = Epoch(2);
    let thinking = stage.emit(run, EventKind::AgentThinking);
    stage.deliver(NEAR, thinking);
    stage
}

#[test]
fn the_first_number_may_lie_in_an_epoch_that_died() {
    let mut stage = survivor();
    assert!(stage.judge(Oracle::Fifo).is_pass());
    stage.evidence.gaps.clear();
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(message.contains("seq 1 was due"), "{message}");
}

#[test]
fn the_first_event_of_a_new_epoch_must_not_be_skipped() {
    let mut stage = survivor();
    stage.epoch = Epoch(3);
    stage.emit(DYING, EventKind::AgentThinking);
    let later = stage.emit_with(DYING, EventKind::AgentError, error("late"));
    stage.deliver(NEAR, later);
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(
        message.contains("event-3 (agent_error) of run-1"),
        "{message}"
    );
    assert!(message.contains("event-2 (agent_thinking)"), "{message}");
    assert!(message.contains("is missing"), "{message}");
}

#[test]
fn the_ends_of_runs_that_died_with_their_host_are_not_ordered() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let supervisor = stage.run("supervisor", THREAD_1);
    stage.emit(supervisor, EventKind::AgentStarted);
    stage.emit_with(supervisor, EventKind::SubagentStarted, about(RunId(2)));
    let child = stage.child("slow", supervisor);
    stage.emit(child, EventKind::AgentStarted);
    stage.deliver_all();
    stage.evidence.crashed_epochs.push(Epoch(1));
    stage.epoch = Epoch(2);
    for run in [supervisor, child] {
        // Whoever speaks for the dead knows nothing of what they knew.
        let death = stage.emit(run, EventKind::AgentDeath);
        let mut clock = Clock::default();
        clock.tick(RunId(99));
        stage.emission_mut(death).clock = clock;
        stage.end(run, RunEnd::HostDied);
    }
    stage.deliver_all();
    stage.rest();
    assert!(
        stage.judge(Oracle::Hierarchy).is_pass(),
        "{:?}",
        stage.unhappy()
    );
}
