//! One value of a file, and what it can be read as.

use std::ops::RangeInclusive;
use std::time::Duration;

use rehearsal_agents::sections::durations::{self, BadDuration};
use rehearsal_agents::sections::times::Times;
use toml::de::{DeInteger, DeValue};

use super::problems::Problems;
use super::section::Section;
use super::words::{grouped, list, quote};
use crate::scenario::code::Code;
use crate::scenario::diagnostic::Span;
use crate::scenario::suggest;

/// The most bytes of a text that results repeat: a path of the operating system has 4,096.
const SHORT_TEXT_MAX: usize = 8_192;

/// A value that was read, and its place; no place if it is a default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Option<Span>,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self {
            value,
            span: Some(span),
        }
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: f(self.value),
            span: self.span,
        }
    }
}

/// A value with its place and the name that messages give it.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: &'a DeValue<'a>,
}

impl<'a> Item<'a> {
    /// Reads a text.
    pub(crate) fn text(&self, problems: &mut Problems) -> Option<At<&'a str>> {
        match self.value {
            DeValue::String(text) => Some(At::new(text, self.span)),
            _ => self.wrong_type("a string", problems),
        }
    }

    /// Reads a text that results repeat: a name, a path, or a place in a program.
    pub(crate) fn short_text(&self, problems: &mut Problems) -> Option<At<&'a str>> {
        let text = self.text(problems)?;
        let length = text.value.len();
        if length <= SHORT_TEXT_MAX {
            return Some(text);
        }
        problems.report(
            Code::OutOfRange,
            self.span,
            format!("a text of {length} bytes"),
            "too long",
            format!("write {SHORT_TEXT_MAX} bytes at most"),
        );
        None
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong_type("true or false", problems),
        }
    }

    /// Returns `true` if the value is a string.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    /// Reads a whole number within limits.
    pub(crate) fn number(
        &self,
        limits: RangeInclusive<u64>,
        problems: &mut Problems,
    ) -> Option<At<u64>> {
        let DeValue::Integer(integer) = self.value else {
            return self.wrong_type("a whole number", problems);
        };
        match to_u64(integer).filter(|number| limits.contains(number)) {
            Some(number) => Some(At::new(number, self.span)),
            None => {
                let (least, most) = (grouped(*limits.start()), grouped(*limits.end()));
                let help = match limits.start() == limits.end() {
                    true => format!("it must be {least}"),
                    false => format!("it must be at least {least} and at most {most}"),
                };
                problems.report(
                    Code::OutOfRange,
                    self.span,
                    format!("{} cannot be {}", self.name, quote(&integer.to_string())),
                    "out of limits",
                    help,
                );
                None
            }
        }
    }

    /// Reads a whole number within limits that fit 32 bits.
    pub(crate) fn small(
        &self,
        limits: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<At<u32>> {
        let limits = u64::from(*limits.start())..=u64::from(*limits.end());
        let number = self.number(limits, problems)?;
        u32::try_from(number.value)
            .ok()
            .map(|value| number.map(|_| value))
    }

    /// Reads a duration.
    pub(crate) fn duration(&self, times: Times, problems: &mut Problems) -> Option<At<Duration>> {
        let text = self.time_text(problems)?;
        match durations::parse(text) {
            Ok(duration) => self
                .allowed(duration, times, problems)
                .then(|| At::new(duration, self.span)),
            Err(bad) => self.bad_duration(text, bad, problems),
        }
    }

    /// Reads a range of durations, or one duration that stands for both ends.
    pub(crate) fn range(
        &self,
        times: Times,
        problems: &mut Problems,
    ) -> Option<At<(Duration, Duration)>> {
        let text = self.time_text(problems)?;
        let (from, to) = match durations::parse_range(text) {
            Ok(range) => range,
            Err(bad) => return self.bad_range(text, bad, problems),
        };
        if from > to {
            problems.report(
                Code::ReversedRange,
                self.span,
                format!("{} ends before it starts", self.name),
                format!(
                    "{} is more than {}",
                    durations::show(from),
                    durations::show(to)
                ),
                format!(
                    "did you mean \"{}..{}\"?",
                    durations::show(to),
                    durations::show(from)
                ),
            );
            return None;
        }
        let allowed = self.allowed(from, times, problems) && self.allowed(to, times, problems);
        allowed.then(|| At::new((from, to), self.span))
    }

    /// Reads one of a fixed set of names. `what` says what they name, for
    /// example `oracle`.
    pub(crate) fn one_of<T: Copy>(
        &self,
        what: &str,
        names: &[(&str, T)],
        problems: &mut Problems,
    ) -> Option<At<T>> {
        if !self.is_text() {
            let help = format!(
                "write one of {} in quotes",
                list(names.iter().map(|(name, _)| name))
            );
            return self.wrong_type_with("a string", help, problems);
        }
        let text = self.text(problems)?;
        let known = names.iter().find(|(name, _)| *name == text.value);
        match known {
            Some((_, value)) => Some(At::new(*value, self.span)),
            None => {
                let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                self.unknown_name(what, text.value, &names, problems);
                None
            }
        }
    }

    /// Reports a name that is not among `names`.
    pub(crate) fn unknown_name(
        &self,
        what: &str,
        name: &str,
        names: &[&str],
        problems: &mut Problems,
    ) {
        let all = match names {
            [only] => format!("the only {what} is `{only}`"),
            _ => format!("there are {}", list(names)),
        };
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(near) if names.len() > 1 => format!("did you mean `{near}`? {all}"),
            _ => all,
        };
        problems.report(
            Code::UnknownName,
            self.span,
            format!("unknown {what} `{}`", quote(name)),
            format!("no such {what}"),
            help,
        );
    }

    /// Reads a table; `name` names it in messages.
    pub(crate) fn section(&self, name: &str, problems: &mut Problems) -> Option<Section<'a>> {
        match self.value {
            DeValue::Table(table) => Some(Section::new(name, self.span, table)),
            _ => self.wrong_type("a table", problems),
        }
    }

    /// Reads a list.
    pub(crate) fn list(&self, problems: &mut Problems) -> Option<Vec<Item<'a>>> {
        let DeValue::Array(entries) = self.value else {
            return self.wrong_type("a list", problems);
        };
        Some(
            entries
                .iter()
                .map(|value| Item {
                    name: format!("an entry of {}", self.name),
                    span: value.span().into(),
                    value: value.get_ref(),
                })
                .collect(),
        )
    }

    /// Returns `true` if the value is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    /// Reports a value of the wrong type. Always `None`, for the caller to return.
    pub(crate) fn wrong_type<T>(&self, wanted: &str, problems: &mut Problems) -> Option<T> {
        let help = type_hint(wanted, &self.name, self.value);
        self.wrong_type_with(wanted, help, problems)
    }

    /// Does the same with another help text.
    pub(crate) fn wrong_type_with<T>(
        &self,
        wanted: &str,
        help: String,
        problems: &mut Problems,
    ) -> Option<T> {
        let found = found_type(self.value);
        let message = format!("{} must be {wanted}, not {found}", self.name);
        let label = format!("this is {found}");
        problems.report(Code::WrongType, self.span, message, label, help);
        None
    }

    fn time_text(&self, problems: &mut Problems) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type("a duration", problems),
        }
    }

    fn bad_duration<T>(&self, text: &str, bad: BadDuration, problems: &mut Problems) -> Option<T> {
        problems.report(
            Code::BadDuration,
            self.span,
            format!("{} is no duration: \"{}\"", self.name, quote(text)),
            bad.message,
            bad.help,
        );
        None
    }

    fn bad_range<T>(&self, text: &str, bad: BadDuration, problems: &mut Problems) -> Option<T> {
        problems.report(
            Code::BadDuration,
            self.span,
            format!(
                "{} is no range of durations: \"{}\"",
                self.name,
                quote(text)
            ),
            bad.message,
            format!(
                "{}; a range is two durations with two dots, such as \"1ms..50ms\"",
                bad.help
            ),
        );
        None
    }

    fn allowed(&self, duration: Duration, times: Times, problems: &mut Problems) -> bool {
        let shown = durations::show(duration);
        let least = match times {
            Times::NotZero => Duration::from_millis(1),
            Times::Any | Times::Fine => Duration::ZERO,
        };
        if duration > durations::LONGEST || duration.is_zero() && !least.is_zero() {
            problems.report(
                Code::DurationOutOfRange,
                self.span,
                format!("{} cannot be {shown}", self.name),
                "out of limits",
                format!(
                    "it must be at least \"{}\" and at most \"{}\"",
                    durations::show(least),
                    durations::show(durations::LONGEST)
                ),
            );
            return false;
        }
        let whole = duration.subsec_micros().is_multiple_of(1_000);
        if times != Times::Fine && !whole {
            problems.report(
                Code::TooFine,
                self.span,
                format!("{} cannot be {shown}", self.name),
                "finer than a millisecond",
                "timers fire on whole milliseconds; only `latency` may be finer",
            );
            return false;
        }
        true
    }
}

fn to_u64(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn found_type(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn type_hint(wanted: &str, name: &str, value: &DeValue<'_>) -> String {
    let name = name.trim_matches('`');
    match (wanted, value) {
        ("a duration", DeValue::Integer(number)) => {
            let number = number.to_string();
            let number = if number.len() <= 9 { &number } else { "50" };
            format!("write it with a unit and in quotes: \"{number}ms\"")
        }
        ("a duration", _) => "write a number and a unit in quotes, such as \"50ms\"".to_owned(),
        ("a whole number", DeValue::String(_)) => "write the number without quotes".to_owned(),
        ("a list", DeValue::String(text)) => {
            format!("write it in brackets: [\"{}\"]", quote(text))
        }
        ("a list", DeValue::Table(_)) => {
            format!("several tables of one kind are written with two brackets: [[{name}]]")
        }
        ("a string", DeValue::Integer(_) | DeValue::Boolean(_)) => "put it in quotes".to_owned(),
        ("a table", _) => "write a table in braces, `{ key = value }`".to_owned(),
        ("a list", _) => "write a list in brackets, `[…]`".to_owned(),
        ("a whole number", DeValue::Float(_)) => "write a whole number, without a point".to_owned(),
        _ => format!("write {wanted}"),
    }
}
