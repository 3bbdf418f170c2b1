//! Two measurements of one scenario, compared.

use std::cmp::Ordering;
use std::fmt;

use rehearsal_history::Amount;
use rehearsal_history::metrics::{Better, Selector, Unit};

use super::{Mean, Measured, is_count};

/// How grave a regression is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// A cost has grown to more than one and a half times what it was.
    High,
    /// A quality has fallen below nine tenths of what it was, or can no longer be measured.
    Critical,
}

impl Severity {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A metric that has become worse than its threshold allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regression {
    /// The metric, as limits name it.
    pub metric: String,
    /// How grave it is.
    pub severity: Severity,
    unit: Unit,
    before: Amount,
    /// None if there is nothing to measure any more.
    after: Option<Amount>,
}

impl Regression {
    /// Returns the mean in the baseline, in its unit.
    pub fn before(&self) -> String {
        self.unit.show(self.before)
    }

    /// Returns the mean now, in its unit; none if there is nothing to measure any more.
    pub fn after(&self) -> Option<String> {
        self.after.map(|after| self.unit.show(after))
    }
}

/// `31ms, more than 1.5 times 20ms`.
impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before();
        match (self.after(), self.severity) {
            (Some(after), Severity::High) => write!(f, "{after}, more than 1.5 times {before}"),
            (Some(after), Severity::Critical) => write!(f, "{after}, less than 0.9 times {before}"),
            (None, _) => write!(f, "nothing is measured, where there was {before}"),
        }
    }
}

/// Returns what has become worse. A metric that the baseline does not have is new, and not
/// worse; a count that it does not have was zero.
pub fn compare(before: &Measured, after: &Measured) -> Vec<Regression> {
    let names = before.metrics.keys();
    let new = after.metrics.keys();
    let new = new.filter(|name| is_count(name) && !before.metrics.contains_key(*name));
    let mut regressions: Vec<Regression> = names
        .chain(new)
        .filter_map(|name| {
            let selector = Selector::parse(name).ok()?;
            let mean = |measured: &Measured| -> Option<Amount> {
                let zero = is_count(name).then_some(Mean { sum: 0, of: 1 });
                measured.metrics.get(name).copied().or(zero)?.amount()
            };
            regression(&selector, mean(before)?, mean(after))
        })
        .collect();
    regressions.sort_by(|one, other| {
        let key = |regression: &Regression| regression.severity;
        key(other)
            .cmp(&key(one))
            .then(one.metric.cmp(&other.metric))
    });
    regressions
}

fn regression(selector: &Selector, before: Amount, after: Option<Amount>) -> Option<Regression> {
    let severity = match (selector.metric.better, after) {
        (Better::Neither, _) => return None,
        (_, None) => Severity::Critical,
        // after > 1.5 × before
        (Better::Lower, Some(after)) => {
            let worse = after.compare_times(2, before, 3) == Ordering::Greater;
            worse.then_some(Severity::High)?
        }
        // after < 0.9 × before
        (Better::Higher, Some(after)) => {
            let worse = after.compare_times(10, before, 9) == Ordering::Less;
            worse.then_some(Severity::Critical)?
        }
    };
    Some(Regression {
        metric: selector.to_string(),
        severity,
        unit: selector.metric.unit,
        before,
        after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(metrics: &[(&str, u64, u64)]) -> Measured {
        let metrics = metrics.iter();
        let means =
            metrics.map(|(name, sum, of)| ((*name).to_owned(), Mean { sum: *sum, of: *of }));
        Measured {
            name: "example".to_owned(),
            strategy: "portfolio".to_owned(),
            seeds: "0..4".to_owned(),
            metrics: means.collect(),
        }
    }

    fn worse(before: &[(&str, u64, u64)], after: &[(&str, u64, u64)]) -> Vec<String> {
        let regressions = compare(&measured(before), &measured(after));
        let line = |regression: &Regression| {
            let (severity, metric) = (regression.severity.as_str(), &regression.metric);
            format!("{severity} {metric}: {regression}")
        };
        regressions.iter().map(line).collect()
    }

    const NOTHING: [String; 0] = [];

    #[test]
    fn a_time_may_be_one_and_a_half_times_what_it_was_and_no_more() {
        let before = [("duration:data", 20_000, 2)];
        assert_eq!(worse(&before, &[("duration:data", 15_000, 1)]), NOTHING);
        assert_eq!(
            worse(&before, &[("duration:data", 15_001, 1)]),
            ["high duration:data: 15001us, more than 1.5 times 10ms"]
        );
        // Means are not rounded: 3 × 15,000.33 µs.
        assert_eq!(worse(&before, &[("duration:data", 45_001, 3)]).len(), 1);
        assert_eq!(worse(&before, &[("duration:data", 1, 1)]), NOTHING);
    }

    #[test]
    fn a_quality_may_be_nine_tenths_of_what_it_was_and_no_less() {
        let before = [("success", 50, 50)];
        assert_eq!(worse(&before, &[("success", 45, 50)]), NOTHING);
        assert_eq!(
            worse(&before, &[("success", 44, 50)]),
            ["critical success: 88%, less than 0.9 times 100%"]
        );
        assert_eq!(worse(&before, &[("success", 899_999, 1_000_000)]).len(), 1);
    }

    #[test]
    fn zero_is_compared_like_any_number() {
        assert_eq!(worse(&[("latency", 0, 4)], &[("latency", 0, 4)]), NOTHING);
        assert_eq!(
            worse(&[("latency", 0, 4)], &[("latency", 1, 4)]),
            ["high latency: 0ms, more than 1.5 times 0ms"]
        );
        assert_eq!(worse(&[("success", 0, 4)], &[("success", 0, 4)]), NOTHING);
        assert_eq!(worse(&[("success", 1, 4)], &[("success", 0, 4)]).len(), 1);
    }

    #[test]
    fn a_metric_without_samples_has_no_mean() {
        let latency = [("latency", 100, 4)];
        assert_eq!(
            worse(&latency, &[]),
            ["critical latency: nothing is measured, where there was 25us"]
        );
        assert_eq!(worse(&latency, &[("latency", 0, 0)]).len(), 1);
        assert_eq!(worse(&[("latency", 0, 0)], &latency), NOTHING);
        assert_eq!(worse(&[], &latency), NOTHING);
        // A count without samples is zero.
        assert_eq!(worse(&[("failures", 2, 4)], &[]), NOTHING);
        assert_eq!(
            worse(&[], &[("failures", 2, 4)]),
            ["high failures: 0.5, more than 1.5 times 0"]
        );
    }

    #[test]
    fn the_gravest_come_first() {
        let before = [("delivery", 1, 1), ("makespan", 1, 1), ("success", 1, 1)];
        let after = [("delivery", 2, 1), ("makespan", 2, 1), ("success", 1, 2)];
        let found = compare(&measured(&before), &measured(&after));
        let names: Vec<&str> = found.iter().map(|regression| &*regression.metric).collect();
        assert_eq!(names, ["success", "delivery", "makespan"]);
    }

    #[test]
    fn counts_that_say_how_large_a_run_is_are_not_compared() {
        assert_eq!(worse(&[("sent", 10, 1)], &[("sent", 100, 1)]), NOTHING);
    }
}
