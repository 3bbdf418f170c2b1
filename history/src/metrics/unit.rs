//! Units of metrics, and their notation.

use crate::amount::Amount;

/// The unit of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Virtual time, in microseconds.
    Time,
    /// A number of things.
    Count,
    /// A part of a whole.
    Share,
    /// Things for each second of virtual time.
    Rate,
}

impl Unit {
    /// Returns the name of the unit in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "us",
            Self::Count => "count",
            Self::Share => "share",
            Self::Rate => "per_second",
        }
    }

    /// Returns an amount in the notation of scenario files: `5700ms`, `12`, `99.5%`, `100/s`.
    /// Digits beyond the second of a share, and the third of other fractions, are cut off.
    pub fn show(self, amount: Amount) -> String {
        match self {
            Self::Time => time(amount),
            Self::Count => decimal(amount, 1, 3),
            Self::Share => format!("{}%", decimal(amount, 100, 2)),
            Self::Rate => format!("{}/s", decimal(amount, 1, 3)),
        }
    }
}

fn time(amount: Amount) -> String {
    let micros = amount.numerator() / amount.denominator();
    if micros.is_multiple_of(1_000) {
        format!("{}ms", micros / 1_000)
    } else {
        format!("{micros}us")
    }
}

/// Returns a ratio times `scale` with at most so many digits behind the point.
fn decimal(amount: Amount, scale: u128, digits: usize) -> String {
    let (above, below) = (
        u128::from(amount.numerator()) * scale,
        u128::from(amount.denominator()),
    );
    let whole = above / below;
    let mut rest = above % below;
    let mut fraction = String::new();
    while rest > 0 && fraction.len() < digits {
        rest *= 10;
        fraction += &(rest / below).to_string();
        rest %= below;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return whole.to_string();
    }
    format!("{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_files_write_them() {
        let ratio = |above, below| Amount::ratio(above, below).expect("a denominator");
        assert_eq!(Unit::Time.show(Amount::whole(5_700_000)), "5700ms");
        assert_eq!(Unit::Time.show(Amount::whole(1_500)), "1500us");
        assert_eq!(Unit::Time.show(Amount::whole(0)), "0ms");
        assert_eq!(Unit::Time.show(ratio(7, 2)), "3us");
        assert_eq!(Unit::Count.show(Amount::whole(1_040)), "1040");
        assert_eq!(Unit::Count.show(ratio(21, 2)), "10.5");
        assert_eq!(Unit::Share.show(ratio(50, 50)), "100%");
        assert_eq!(Unit::Share.show(ratio(2, 3)), "66.66%");
        assert_eq!(Unit::Share.show(ratio(995, 1_000)), "99.5%");
        assert_eq!(Unit::Rate.show(ratio(5_100_000_000, 2_000_000)), "2550/s");
    }
}
