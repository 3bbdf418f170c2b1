//! Promises of incident responses.

use serde_json::Value;

use super::super::report::meaning;
use super::sequences::one_at_a_time;
use super::{Kept, Observed, Promise, promise, unless};

/// The promises of an incident response.
pub(in super::super) const INCIDENT: &[Promise] = &[
    promise("phases-follow-each-other", one_at_a_time),
    promise("incident-is-learned-from-once", learned_once),
    promise("unsure-analysis-is-escalated", unsure_is_escalated),
];

/// Checks that a response that ends well has learned from the incident once, after
/// everything else.
fn learned_once(observed: &Observed<'_>) -> Kept {
    observed.report()?.end.as_ref().ok()?;
    let learned = observed.seen.named("learn").count();
    let last = observed.seen.tasks.last()?;
    Some(unless(learned == 1 && last.name == "learn", || {
        format!("learned {learned} times, and {} was last", last.name)
    }))
}

/// Checks that a grave incident whose analysis is not sure is escalated, and not
/// remediated.
fn unsure_is_escalated(observed: &Observed<'_>) -> Kept {
    let output = observed.report()?.end.as_ref().ok()?;
    let grave = ["p0_critical", "p1_high"].map(Value::from);
    let analysis = meaning(observed.seen.named("analyse").next()?.answer()?);
    let sure = analysis["confidence"].as_i64() >= Some(80);
    let sure = sure && analysis["auto_fixable"] == Value::Bool(true);
    if sure || !grave.contains(&output["severity"]) {
        return None;
    }
    let tried = observed.seen.named("remediate").count();
    let escalated = observed.seen.named("escalate").count();
    Some(unless((tried, escalated) == (0, 1), || {
        format!("remediated {tried} times and escalated {escalated} times")
    }))
}
