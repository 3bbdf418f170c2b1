//! How findings list what was found.

use rehearsal_agents::event::EventKind;
use rehearsal_sim::{Verdict, VirtualTime};

use super::healthy::{BOB, DATA, STREAMING, theatre};
use super::stage::Stage;
use crate::oracle::finding::Report;
use crate::oracle::{LISTED, Ledger, Oracle, Scope};

#[test]
fn the_earliest_are_listed_and_the_others_counted() {
    let mut report = Report::new(Oracle::Fifo);
    report.broken(None, || "whenever".to_owned());
    for micros in (0..100).rev() {
        let at = VirtualTime::from_micros(micros);
        report.broken(at, || micros.to_string());
    }
    let finding = report.finish();
    let listed: Vec<String> = finding
        .violations
        .iter()
        .map(|violation| violation.message.clone())
        .collect();
    let earliest: Vec<String> = (0..LISTED).map(|micros| micros.to_string()).collect();
    assert_eq!(listed, earliest);
    assert_eq!(finding.unlisted, 101 - LISTED as u64);
    assert_eq!(finding.broken(), 101);
}

#[test]
fn at_one_instant_the_first_found_comes_first() {
    let mut report = Report::new(Oracle::Fifo);
    for word in ["first", "second"] {
        report.broken(VirtualTime::ZERO, || word.to_owned());
    }
    let finding = report.finish();
    assert_eq!(finding.violations[0].message, "first");
    assert_eq!(finding.unlisted, 0);
}

#[test]
fn the_ledger_counts_every_loss() {
    let mut stage = theatre();
    let all = stage.evidence.deliveries.len() as u64;
    stage.evidence.deliveries.clear();
    let ledger = Ledger::of(&stage.subject());
    assert_eq!((ledger.owed, ledger.lost, ledger.delivered), (all, all, 0));
    assert!(!ledger.balances());
    assert_eq!(stage.judge(Oracle::NoLoss).broken(), all);
}

#[test]
fn repeats_do_not_balance_losses() {
    let mut stage = theatre();
    stage.withhold(BOB, stage.find(DATA, EventKind::AgentThinking));
    stage.deliver(BOB, stage.find(DATA, EventKind::ToolExecuting));
    let ledger = Ledger::of(&stage.subject());
    assert_eq!(ledger.delivered, ledger.owed - 1);
    assert_eq!(ledger.lost, 1);
}

#[test]
fn a_repeat_concerns_exactly_once_alone() {
    let mut stage = theatre();
    stage.deliver(BOB, stage.find_nth(STREAMING, EventKind::Progress, 0));
    assert_eq!(stage.broken_by(), [Oracle::ExactlyOnce]);
}

#[test]
fn safety_is_judged_even_if_the_run_was_cut_short() {
    let mut stage = theatre();
    stage.deliver(BOB, stage.find(DATA, EventKind::AgentThinking));
    stage.verdict = Verdict::Unknown { steps: 5 };
    assert_eq!(stage.judge(Oracle::ExactlyOnce).broken(), 1);
}

#[test]
fn a_run_cut_short_before_anything_happened_is_not_vacuous() {
    let mut stage = Stage::new();
    stage.verdict = Verdict::Unknown { steps: 0 };
    let finding = stage.judge(Oracle::Fifo);
    assert_eq!(finding.scope, Scope::NotApplicable);
    assert_eq!(finding.vacuity(Oracle::Fifo), None);
    assert!(!finding.is_pass());
}

#[test]
fn names_are_unique_and_round_trip() {
    for (name, oracle) in Oracle::ALL {
        assert_eq!(oracle.name(), name);
        assert_eq!(oracle.to_string(), name);
        let same = Oracle::ALL.iter().filter(|(other, _)| *other == name);
        assert_eq!(same.count(), 1, "{name}");
    }
}
