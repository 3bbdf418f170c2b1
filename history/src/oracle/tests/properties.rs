//! Laws: healthy histories pass every oracle, and any single mutation is found by its
//! oracle.

use proptest::prelude::*;
use proptest::sample::Index;
use rehearsal_sim::{LiveTask, TaskId, Verdict, VirtualTime};

use super::builder::{Answer, DeliveryDraft, HistoryBuilder, SendingDraft, kind, secret, set};
use super::plans::{plans, plans_with_gaps, record};
use crate::profile::AGENT_EVENTS;
use crate::{MessageId, Offset, Phase, Resource, StreamId, TenantId, Value};

fn is_terminal(kind: &str) -> bool {
    AGENT_EVENTS.is_terminal(kind)
}

/// One corruption.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    DropDelivery,
    RefuseOpenSpan,
    RepeatDelivery,
    ReusePosition,
    SwapWithinRun,
    DropWithinRun,
    SwapAcrossRuns,
    DeliverElsewhere,
    ShowForeignSecret,
    Relabel,
    ReportWithoutWaiting,
    ForgetReport,
    SecondTerminal,
    NoTerminal,
    MessageAfterEnd,
    LeakTask,
    LeakResource,
    DropToolCompleted,
    ProgressBackwards,
    BreakInvariant,
    Deadlock,
}

const MUTATIONS: [(Mutation, &str); 21] = [
    (Mutation::DropDelivery, "no-loss"),
    (Mutation::RefuseOpenSpan, "no-loss"),
    (Mutation::RepeatDelivery, "exactly-once"),
    (Mutation::ReusePosition, "exactly-once"),
    (Mutation::SwapWithinRun, "fifo"),
    (Mutation::DropWithinRun, "fifo"),
    (Mutation::SwapAcrossRuns, "causal"),
    (Mutation::DeliverElsewhere, "isolation"),
    (Mutation::ShowForeignSecret, "isolation"),
    (Mutation::Relabel, "isolation"),
    (Mutation::ReportWithoutWaiting, "hierarchy"),
    (Mutation::ForgetReport, "hierarchy"),
    (Mutation::SecondTerminal, "terminal-exactly-once"),
    (Mutation::NoTerminal, "terminal-exactly-once"),
    (Mutation::MessageAfterEnd, "terminal-exactly-once"),
    (Mutation::LeakTask, "cleanup"),
    (Mutation::LeakResource, "cleanup"),
    (Mutation::DropToolCompleted, "protocol"),
    (Mutation::ProgressBackwards, "protocol"),
    (Mutation::BreakInvariant, "invariants"),
    (Mutation::Deadlock, "deadlock"),
];

impl Mutation {
    /// Applies it somewhere; plans have a place for each.
    fn apply(self, builder: &mut HistoryBuilder, index: Index) {
        let any_delivery = index.index(builder.deliveries.len());
        match self {
            Self::DropDelivery => {
                builder.deliveries.remove(any_delivery);
            }
            Self::RefuseOpenSpan => {
                let id = some_message(builder, index, |kind| !is_terminal(kind));
                builder.refuse(id);
                builder.withhold_everywhere(id);
            }
            Self::RepeatDelivery => {
                let again = builder.deliveries[any_delivery].clone();
                builder.deliveries.push(again);
            }
            Self::ReusePosition => {
                let later = some_delivery(builder, index, |delivery| {
                    let position = delivery.received.position;
                    position.is_some_and(|position| position.offset > Offset(1))
                });
                let position = builder.deliveries[later].received.position.as_mut();
                position.expect("it has one").offset.0 -= 1;
            }
            Self::SwapWithinRun => {
                let (one, other) = neighbours(builder, index, |one, other| {
                    builder.sending(one).span() == builder.sending(other).span()
                });
                builder.swap_at(one, other);
            }
            Self::DropWithinRun => {
                let (one, _) = neighbours(builder, index, |one, other| {
                    builder.sending(one).span() == builder.sending(other).span()
                });
                builder.deliveries.remove(one);
            }
            Self::SwapAcrossRuns => {
                let (one, other) = neighbours(builder, index, |one, other| {
                    let (one, other) = (builder.sending(one), builder.sending(other));
                    one.span() != other.span() && one.clock.before(&other.clock)
                });
                builder.swap_at(one, other);
            }
            Self::DeliverElsewhere => deliver_elsewhere(builder, any_delivery),
            Self::ShowForeignSecret => {
                let received = &mut builder.deliveries[any_delivery].received;
                let foreign = TenantId(received.envelope.tenant.0 % 3 + 1);
                let text = format!("cannot read {}", secret(foreign));
                set(&mut received.body, "error", text);
            }
            Self::Relabel => {
                let envelope = &mut builder.deliveries[any_delivery].received.envelope;
                envelope.stream.0 += 1;
            }
            Self::ReportWithoutWaiting => {
                let id = some_message(builder, index, |kind| kind == kind::CHILD_COMPLETED);
                let run = builder.sending(id).span();
                let mut clock = builder
                    .sending(builder.find(run, kind::STARTED))
                    .clock
                    .clone();
                clock.tick(StreamId(run.0));
                builder.sending_mut(id).clock = clock;
            }
            Self::ForgetReport => {
                let id = some_message(builder, index, |kind| kind == kind::CHILD_COMPLETED);
                builder.refuse(id);
            }
            Self::SecondTerminal => {
                let id = some_message(builder, index, is_terminal);
                let run = builder.sending(id).span();
                builder.emit(run, kind::COMPLETED);
            }
            Self::NoTerminal => {
                let id = some_message(builder, index, is_terminal);
                builder.refuse(id);
            }
            Self::MessageAfterEnd => {
                let id = some_message(builder, index, is_terminal);
                builder.emit(builder.sending(id).span(), kind::THINKING);
            }
            Self::LeakTask => {
                builder.census_mut(Phase::ShutDown).tasks.push(LiveTask {
                    id: TaskId::PROGRAM,
                    name: String::new(),
                    host: "server".to_owned(),
                    spawned_at: "src/server.rs:1:1".to_owned(),
                    waits: Vec::new(),
                });
            }
            Self::LeakResource => {
                let run = builder
                    .sending(some_message(builder, index, is_terminal))
                    .span();
                let channel = builder.channel_of(run);
                builder.held_mut().push(Resource {
                    kind: "registration".into(),
                    holder: run.into(),
                    target: Some(channel.into()),
                });
            }
            Self::DropToolCompleted => {
                let dropped = some_delivery(builder, index, |delivery| {
                    delivery.received.body.kind == kind::TOOL_COMPLETED
                });
                builder.deliveries.remove(dropped);
            }
            Self::ProgressBackwards => {
                let later = some_delivery(builder, index, |delivery| {
                    let progress = delivery.received.body.field("progress");
                    let progress = progress.and_then(Value::integer);
                    progress.is_some_and(|now| now > 1)
                });
                set(
                    &mut builder.deliveries[later].received.body,
                    "progress",
                    1_i64,
                );
            }
            Self::BreakInvariant => {
                let broken = (VirtualTime::ZERO, Some("run-1 has no thread"));
                builder.invariant.push(broken);
            }
            Self::Deadlock => {
                builder.verdict = Verdict::Deadlock {
                    at: VirtualTime::ZERO,
                    cycle: false,
                    tasks: Vec::new(),
                    plain_tasks: Vec::new(),
                };
            }
        }
    }
}

fn deliver_elsewhere(builder: &mut HistoryBuilder, which: usize) {
    let mut strayed = builder.deliveries[which].clone();
    let mut clients = builder.subscribers.values();
    let tenant = strayed.received.envelope.tenant;
    let other = clients.find(|client| client.tenant != tenant);
    strayed.actor = other.expect("another tenant").actor;
    builder.deliveries.push(strayed);
}

/// Returns some accepted message of that kind.
fn some_message(
    builder: &HistoryBuilder,
    index: Index,
    is_kind: impl Fn(&str) -> bool,
) -> MessageId {
    let found: Vec<MessageId> = builder
        .sendings
        .iter()
        .filter(|sending| matches!(sending.answer, Answer::Accepted(_)))
        .filter(|sending| is_kind(sending.kind()))
        .map(SendingDraft::id)
        .collect();
    found[index.index(found.len())]
}

/// Returns some delivery that fits.
fn some_delivery(
    builder: &HistoryBuilder,
    index: Index,
    fits: impl Fn(&DeliveryDraft) -> bool,
) -> usize {
    let deliveries = builder.deliveries.iter().enumerate();
    let found: Vec<usize> = deliveries
        .filter(|(_, delivery)| fits(delivery))
        .map(|(place, _)| place)
        .collect();
    found[index.index(found.len())]
}

/// Returns two deliveries to one actor, the first before the second, that fit.
fn neighbours(
    builder: &HistoryBuilder,
    index: Index,
    fit: impl Fn(MessageId, MessageId) -> bool,
) -> (usize, usize) {
    let deliveries = &builder.deliveries;
    let mut found = Vec::new();
    for (one, earlier) in deliveries.iter().enumerate() {
        for (other, later) in deliveries.iter().enumerate().skip(one + 1) {
            if earlier.actor == later.actor && fit(earlier.received.message, later.received.message)
            {
                found.push((one, other));
            }
        }
    }
    found[index.index(found.len())]
}

/// Returns `true` if the text names a message, its channel and its span.
fn names_its_witness(message: &str) -> bool {
    ["event-", "thread-", "run-"]
        .iter()
        .all(|prefix| message.contains(prefix))
}

fn is_about_messages(oracle: &str) -> bool {
    matches!(
        oracle,
        "no-loss"
            | "exactly-once"
            | "fifo"
            | "causal"
            | "isolation"
            | "hierarchy"
            | "terminal-exactly-once"
            | "protocol"
    )
}

proptest! {
    #[test]
    fn healthy_histories_pass_every_oracle(plan in plans_with_gaps()) {
        let builder = record(&plan);
        prop_assert_eq!(builder.unhappy(), vec![]);
        prop_assert!(builder.ledger().balances());
    }

    #[test]
    fn every_mutation_is_caught_by_its_oracle(plan in plans(), index in any::<Index>()) {
        let healthy = record(&plan);
        for (mutation, oracle) in MUTATIONS {
            let mut builder = healthy.clone();
            mutation.apply(&mut builder, index);
            let finding = builder.judge(oracle);
            prop_assert!(finding.broken() > 0, "{mutation:?} escaped {oracle}");
            let message = &finding.violations[0].message;
            prop_assert!(!is_about_messages(oracle) || names_its_witness(message), "{message}");
        }
    }

    #[test]
    fn a_ledger_that_balances_and_an_oracle_that_passes_agree(
        plan in plans_with_gaps(),
        dropped in proptest::collection::vec(any::<Index>(), 0..3),
    ) {
        let mut builder = record(&plan);
        for index in &dropped {
            let deliveries = &mut builder.deliveries;
            deliveries.remove(index.index(deliveries.len()));
        }
        let ledger = builder.ledger();
        prop_assert_eq!(ledger.lost, dropped.len() as u64);
        prop_assert_eq!(ledger.owed, ledger.delivered + ledger.gap_marked + ledger.lost);
        prop_assert_eq!(ledger.balances(), builder.judge("no-loss").is_pass());
    }
}
