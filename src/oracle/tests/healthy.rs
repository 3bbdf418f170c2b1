//! The healthy evidence that the corruptions start from.

use rehearsal_agents::event::{ClientId, EventKind, Payload, RunId, ThreadId};
use rehearsal_agents::record::RunEnd;
use rehearsal_sim::Verdict;

use super::stage::{Stage, about, error, progress, tool};
use crate::oracle::{Ledger, Oracle, Scope, judge_all};

pub(super) const THREAD_1: ThreadId = ThreadId(1);
pub(super) const THREAD_2: ThreadId = ThreadId(2);
/// Both of thread-1.
pub(super) const ALICE: ClientId = ClientId(1);
pub(super) const ALICES_TABLET: ClientId = ClientId(2);
/// Of thread-2.
pub(super) const BOB: ClientId = ClientId(3);
/// On thread-1: a supervisor, its sub-agent that completes, and one that fails.
pub(super) const SUPERVISOR: RunId = RunId(1);
pub(super) const WORKER: RunId = RunId(2);
pub(super) const FAILING: RunId = RunId(3);
/// On thread-2.
pub(super) const DATA: RunId = RunId(4);
pub(super) const STREAMING: RunId = RunId(5);
pub(super) const SILENT: RunId = RunId(6);
pub(super) const SLOW: RunId = RunId(7);

/// Two users, three clients, seven runs that end in every way but one.
pub(super) fn theatre() -> Stage {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    stage.client(THREAD_1);
    stage.client(THREAD_2);
    play_supervisor(&mut stage);
    let data = stage.run("data", THREAD_2);
    play_data(&mut stage, data);
    play_streaming(&mut stage);
    play_silent(&mut stage);
    play_slow(&mut stage);
    stage.deliver_all();
    stage.rest();
    stage
}

fn play_supervisor(stage: &mut Stage) {
    let supervisor = stage.run("supervisor", THREAD_1);
    stage.emit(supervisor, EventKind::AgentStarted);
    stage.emit_with(supervisor, EventKind::SubagentStarted, about(WORKER));
    let worker = stage.child("data", supervisor);
    stage.emit_with(supervisor, EventKind::SubagentStarted, about(FAILING));
    let failing = stage.child("failure", supervisor);
    stage.emit(failing, EventKind::AgentStarted);
    play_data(stage, worker);
    stage.emit_with(failing, EventKind::AgentError, error("disk full"));
    stage.end(failing, RunEnd::Failed);
    for child in [failing, worker] {
        stage.join(supervisor, child);
        stage.emit_with(supervisor, EventKind::SubagentCompleted, about(child));
    }
    stage.emit(supervisor, EventKind::AgentCompleted);
    stage.end(supervisor, RunEnd::Completed);
}

pub(super) fn play_data(stage: &mut Stage, run: RunId) {
    stage.emit(run, EventKind::AgentStarted);
    stage.emit(run, EventKind::AgentThinking);
    stage.emit_with(run, EventKind::ToolExecuting, tool(0));
    stage.emit_with(run, EventKind::ToolCompleted, tool(0));
    stage.emit(run, EventKind::AgentCompleted);
    stage.end(run, RunEnd::Completed);
}

fn play_streaming(stage: &mut Stage) {
    let run = stage.run("streaming", THREAD_2);
    stage.emit(run, EventKind::AgentStarted);
    for percent in [20, 40, 60, 80, 100] {
        stage.emit_with(run, EventKind::Progress, progress(percent));
    }
    stage.emit(run, EventKind::AgentCompleted);
    stage.end(run, RunEnd::Completed);
}

fn play_silent(stage: &mut Stage) {
    let run = stage.run("failure", THREAD_2);
    stage.emit(run, EventKind::AgentStarted);
    stage.emit(run, EventKind::AgentDeath);
    stage.end(run, RunEnd::DiedSilently);
}

/// Cut off at its deadline while it waits for the bridge's answer.
fn play_slow(stage: &mut Stage) {
    let run = stage.run("slow", THREAD_2);
    stage.emit(run, EventKind::AgentStarted);
    stage.emit_with(run, EventKind::ToolExecuting, tool(0));
    stage.attempt(run, EventKind::ToolCompleted, tool(0));
    stage.emit_with(run, EventKind::AgentError, error("timeout after 500 ms"));
    stage.end(run, RunEnd::TimedOut);
}

#[test]
fn every_oracle_passes_and_has_something_to_check() {
    let stage = theatre();
    assert_eq!(stage.unhappy(), vec![]);
}

#[test]
fn judge_all_answers_in_the_order_asked() {
    let stage = theatre();
    let oracles = [Oracle::Registry, Oracle::NoLoss];
    let found: Vec<Oracle> = judge_all(&oracles, &stage.subject())
        .into_iter()
        .map(|(oracle, _)| oracle)
        .collect();
    assert_eq!(found, oracles);
}

#[test]
fn what_is_checked_is_counted() {
    let stage = theatre();
    let checked = |oracle| stage.judge(oracle).checked;
    // 12 + 5 + 7 + 2 + 3 accepted: the first 13 twice, and one unanswered.
    assert_eq!(stage.evidence.deliveries.len(), 2 * 13 + 17);
    assert_eq!(checked(Oracle::NoLoss), 2 * 13 + 17 + 1);
    assert_eq!(checked(Oracle::ExactlyOnce), 2 * 13 + 17);
    assert_eq!(checked(Oracle::Fifo), 2 * 13 + 17);
    // The first events of the four runs of thread-2 and of the supervisor have
    // no past.
    assert_eq!(checked(Oracle::Causal), 2 * 12 + 13);
    assert_eq!(checked(Oracle::Isolation), 2 * 13 + 17);
    assert_eq!(checked(Oracle::Hierarchy), 2);
    assert_eq!(checked(Oracle::Terminal), 7);
    assert_eq!(checked(Oracle::Cleanup), 7 + 3);
    assert_eq!(checked(Oracle::Deadlock), 9);
    assert_eq!(checked(Oracle::Protocol), 7);
    assert_eq!(checked(Oracle::Registry), 7);
}

#[test]
fn the_ledger_balances() {
    let ledger = Ledger::of(&theatre().subject());
    let expected = Ledger {
        emitted: 31,
        accepted: 30,
        rejected: 0,
        unanswered: 1,
        owed: 2 * 13 + 17,
        delivered: 2 * 13 + 17,
        gap_marked: 0,
        lost: 0,
        phantom: 0,
    };
    assert_eq!(ledger, expected);
    assert!(ledger.balances());
}

#[test]
fn nothing_is_missed_in_a_run_that_was_cut_short() {
    let mut stage = theatre();
    stage.verdict = Verdict::Unknown { steps: 10 };
    // Everything from the middle on is still under way.
    stage.evidence.deliveries.truncate(20);
    stage.evidence.final_registry = None;
    stage.evidence.final_census = None;
    for client in stage.evidence.clients.values_mut() {
        client.finished = false;
    }
    for (oracle, finding) in stage.unhappy() {
        assert_eq!(finding.scope, Scope::NotApplicable, "{oracle}: {finding:?}");
        assert!(
            matches!(oracle, Oracle::NoLoss | Oracle::Terminal | Oracle::Cleanup),
            "{oracle} cannot tell"
        );
    }
}

#[test]
fn an_empty_run_gives_nothing_to_check() {
    let mut stage = Stage::new();
    stage.rest();
    stage.evidence.registry_checks = 0;
    stage.statistics.tasks = 1;
    for (name, oracle) in Oracle::ALL {
        let finding = stage.judge(oracle);
        assert!(finding.is_vacuous(), "{name}: {finding:?}");
        assert!(!finding.is_pass());
        let violation = finding.vacuity(oracle).expect("vacuous");
        assert_eq!(violation.oracle, oracle);
        assert!(violation.message.contains(name), "{}", violation.message);
    }
    assert_eq!(theatre().judge(Oracle::Fifo).vacuity(Oracle::Fifo), None);
}

#[test]
fn an_event_that_never_was_accepted_is_owed_to_nobody() {
    let mut stage = theatre();
    // Both the guard and the runner report the failure; the second is refused.
    let second = stage.attempt(FAILING, EventKind::AgentError, error("disk full"));
    stage.emission_mut(second).fate =
        rehearsal_agents::record::Fate::Rejected("the run has ended".to_owned());
    assert_eq!(stage.unhappy(), vec![]);
    assert_eq!(Ledger::of(&stage.subject()).rejected, 1);
}

#[test]
fn five_thousand_events_on_one_thread() {
    let mut stage = Stage::new();
    stage.client(THREAD_1);
    let supervisor = stage.run("supervisor", THREAD_1);
    stage.emit(supervisor, EventKind::AgentStarted);
    let runs: Vec<RunId> = (0..50)
        .map(|child| {
            let id = RunId(child + 2);
            stage.emit_with(supervisor, EventKind::SubagentStarted, about(id));
            stage.child("hammer", supervisor)
        })
        .collect();
    let each = |stage: &mut Stage, kind, payload: Payload| {
        for run in &runs {
            stage.emit_with(*run, kind, payload.clone());
        }
    };
    each(&mut stage, EventKind::AgentStarted, Payload::default());
    for update in 1..=100 {
        each(&mut stage, EventKind::Progress, progress(update));
    }
    each(&mut stage, EventKind::AgentCompleted, Payload::default());
    for run in &runs {
        stage.end(*run, RunEnd::Completed);
        stage.join(supervisor, *run);
        stage.emit_with(supervisor, EventKind::SubagentCompleted, about(*run));
    }
    stage.emit(supervisor, EventKind::AgentCompleted);
    stage.end(supervisor, RunEnd::Completed);
    stage.deliver_all();
    stage.rest();
    assert_eq!(stage.evidence.deliveries.len(), 50 * 102 + 102);
    assert_eq!(stage.unhappy(), vec![]);
}
