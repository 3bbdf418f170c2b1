//! Deliveries to other tenants, and leaked secrets.

use super::super::builder::{kind, owner, secret, set, unset};
use super::super::healthy::{ALICE, BOB, CHANNEL_1, CHANNEL_2, DATA, SLOW, WORKER};
use super::Case;
use crate::{ActorId, ChannelId, Resource, Value};

pub(super) const ISOLATION: &[Case] = &[
    Case {
        name: "delivered to another user's client",
        oracle: "isolation",
        rule: "foreign-secret",
        corrupt: |builder| {
            let delivery = builder.wire(BOB, builder.find(WORKER, kind::TOOL_EXECUTING));
            builder.deliveries.push(delivery);
        },
        says: &[
            "(tool_executing) of run-2 (data-2) on thread-1 reached client-3",
            "it belongs to user-1, and client-3 to user-2",
            "does not subscribe to thread-1",
            "shows a secret of user-1 to user-2",
        ],
    },
    Case {
        name: "delivered to another thread's client of the same user",
        oracle: "isolation",
        rule: "not-subscribed",
        corrupt: |builder| {
            let bob = builder.subscribers.get_mut(&BOB).expect("bob");
            bob.channels = vec![ChannelId(9)];
        },
        says: &[
            "run-4 (data-4) on thread-2 reached client-3: client-3 does not subscribe to thread-2",
        ],
    },
    Case {
        name: "another run's label",
        oracle: "isolation",
        rule: "mislabelled",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.received_mut(BOB, id).envelope.span = Some(SLOW);
        },
        says: &[
            "(agent_thinking) of run-4 (data-4) on thread-2",
            "sent by run-4",
            "for thread-2 of user-2",
            "run-7",
        ],
    },
    Case {
        name: "another thread's label",
        oracle: "isolation",
        rule: "mislabelled",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.received_mut(BOB, id).envelope.channel = CHANNEL_1;
        },
        says: &[
            "(agent_thinking) of run-4",
            "came as one of run-4 for thread-1",
        ],
    },
    Case {
        name: "registered for another thread",
        oracle: "isolation",
        rule: "unregistered",
        corrupt: |builder| builder.span_mut(DATA).began.channel = Some(CHANNEL_1),
        says: &[
            "(agent_started) of run-4 (data-4) on thread-2",
            "run-4 is registered for thread-1",
        ],
    },
    Case {
        name: "another user's secret in place of its own",
        oracle: "isolation",
        rule: "foreign-secret",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            let foreign = builder.sending(builder.find(WORKER, kind::THINKING));
            let secret = foreign.sent.body.field("secret").expect("a secret").clone();
            set(&mut builder.received_mut(BOB, id).body, "secret", secret);
        },
        says: &[
            "(agent_thinking) of run-4 (data-4) on thread-2 reached client-3",
            "not the one",
            "secret of user-1",
        ],
    },
    Case {
        name: "another user's secret in the error",
        oracle: "isolation",
        rule: "foreign-secret",
        corrupt: |builder| {
            let id = builder.find(SLOW, kind::ERROR);
            let text = format!("cannot open <{}>", secret(owner(CHANNEL_1)));
            set(
                &mut builder.sending_mut(id).sent.body,
                "error",
                text.clone(),
            );
            set(&mut builder.received_mut(BOB, id).body, "error", text);
        },
        says: &[
            "(agent_error) of run-7 (slow-7) on thread-2 reached client-3",
            "secret of user-1 to user-2",
        ],
    },
    Case {
        name: "another user's secret in a tool's name",
        oracle: "isolation",
        rule: "foreign-secret",
        corrupt: |builder| {
            let id = builder.find(WORKER, kind::TOOL_COMPLETED);
            let name = format!("search {}", secret(owner(CHANNEL_2)));
            set(&mut builder.received_mut(ALICE, id).body, "tool", name);
        },
        says: &[
            "(tool_completed) of run-2",
            "reached client-1",
            "secret of user-2 to user-1",
        ],
    },
    Case {
        name: "accepted for another thread",
        oracle: "isolation",
        rule: "misrouted",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::TOOL_EXECUTING);
            let accepted = builder.accepted_mut(id);
            let position = accepted.position.as_mut();
            position.expect("the builder names one").channel = CHANNEL_1;
        },
        says: &["(tool_executing) of run-4 (data-4) on thread-2 was accepted for thread-1"],
    },
    Case {
        name: "an unknown client",
        oracle: "isolation",
        rule: "unknown-actor",
        corrupt: |builder| builder.deliver(ActorId(9), builder.find(DATA, kind::STARTED)),
        says: &[
            "(agent_started) of run-4 (data-4) on thread-2 reached client-9: that actor never subscribed",
        ],
    },
    Case {
        name: "without a secret to another tenant's actor",
        oracle: "isolation",
        rule: "foreign-tenant",
        corrupt: |builder| {
            let id = builder.find(WORKER, kind::TOOL_EXECUTING);
            unset(&mut builder.sending_mut(id).sent.body, "secret");
            let delivery = builder.wire(BOB, id);
            builder.deliveries.push(delivery);
            for delivery in &mut builder.deliveries {
                if delivery.received.message == id {
                    unset(&mut delivery.received.body, "secret");
                }
            }
        },
        says: &["reached client-3: it belongs to user-1, and client-3 to user-2"],
    },
    Case {
        name: "an unknown secret in place of its own",
        oracle: "isolation",
        rule: "altered-secret",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            let other = Value::Secret("unknown".into());
            set(&mut builder.received_mut(BOB, id).body, "secret", other);
        },
        says: &["reached client-3: its secret is not the one that it was sent with"],
    },
    Case {
        name: "another sender's name",
        oracle: "isolation",
        rule: "mislabelled",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.received_mut(BOB, id).envelope.sender = "slow-7".into();
        },
        says: &["sent by data-4, and came as from slow-7"],
    },
    Case {
        name: "another time of sending",
        oracle: "isolation",
        rule: "mislabelled",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.received_mut(BOB, id).envelope.sent_ms = Some(99);
        },
        says: &["and came as sent at 99 ms"],
    },
    Case {
        name: "another parent than registered",
        oracle: "isolation",
        rule: "unregistered",
        corrupt: |builder| {
            let id = builder.find(WORKER, kind::THINKING);
            builder.received_mut(ALICE, id).envelope.parent = None;
        },
        says: &["(agent_thinking) of run-2", "run-2 was begun by another"],
    },
    Case {
        name: "another name than registered, sent and received alike",
        oracle: "isolation",
        rule: "unregistered",
        corrupt: |builder| {
            let id = builder.find(DATA, kind::THINKING);
            builder.sending_mut(id).sent.envelope.sender = "slow-7".into();
            builder.received_mut(BOB, id).envelope.sender = "slow-7".into();
        },
        says: &["run-4 is data-4, and not slow-7"],
    },
    Case {
        name: "an entry that leads to another channel",
        oracle: "isolation",
        rule: "registered-elsewhere",
        corrupt: |builder| {
            builder.held_mut().push(Resource {
                kind: "registration".into(),
                holder: DATA.into(),
                target: Some(CHANNEL_1.into()),
            });
        },
        says: &["the registration of run-4 (data-4) leads to thread-1, not to thread-2"],
    },
    Case {
        name: "a channel's entry that leads to a foreign span",
        oracle: "isolation",
        rule: "registered-elsewhere",
        corrupt: |builder| {
            builder.held_mut().push(Resource {
                kind: "mapping".into(),
                holder: CHANNEL_2.into(),
                target: Some(WORKER.into()),
            });
        },
        says: &["the mapping of run-2 (data-2) leads to thread-2, not to thread-1"],
    },
];
