//! Limits at their boundaries, and limits on nothing.

use super::builder::HistoryBuilder;
use super::healthy::healthy_history;
use crate::entry::SpanEnd;
use crate::oracle::{OracleRef, SettingValue, Settings};
use crate::{Amount, EntityId, MessageId, SpanId, Validation};

/// Returns the rules that one limit breaks in the healthy history.
fn broken(relation: &str, selector: &str, amount: Amount) -> Vec<String> {
    let mut builder = healthy_history();
    builder.limit(relation, selector, amount);
    let rules = builder.rules_broken("limits");
    rules.iter().map(ToString::to_string).collect()
}

fn ratio(part: u64, whole: u64) -> Amount {
    Amount::ratio(part, whole).expect("a whole")
}

#[test]
fn a_limit_includes_its_bound() {
    let progress = |relation, count| broken(relation, "sent:progress", Amount::whole(count));
    assert_eq!(progress("at_most", 5), Vec::<String>::new());
    assert_eq!(progress("at_most", 4), ["above"]);
    assert_eq!(progress("at_least", 5), Vec::<String>::new());
    assert_eq!(progress("at_least", 6), ["below"]);
    assert_eq!(progress("equal", 5), Vec::<String>::new());
    assert_eq!(progress("equal", 6), ["unequal"]);
    assert_eq!(
        broken("equal", "success", ratio(8, 18)),
        Vec::<String>::new()
    );
    assert_eq!(broken("at_least", "success", ratio(445, 1_000)), ["below"]);
}

#[test]
fn a_limit_on_samples_holds_for_every_one() {
    let longest = |amount| broken("at_most", "messages-per-span", Amount::whole(amount));
    assert_eq!(longest(7), Vec::<String>::new());
    assert_eq!(longest(6), ["above"]);
    let median = |amount| broken("at_most", "messages-per-span/p50", Amount::whole(amount));
    // 6, 5, 2, 5, 7, 2, 4, 3 and 2 messages.
    assert_eq!(median(4), Vec::<String>::new());
    assert_eq!(median(3), ["above"]);
}

#[test]
fn only_a_count_may_be_limited_to_nothing() {
    let nothing = Amount::whole(0);
    assert_eq!(
        broken("equal", "sent:no_such_kind", nothing),
        Vec::<String>::new()
    );
    assert_eq!(
        broken("at_most", "sent:no_such_kind", nothing),
        Vec::<String>::new()
    );
    let one = Amount::whole(1);
    assert_eq!(broken("at_most", "sent:no_such_kind", one), ["unmeasured"]);
    assert_eq!(
        broken("at_least", "sent:no_such_kind", nothing),
        ["unmeasured"]
    );
    assert_eq!(broken("at_least", "sent:no_such_kind", one), ["below"]);
    for metric in ["duration", "success"] {
        let selector = format!("{metric}:no_such_kind");
        assert_eq!(broken("equal", &selector, nothing), ["unmeasured"]);
        assert_eq!(broken("at_most", &selector, one), ["unmeasured"]);
    }
}

#[test]
fn a_violation_names_the_sample_that_shows_it() {
    let witness = |relation, selector, amount| -> Vec<EntityId> {
        let mut builder = healthy_history();
        builder.limit(relation, selector, amount);
        let finding = builder.judge("limits");
        assert_eq!(finding.broken(), 1, "{finding:?}");
        finding.violations[0].witness.clone()
    };
    let streaming = witness("at_most", "messages-per-span", Amount::whole(6));
    assert_eq!(streaming, [SpanId(5).into()]);
    // The first of the spans that failed.
    let failing = witness("equal", "success", ratio(1, 1));
    assert_eq!(failing, [SpanId(3).into()]);
    let builder = healthy_history();
    let of_streaming: Vec<MessageId> = builder
        .sendings
        .iter()
        .filter(|sending| sending.kind() == "progress")
        .map(|sending| sending.id())
        .collect();
    let third = witness("at_most", "sent:progress", Amount::whole(2));
    assert_eq!(third, [of_streaming[2].into()]);
}

#[test]
fn every_limit_is_checked() {
    let mut settings = Settings::default();
    let amounts = |pairs: &[(&str, u64)]| {
        let pairs = pairs.iter();
        let amounts = pairs.map(|(name, amount)| ((*name).to_owned(), Amount::whole(*amount)));
        SettingValue::Amounts(amounts.collect())
    };
    settings.set("at_most", amounts(&[("spans", 9), ("failures", 5)]));
    settings.set("at_least", amounts(&[("sent", 31)]));
    settings.set(
        "equal",
        amounts(&[("spans:data", 3), ("success:streaming", 1)]),
    );
    let limits = OracleRef::parse("limits").expect("such an oracle");
    let finding = healthy_history().with_run(|run| limits.judge(run, &settings));
    assert!(finding.is_pass(), "{finding:?}");
    assert_eq!(finding.checked, 5);
    let validates = limits.validates(&settings);
    assert_eq!(validates, [Validation::SuccessRate, Validation::EventCount]);
    assert_eq!(limits.validates(&Settings::default()), []);
}

#[test]
fn a_span_that_never_ended_is_a_failure_without_a_duration() {
    let mut builder = HistoryBuilder::new();
    builder.client(super::healthy::CHANNEL_1);
    let open = builder.run("data", super::healthy::CHANNEL_1);
    let done = builder.run("data", super::healthy::CHANNEL_1);
    builder.end(done, SpanEnd::Completed);
    builder.rest();
    builder.limit("equal", "success", ratio(1, 2));
    assert!(builder.judge("limits").is_pass());
    builder.limit("equal", "failures", Amount::whole(0));
    assert_eq!(builder.judge("limits").violations[0].witness, [open.into()]);
}
