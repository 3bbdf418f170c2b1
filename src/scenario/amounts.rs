//! Amounts of metrics as scenario files and command lines write them: `"10ms"`, `50`,
//! `"99.5%"`, `"100/s"`.

use rehearsal_agents::sections::durations;
use rehearsal_history::Amount;
use rehearsal_history::metrics::{BadSelector, METRICS, Selector, Unit};
use serde_json::Value;

use super::decode::words::quote;
use super::suggest::nearest;

/// Digits behind the point of a percentage.
const DECIMALS_MAX: usize = 4;

/// A value as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written<'a> {
    /// A whole number.
    Number(u64),
    /// A text in quotes.
    Text(&'a str),
}

impl<'a> Written<'a> {
    /// Returns the value as it stands in JSON; none if it can be no amount.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().map(Self::Number),
            Value::String(text) => Some(Self::Text(text)),
            _ => None,
        }
    }

    /// Returns a value of the command line, which has no quotes.
    pub(crate) fn bare(text: &'a str) -> Self {
        text.parse().map_or(Self::Text(text), Self::Number)
    }
}

/// The error of a value that is no amount in the unit of its metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BadAmount {
    /// The problem, in a few words.
    pub(crate) message: String,
    /// The text to write instead.
    pub(crate) help: String,
}

impl BadAmount {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Reads an amount in a unit.
///
/// # Errors
///
/// If the value is anything else.
pub(crate) fn parse(unit: Unit, written: Written<'_>) -> Result<Amount, BadAmount> {
    match (unit, written) {
        (Unit::Count, Written::Number(number)) => Ok(Amount::whole(number)),
        (Unit::Count, Written::Text(_)) => Err(BadAmount::new(
            "not a count",
            "write a whole number, such as 50",
        )),
        (Unit::Time, Written::Text(text)) => time(text),
        (Unit::Share, Written::Text(text)) => share(text),
        (Unit::Rate, Written::Text(text)) => rate(text),
        (Unit::Time, Written::Number(number)) => Err(without_unit(&format!("{number}ms"))),
        (Unit::Share, Written::Number(number)) => Err(without_unit(&format!("{number}%"))),
        (Unit::Rate, Written::Number(number)) => Err(without_unit(&format!("{number}/s"))),
    }
}

fn without_unit(example: &str) -> BadAmount {
    let help = format!("write it with its unit and in quotes, as in \"{example}\"");
    BadAmount::new("the unit is missing", help)
}

fn time(text: &str) -> Result<Amount, BadAmount> {
    let duration = durations::parse(text).map_err(|bad| BadAmount::new(bad.message, bad.help))?;
    let micros = u64::try_from(duration.as_micros());
    let micros = micros.map_err(|_| BadAmount::new("too long", "write a shorter duration"))?;
    Ok(Amount::whole(micros))
}

fn share(text: &str) -> Result<Amount, BadAmount> {
    let bad = || BadAmount::new("not a share", "write a percentage, such as \"99.5%\"");
    let number = text.strip_suffix('%').ok_or_else(bad)?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_point_right = number.contains('.') != decimals.is_empty();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_point_right || !digits(whole) || !digits(decimals) {
        return Err(bad());
    }
    if decimals.len() > DECIMALS_MAX {
        let help = format!("write at most {DECIMALS_MAX} digits behind the point");
        return Err(BadAmount::new("too fine", help));
    }
    let hundred = 10_u64.pow(DECIMALS_MAX as u32) * 100;
    let part = format!("{whole}{decimals:0<DECIMALS_MAX$}");
    match part.parse::<u64>() {
        Ok(part) if part <= hundred => Amount::ratio(part, hundred).ok_or_else(bad),
        _ => Err(BadAmount::new(
            "more than everything",
            "no share is more than \"100%\"",
        )),
    }
}

fn rate(text: &str) -> Result<Amount, BadAmount> {
    let bad = || {
        BadAmount::new(
            "not a rate",
            "write a number for each second, such as \"100/s\"",
        )
    };
    let number = text.strip_suffix("/s").ok_or_else(bad)?;
    let number = number.parse().map_err(|_| bad())?;
    Ok(Amount::whole(number))
}

/// Returns the problem of a text that selects no metric, which may come from a file.
pub(crate) fn message(bad: &BadSelector) -> String {
    match bad {
        BadSelector::UnknownMetric(name) => format!("there is no metric `{}`", quote(name)),
        BadSelector::UnknownPercentile(name) => {
            format!("there is no percentile `{}`", quote(name))
        }
        bad => bad.to_string(),
    }
}

/// Returns what to write in the place of a text that selects no metric.
pub(crate) fn help(bad: &BadSelector) -> String {
    let BadSelector::UnknownMetric(name) = bad else {
        return bad.help();
    };
    let near = nearest(name, METRICS.iter().map(|metric| metric.name));
    let near = near.map(|near| format!("did you mean `{near}`? "));
    near.unwrap_or_default() + &bad.help()
}

/// Returns the metric and the amount of one entry of a table that was found to be right.
pub(crate) fn entry(selector: &str, value: &Value) -> Option<(String, Amount)> {
    let unit = Selector::parse(selector).ok()?.metric.unit;
    let amount = parse(unit, Written::of(value)?).ok()?;
    Some((selector.to_owned(), amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_notation() {
        let text = |unit, text| parse(unit, Written::Text(text));
        let ratio = |part, whole| Amount::ratio(part, whole).expect("a whole");
        assert_eq!(text(Unit::Time, "10ms"), Ok(Amount::whole(10_000)));
        assert_eq!(text(Unit::Share, "100%"), Ok(ratio(1, 1)));
        assert_eq!(text(Unit::Share, "99.5%"), Ok(ratio(995, 1_000)));
        assert_eq!(text(Unit::Share, "0.0001%"), Ok(ratio(1, 1_000_000)));
        assert_eq!(text(Unit::Rate, "100/s"), Ok(Amount::whole(100)));
        let count = parse(Unit::Count, Written::Number(50));
        assert_eq!(count, Ok(Amount::whole(50)));
        assert_eq!(Written::bare("50"), Written::Number(50));
        assert_eq!(Written::bare("50%"), Written::Text("50%"));
    }

    #[test]
    fn other_texts_are_answered_with_what_to_write() {
        for (unit, written, help) in [
            (Unit::Time, Written::Number(10), "\"10ms\""),
            (Unit::Time, Written::Text("10"), "\"10ms\""),
            (Unit::Share, Written::Number(1), "\"1%\""),
            (Unit::Share, Written::Text("0.95"), "\"99.5%\""),
            (Unit::Share, Written::Text("99.%"), "\"99.5%\""),
            (Unit::Share, Written::Text(".5%"), "\"99.5%\""),
            (Unit::Share, Written::Text("1.23456%"), "at most 4 digits"),
            (Unit::Share, Written::Text("100.1%"), "\"100%\""),
            (
                Unit::Share,
                Written::Text("99999999999999999999%"),
                "\"100%\"",
            ),
            (Unit::Rate, Written::Number(100), "\"100/s\""),
            (Unit::Rate, Written::Text("100"), "\"100/s\""),
            (Unit::Count, Written::Text("50"), "such as 50"),
        ] {
            let bad = parse(unit, written).expect_err("no amount");
            assert!(bad.help.contains(help), "{written:?}: {}", bad.help);
        }
    }

    #[test]
    fn the_nearest_metric_is_suggested() {
        let bad = Selector::parse("durations:data").expect_err("no metric");
        let help = help(&bad);
        assert!(help.starts_with("did you mean `duration`?"), "{help}");
        assert!(help.contains("`queue-depth`"), "{help}");
    }
}
