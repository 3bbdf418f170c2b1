//! A session compared with a baseline.
//!
//! Averages are compared by cross-multiplication: there is no division, so that a session
//! without modules or without tests has no average, and no regression.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Totals;

/// The averages of earlier sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Baseline {
    /// The time for one module.
    pub(in super::super) time_per_module: Duration,
    /// The score of one test.
    pub(in super::super) quality: u32,
}

/// A regression against the baseline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Regression {
    /// A module takes more than one and a half times as long. Of high severity.
    GenerationTime,
    /// The average score is less than nine tenths. Of critical severity.
    TestQuality,
}

/// Returns the regressions of a session that took so long.
pub(in super::super) fn regressions(
    duration_us: u64,
    totals: &Totals,
    baseline: &Baseline,
) -> Vec<Regression> {
    let slower = is_slower(duration_us, totals, baseline).then_some(Regression::GenerationTime);
    let worse = is_worse(totals, baseline).then_some(Regression::TestQuality);
    slower.into_iter().chain(worse).collect()
}

fn is_slower(duration_us: u64, totals: &Totals, baseline: &Baseline) -> bool {
    // duration / modules > 1.5 * baseline
    let allowed = 3 * baseline.time_per_module.as_micros() * u128::from(totals.modules_processed);
    totals.modules_processed > 0 && 2 * u128::from(duration_us) > allowed
}

fn is_worse(totals: &Totals, baseline: &Baseline) -> bool {
    // quality / tests < 0.9 * baseline
    let demanded = 9 * u64::from(baseline.quality) * totals.tests_generated;
    totals.tests_generated > 0 && 10 * totals.quality < demanded
}
