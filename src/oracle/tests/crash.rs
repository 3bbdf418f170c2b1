//! Crashes, gap markers and holes: what is excused, and what is not.

use rehearsal_agents::event::{ClientId, EventKind, RunId, ThreadId};
use rehearsal_agents::record::{Clock, Epoch, Fate, RunEnd};

use super::healthy::{BOB, DATA, THREAD_1, THREAD_2, play_data, theatre};
use super::stage::{Stage, about, error, progress, secret, tool};
use crate::oracle::{Ledger, Oracle};

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

fn unhappy(stage: &Stage) -> Vec<Oracle> {
    stage
        .unhappy()
        .into_iter()
        .map(|(oracle, _)| oracle)
        .collect()
}

#[test]
fn a_crash_with_gap_markers_loses_nothing_silently() {
    let stage = crash();
    // There is no sub-agent.
    assert_eq!(
        unhappy(&stage),
        [Oracle::Hierarchy],
        "{:?}",
        stage.unhappy()
    );
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
    assert_eq!(
        unhappy(&stage),
        [Oracle::Hierarchy],
        "{:?}",
        stage.unhappy()
    );
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
    assert_eq!(
        unhappy(&stage),
        [Oracle::Hierarchy],
        "{:?}",
        stage.unhappy()
    );
    assert_eq!(Ledger::of(&stage.subject()).owed, 3);
    // It took a number; if it is missing, a marker must explain the hole.
    stage.withhold(NEAR, unanswered);
    let finding = stage.judge(Oracle::Fifo);
    let message = &finding.violations[0].message;
    assert!(message.contains("seq 2 was due"), "{message}");
    stage.gap(NEAR, THREAD_1, 2, Some(2));
    assert!(stage.judge(Oracle::Fifo).is_pass());
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
    assert_eq!(
        unhappy(&stage),
        [Oracle::Hierarchy],
        "{:?}",
        stage.unhappy()
    );
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
    for (thread, client, owner) in [(THREAD_1, reader, "user-1 "), (ten, NEAR, "user-10 ")] {
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
