//! The weights of experts by domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Domain, Weight};

/// The field of a member's expertise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Expert {
    /// Security.
    Security,
    /// Performance.
    Performance,
    /// Accessibility.
    Accessibility,
    /// The quality of code.
    CodeQuality,
}

/// The weight of an expert that the table does not have.
const DEFAULT: Weight = Weight(500);

/// The weights, in thousandths.
const WEIGHTS: [(Domain, Expert, Weight); 8] = [
    (Domain::Security, Expert::Security, Weight(1_000)),
    (Domain::Security, Expert::CodeQuality, Weight(300)),
    (Domain::Security, Expert::Performance, Weight(100)),
    (Domain::Performance, Expert::Performance, Weight(1_000)),
    (Domain::Performance, Expert::CodeQuality, Weight(400)),
    (Domain::Performance, Expert::Security, Weight(200)),
    (Domain::Accessibility, Expert::Accessibility, Weight(1_000)),
    (Domain::Accessibility, Expert::CodeQuality, Weight(200)),
];

/// Returns the weight of an expert's vote in a domain.
pub(in super::super) fn weight_of(domain: Domain, expert: Expert) -> Weight {
    let mut rows = WEIGHTS.iter();
    rows.find(|(of, by, _)| (*of, *by) == (domain, expert))
        .map_or(DEFAULT, |(_, _, weight)| *weight)
}
