//! Laws: healthy evidence passes every oracle, and any single mutation is caught
//! by its oracle.

use proptest::prelude::*;
use proptest::sample::Index;
use rehearsal_agents::event::{EventId, EventKind, UserId};
use rehearsal_agents::record::{Fate, Offset};
use rehearsal_sim::{LiveTask, TaskId, Verdict, VirtualTime};

use super::plans::{plans, plans_with_gaps, play};
use super::stage::{Stage, secret};
use crate::oracle::{Ledger, Oracle};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Mutation {
    DropDelivery,
    RefuseLiveEvent,
    RepeatDelivery,
    ReusePosition,
    SwapWithinRun,
    DropWithinRun,
    SwapAcrossRuns,
    DeliverToStranger,
    ShowForeignSecret,
    Relabel,
    ReportWithoutWaiting,
    ForgetReport,
    SecondTerminal,
    NoTerminal,
    EventAfterEnd,
    LeakTask,
    LeakEntry,
    DropToolCompleted,
    ProgressBackwards,
    BreakRegistry,
    Deadlock,
}

const MUTATIONS: [(Mutation, Oracle); 21] = [
    (Mutation::DropDelivery, Oracle::NoLoss),
    (Mutation::RefuseLiveEvent, Oracle::NoLoss),
    (Mutation::RepeatDelivery, Oracle::ExactlyOnce),
    (Mutation::ReusePosition, Oracle::ExactlyOnce),
    (Mutation::SwapWithinRun, Oracle::Fifo),
    (Mutation::DropWithinRun, Oracle::Fifo),
    (Mutation::SwapAcrossRuns, Oracle::Causal),
    (Mutation::DeliverToStranger, Oracle::Isolation),
    (Mutation::ShowForeignSecret, Oracle::Isolation),
    (Mutation::Relabel, Oracle::Isolation),
    (Mutation::ReportWithoutWaiting, Oracle::Hierarchy),
    (Mutation::ForgetReport, Oracle::Hierarchy),
    (Mutation::SecondTerminal, Oracle::Terminal),
    (Mutation::NoTerminal, Oracle::Terminal),
    (Mutation::EventAfterEnd, Oracle::Terminal),
    (Mutation::LeakTask, Oracle::Cleanup),
    (Mutation::LeakEntry, Oracle::Cleanup),
    (Mutation::DropToolCompleted, Oracle::Protocol),
    (Mutation::ProgressBackwards, Oracle::Protocol),
    (Mutation::BreakRegistry, Oracle::Registry),
    (Mutation::Deadlock, Oracle::Deadlock),
];

impl Mutation {
    /// Applies it somewhere; plans have a place for each.
    fn apply(self, stage: &mut Stage, index: Index) {
        let any_delivery = index.index(stage.evidence.deliveries.len());
        match self {
            Self::DropDelivery => {
                stage.evidence.deliveries.remove(any_delivery);
            }
            Self::RefuseLiveEvent => {
                let id = some_event(stage, index, |kind| !kind.is_terminal());
                stage.emission_mut(id).fate = Fate::Rejected("full".to_owned());
                let deliveries = &mut stage.evidence.deliveries;
                deliveries.retain(|delivery| delivery.event.id != id);
            }
            Self::RepeatDelivery => {
                let again = stage.evidence.deliveries[any_delivery].clone();
                stage.evidence.deliveries.push(again);
            }
            Self::ReusePosition => {
                let later = some_delivery(stage, index, |_, delivery| delivery.offset > Offset(1));
                let offset = stage.evidence.deliveries[later].offset;
                stage.evidence.deliveries[later].offset = Offset(offset.0 - 1);
            }
            Self::SwapWithinRun => {
                let (one, other) = neighbours(stage, index, |one, other| {
                    stage.emission(one).run == stage.emission(other).run
                });
                stage.swap_at(one, other);
            }
            Self::DropWithinRun => {
                let (one, _) = neighbours(stage, index, |one, other| {
                    stage.emission(one).run == stage.emission(other).run
                });
                stage.evidence.deliveries.remove(one);
            }
            Self::SwapAcrossRuns => {
                let (one, other) = neighbours(stage, index, |one, other| {
                    let (one, other) = (stage.emission(one), stage.emission(other));
                    one.run != other.run && one.clock.before(&other.clock)
                });
                stage.swap_at(one, other);
            }
            Self::DeliverToStranger => deliver_to_stranger(stage, any_delivery),
            Self::ShowForeignSecret => {
                let reader = stage.evidence.deliveries[any_delivery].event.user;
                let foreign = UserId(reader.0 % 3 + 1);
                let text = format!("cannot read {}", secret(foreign));
                stage.evidence.deliveries[any_delivery].event.payload.error = Some(text);
            }
            Self::Relabel => {
                let event = &mut stage.evidence.deliveries[any_delivery].event;
                event.run.0 += 1;
            }
            Self::ReportWithoutWaiting => {
                let id = some_event(stage, index, |kind| kind == EventKind::SubagentCompleted);
                let run = stage.emission(id).run;
                let mut clock = stage
                    .emission(stage.find(run, EventKind::AgentStarted))
                    .clock
                    .clone();
                clock.tick(run);
                stage.emission_mut(id).clock = clock;
            }
            Self::ForgetReport => {
                let id = some_event(stage, index, |kind| kind == EventKind::SubagentCompleted);
                stage.emission_mut(id).fate = Fate::Rejected("full".to_owned());
            }
            Self::SecondTerminal => {
                let id = some_event(stage, index, EventKind::is_terminal);
                let (run, kind) = (stage.emission(id).run, stage.emission(id).kind);
                stage.emit(run, kind);
            }
            Self::NoTerminal => {
                let id = some_event(stage, index, EventKind::is_terminal);
                stage.emission_mut(id).fate = Fate::Rejected("full".to_owned());
            }
            Self::EventAfterEnd => {
                let id = some_event(stage, index, EventKind::is_terminal);
                stage.emit(stage.emission(id).run, EventKind::AgentThinking);
            }
            Self::LeakTask => {
                let census = stage.evidence.final_census.as_mut().expect("a census");
                census.tasks.push(LiveTask {
                    id: TaskId::PROGRAM,
                    name: String::new(),
                    host: "bridge".to_owned(),
                    spawned_at: "src/bridge.rs:1:1".to_owned(),
                    waits: Vec::new(),
                });
            }
            Self::LeakEntry => {
                let run = stage
                    .emission(some_event(stage, index, EventKind::is_terminal))
                    .run;
                let thread = stage.evidence.runs[&run].thread;
                let registry = stage.evidence.final_registry.as_mut().expect("a snapshot");
                registry.forward.insert(run, thread);
            }
            Self::DropToolCompleted => {
                let dropped = some_delivery(stage, index, |_, delivery| {
                    delivery.event.kind == EventKind::ToolCompleted
                });
                stage.evidence.deliveries.remove(dropped);
            }
            Self::ProgressBackwards => {
                let later = some_delivery(stage, index, |_, delivery| {
                    delivery.event.payload.progress.is_some_and(|now| now > 1)
                });
                stage.evidence.deliveries[later].event.payload.progress = Some(1);
            }
            Self::BreakRegistry => {
                let what = (VirtualTime::ZERO, "run-1 has no thread".to_owned());
                stage.evidence.broken_registry.push(what);
            }
            Self::Deadlock => {
                stage.verdict = Verdict::Deadlock {
                    at: VirtualTime::ZERO,
                    cycle: false,
                    tasks: Vec::new(),
                };
            }
        }
    }
}

fn deliver_to_stranger(stage: &mut Stage, which: usize) {
    let mut strayed = stage.evidence.deliveries[which].clone();
    let mut clients = stage.evidence.clients.values();
    let stranger = clients.find(|client| client.user != strayed.event.user);
    strayed.client = stranger.expect("another user").id;
    stage.evidence.deliveries.push(strayed);
}

/// Some accepted event of that kind.
fn some_event(stage: &Stage, index: Index, is_kind: impl Fn(EventKind) -> bool) -> EventId {
    let emissions = stage.evidence.emissions.iter();
    let found: Vec<EventId> = emissions
        .filter(|emission| matches!(emission.fate, Fate::Accepted(_)) && is_kind(emission.kind))
        .map(|emission| emission.id)
        .collect();
    found[index.index(found.len())]
}

/// Some delivery that fits.
fn some_delivery(
    stage: &Stage,
    index: Index,
    fits: impl Fn(usize, &rehearsal_agents::record::Delivery) -> bool,
) -> usize {
    let deliveries = stage.evidence.deliveries.iter().enumerate();
    let found: Vec<usize> = deliveries
        .filter(|(place, delivery)| fits(*place, delivery))
        .map(|(place, _)| place)
        .collect();
    found[index.index(found.len())]
}

/// Two deliveries to one client, the first before the second, that fit.
fn neighbours(
    stage: &Stage,
    index: Index,
    fit: impl Fn(EventId, EventId) -> bool,
) -> (usize, usize) {
    let deliveries = &stage.evidence.deliveries;
    let mut found = Vec::new();
    for (one, earlier) in deliveries.iter().enumerate() {
        for (other, later) in deliveries.iter().enumerate().skip(one + 1) {
            if earlier.client == later.client && fit(earlier.event.id, later.event.id) {
                found.push((one, other));
            }
        }
    }
    found[index.index(found.len())]
}

/// Whether the message names a run, its thread and, unless there is none, an event.
fn names_its_witness(message: &str) -> bool {
    ["event-", "thread-", "run-"]
        .iter()
        .all(|prefix| message.contains(prefix))
}

fn is_about_events(oracle: Oracle) -> bool {
    matches!(
        oracle,
        Oracle::NoLoss
            | Oracle::ExactlyOnce
            | Oracle::Fifo
            | Oracle::Causal
            | Oracle::Isolation
            | Oracle::Hierarchy
            | Oracle::Terminal
            | Oracle::Protocol
    )
}

proptest! {
    #[test]
    fn healthy_evidence_passes_every_oracle(plan in plans_with_gaps()) {
        let stage = play(&plan);
        prop_assert_eq!(stage.unhappy(), vec![]);
        prop_assert!(Ledger::of(&stage.subject()).balances());
    }

    #[test]
    fn every_mutation_is_caught_by_its_oracle(plan in plans(), index in any::<Index>()) {
        let healthy = play(&plan);
        for (mutation, oracle) in MUTATIONS {
            let mut stage = healthy.clone();
            mutation.apply(&mut stage, index);
            let finding = stage.judge(oracle);
            prop_assert!(finding.broken() > 0, "{mutation:?} escaped {oracle}");
            let message = &finding.violations[0].message;
            prop_assert!(!is_about_events(oracle) || names_its_witness(message), "{message}");
        }
    }

    #[test]
    fn a_ledger_that_balances_and_an_oracle_that_passes_agree(
        plan in plans_with_gaps(),
        dropped in proptest::collection::vec(any::<Index>(), 0..3),
    ) {
        let mut stage = play(&plan);
        for index in &dropped {
            let deliveries = &mut stage.evidence.deliveries;
            deliveries.remove(index.index(deliveries.len()));
        }
        let ledger = Ledger::of(&stage.subject());
        prop_assert_eq!(ledger.lost, dropped.len() as u64);
        prop_assert_eq!(ledger.owed, ledger.delivered + ledger.gap_marked + ledger.lost);
        prop_assert_eq!(ledger.balances(), stage.judge(Oracle::NoLoss).is_pass());
    }
}
