//! Durations as scenario files have them: `50ms`, `2s`, `1ms..50ms`.

use std::time::Duration;

/// The longest duration that a scenario may ask for.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Units with their length in microseconds, the longest first.
const UNITS: [(&str, u64); 5] = [
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// The error of a text that is no duration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadDuration {
    /// The problem, in a few words.
    pub message: String,
    /// The text to write instead.
    pub help: String,
}

impl BadDuration {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Reads a whole number and a unit (`us`, `ms`, `s`, `m`, `h`).
///
/// # Errors
///
/// If the text is anything else, or the duration does not fit 64 bits of
/// microseconds.
pub fn parse(text: &str) -> Result<Duration, BadDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(without_number(text));
    }
    let micros_each = unit_length(number, unit)?;
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(micros_each))
        .map(Duration::from_micros)
        .ok_or_else(|| {
            BadDuration::new(
                "the number is too large for a duration",
                "no duration in a scenario is longer than \"24h\"",
            )
        })
}

/// Reads two durations with `..` between them, or one that stands for both. The
/// first may be larger than the second: the caller decides.
///
/// # Errors
///
/// If either part is no duration.
pub fn parse_range(text: &str) -> Result<(Duration, Duration), BadDuration> {
    match text.split_once("..") {
        Some((from, to)) => Ok((parse(from.trim())?, parse(to.trim())?)),
        None => parse(text).map(|both| (both, both)),
    }
}

/// Writes a duration in the largest unit that leaves a whole number.
pub fn show(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        return "0ms".to_owned();
    }
    UNITS
        .iter()
        .map(|(unit, length)| (unit, u128::from(*length)))
        .find(|(_, length)| micros.is_multiple_of(*length))
        .map_or_else(
            || format!("{micros}us"),
            |(unit, length)| format!("{}{unit}", micros / length),
        )
}

/// Writes a range of durations, or one duration if both ends are the same.
pub fn show_range(from: Duration, to: Duration) -> String {
    if from == to {
        return show(from);
    }
    format!("{}..{}", show(from), show(to))
}

fn without_number(text: &str) -> BadDuration {
    let message = match text.chars().next() {
        None => "an empty text is no duration",
        Some('-') => "a duration cannot be negative",
        Some(_) => "a duration starts with a whole number",
    };
    BadDuration::new(message, "write a number and a unit, such as \"50ms\"")
}

fn unit_length(number: &str, unit: &str) -> Result<u64, BadDuration> {
    if let Some((_, length)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*length);
    }
    if unit.is_empty() {
        return Err(BadDuration::new(
            "the unit is missing",
            format!("did you mean \"{}ms\"?", short(number)),
        ));
    }
    if unit.starts_with('.') && !unit.starts_with("..") {
        return Err(BadDuration::new(
            "a duration is a whole number of its unit",
            "use the next smaller unit: \"1500ms\" instead of \"1.5s\"",
        ));
    }
    if unit.contains("..") {
        return Err(BadDuration::new(
            "a single duration is needed here, not a range",
            "write one duration, such as \"50ms\"",
        ));
    }
    let known = UNITS.iter().find(|(name, _)| unit.trim() == *name);
    if let Some((name, _)) = known {
        return Err(BadDuration::new(
            "there is a blank in the duration",
            format!("did you mean \"{}{name}\"?", short(number)),
        ));
    }
    Err(BadDuration::new(
        "the unit is unknown",
        "the units are `us`, `ms`, `s`, `m` and `h`",
    ))
}

/// The number, unless it is absurdly long.
fn short(number: &str) -> &str {
    if number.len() <= 12 { number } else { "50" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        let micros = |text| parse(text).map(|duration| duration.as_micros());
        assert_eq!(micros("500us"), Ok(500));
        assert_eq!(micros("50ms"), Ok(50_000));
        assert_eq!(micros("2s"), Ok(2_000_000));
        assert_eq!(micros("1m"), Ok(60_000_000));
        assert_eq!(micros("1h"), Ok(3_600_000_000));
        assert_eq!(micros("0ms"), Ok(0));
    }

    #[test]
    fn errors_name_the_problem_and_the_remedy() {
        let message = |text: &str| match parse(text) {
            Ok(duration) => panic!("{text} was read as {duration:?}"),
            Err(bad) => format!("{}; {}", bad.message, bad.help),
        };
        assert!(message("").starts_with("an empty text"));
        assert!(message("-5ms").contains("negative"));
        assert!(message("fast").contains("whole number"));
        assert!(message("50").contains("\"50ms\"?"));
        assert!(message("1.5s").contains("1500ms"));
        assert!(message("5 ms").contains("\"5ms\"?"));
        assert!(message("5 parsecs").contains("`us`, `ms`"));
        assert!(message("5µs").contains("unknown"));
        assert!(message("1ms..2ms").contains("not a range"));
        assert!(message("99999999999999999999s").contains("too large"));
        assert!(message("18446744073709551615h").contains("too large"));
    }

    #[test]
    fn reads_ranges() {
        let ms = Duration::from_millis;
        assert_eq!(parse_range("1ms..50ms"), Ok((ms(1), ms(50))));
        assert_eq!(parse_range("1ms .. 2s"), Ok((ms(1), ms(2_000))));
        assert_eq!(parse_range("5ms"), Ok((ms(5), ms(5))));
        assert_eq!(parse_range("5ms..1ms"), Ok((ms(5), ms(1))));
        assert!(parse_range("..").is_err());
        assert!(parse_range("1ms..").is_err());
        assert!(parse_range("1ms..2ms..3ms").is_err());
    }

    #[test]
    fn printed_ranges_are_read_back() {
        for text in ["1ms..50ms", "5ms", "500us..2s"] {
            let shown = parse_range(text).map(|(from, to)| show_range(from, to));
            assert_eq!(shown, Ok(text.to_owned()));
        }
    }

    #[test]
    fn shows_what_it_reads() {
        for text in ["500us", "50ms", "2s", "1m", "1h", "90s", "0ms"] {
            assert_eq!(parse(text).map(show), Ok(text.to_owned()));
        }
    }
}
