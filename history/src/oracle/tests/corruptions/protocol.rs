//! Runs that break the rules of the vocabulary.

use super::super::builder::{kind, set, unset};
use super::super::healthy::{
    ALICE, BOB, DATA, FAILING, SILENT, SLOW, STREAMING, SUPERVISOR, healthy_history,
};
use super::{Case, append};

#[test]
fn progress_must_pass_its_greatest_value() {
    let mut builder = healthy_history();
    for (nth, percent) in [(1, 90_i64), (2, 50), (3, 60)] {
        let id = builder.find_nth(STREAMING, kind::PROGRESS, nth);
        set(&mut builder.received_mut(BOB, id).body, "progress", percent);
    }
    let finding = builder.judge("protocol");
    let says = |words: &str| {
        let mut violations = finding.violations.iter();
        violations.any(|violation| violation.message.contains(words))
    };
    assert!(says("progress goes from 90 to 50"));
    assert!(says("progress goes from 90 to 60"));
    assert_eq!(finding.broken(), 2);
}

pub(super) const PROTOCOL: &[Case] = &[
    Case {
        name: "a tool call left open at a client",
        oracle: "protocol",
        rule: "left-open",
        corrupt: |builder| builder.withhold(BOB, builder.find(DATA, kind::TOOL_COMPLETED)),
        says: &[
            "(agent_completed) of run-4 (data-4) on thread-2 as client-3 received it",
            "tool call 0 has not ended",
        ],
    },
    Case {
        name: "a tool call left open in the log",
        oracle: "protocol",
        rule: "left-open",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_COMPLETED);
            builder.refuse(id);
        },
        says: &[
            "(agent_completed) of run-4",
            "as the system accepted it: tool call 0 has not ended",
        ],
    },
    Case {
        name: "a tool call that ends before it begins",
        oracle: "protocol",
        rule: "ended-before-begin",
        corrupt: |builder| {
            let one = builder.find(DATA, kind::TOOL_EXECUTING);
            builder.swap(BOB, one, builder.find(DATA, kind::TOOL_COMPLETED));
        },
        says: &[
            "(tool_completed) of run-4",
            "tool call 0 ends before it began",
        ],
    },
    Case {
        name: "a tool call that begins twice",
        oracle: "protocol",
        rule: "begun-twice",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            let body = &mut builder.sending_mut(id).sent.body;
            body.kind = kind::TOOL_EXECUTING.into();
            set(body, "call", 0_i64);
        },
        says: &["of run-4", "tool call 0 begins twice"],
    },
    Case {
        name: "a tool call that ends twice",
        oracle: "protocol",
        rule: "ended-twice",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::COMPLETED);
            builder.sending_mut(id).sent.body.kind = kind::TOOL_COMPLETED.into();
            set(&mut builder.sending_mut(id).sent.body, "call", 0_i64);
        },
        says: &["(tool_completed) of run-4", "tool call 0 ends twice"],
    },
    Case {
        name: "a tool call that begins after it has ended",
        oracle: "protocol",
        rule: "begun-after-end",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::COMPLETED);
            builder.sending_mut(id).sent.body.kind = kind::TOOL_EXECUTING.into();
            set(&mut builder.sending_mut(id).sent.body, "call", 0_i64);
        },
        says: &[
            "(tool_executing) of run-4",
            "tool call 0 begins after it has ended",
        ],
    },
    Case {
        name: "a run that was cut off begins in the middle",
        oracle: "protocol",
        rule: "opening",
        corrupt: |builder| {
            let id = builder.find(SLOW, kind::STARTED);
            builder.withhold(BOB, id);
        },
        says: &[
            "(tool_executing) of run-7 (slow-7) on thread-2",
            "does not begin with agent_started",
        ],
    },
    Case {
        name: "a tool call without a name",
        oracle: "protocol",
        rule: "unnamed",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_EXECUTING);
            unset(&mut builder.sending_mut(id).sent.body, "call");
        },
        says: &["(tool_executing) of run-4", "it names no tool call"],
    },
    Case {
        name: "started is not first",
        oracle: "protocol",
        rule: "opening",
        corrupt: |builder| {
            let one = builder.find(DATA, kind::STARTED);
            builder.swap(BOB, one, builder.find(DATA, kind::THINKING));
        },
        says: &[
            "(agent_thinking) of run-4",
            "as client-3 received it: it does not begin with agent_started",
        ],
    },
    Case {
        name: "started twice",
        oracle: "protocol",
        rule: "opening",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.sending_mut(id).sent.body.kind = kind::STARTED.into();
        },
        says: &["(agent_started) of run-4", "is not the first"],
    },
    Case {
        name: "a critical event missing",
        oracle: "protocol",
        rule: "required",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.withhold_everywhere(id);
        },
        says: &["(agent_completed) of run-4", "agent_thinking is missing"],
    },
    Case {
        name: "progress stands still",
        oracle: "protocol",
        rule: "not-increasing",
        corrupt: |builder| {
            let id = builder.find_nth(STREAMING, kind::PROGRESS, 2);
            set(&mut builder.received_mut(BOB, id).body, "progress", 40_i64);
        },
        says: &[
            "(progress) of run-5 (streaming-5) on thread-2",
            "progress goes from 40 to 40",
        ],
    },
    Case {
        name: "progress says nothing",
        oracle: "protocol",
        rule: "unnamed",
        corrupt: |builder| {
            let id = builder.find_nth(STREAMING, kind::PROGRESS, 2);
            unset(&mut builder.sending_mut(id).sent.body, "progress");
        },
        says: &["(progress) of run-5", "it carries no progress"],
    },
    Case {
        name: "an event after the end",
        oracle: "protocol",
        rule: "after-end",
        corrupt: |builder| {
            append(builder, BOB, SILENT, kind::ERROR);
        },
        says: &[
            "(agent_error) of run-6",
            "had already ended with agent_death",
        ],
    },
    Case {
        name: "an error without a reason",
        oracle: "protocol",
        rule: "unexplained",
        corrupt: |builder| {
            let id = builder.find(FAILING, kind::ERROR);
            unset(&mut builder.sending_mut(id).sent.body, "error");
        },
        says: &["(agent_error) of run-3", "does not say what went wrong"],
    },
    Case {
        name: "a sub-agent left open",
        oracle: "protocol",
        rule: "left-open",
        corrupt: |builder| {
            let id = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 0);
            builder.withhold(ALICE, id);
        },
        says: &[
            "(agent_completed) of run-1",
            "as client-1 received it: run-3 has not ended",
        ],
    },
    Case {
        name: "a sub-agent reported before it was announced",
        oracle: "protocol",
        rule: "ended-before-begin",
        corrupt: |builder| {
            let one = builder.find_nth(SUPERVISOR, kind::CHILD_STARTED, 1);
            let other = builder.find_nth(SUPERVISOR, kind::CHILD_COMPLETED, 0);
            builder.swap(ALICE, one, other);
        },
        says: &[
            "(subagent_completed) of run-1",
            "run-3 ends before it began",
        ],
    },
    Case {
        name: "fewer events than planned",
        oracle: "protocol",
        rule: "count",
        corrupt: |builder| builder.span_mut(STREAMING).began.planned = Some(8),
        says: &["run-5 (streaming-5) on thread-2 completed with 7 accepted messages of the 8"],
    },
    Case {
        name: "a kind that the protocol does not have",
        oracle: "protocol",
        rule: "unknown-kind",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.sending_mut(id).sent.body.kind = "dreaming".into();
        },
        says: &[
            "(dreaming) of run-4",
            "`dreaming` is no kind of agent-events",
        ],
    },
];
