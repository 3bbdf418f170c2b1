//! Rate: the share of runs that reach a mark lies within limits, beyond the doubt that a
//! finite number of runs leaves.

use std::fmt;

use super::{SweepCheck, SweepFinding, SweepRun, SweepState, SweepViolation, reached};
use crate::oracle::{Rule, Setting, SettingValues, Settings};

/// The whole, in the unit of shares: hundredths of a per cent.
const WHOLE: u64 = 10_000;

/// Runs beyond which an interval is not computed exactly.
const RUNS_MAX: u64 = 1_000_000_000_000;

/// The check `rate`.
#[derive(Debug)]
pub struct Rate;

impl SweepCheck for Rate {
    fn name(&self) -> &'static str {
        "rate"
    }

    fn claim(&self) -> &'static str {
        "a mark is reached in a share of the runs that lies within limits"
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "too-rare",
                meaning: "The whole interval lies below the least share.",
            },
            Rule {
                name: "too-frequent",
                meaning: "The whole interval lies above the greatest share.",
            },
            Rule {
                name: "undecided",
                meaning: "A limit lies within the interval: more runs would tell.",
            },
        ]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: "mark",
                meaning: "The mark whose runs are counted.",
                values: SettingValues::Text,
            },
            Setting {
                name: "at-least",
                meaning: "The least share of runs, in hundredths of a per cent.",
                values: SettingValues::Number,
            },
            Setting {
                name: "at-most",
                meaning: "The greatest share of runs, in hundredths of a per cent.",
                values: SettingValues::Number,
            },
        ]
    }

    fn start(&self, settings: &Settings) -> Box<dyn SweepState> {
        Box::new(State {
            mark: settings.text("mark").unwrap_or_default().to_owned(),
            at_least: settings.number("at-least"),
            at_most: settings.number("at-most"),
            hits: 0,
            runs: 0,
        })
    }
}

struct State {
    mark: String,
    at_least: Option<u64>,
    at_most: Option<u64>,
    hits: u64,
    runs: u64,
}

impl SweepState for State {
    fn add(&mut self, run: &SweepRun<'_>) {
        self.runs += 1;
        self.hits += u64::from(reached(run.history, &self.mark));
    }

    fn finding(&self) -> SweepFinding {
        let Some(interval) = Interval::wilson(self.hits, self.runs) else {
            return SweepFinding::default();
        };
        let (mark, hits, runs) = (&self.mark, self.hits, self.runs);
        let measured = format!("{mark}: {hits} of {runs} runs, {interval}");
        let violation = self.broken_rule(interval).map(|rule| SweepViolation {
            rule: rule.into(),
            seeds: Vec::new(),
            message: format!("{measured}; {}", self.limits()),
        });
        SweepFinding {
            checked: runs,
            violations: violation.into_iter().collect(),
            measured: vec![measured],
        }
    }
}

impl State {
    fn broken_rule(&self, interval: Interval) -> Option<&'static str> {
        let least = self.at_least.unwrap_or(0);
        let most = self.at_most.unwrap_or(WHOLE);
        if interval.high < least {
            Some("too-rare")
        } else if interval.low > most {
            Some("too-frequent")
        } else if interval.low < least || interval.high > most {
            Some("undecided")
        } else {
            None
        }
    }

    fn limits(&self) -> String {
        let least = Share(self.at_least.unwrap_or(0));
        let most = Share(self.at_most.unwrap_or(WHOLE));
        format!("it must lie between {least} and {most}")
    }
}

/// A share of the whole, printed with four digits.
#[derive(Clone, Copy)]
struct Share(u64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / WHOLE, self.0 % WHOLE)
    }
}

/// A Wilson score interval of 95 per cent, rounded outwards to hundredths of a per cent.
///
/// Wilson, "Probable inference, the law of succession, and statistical inference", JASA
/// 1927. Computed in integers, so that every machine prints the same digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// The lower bound.
    pub low: u64,
    /// The upper bound.
    pub high: u64,
}

impl Interval {
    /// Returns the interval of `hits` among `runs`, if there are runs and not more hits.
    ///
    /// With `z² = Z / D` the bounds are `(2·D·k + Z ± S) / (2·(D·n + Z))`, where
    /// `S² = Z² + 4·D·Z·k·(n - k) / n`.
    pub fn wilson(hits: u64, runs: u64) -> Option<Self> {
        // 1.96² = 3.8416.
        const Z: u128 = 38_416;
        const D: u128 = 10_000;
        // Digits of the root that count, squared.
        const SCALE: u128 = 100;
        if runs == 0 || hits > runs || runs > RUNS_MAX {
            return None;
        }
        let (k, n) = (u128::from(hits), u128::from(runs));
        let variance = (SCALE * SCALE * 4 * D * Z * k * (n - k)).div_ceil(n);
        let square = SCALE * SCALE * Z * Z + variance;
        let root = square.isqrt() + u128::from(!is_square(square));
        let middle = SCALE * (2 * D * k + Z);
        let denominator = SCALE * 2 * (D * n + Z);
        let whole = u128::from(WHOLE);
        let low = middle.saturating_sub(root) * whole / denominator;
        let high = ((middle + root) * whole).div_ceil(denominator).min(whole);
        Some(Self {
            low: u64::try_from(low).ok()?,
            high: u64::try_from(high).ok()?,
        })
    }
}

fn is_square(number: u128) -> bool {
    let root = number.isqrt();
    root * root == number
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "between {} and {}", Share(self.low), Share(self.high))
    }
}
