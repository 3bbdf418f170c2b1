//! The response to an incident: detect, analyse, then remediate or escalate, and learn from
//! it, once on every branch.
//!
//! A grave incident is remediated without a person only if the analysis is sure and says
//! that it can be fixed; otherwise, and if the remediation fails, it is escalated. Others
//! are remediated at once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::defects;
use super::super::marks;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};
use super::super::wire::Object;
use super::answers::{flag, number};

/// The confidence from which on a grave incident is remediated without a person.
const CONFIDENCE_MIN: i64 = 80;

/// Severities of incidents, the gravest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Severity {
    P0,
    P1,
    P2,
    P3,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::P0 => "p0_critical",
            Self::P1 => "p1_high",
            Self::P2 => "p2_medium",
            Self::P3 => "p3_low",
        }
    }

    fn is_grave(self) -> bool {
        self <= Self::P1
    }
}

/// The numbers of an alert: percent of errors, milliseconds of latency, users, revenue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Alert {
    error_rate: i64,
    latency: i64,
    affected_users: i64,
    revenue_impact: i64,
}

impl Alert {
    fn of(input: &Object) -> Self {
        let number = |name: &str| input.get(name).and_then(Value::as_i64).unwrap_or(0);
        Self {
            error_rate: number("error_rate"),
            latency: number("latency"),
            affected_users: number("affected_users"),
            revenue_impact: number("revenue_impact"),
        }
    }

    fn severity(self) -> Severity {
        if self.error_rate > 50 || self.affected_users > 1_000 {
            Severity::P0
        } else if self.error_rate > 10 || self.latency > 5_000 {
            Severity::P1
        } else if self.error_rate > 1 || self.latency > 2_000 {
            Severity::P2
        } else {
            Severity::P3
        }
    }

    /// Returns the impact in thousandths of a point: a tenth of the error rate, a
    /// two-hundredth of the users and a thousandth of the revenue, ten points at most.
    fn impact(self) -> i64 {
        let impact = 100 * self.error_rate + 5 * self.affected_users + self.revenue_impact;
        impact.min(10_000)
    }
}

/// Returns `true` if an analysis allows a remediation without a person.
fn may_remediate(analysis: &Value) -> bool {
    let sure = number(analysis, "confidence").is_some_and(|sure| sure >= CONFIDENCE_MIN);
    sure && flag(analysis, "auto_fixable") == Some(true)
}

/// The agents of the team, which are also the names of their tasks.
const DETECT: &str = "detect";
const ANALYSE: &str = "analyse";
const REMEDIATE: &str = "remediate";
const ESCALATE: &str = "escalate";
const LEARN: &str = "learn";

/// The response, as far as it has come.
#[derive(Default)]
struct Response {
    remediation: Option<Value>,
    escalation: Option<Value>,
}

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let context = run.input()?;
    let alert = Alert::of(&context.snapshot());
    let severity = alert.severity();
    context.insert("severity", severity.as_str());
    context.insert("impact_thousandths", alert.impact());
    for phase in [DETECT, ANALYSE] {
        let output = needed(&run, phase, &context).await?;
        context.insert(format!("{phase}_output"), output);
    }
    let known = context.snapshot();
    let response = if severity.is_grave() && !may_remediate(&known["analyse_output"]) {
        let escalation = Some(escalate(&run, &context).await?);
        Response {
            escalation,
            ..Response::default()
        }
    } else {
        remediate(&run, &context).await?
    };
    // Seeded: the lesson is drawn from the remediation, and without one there is none.
    let lesson = if run.carries(defects::LEARN_SKIPPED) && response.remediation.is_none() {
        Value::Null
    } else {
        learn(&run, &context, &response).await?
    };
    Ok(json!({
        "severity": severity.as_str(),
        "impact_thousandths": alert.impact(),
        "remediation": response.remediation,
        "escalation": response.escalation,
        "learning": lesson,
    }))
}

async fn needed(run: &Run, phase: &str, context: &Context) -> Result<Value, Failure> {
    let output = run.delegate(phase, phase, context).await;
    output.map_err(|error| Failure::of_task(phase, error))
}

/// Remediates the incident, or escalates it if that fails.
async fn remediate(run: &Run, context: &Context) -> Result<Response, Failure> {
    match run.delegate(REMEDIATE, REMEDIATE, context).await {
        Ok(remediation) if flag(&remediation, "success") == Some(true) => {
            run.reached(marks::REMEDIATED);
            Ok(Response {
                remediation: Some(remediation),
                escalation: None,
            })
        }
        Err(TaskError::Stopped) => Err(Failure::OutOfTokens),
        failed => {
            let tried = match failed {
                Ok(remediation) => remediation,
                Err(error) => json!({ "success": false, "error": error.to_string() }),
            };
            let context = context.with("failed_remediation", tried.clone());
            Ok(Response {
                escalation: Some(escalate(run, &context).await?),
                remediation: Some(tried),
            })
        }
    }
}

async fn escalate(run: &Run, context: &Context) -> Result<Value, Failure> {
    let escalation = needed(run, ESCALATE, context).await?;
    run.reached(marks::ESCALATED);
    Ok(escalation)
}

async fn learn(run: &Run, context: &Context, response: &Response) -> Result<Value, Failure> {
    let context = context
        .with("remediation", response.remediation.clone())
        .with("escalation", response.escalation.clone());
    let lesson = needed(run, LEARN, &context).await?;
    run.reached(marks::LEARNED);
    Ok(lesson)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(error_rate: i64, latency: i64, affected_users: i64) -> Alert {
        Alert {
            error_rate,
            latency,
            affected_users,
            revenue_impact: 0,
        }
    }

    #[test]
    fn severity_has_boundaries() {
        let cases = [
            (alert(51, 0, 0), Severity::P0),
            (alert(50, 0, 0), Severity::P1),
            (alert(0, 0, 1_001), Severity::P0),
            (alert(0, 0, 1_000), Severity::P3),
            (alert(11, 0, 0), Severity::P1),
            (alert(10, 0, 0), Severity::P2),
            (alert(0, 5_001, 0), Severity::P1),
            (alert(0, 5_000, 0), Severity::P2),
            (alert(2, 0, 0), Severity::P2),
            (alert(1, 0, 0), Severity::P3),
            (alert(0, 2_001, 0), Severity::P2),
            (alert(0, 2_000, 0), Severity::P3),
        ];
        for (alert, severity) in cases {
            assert_eq!(alert.severity(), severity, "{alert:?}");
        }
    }

    #[test]
    fn impact_is_a_weighted_sum_of_ten_at_most() {
        let of = |error_rate, affected_users, revenue_impact| {
            let alert = Alert {
                error_rate,
                latency: 0,
                affected_users,
                revenue_impact,
            };
            alert.impact()
        };
        assert_eq!(of(10, 0, 0), 1_000);
        assert_eq!(of(0, 200, 0), 1_000);
        assert_eq!(of(0, 0, 1_000), 1_000);
        assert_eq!(of(25, 450, 5_000), 9_750);
        assert_eq!(of(25, 450, 5_250), 10_000);
        assert_eq!(of(100, 1_000, 9_000), 10_000);
    }

    #[test]
    fn remediation_without_a_person_needs_a_sure_analysis_and_a_fix() {
        let cases = [
            (json!({ "confidence": 80, "auto_fixable": true }), true),
            (json!({ "confidence": 79, "auto_fixable": true }), false),
            (json!({ "confidence": 80, "auto_fixable": false }), false),
            (json!({ "confidence": 100 }), false),
            (json!("no idea"), false),
        ];
        for (analysis, may) in cases {
            assert_eq!(may_remediate(&analysis), may, "{analysis}");
        }
    }
}
