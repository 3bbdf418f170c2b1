//! Each check over many runs passes where it must, and finds what it must.

use std::collections::BTreeSet;

use rehearsal_sim::VirtualTime;

use super::*;
use crate::oracle::SettingValue;
use crate::{
    ActorId, Body, ChannelId, Entry, EntryKind, Envelope, Epoch, Mark, MessageId, ObjectId, Offset,
    OperationId, Position, Received, Sent, Since, StreamId, TenantId,
};

fn history(kinds: impl IntoIterator<Item = (Option<ActorId>, EntryKind)>) -> History {
    let entries = kinds.into_iter().map(|(actor, kind)| Entry {
        at: VirtualTime::ZERO,
        actor,
        clock: None,
        kind,
    });
    History {
        entries: entries.collect(),
        ..History::default()
    }
}

fn marked(marks: &[&'static str]) -> History {
    history(
        marks
            .iter()
            .map(|mark| (None, EntryKind::Reached(Mark::new(mark)))),
    )
}

fn settings(pairs: &[(&str, SettingValue)]) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in pairs {
        settings.set(*name, value.clone());
    }
    settings
}

/// Runs a check over histories, whose seeds are their places.
fn check(name: &str, settings: &Settings, histories: &[History]) -> SweepFinding {
    let check = sweep_check(name).expect("such a check");
    let runs = |order: &[usize]| {
        let mut state = check.start(settings);
        for seed in order {
            state.add(&SweepRun {
                seed: *seed as u64,
                plan: 7,
                history: &histories[*seed],
            });
        }
        state.finding()
    };
    let mut order: Vec<usize> = (0..histories.len()).collect();
    let finding = runs(&order);
    order.reverse();
    assert_eq!(runs(&order), finding, "the order of runs counts");
    finding
}

#[test]
fn names_and_rules_are_unique_and_explained() {
    let mut names = BTreeSet::new();
    for check in SWEEP_CHECKS {
        assert!(names.insert(check.name()), "{} is taken", check.name());
        assert!(!check.claim().ends_with('.'));
        let rules: BTreeSet<&str> = check.rules().iter().map(|rule| rule.name).collect();
        assert_eq!(rules.len(), check.rules().len());
    }
    assert!(sweep_check("no-such-check").is_none());
}

#[test]
fn a_mark_of_one_run_is_enough_for_sometimes() {
    let marks = SettingValue::Words(vec!["met".to_owned(), "missed".to_owned()]);
    let settings = settings(&[("marks", marks)]);
    let met = [marked(&["other"]), marked(&["met", "missed"]), marked(&[])];
    assert!(check("sometimes", &settings, &met).is_pass());
    let missed = [marked(&["met"]), marked(&[])];
    let finding = check("sometimes", &settings, &missed);
    assert_eq!(finding.violations.len(), 1);
    assert_eq!(finding.violations[0].rule, "never");
    assert_eq!(
        finding.violations[0].message,
        "none of 2 runs reached `missed`"
    );
}

#[test]
fn a_rate_is_judged_by_its_interval() {
    let runs = |hits: usize, all: usize| -> Vec<History> {
        let marks = |run| if run < hits { &["ok"][..] } else { &[] };
        (0..all).map(|run| marked(marks(run))).collect()
    };
    let limits = |least, most| {
        settings(&[
            ("mark", SettingValue::Text("ok".to_owned())),
            ("at-least", SettingValue::Number(least)),
            ("at-most", SettingValue::Number(most)),
        ])
    };
    assert!(check("rate", &limits(9_000, 10_000), &runs(100, 100)).is_pass());
    for (least, most, hits, rule) in [
        (9_900, 10_000, 100, "undecided"),
        (9_000, 10_000, 50, "too-rare"),
        (0, 3_000, 50, "too-frequent"),
    ] {
        let finding = check("rate", &limits(least, most), &runs(hits, 100));
        assert_eq!(finding.violations[0].rule, rule);
        assert_eq!(finding.checked, 100);
    }
    assert!(!check("rate", &limits(0, 10_000), &[]).is_pass());
}

#[test]
fn wilson_intervals_have_the_known_digits() {
    // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, method 3,
    // rounded outwards.
    for (hits, runs, low, high) in [
        (81, 263, 2_552, 3_663),
        (0, 20, 0, 1_612),
        (1, 29, 61, 1_718),
    ] {
        let interval = Interval::wilson(hits, runs).expect("runs");
        assert_eq!(
            (interval.low, interval.high),
            (low, high),
            "{hits} of {runs}"
        );
    }
    assert_eq!(Interval::wilson(0, 0), None);
    assert_eq!(Interval::wilson(2, 1), None);
    let text = Interval::wilson(20, 20).expect("runs").to_string();
    assert_eq!(text, "between 0.8388 and 1.0000");
    let many = 1_000_000_000_000;
    assert!(Interval::wilson(many / 2, many).is_some());
    assert_eq!(Interval::wilson(1, many + 1), None);
}

fn votes(values: &[i64]) -> History {
    history(values.iter().enumerate().flat_map(|(index, value)| {
        let operation = OperationId(index as u64);
        [
            EntryKind::Invoked {
                operation,
                object: ObjectId(1),
                call: Body::new("tally"),
            },
            EntryKind::Returned {
                operation,
                value: Body::new("winner").with("option", *value),
            },
        ]
        .map(|kind| (Some(ActorId(1)), kind))
    }))
}

#[test]
fn the_order_of_results_does_not_count() {
    let by_call = settings(&[("call", SettingValue::Text("tally".to_owned()))]);
    assert!(check("same-result", &by_call, &[votes(&[1, 2]), votes(&[2, 1])]).is_pass());
    let finding = check(
        "same-result",
        &by_call,
        &[votes(&[1]), votes(&[1]), votes(&[2])],
    );
    assert_eq!(finding.checked, 2);
    assert_eq!(finding.violations[0].rule, "differs");
    assert_eq!(finding.violations[0].seeds, [0, 2]);
    let other = settings(&[("call", SettingValue::Text("other".to_owned()))]);
    assert!(!check("same-result", &other, &[votes(&[1])]).is_pass());
    let by_marks = Settings::default();
    assert!(
        check(
            "same-result",
            &by_marks,
            &[marked(&["a", "b"]), marked(&["b", "a", "a"])]
        )
        .is_pass()
    );
    let differing = check("same-result", &by_marks, &[marked(&["a"]), marked(&["b"])]);
    assert!(!differing.is_pass());
}

/// Two tenants, one message each; the reader of the second receives `text`.
fn two_tenants(secret: &'static str, text: &'static str) -> History {
    let subscribed = |tenant| {
        let (channel, tenant) = (ChannelId(tenant), TenantId(tenant));
        (
            Some(ActorId(tenant.0)),
            EntryKind::Subscribed {
                channel,
                tenant,
                since: Since::Start,
            },
        )
    };
    let envelope = |tenant| Envelope {
        tenant: TenantId(tenant),
        channel: ChannelId(tenant),
        stream: StreamId(tenant),
        span: None,
        parent: None,
        sender: "sender".into(),
        sent_ms: None,
    };
    let sent = |tenant, text: &'static str| {
        let sent = Sent {
            message: MessageId(tenant),
            envelope: envelope(tenant),
            body: Body::new("note").with("text", text),
        };
        (None, EntryKind::Sent(sent))
    };
    let received = |tenant, text: &'static str| {
        let received = Received {
            message: MessageId(tenant),
            envelope: envelope(tenant),
            position: Some(Position {
                channel: ChannelId(tenant),
                epoch: Epoch(1),
                offset: Offset(1),
            }),
            seq: Some(1),
            body: Body::new("note").with("text", text),
        };
        (Some(ActorId(tenant)), EntryKind::Received(received))
    };
    history([
        subscribed(1),
        subscribed(2),
        sent(1, secret),
        sent(2, "own"),
        received(1, secret),
        received(2, text),
    ])
}

#[test]
fn payloads_of_one_tenant_change_no_history_but_its_own() {
    let changed = TenantId(1);
    let (one, other) = (two_tenants("a", "own"), two_tenants("b", "own"));
    assert_eq!(interference(&one, &other, changed), []);
    let leaked = two_tenants("b", "own b");
    let violations = interference(&one, &leaked, changed);
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].rule, "interference");
    assert_eq!(violations[0].witness[0], TenantId(2).into());
    // The changed tenant itself may see a difference; seen from the other it is one.
    assert_eq!(interference(&one, &other, TenantId(2)).len(), 1);
}

#[test]
fn a_missing_entry_is_a_difference() {
    let one = two_tenants("a", "own");
    let mut shorter = two_tenants("b", "own");
    shorter.entries.pop();
    let violations = interference(&one, &shorter, TenantId(1));
    assert!(
        violations[0].message.contains("became nothing"),
        "{violations:?}"
    );
}
