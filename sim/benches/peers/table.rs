//! The table: its rows, how they are printed, and where they are kept.

use std::fmt;
use std::time::Duration;

use crate::measure::{Times, median, ratio};

/// One line of the table.
pub(crate) struct Row {
    /// The work.
    pub(crate) work: String,
    /// The peer.
    pub(crate) peer: String,
    /// The measurement.
    pub(crate) figures: Figures,
    /// The goal.
    pub(crate) goal: Goal,
}

/// A measurement.
pub(crate) enum Figures {
    /// Both sides, for one unit of the work.
    Times {
        ours: Vec<Duration>,
        theirs: Vec<Duration>,
    },
    /// Rehearsal's side only, and the reason for which there is no other.
    Alone { ours: Vec<Duration>, why: String },
    /// Bytes, compared with the goal only.
    Bytes(u64),
    /// Rehearsal's side failed, with this error.
    Nothing(String),
}

impl Figures {
    /// Converts two sides as [`crate::measure::in_turn`] returns them.
    pub(crate) fn of(ours: &Times, theirs: &Times) -> Self {
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => Self::Times {
                ours: ours.clone(),
                theirs: theirs.clone(),
            },
            (Ok(ours), Err(why)) => Self::Alone {
                ours: ours.clone(),
                why: why.clone(),
            },
            (Err(why), _) => Self::Nothing(why.clone()),
        }
    }
}

/// The goal of a row.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// The peer takes at least that many times as long.
    Faster(f64),
    /// Rehearsal takes at most that many times as long as the peer.
    Dearer(f64),
    /// At most that many bytes.
    Bytes(u64),
    /// No goal; the ratio to the peer is printed all the same.
    Known,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faster(times) if times.fract() > 0.0 => write!(f, "≥ {times}×"),
            Self::Faster(times) => write!(f, "≥ {}×", grouped(*times as u64)),
            Self::Dearer(times) => write!(f, "≤ {times}×"),
            Self::Bytes(bytes) => write!(f, "≤ {} B", grouped(*bytes)),
            Self::Known => f.write_str("—"),
        }
    }
}

impl Row {
    /// Returns the measured ratio, as the goal counts it.
    fn ratio(&self) -> Option<f64> {
        let Figures::Times { ours, theirs } = &self.figures else {
            return None;
        };
        match self.goal {
            Goal::Faster(_) => Some(ratio(ours, theirs)),
            Goal::Dearer(_) | Goal::Known => Some(ratio(theirs, ours)),
            Goal::Bytes(_) => None,
        }
    }

    /// Returns `true` if the goal is met; none if that was not measured.
    fn met(&self) -> Option<bool> {
        match (self.goal, &self.figures) {
            (Goal::Faster(goal), _) => Some(self.ratio()? >= goal),
            (Goal::Dearer(goal), _) => Some(self.ratio()? <= goal),
            (Goal::Bytes(goal), Figures::Bytes(bytes)) => Some(*bytes <= goal),
            (Goal::Bytes(_) | Goal::Known, _) => None,
        }
    }
}

/// The first two lines of the table.
pub(crate) const HEAD: &str = "\
| work | ours | peer | theirs | ratio | goal | met |
|---|---|---|---|---|---|---|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, theirs) = match &self.figures {
            Figures::Times { ours, theirs } => (short(ours), short(theirs)),
            Figures::Alone { ours, why } => (short(ours), why.clone()),
            Figures::Bytes(bytes) => (format!("{} B", grouped(*bytes)), "—".to_owned()),
            Figures::Nothing(why) => (why.clone(), "—".to_owned()),
        };
        let ratio = match self.ratio() {
            Some(ratio) if ratio >= 1_000.0 => format!("{}×", grouped(ratio as u64)),
            Some(ratio) if ratio >= 100.0 => format!("{ratio:.0}×"),
            Some(ratio) if ratio >= 10.0 => format!("{ratio:.1}×"),
            Some(ratio) => format!("{ratio:.2}×"),
            None => "—".to_owned(),
        };
        let met = match self.met() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "—",
        };
        let Self {
            work, peer, goal, ..
        } = self;
        write!(
            f,
            "| {work} | {ours} | {peer} | {theirs} | {ratio} | {goal} | {met} |"
        )
    }
}

/// Returns the median, with three digits and a unit.
fn short(times: &[Duration]) -> String {
    let nanoseconds = median(times).as_nanos() as f64;
    let (value, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let digits = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    if unit == "ns" {
        return format!("{value:.0} ns");
    }
    format!("{value:.digits$} {unit}")
}

/// Returns a number with a comma every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");
const BEGIN: &str =
    "<!-- begin: written by `cargo bench -p rehearsal-sim --bench peers -- --write` -->\n";
const END: &str = "<!-- end -->";

/// Puts the table in its place in `docs/benchmarks.md`.
///
/// # Errors
///
/// If the page cannot be read or written, or the place is not marked.
pub(crate) fn write(rows: &[Row]) -> Result<(), String> {
    let page = std::fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let (before, rest) = page
        .split_once(BEGIN)
        .ok_or_else(|| format!("{PAGE}: no line {BEGIN}"))?;
    let (_, after) = rest
        .split_once(END)
        .ok_or_else(|| format!("{PAGE}: no line {END}"))?;
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let page = format!("{before}{BEGIN}\n{HEAD}\n{lines}\n{END}{after}");
    std::fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))
}
