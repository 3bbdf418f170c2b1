//! The list and the counts of a finding, and the table of oracles.

use std::collections::BTreeSet;

use rehearsal_sim::{Verdict, VirtualTime};

use super::builder::{HistoryBuilder, kind};
use super::healthy::{BOB, DATA, STREAMING, healthy_history};
use crate::oracle::{LISTED_MAX, ORACLES, OracleRef, Report, Scope};

#[test]
fn the_earliest_are_listed_and_the_others_counted() {
    let mut report = Report::new();
    report.broken("rule", [], None, || "whenever".to_owned());
    for micros in (0..100).rev() {
        let at = VirtualTime::from_micros(micros);
        report.broken("rule", [], at, || micros.to_string());
    }
    let finding = report.finish();
    let listed: Vec<String> = finding
        .violations
        .iter()
        .map(|violation| violation.message.clone())
        .collect();
    let earliest: Vec<String> = (0..LISTED_MAX).map(|micros| micros.to_string()).collect();
    assert_eq!(listed, earliest);
    assert_eq!(finding.unlisted, 101 - LISTED_MAX as u64);
    assert_eq!(finding.broken(), 101);
}

#[test]
fn at_one_instant_the_first_found_comes_first() {
    let mut report = Report::new();
    for word in ["first", "second"] {
        report.broken("rule", [], VirtualTime::ZERO, || word.to_owned());
    }
    let finding = report.finish();
    assert_eq!(finding.violations[0].message, "first");
    assert_eq!(finding.unlisted, 0);
}

#[test]
fn the_ledger_counts_every_loss() {
    let mut builder = healthy_history();
    let all = builder.deliveries.len() as u64;
    builder.deliveries.clear();
    let ledger = builder.ledger();
    assert_eq!((ledger.owed, ledger.lost, ledger.delivered), (all, all, 0));
    assert!(!ledger.balances());
    assert_eq!(builder.judge("no-loss").broken(), all);
}

#[test]
fn repeats_do_not_balance_losses() {
    let mut builder = healthy_history();
    builder.withhold(BOB, builder.find(DATA, kind::THINKING));
    builder.deliver(BOB, builder.find(DATA, kind::TOOL_EXECUTING));
    let ledger = builder.ledger();
    assert_eq!(ledger.delivered, ledger.owed - 1);
    assert_eq!(ledger.lost, 1);
}

#[test]
fn a_repeat_concerns_exactly_once_alone() {
    let mut builder = healthy_history();
    builder.deliver(BOB, builder.find_nth(STREAMING, kind::PROGRESS, 0));
    assert_eq!(builder.broken_by(), ["exactly-once"]);
}

#[test]
fn safety_is_judged_even_if_the_run_was_cut_short() {
    let mut builder = healthy_history();
    builder.deliver(BOB, builder.find(DATA, kind::THINKING));
    builder.verdict = Verdict::Unknown { steps: 5 };
    assert_eq!(builder.judge("exactly-once").broken(), 1);
}

#[test]
fn a_run_cut_short_before_anything_happened_is_not_vacuous() {
    let mut builder = HistoryBuilder::new();
    builder.verdict = Verdict::Unknown { steps: 0 };
    let finding = builder.judge("fifo");
    assert_eq!(finding.scope, Scope::NotApplicable);
    assert_eq!(finding.vacuity(&crate::oracle::Fifo), None);
    assert!(!finding.is_pass());
}

#[test]
fn names_and_aliases_are_unique_and_parse() {
    let mut names = BTreeSet::new();
    for oracle in OracleRef::all() {
        let aliases = oracle.aliases().iter().copied();
        for name in aliases.chain([oracle.name()]) {
            assert!(names.insert(name), "{name} is taken");
            assert_eq!(OracleRef::parse(name), Some(oracle));
        }
        assert_eq!(oracle.to_string(), oracle.name());
    }
    assert_eq!(OracleRef::parse("no-such-oracle"), None);
}

#[test]
fn rules_are_unique_and_explained() {
    for oracle in ORACLES {
        let mut rules = BTreeSet::new();
        for rule in oracle.rules() {
            let name = (oracle.name(), rule.name);
            assert!(rules.insert(rule.name), "{name:?} is taken");
            assert!(is_kebab_case(rule.name), "{name:?}");
            assert!(rule.meaning.ends_with('.'), "{name:?}: {}", rule.meaning);
        }
    }
}

#[test]
fn settings_and_claims_are_explained() {
    for oracle in ORACLES {
        assert!(is_kebab_case(oracle.name()), "{}", oracle.name());
        assert!(!oracle.claim().ends_with('.'), "{}", oracle.claim());
        for setting in oracle.settings() {
            assert!(setting.meaning.ends_with('.'), "{}", setting.meaning);
        }
    }
}

fn is_kebab_case(name: &str) -> bool {
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    name.split('-').all(letters)
}
