//! The synthesis of findings: by severity, with a risk and a recommendation.

use serde_json::{Value, json};

/// Severities, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in super::super) enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Unknown,
}

/// The severities that a finding can name, with their risk.
const SEVERITIES: [(&str, Severity, u32); 4] = [
    ("critical", Severity::Critical, 10),
    ("high", Severity::High, 5),
    ("medium", Severity::Medium, 2),
    ("low", Severity::Low, 1),
];

/// The risk above which a synthesis asks for changes.
const RISK_MAX: u32 = 10;

impl Severity {
    /// Returns the severity of a finding.
    pub(in super::super) fn of(finding: &Value) -> Self {
        let name = finding.get("severity").and_then(Value::as_str);
        let mut known = SEVERITIES.iter();
        known
            .find(|(known, ..)| Some(*known) == name)
            .map_or(Self::Unknown, |(_, severity, _)| *severity)
    }

    /// Returns the risk of a finding of this severity; none if that is unknown.
    fn risk(self) -> u32 {
        let mut known = SEVERITIES.iter();
        known
            .find(|(_, severity, _)| *severity == self)
            .map_or(0, |(.., risk)| *risk)
    }
}

/// The recommendations of a synthesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Recommendation {
    Approve,
    RequestChanges,
}

/// Findings, put together.
pub(in super::super) struct Synthesis {
    /// By severity; findings of one severity keep their order.
    findings: Vec<Value>,
}

impl Synthesis {
    pub(in super::super) fn of(findings: &[Value]) -> Self {
        let mut findings = findings.to_vec();
        findings.sort_by_key(Severity::of);
        Self { findings }
    }

    pub(super) fn findings(&self) -> Vec<Value> {
        self.findings.clone()
    }

    /// Returns the number of findings of a severity.
    pub(super) fn count(&self, severity: Severity) -> u32 {
        let findings = self.findings.iter();
        let count = findings
            .filter(|finding| Severity::of(finding) == severity)
            .count();
        u32::try_from(count).expect("fewer than 2^32 findings")
    }

    fn risk(&self) -> u32 {
        let findings = self.findings.iter();
        findings.map(|finding| Severity::of(finding).risk()).sum()
    }

    pub(super) fn recommendation(&self) -> Recommendation {
        if self.risk() > RISK_MAX {
            Recommendation::RequestChanges
        } else {
            Recommendation::Approve
        }
    }

    /// Returns the synthesis as a report has it.
    pub(in super::super) fn into_value(self) -> Value {
        let recommendation = match self.recommendation() {
            Recommendation::Approve => "approve",
            Recommendation::RequestChanges => "request_changes",
        };
        json!({
            "total_findings": self.findings.len(),
            "total_risk": self.risk(),
            "recommendation": recommendation,
            "findings": self.findings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: &str, number: u32) -> Value {
        json!({ "severity": severity, "number": number })
    }

    fn of(severities: &[&str]) -> Synthesis {
        let findings = (0..).zip(severities);
        let findings: Vec<Value> = findings
            .map(|(number, severity)| finding(severity, number))
            .collect();
        Synthesis::of(&findings)
    }

    #[test]
    fn findings_are_sorted_by_severity_and_keep_their_order_within_it() {
        let synthesis = of(&[
            "low", "strange", "high", "critical", "low", "medium", "high",
        ]);
        let order: Vec<(Severity, u64)> = synthesis
            .findings
            .iter()
            .map(|finding| (Severity::of(finding), finding["number"].as_u64().unwrap()))
            .collect();
        use Severity::{Critical, High, Low, Medium, Unknown};
        let sorted = [
            (Critical, 3),
            (High, 2),
            (High, 6),
            (Medium, 5),
            (Low, 0),
            (Low, 4),
            (Unknown, 1),
        ];
        assert_eq!(order, sorted);
    }

    #[test]
    fn risk_weighs_severities_and_asks_for_changes_above_ten() {
        let cases: [(&[&str], u32, Recommendation); 8] = [
            (&[], 0, Recommendation::Approve),
            (&["critical"], 10, Recommendation::Approve),
            (&["critical", "low"], 11, Recommendation::RequestChanges),
            (&["high"], 5, Recommendation::Approve),
            (&["high", "high"], 10, Recommendation::Approve),
            (&["medium"], 2, Recommendation::Approve),
            (&["low"], 1, Recommendation::Approve),
            (&["strange"], 0, Recommendation::Approve),
        ];
        for (severities, risk, recommendation) in cases {
            let synthesis = of(severities);
            assert_eq!(synthesis.risk(), risk, "{severities:?}");
            assert_eq!(synthesis.recommendation(), recommendation, "{severities:?}");
        }
    }
}
