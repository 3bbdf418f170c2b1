//! Promises of fan-outs.

use serde_json::{Value, json};

use super::super::evidence::TaskSeen;
use super::super::report::{TaskError, meaning};
use super::super::settings::Quorum;
use super::{Kept, Observed, Promise, promise, unless};

/// The promises of a fan-out.
pub(in super::super) const FAN_OUT: &[Promise] = &[
    promise("synthesis-waits-for-all", synthesis_waits),
    promise("results-are-in-order-of-agents", results_in_order),
    promise("failure-leaves-the-others", failure_leaves_others),
];

/// The name of the task that puts findings together.
const SYNTHESIS: &str = "synthesis";

/// The promises of a code review.
pub(in super::super) const REVIEW: &[Promise] = &[
    promise("decision-follows-the-findings", decision_follows),
    promise("reviewer-reviews-once", reviews_once),
];

fn reviews<'a>(observed: &'a Observed<'_>) -> impl Iterator<Item = &'a TaskSeen> {
    let tasks = observed.seen.tasks.iter();
    tasks.filter(|task| task.name != SYNTHESIS)
}

/// Returns `true` if the orchestrator gave a review up, which its worker does not know.
fn was_given_up(observed: &Observed<'_>, review: &TaskSeen) -> bool {
    let log = observed.report().map(|report| report.log.as_slice());
    let mut log = log.unwrap_or_default().iter();
    log.any(|entry| entry.task == review.name && entry.result == Err(TaskError::TimedOut))
}

/// Checks that the synthesis begins when every reviewer is done, and the report comes after
/// that.
fn synthesis_waits(observed: &Observed<'_>) -> Kept {
    let synthesis = observed.seen.named(SYNTHESIS).next();
    let begins = match synthesis {
        Some(synthesis) => synthesis.taken,
        None => observed.seen.report.as_ref()?.0,
    };
    let mut reviews = reviews(observed).filter(|review| !was_given_up(observed, review));
    let early = reviews.find(|review| review.ended_at().is_none_or(|ended| ended > begins));
    Some(match early {
        Some(review) => Err(format!("{} was still under way", review.name)),
        None => Ok(()),
    })
}

fn results<'a>(observed: &'a Observed<'_>) -> Option<&'a Vec<Value>> {
    let output = observed.report()?.end.as_ref().ok()?;
    output.get("agent_results")?.as_array()
}

/// Checks that the results are in the order in which the agents are declared, whichever was
/// first.
fn results_in_order(observed: &Observed<'_>) -> Kept {
    let results = results(observed)?;
    let agents = observed.scenario.workers();
    let agents: Vec<&str> = agents.map(|agent| agent.name.as_str()).collect();
    let found = results.iter().map(|result| result["agent"].as_str());
    let found: Vec<&str> = found.flatten().collect();
    Some(unless(found == agents, || {
        format!("the agents are {agents:?}, and the results those of {found:?}")
    }))
}

/// Checks that the findings of the other reviewers are in the synthesis if one of them
/// fails.
fn failure_leaves_others(observed: &Observed<'_>) -> Kept {
    let report = observed.report()?;
    let expected: usize = reviews(observed)
        .filter_map(TaskSeen::answer)
        .map(|answer| meaning(answer)["findings"].as_array().map_or(0, Vec::len))
        .sum();
    let Ok(output) = &report.end else {
        // A synthesizer that fails ends the workflow; a reviewer does not.
        let by_reviewer = observed.seen.named(SYNTHESIS).next().is_none();
        let refused = observed.seen.refused.is_some();
        return (by_reviewer && !refused)
            .then(|| Err(format!("a reviewer ended the workflow: {:?}", report.end)));
    };
    let found = output["synthesis"]["total_findings"].as_u64();
    let expected = u64::try_from(expected).expect("fewer than 2^64 findings");
    Some(unless(found == Some(expected), || {
        format!("reviewers found {expected}, and the synthesis has {found:?}")
    }))
}

/// Checks that the decision is that of the findings that the reviewers have answered,
/// whatever their order.
fn decision_follows(observed: &Observed<'_>) -> Kept {
    let output = observed.report()?.end.as_ref().ok()?;
    let answers = reviews(observed).filter_map(TaskSeen::answer).map(meaning);
    let (mut penalty, mut critical, mut high) = (0, 0, 0);
    for answer in answers {
        for finding in answer["findings"].as_array().into_iter().flatten() {
            penalty += match finding["severity"].as_str() {
                Some("critical") => 30,
                Some("high") => 20,
                Some("medium") => 10,
                Some("low") => 5,
                _ => 0,
            };
            critical += u32::from(finding["severity"] == "critical");
            high += u32::from(finding["severity"] == "high");
        }
    }
    let score = 100_i64.saturating_sub(penalty).max(0);
    let approves = critical == 0 && high <= 3;
    let approves =
        approves && score >= i64::from(observed.scenario.workflow.approve_from.unwrap_or(90));
    let failed = reviews(observed).any(|review| review.answer().is_none());
    let all = observed.scenario.workflow.quorum.map(|quorum| quorum.0) == Some(Quorum::All);
    let action = match (critical, approves && !(all && failed)) {
        (1.., _) => "reject",
        (_, true) => "approve",
        (_, false) => "request_changes",
    };
    let person = critical > 0 || high > 5;
    let expected = json!([action, person, score]);
    let found = json!([
        output["action"],
        output["requires_human_review"],
        output["score_tenths"]
    ]);
    Some(unless(found == expected, || {
        format!("the findings call for {expected}, and the review says {found}")
    }))
}

/// Checks that each reviewer that is enabled reviews once, and no other does.
fn reviews_once(observed: &Observed<'_>) -> Kept {
    observed.report()?.end.as_ref().ok()?;
    let agents = observed.scenario.workers();
    let mut expected: Vec<&str> = agents.map(|agent| agent.name.as_str()).collect();
    let mut found: Vec<&str> = reviews(observed)
        .map(|review| review.agent.as_str())
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    Some(unless(found == expected, || {
        format!("enabled are {expected:?}, and reviewed have {found:?}")
    }))
}
