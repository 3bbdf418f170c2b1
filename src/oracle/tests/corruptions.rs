//! One corruption at a time: its oracle finds it, and says what it saw.

use rehearsal_agents::event::{ClientId, EventId, EventKind, RunId};
use rehearsal_agents::record::{Epoch, Fate, Offset, Receipt, RunEnd};
use rehearsal_sim::{DeadlockedTask, LiveSocket, LiveTask, TaskId, Verdict, VirtualTime};

use super::healthy::{
    ALICE, ALICES_TABLET, BOB, DATA, FAILING, SILENT, SLOW, STREAMING, SUPERVISOR, THREAD_1,
    THREAD_2, WORKER, theatre,
};
use super::stage::{Stage, about, error, secret, tool};
use crate::oracle::Oracle;

/// A corruption, the oracle that must find it, and what its message must say.
struct Case(
    &'static str,
    Oracle,
    fn(&mut Stage),
    &'static [&'static str],
);

fn receipt_mut(stage: &mut Stage, id: EventId) -> &mut Receipt {
    match &mut stage.emission_mut(id).fate {
        Fate::Accepted(receipt) => receipt,
        other => panic!("{id} was not accepted: {other:?}"),
    }
}

fn refuse(stage: &mut Stage, id: EventId) {
    stage.emission_mut(id).fate = Fate::Rejected("registry full".to_owned());
}

fn withhold_everywhere(stage: &mut Stage, id: EventId) {
    stage
        .evidence
        .deliveries
        .retain(|delivery| delivery.event.id != id);
}

/// One more event of a run, accepted and delivered to one client.
fn append(stage: &mut Stage, client: ClientId, run: RunId, kind: EventKind) -> EventId {
    let id = stage.emit_with(run, kind, error("again"));
    stage.deliver(client, id);
    id
}

fn task(name: &str) -> LiveTask {
    LiveTask {
        id: TaskId::PROGRAM,
        name: name.to_owned(),
        host: "bridge".to_owned(),
        spawned_at: "agents/src/serve.rs:41:9".to_owned(),
        waits: vec!["channel#4".to_owned()],
    }
}

fn check(cases: &[Case]) {
    for Case(name, oracle, corrupt, says) in cases {
        let mut stage = theatre();
        assert!(stage.judge(*oracle).is_pass(), "{name}: healthy first");
        corrupt(&mut stage);
        let finding = stage.judge(*oracle);
        let Some(violation) = finding.violations.first() else {
            panic!("{name}: {oracle} found nothing");
        };
        assert_eq!(violation.oracle, *oracle, "{name}");
        for words in *says {
            let message = &violation.message;
            assert!(
                message.contains(words),
                "{name}: `{words}` not in: {message}"
            );
        }
        assert!(!finding.is_pass(), "{name}");
        assert_eq!(finding.vacuity(*oracle), None, "{name}");
    }
}

#[test]
fn no_loss() {
    check(&[
        Case(
            "a delivery dropped",
            Oracle::NoLoss,
            |stage| stage.withhold(ALICE, stage.find(WORKER, EventKind::ToolExecuting)),
            &[
                "event-6 (tool_executing) of run-2 (data-2) on thread-1",
                "accepted by the bridge at offset 7 of thread-1, epoch 1",
                "and delivered to client-2",
                "never delivered to client-1",
            ],
        ),
        Case(
            "a delivery dropped at the only client",
            Oracle::NoLoss,
            |stage| stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, 2)),
            &[
                "(progress) of run-5 (streaming-5) on thread-2 was accepted by the bridge at \
                 offset 9 of thread-2, epoch 1; never delivered to client-3",
            ],
        ),
        Case(
            "lost behind a gap marker for another thread",
            Oracle::NoLoss,
            |stage| {
                stage.withhold(BOB, stage.find(DATA, EventKind::AgentThinking));
                stage.gap(BOB, THREAD_1, 1, Some(50));
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "never delivered",
            ],
        ),
        Case(
            "lost behind a gap marker that came before it was emitted",
            Oracle::NoLoss,
            |stage| {
                stage.now = VirtualTime::ZERO;
                stage.gap(BOB, THREAD_2, 1, Some(u64::MAX));
                stage.withhold(BOB, stage.find(DATA, EventKind::AgentThinking));
            },
            &["(agent_thinking) of run-4", "no gap marker covers it"],
        ),
        Case(
            "a gap marker without end in a living epoch",
            Oracle::NoLoss,
            |stage| stage.gap(BOB, THREAD_2, 3, None),
            &[
                "client-3",
                "thread-2",
                "from offset 3",
                "did not end in a crash",
            ],
        ),
        Case(
            "refused while the run was alive",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                refuse(stage, id);
                withhold_everywhere(stage, id);
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2",
                "registry full",
                "had not ended",
            ],
        ),
        Case(
            "refused and delivered all the same",
            Oracle::NoLoss,
            |stage| {
                let id = stage.attempt(DATA, EventKind::Progress, super::stage::progress(1));
                refuse(stage, id);
                stage.deliver(BOB, id);
            },
            &[
                "(progress) of run-4 (data-4) on thread-2",
                "reached client-3 all the same",
            ],
        ),
        Case(
            "no answer although the run was not cut off",
            Oracle::NoLoss,
            |stage| {
                stage.attempt(DATA, EventKind::AgentThinking, tool(0));
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "never got an answer",
            ],
        ),
        Case(
            "an unanswered event reaches one subscriber of two",
            Oracle::NoLoss,
            |stage| {
                let id = stage.attempt(FAILING, EventKind::AgentThinking, tool(0));
                stage.evidence.runs.get_mut(&FAILING).expect("a run").end = Some(RunEnd::TimedOut);
                stage.accept(id);
                stage.deliver(ALICE, id);
            },
            &[
                "run-3 (failure-3)",
                "without an answer",
                "delivered to client-1; never delivered to client-2",
            ],
        ),
        Case(
            "from nowhere",
            Oracle::NoLoss,
            |stage| {
                let mut delivery = stage.wire(BOB, stage.find(DATA, EventKind::AgentStarted));
                delivery.event.id = EventId(99);
                stage.evidence.deliveries.push(delivery);
            },
            &[
                "event-99 (agent_started) of run-4 (data-4) on thread-2",
                "client-3",
                "nobody emitted it",
            ],
        ),
        Case(
            "altered on the way",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 0);
                stage.delivery_mut(BOB, id).event.payload.progress = Some(21);
            },
            &[
                "(progress) of run-5 (streaming-5) on thread-2",
                "client-3 altered",
                "Some(20)",
                "Some(21)",
            ],
        ),
        Case(
            "another kind on the way",
            Oracle::NoLoss,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentDeath);
                stage.delivery_mut(BOB, id).event.kind = EventKind::AgentCompleted;
            },
            &[
                "(agent_death) of run-6",
                "altered",
                "it came as agent_completed",
            ],
        ),
        Case(
            "a client that never finished",
            Oracle::NoLoss,
            |stage| stage.evidence.clients.get_mut(&BOB).expect("bob").finished = false,
            &["client-3 of user-2 never finished", "came last"],
        ),
        Case(
            "a thread without a subscriber",
            Oracle::NoLoss,
            |stage| {
                stage.evidence.clients.remove(&BOB);
                stage
                    .evidence
                    .deliveries
                    .retain(|delivery| delivery.client != BOB);
            },
            &[
                "(agent_started) of run-4 (data-4) on thread-2",
                "nobody subscribes",
            ],
        ),
    ]);
}

#[test]
fn exactly_once() {
    check(&[
        Case(
            "a delivery repeated",
            Oracle::ExactlyOnce,
            |stage| stage.deliver(BOB, stage.find(DATA, EventKind::ToolCompleted)),
            &["(tool_completed) of run-4 (data-4) on thread-2 reached client-3 again"],
        ),
        Case(
            "two events at one position",
            Oracle::ExactlyOnce,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).offset = Offset(1);
            },
            &[
                "client-3 received two events at offset 1 of thread-2, epoch 1",
                "run-4",
            ],
        ),
    ]);
}

#[test]
fn fifo() {
    check(&[
        Case(
            "two deliveries of a run swapped",
            Oracle::Fifo,
            |stage| {
                let one = stage.find(DATA, EventKind::ToolExecuting);
                stage.swap(BOB, one, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 (seq 4) reached client-3 before",
                "(tool_executing)",
            ],
        ),
        Case(
            "a hole",
            Oracle::Fifo,
            |stage| stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, 1)),
            &[
                "(progress) of run-5 (streaming-5) on thread-2 (seq 4) reached client-3",
                "is missing",
            ],
        ),
        Case(
            "a hole at the start",
            Oracle::Fifo,
            |stage| stage.withhold(BOB, stage.find(SILENT, EventKind::AgentStarted)),
            &[
                "(agent_death) of run-6 (failure-6) on thread-2 (seq 2)",
                "(agent_started)",
                "is missing",
            ],
        ),
        Case(
            "a hole that is marked in part",
            Oracle::Fifo,
            |stage| {
                for nth in 1..4 {
                    stage.withhold(BOB, stage.find_nth(STREAMING, EventKind::Progress, nth));
                }
                stage.gap(BOB, THREAD_2, 8, Some(9));
            },
            &["(progress) of run-5", "(seq 6)", "is missing"],
        ),
        Case(
            "a number that nobody accounts for",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(SLOW, EventKind::AgentError);
                receipt_mut(stage, id).seq = 4;
                stage.delivery_mut(BOB, id).event.seq = 4;
            },
            &[
                "(agent_error) of run-7 (slow-7) on thread-2",
                "as seq 4",
                "seq 3 was due",
            ],
        ),
        Case(
            "numbers from zero",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentStarted);
                receipt_mut(stage, id).seq = 0;
                stage.delivery_mut(BOB, id).event.seq = 0;
            },
            &["(agent_started) of run-6", "as seq 0", "seq 1 was due"],
        ),
        Case(
            "one number twice",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                receipt_mut(stage, id).seq = 3;
                stage.delivery_mut(BOB, id).event.seq = 3;
            },
            &[
                "(tool_completed) of run-4",
                "(seq 3, epoch 1) reached client-3 after",
                "(tool_executing)",
            ],
        ),
        Case(
            "another number than the emitter was told",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.delivery_mut(BOB, id).event.seq = 6;
            },
            &["(agent_completed) of run-4", "as seq 6", "was told seq 5"],
        ),
        Case(
            "another place than the emitter was told",
            Oracle::Fifo,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentCompleted);
                stage.delivery_mut(BOB, id).epoch = Epoch(2);
            },
            &[
                "(agent_completed) of run-4",
                "epoch 2",
                "was told seq 5, epoch 1",
            ],
        ),
        Case(
            "numbered, logged and delivered against the order of emission",
            Oracle::Fifo,
            |stage| {
                let one = stage.find(DATA, EventKind::AgentThinking);
                let other = stage.find(DATA, EventKind::ToolExecuting);
                let fate = stage.emission(one).fate.clone();
                stage.emission_mut(one).fate = stage.emission(other).fate.clone();
                stage.emission_mut(other).fate = fate;
                for id in [one, other] {
                    let receipt = *receipt_mut(stage, id);
                    let delivery = stage.delivery_mut(BOB, id);
                    delivery.event.seq = receipt.seq;
                    delivery.offset = receipt.offset;
                }
                stage.swap(BOB, one, other);
            },
            &[
                "(agent_thinking) of run-4",
                "reached client-3 after",
                "(tool_executing)",
                "emitted after it",
            ],
        ),
    ]);
}

#[test]
fn causal() {
    check(&[
        Case(
            "an effect before its cause in another run",
            Oracle::Causal,
            |stage| {
                let cause = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 0);
                stage.swap(
                    ALICES_TABLET,
                    cause,
                    stage.find(WORKER, EventKind::AgentStarted),
                );
            },
            &[
                "client-2 received",
                "(agent_started) of run-2 (data-2) on thread-1 before",
                "(subagent_started) of run-1 (supervisor-1) on thread-1",
            ],
        ),
        Case(
            "an effect before its cause in the same run",
            Oracle::Causal,
            |stage| {
                let cause = stage.find_nth(STREAMING, EventKind::Progress, 0);
                stage.swap(
                    BOB,
                    cause,
                    stage.find_nth(STREAMING, EventKind::Progress, 3),
                );
            },
            &[
                "client-3 received",
                "run-5 (streaming-5) on thread-2 before",
                "happened before it",
            ],
        ),
    ]);
}

#[test]
fn isolation() {
    check(&[
        Case(
            "delivered to another user's client",
            Oracle::Isolation,
            |stage| {
                let delivery = stage.wire(BOB, stage.find(WORKER, EventKind::ToolExecuting));
                stage.evidence.deliveries.push(delivery);
            },
            &[
                "(tool_executing) of run-2 (data-2) on thread-1 reached client-3",
                "it belongs to user-1, and client-3 to user-2",
                "does not subscribe to thread-1",
                "shows a secret of user-1 to user-2",
            ],
        ),
        Case(
            "delivered to another thread's client of the same user",
            Oracle::Isolation,
            |stage| {
                stage
                    .evidence
                    .clients
                    .get_mut(&BOB)
                    .expect("bob")
                    .threads
                    .clear();
            },
            &[
                "run-4 (data-4) on thread-2 reached client-3: client-3 does not subscribe to thread-2",
            ],
        ),
        Case(
            "another run's label",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).event.run = SLOW;
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2",
                "emitted by run-4",
                "for thread-2 of user-2",
                "run-7",
            ],
        ),
        Case(
            "another thread's label",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.delivery_mut(BOB, id).event.thread = THREAD_1;
            },
            &[
                "(agent_thinking) of run-4",
                "came as an event of run-4 for thread-1",
            ],
        ),
        Case(
            "registered for another thread",
            Oracle::Isolation,
            |stage| stage.evidence.runs.get_mut(&DATA).expect("a run").thread = THREAD_1,
            &[
                "(agent_started) of run-4 (data-4) on thread-2",
                "run-4 is registered for thread-1",
            ],
        ),
        Case(
            "another user's secret in place of its own",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                let foreign = stage.emission(stage.find(WORKER, EventKind::AgentThinking));
                let secret = foreign.payload.secret.clone();
                stage.delivery_mut(BOB, id).event.payload.secret = secret;
            },
            &[
                "(agent_thinking) of run-4 (data-4) on thread-2 reached client-3",
                "not the one",
                "secret of user-1",
            ],
        ),
        Case(
            "another user's secret in the error",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(SLOW, EventKind::AgentError);
                let text = format!("cannot open <{}>", secret(super::stage::owner(THREAD_1)));
                stage.emission_mut(id).payload.error = Some(text.clone());
                stage.delivery_mut(BOB, id).event.payload.error = Some(text);
            },
            &[
                "(agent_error) of run-7 (slow-7) on thread-2 reached client-3",
                "secret of user-1 to user-2",
            ],
        ),
        Case(
            "another user's secret in a tool's name",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(WORKER, EventKind::ToolCompleted);
                let name = format!("search {}", secret(super::stage::owner(THREAD_2)));
                let tool = &mut stage.delivery_mut(ALICE, id).event.payload.tool;
                tool.as_mut().expect("a tool").name = name;
            },
            &[
                "(tool_completed) of run-2",
                "reached client-1",
                "secret of user-2 to user-1",
            ],
        ),
        Case(
            "accepted for another thread",
            Oracle::Isolation,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolExecuting);
                receipt_mut(stage, id).thread = THREAD_1;
            },
            &["(tool_executing) of run-4 (data-4) on thread-2 was accepted for thread-1"],
        ),
        Case(
            "an unknown client",
            Oracle::Isolation,
            |stage| stage.deliver(ClientId(9), stage.find(DATA, EventKind::AgentStarted)),
            &["(agent_started) of run-4 (data-4) on thread-2 reached client-9: nobody knows"],
        ),
    ]);
}

#[test]
fn hierarchy() {
    check(&[
        Case(
            "reported without having waited",
            Oracle::Hierarchy,
            |stage| {
                // It comes last by time, but does not know of the end.
                let report = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 1);
                let mut clock = stage
                    .emission(stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0))
                    .clock
                    .clone();
                clock.tick(SUPERVISOR);
                stage.emission_mut(report).clock = clock;
            },
            &[
                "for run-2 (data-2)",
                "(subagent_completed) of run-1 (supervisor-1) on thread-1",
                "without having waited for",
                "(agent_completed) of run-2 (data-2)",
            ],
        ),
        Case(
            "a failed sub-agent never reported",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                refuse(stage, id);
            },
            &[
                "run-3 (failure-3) on thread-1, started by run-1 (supervisor-1), lacks its subagent_completed",
            ],
        ),
        Case(
            "never announced",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 0);
                refuse(stage, id);
            },
            &["run-2 (data-2) on thread-1", "lacks its subagent_started"],
        ),
        Case(
            "a sub-agent that never ended",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                refuse(stage, id);
            },
            &["run-3 (failure-3) on thread-1", "lacks its terminal event"],
        ),
        Case(
            "reported twice",
            Oracle::Hierarchy,
            |stage| {
                stage.emit_with(SUPERVISOR, EventKind::SubagentCompleted, about(FAILING));
            },
            &[
                "(subagent_completed) of run-1",
                "is a second subagent_completed for run-3 (failure-3)",
            ],
        ),
        Case(
            "two reports for one sub-agent and none for the other",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 1);
                stage.emission_mut(id).payload.subagent = Some(FAILING);
            },
            &["is a second subagent_completed for run-3"],
        ),
        Case(
            "started before it was announced",
            Oracle::Hierarchy,
            |stage| {
                let mut clock = rehearsal_agents::record::Clock::default();
                clock.tick(WORKER);
                let id = stage.find(WORKER, EventKind::AgentStarted);
                stage.emission_mut(id).clock = clock;
            },
            &[
                "for run-2 (data-2)",
                "(agent_started) of run-2",
                "(subagent_started) of run-1",
            ],
        ),
        Case(
            "received in another order",
            Oracle::Hierarchy,
            |stage| {
                let end = stage.find(FAILING, EventKind::AgentError);
                let report = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.swap(ALICE, end, report);
            },
            &[
                "client-1 received",
                "(subagent_completed) of run-1",
                "before",
                "(agent_error) of run-3",
            ],
        ),
        Case(
            "speaks for a run that it did not start",
            Oracle::Hierarchy,
            |stage| {
                stage.emit_with(DATA, EventKind::SubagentStarted, about(WORKER));
            },
            &["(subagent_started) of run-4 (data-4) on thread-2 speaks for run-2 (data-2)"],
        ),
        Case(
            "another parent's label",
            Oracle::Hierarchy,
            |stage| {
                let id = stage.find(WORKER, EventKind::AgentThinking);
                stage.delivery_mut(ALICE, id).event.parent_run = None;
            },
            &[
                "(agent_thinking) of run-2",
                "reached client-1 as started by nobody, not by run-1",
            ],
        ),
    ]);
}

#[test]
fn hierarchy_with_an_unknown_parent() {
    let mut stage = theatre();
    let unknown = Some(RunId(77));
    stage.evidence.runs.get_mut(&WORKER).expect("a run").parent = unknown;
    let finding = stage.judge(Oracle::Hierarchy);
    let says = |words: &str| {
        let mut violations = finding.violations.iter();
        violations.any(|violation| violation.message.contains(words))
    };
    assert!(says(
        "run-2 (data-2) on thread-1 was started by run-77, which was never registered"
    ));
    assert!(says(
        "(subagent_started) of run-1 (supervisor-1) on thread-1 speaks for run-2"
    ));
}

#[test]
fn terminal() {
    check(&[
        Case(
            "two terminals",
            Oracle::Terminal,
            |stage| {
                append(stage, ALICE, FAILING, EventKind::AgentError);
            },
            &[
                "run-3 (failure-3) on thread-1 has 2 terminal events: event-",
                "(agent_error) of run-3",
            ],
        ),
        Case(
            "no terminal",
            Oracle::Terminal,
            |stage| {
                let id = stage.find(SILENT, EventKind::AgentDeath);
                refuse(stage, id);
                withhold_everywhere(stage, id);
            },
            &["run-6 (failure-6) on thread-2 has no terminal event"],
        ),
        Case(
            "silent death taken for a success",
            Oracle::Terminal,
            |stage| {
                stage.evidence.runs.get_mut(&SILENT).expect("a run").end = Some(RunEnd::Completed)
            },
            &[
                "(agent_death) of run-6 (failure-6) on thread-2",
                "ended as Completed",
                "agent_completed",
            ],
        ),
        Case(
            "a failure reported as success",
            Oracle::Terminal,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                stage.emission_mut(id).kind = EventKind::AgentCompleted;
            },
            &[
                "of run-3 (failure-3) on thread-1",
                "ended as Failed",
                "calls for agent_error",
            ],
        ),
        Case(
            "accepted after the end",
            Oracle::Terminal,
            |stage| {
                stage.emit_with(DATA, EventKind::ToolCompleted, tool(1));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 was accepted after",
                "(agent_completed)",
            ],
        ),
        Case(
            "received after the end",
            Oracle::Terminal,
            |stage| {
                let end = stage.find(DATA, EventKind::AgentCompleted);
                stage.swap(BOB, end, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4 (data-4) on thread-2 reached client-3 after",
                "(agent_completed)",
            ],
        ),
        Case(
            "one client is not told",
            Oracle::Terminal,
            |stage| stage.withhold(ALICES_TABLET, stage.find(FAILING, EventKind::AgentError)),
            &[
                "client-2 was never told",
                "(agent_error) of run-3 (failure-3) on thread-1",
            ],
        ),
        Case(
            "a run without an end",
            Oracle::Terminal,
            |stage| stage.evidence.runs.get_mut(&DATA).expect("a run").end = None,
            &["run-4 (data-4) on thread-2 never ended"],
        ),
        Case(
            "a run without any event",
            Oracle::Terminal,
            |stage| {
                let run = stage.run("data", THREAD_1);
                stage.end(run, RunEnd::Completed);
            },
            &["run-8 (data-8) on thread-1 has no terminal event, nor any other"],
        ),
    ]);
}

#[test]
fn cleanup() {
    check(&[
        Case(
            "nobody looked at the registry",
            Oracle::Cleanup,
            |stage| stage.evidence.final_registry = None,
            &["nobody looked at the registry"],
        ),
        Case(
            "nobody counted",
            Oracle::Cleanup,
            |stage| stage.evidence.final_census = None,
            &["nobody counted"],
        ),
        Case(
            "a run left registered",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.forward.insert(FAILING, THREAD_1);
            },
            &["run-3 (failure-3) is still registered, for thread-1"],
        ),
        Case(
            "a thread left mapped",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.reverse.insert(THREAD_2, vec![SLOW]);
            },
            &["thread-2 is still mapped to runs: [run-7 (slow-7)]"],
        ),
        Case(
            "a thread left mapped to nothing",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.reverse.insert(THREAD_2, vec![]);
            },
            &["thread-2 is still mapped"],
        ),
        Case(
            "a connection left open",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.connections.push(BOB);
            },
            &["the connection of client-3"],
        ),
        Case(
            "a subscription left",
            Oracle::Cleanup,
            |stage| {
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.subscriptions.push((THREAD_1, ALICE));
            },
            &["the subscription of client-1 to thread-1"],
        ),
        Case(
            "a task left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census.tasks.push(task("serve"));
            },
            &[
                "`serve` on bridge (spawned at agents/src/serve.rs:41:9)",
                "waiting for channel#4",
            ],
        ),
        Case(
            "a socket left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census.sockets.push(LiveSocket {
                    host: "bridge".to_owned(),
                    description: "tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT".to_owned(),
                });
            },
            &["socket on bridge: tcp 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT"],
        ),
        Case(
            "timers left",
            Oracle::Cleanup,
            |stage| {
                stage
                    .evidence
                    .final_census
                    .as_mut()
                    .expect("a census")
                    .timers = 2
            },
            &["2 timers"],
        ),
        Case(
            "a lock left",
            Oracle::Cleanup,
            |stage| {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census
                    .locks
                    .push("Mutex#3 (created at src/bridge.rs:12:5)".to_owned());
            },
            &["Mutex#3 (created at src/bridge.rs:12:5) is still held"],
        ),
    ]);
}

#[test]
fn deadlock() {
    check(&[
        Case(
            "a cycle of locks",
            Oracle::Deadlock,
            |stage| {
                let stuck = |name: &str, lock: &str| DeadlockedTask {
                    id: TaskId::PROGRAM,
                    description: format!("task `{name}`"),
                    waits: vec![lock.to_owned()],
                };
                stage.verdict = Verdict::Deadlock {
                    at: VirtualTime::from_micros(5_000),
                    cycle: true,
                    tasks: vec![stuck("route", "Mutex#1"), stuck("register", "Mutex#2")],
                };
            },
            &[
                "2 tasks wait for each other",
                "task `route` waits for Mutex#1",
                "register",
            ],
        ),
        Case(
            "a livelock",
            Oracle::Deadlock,
            |stage| {
                stage.verdict = Verdict::Livelock {
                    at: VirtualTime::ZERO,
                    polls: 1_000,
                };
            },
            &["1000 polls"],
        ),
        Case(
            "time ran out",
            Oracle::Deadlock,
            |stage| {
                stage.verdict = Verdict::Timeout {
                    limit: std::time::Duration::from_secs(60),
                };
            },
            &["60s"],
        ),
    ]);
}

#[test]
fn registry() {
    check(&[Case(
        "maps that disagree",
        Oracle::Registry,
        |stage| {
            let at = VirtualTime::from_micros(1_250_000);
            let what = "run-3 is not listed under thread-1".to_owned();
            stage.evidence.broken_registry.push((at, what));
        },
        &["1.250s", "run-3 is not listed under thread-1"],
    )]);
}

#[test]
fn protocol() {
    check(&[
        Case(
            "a tool call left open at a client",
            Oracle::Protocol,
            |stage| stage.withhold(BOB, stage.find(DATA, EventKind::ToolCompleted)),
            &[
                "(agent_completed) of run-4 (data-4) on thread-2 as client-3 received it",
                "tool call 0 has not ended",
            ],
        ),
        Case(
            "a tool call left open in the log",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolCompleted);
                refuse(stage, id);
            },
            &[
                "(agent_completed) of run-4",
                "as the bridge accepted it: tool call 0 has not ended",
            ],
        ),
        Case(
            "a tool call that ends before it begins",
            Oracle::Protocol,
            |stage| {
                let one = stage.find(DATA, EventKind::ToolExecuting);
                stage.swap(BOB, one, stage.find(DATA, EventKind::ToolCompleted));
            },
            &[
                "(tool_completed) of run-4",
                "tool call 0 ends before it began",
            ],
        ),
        Case(
            "a tool call that begins twice",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                let emission = stage.emission_mut(id);
                emission.kind = EventKind::ToolExecuting;
                emission.payload.tool = tool(0).tool;
            },
            &["of run-4", "tool call 0 begins twice"],
        ),
        Case(
            "a tool call without a name",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::ToolExecuting);
                stage.emission_mut(id).payload.tool = None;
            },
            &["(tool_executing) of run-4", "it names no tool call"],
        ),
        Case(
            "started is not first",
            Oracle::Protocol,
            |stage| {
                let one = stage.find(DATA, EventKind::AgentStarted);
                stage.swap(BOB, one, stage.find(DATA, EventKind::AgentThinking));
            },
            &[
                "(agent_thinking) of run-4",
                "as client-3 received it: the run does not begin with agent_started",
            ],
        ),
        Case(
            "started twice",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                stage.emission_mut(id).kind = EventKind::AgentStarted;
            },
            &["(agent_started) of run-4", "not the first event"],
        ),
        Case(
            "a critical event missing",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(DATA, EventKind::AgentThinking);
                withhold_everywhere(stage, id);
            },
            &["(agent_completed) of run-4", "agent_thinking is missing"],
        ),
        Case(
            "progress stands still",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 2);
                stage.delivery_mut(BOB, id).event.payload.progress = Some(40);
            },
            &[
                "(progress) of run-5 (streaming-5) on thread-2",
                "progress goes from 40 to 40",
            ],
        ),
        Case(
            "progress says nothing",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(STREAMING, EventKind::Progress, 2);
                stage.emission_mut(id).payload.progress = None;
            },
            &["(progress) of run-5", "how far the work is"],
        ),
        Case(
            "an event after the end",
            Oracle::Protocol,
            |stage| {
                append(stage, BOB, SILENT, EventKind::AgentError);
            },
            &[
                "(agent_error) of run-6",
                "had already ended with agent_death",
            ],
        ),
        Case(
            "an error without a reason",
            Oracle::Protocol,
            |stage| {
                let id = stage.find(FAILING, EventKind::AgentError);
                stage.emission_mut(id).payload.error = None;
            },
            &["(agent_error) of run-3", "does not say what went wrong"],
        ),
        Case(
            "a sub-agent left open",
            Oracle::Protocol,
            |stage| {
                let id = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.withhold(ALICE, id);
            },
            &[
                "(agent_completed) of run-1",
                "as client-1 received it: sub-agent run-3 has not ended",
            ],
        ),
        Case(
            "a sub-agent reported before it was announced",
            Oracle::Protocol,
            |stage| {
                let one = stage.find_nth(SUPERVISOR, EventKind::SubagentStarted, 1);
                let other = stage.find_nth(SUPERVISOR, EventKind::SubagentCompleted, 0);
                stage.swap(ALICE, one, other);
            },
            &[
                "(subagent_completed) of run-1",
                "sub-agent run-3 ends before it began",
            ],
        ),
        Case(
            "fewer events than planned",
            Oracle::Protocol,
            |stage| {
                stage
                    .evidence
                    .runs
                    .get_mut(&STREAMING)
                    .expect("a run")
                    .events_planned = 8
            },
            &["run-5 (streaming-5) on thread-2 completed with 7 accepted events of the 8"],
        ),
    ]);
}
